# What is due is started in the turn in which a handler took the call beyond its deadline.
# changes: engine/execution.c
/^static void start_due/,/^}/s/ && execution->view\.now_ns < execution->rules\.deadline_ns//
