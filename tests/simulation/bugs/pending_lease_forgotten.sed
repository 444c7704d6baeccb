# The cost of a retry that was pending when the call ended is kept.
# changes: engine/pending.c
/^void pending_drop/,/^}/s/if \(execution->retry.set\)/if (false)/
