# A request that went on the wire is given up at the limit that it had before.
# changes: engine/execution.c
s/ && !execution->ports->shut\(execution->ctx, attempt\)\)/)/
