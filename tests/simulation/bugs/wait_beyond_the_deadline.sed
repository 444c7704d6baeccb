# A retry is waited for that the deadline leaves no time for.
# changes: engine/judge.c
s/return retry->due_ns < execution->rules\.deadline_ns/return true/
