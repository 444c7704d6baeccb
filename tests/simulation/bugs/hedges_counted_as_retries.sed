# Hedges use up the retries.
# changes: engine/wave.c
/^static void start_attempt/,/^}/{/view.attempts_started\+\+/{n;s/start->kind == INSIST_RETRIED/start->kind != INSIST_FIRST/}}
