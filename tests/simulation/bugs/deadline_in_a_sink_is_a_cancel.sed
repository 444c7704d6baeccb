# A call whose deadline passes while its sink waits ends as if it had been cancelled.
# changes: engine/stream.c
s/err == INSIST_EDEADLINE \? INSIST_DEADLINE : INSIST_CANCELLED/INSIST_CANCELLED/
