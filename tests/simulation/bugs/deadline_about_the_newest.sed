# AFTER_PLAN_TIMEOUT is told about the attempt that was started last, not about the one that is reported.
# changes: engine/finish.c
s/(INSIST_AFTER_PLAN_TIMEOUT), execution->reported/\1,\n                    execution->count > 0 ? execution->attempts[execution->count - 1] : NULL/
