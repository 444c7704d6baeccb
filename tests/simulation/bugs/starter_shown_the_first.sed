# The starter is asked about the call's first attempt, not about the newest, beside which the hedge would be started.
# changes: engine/wave.c
/^static void start_hedge/,/^}/s/view\.current = execution->hedge\.newest/view.current = execution->attempts[0]/
