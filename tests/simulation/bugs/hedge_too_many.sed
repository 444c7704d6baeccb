# A fixed scheduler allows one hedge more than it was told.
# changes: policy/race.c
/^static int64_t next_delay/,/^}/s/hedges >= schedule->hedges/hedges > schedule->hedges/
