# A start that the throttle refuses counts in it.
# changes: policy/throttle.c
/^bool throttle_start/,/^}/s/return false;/return keep(throttle, now_ns), false;/
