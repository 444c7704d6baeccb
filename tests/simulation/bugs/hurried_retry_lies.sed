# A retry that begins at a hedge's time is recorded as if it had had its wait.
# changes: engine/wave.c
/^static void start_retry/,/^}/s/^    tell_early.*//
