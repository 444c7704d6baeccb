# The cost of an attempt that lost is kept.
# changes: engine/finish.c
s/if \(attempt->why_ended == INSIST_ENDED_LOST\)/if (false)/
