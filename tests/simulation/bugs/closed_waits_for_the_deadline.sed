# A closed call ends while attempts are in flight, and not when none is.
# changes: engine/finish.c
/^void finish_if_closed/,/^}/s/execution->in_flight > 0/execution->in_flight == 0/
