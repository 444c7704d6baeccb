# A hedge starts earlier than the server asked for.
# changes: engine/pending.c
s/return time_max\(execution->hedge\.due_ns, execution->not_before_ns\)/return execution->hedge.due_ns/
