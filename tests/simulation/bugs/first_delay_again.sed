# A fixed scheduler answers with its first delay each time.
# changes: policy/race.c
/^static int64_t next_delay/,/^}/s/us\[hedges < schedule->count \? hedges : schedule->count - 1\]/us[0]/
