# Stale connections are replaced at once more than once a call.
# changes: engine/judge.c
s/outcome->stale && !execution->stale_replaced/outcome->stale/
