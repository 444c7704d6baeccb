# AFTER_EXECUTION_END is told without the attempt that is reported.
# changes: engine/finish.c
s/(INSIST_AFTER_EXECUTION_END), execution->reported/\1, NULL/
