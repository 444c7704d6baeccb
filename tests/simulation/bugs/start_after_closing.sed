# A closed call keeps its pending retry, and starts it.
# changes: engine/finish.c engine/pending.c engine/execution.c engine/wave.c
/^void finish_close/,/^}/s/^    pending_drop.*//
/^int64_t pending_due_ns/,/^}/s/if \(execution->phase != EXECUTION_OPEN\)/if (false)/
/^static void start_due/,/^}/s/execution->phase == EXECUTION_OPEN && //
/^void wave_start_due/,/^}/s/execution->phase == EXECUTION_OPEN && //
