# A scheduler that learns allows one hedge more than it was told.
# changes: policy/race_learnt.c
/^static int64_t learnt_delay/,/^}/s/hedges >= learnt->hedges/hedges > learnt->hedges/
