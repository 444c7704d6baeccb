# The scheduler is asked about the oldest attempt in flight, not about the one that was started just now.
# changes: engine/wave.c
/^static void schedule_hedge/,/^}/s/int64_t delay_us = race/execution->view.current = held_next(execution, NULL);\n    &/
