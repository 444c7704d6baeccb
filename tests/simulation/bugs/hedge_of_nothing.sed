# With nothing left to hedge a hedge stays pending, and the retry begins at its time instead of after the wait.
# changes: engine/pending.c
s/execution->in_flight == 0 \|\| //
