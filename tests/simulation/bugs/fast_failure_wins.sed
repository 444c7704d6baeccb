# An error that nobody wants to retry wins the race.
# changes: engine/judge.c
/case INSIST_ACCEPT:/{n;s/if \(.*\)$/if (true)/}
