# That a request is slow is told at its end only, not when the hedge beside it is due.
# changes: engine/learn.c
/^void learn_slow/,/^}/s/if \(/if (false \&\& /
