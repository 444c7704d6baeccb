# Each failing racer asks for a retry of its own.
# changes: engine/judge.c
/^static void another/,/^}/s/if \(execution->retry\.set\)/if (false)/
