# A call does not count how many of its attempts took too long.
# changes: engine/finish.c
/view\.attempt_timeouts\+\+/d
