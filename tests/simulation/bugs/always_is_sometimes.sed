# The starter that allows every hedge allows none after the first wave.
# changes: policy/race.c
/^static bool start_always/,/^}/s/return true/return execution->wave == 0/
