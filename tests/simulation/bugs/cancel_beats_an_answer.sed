# An answer to a race counts as the end of a call that nobody cancelled.
# changes: engine/execution.c
/^void execution_ended/,/^}/s/^    end_attempt/    if (execution->in_flight > 1 \&\& outcome_is_answer(\&attempt->outcome)) { execution_interrupt(execution, INSIST_ECANCELED, now_ns); return; }\n&/
