# AFTER_ATTEMPT is not fired for losers.
# changes: engine/finish.c
s/^    events_fire\(execution, INSIST_AFTER_ATTEMPT, attempt\)/    if (attempt->outcome.err != INSIST_EREDUNDANT)\n    &/
