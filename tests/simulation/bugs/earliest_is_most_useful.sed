# Of several outcomes the earliest is reported.
# changes: engine/finish.c
s/return outcome_is_answer\(&attempt->outcome\) [|][|] /return outcome_is_answer(\&attempt->outcome) \&\& /
