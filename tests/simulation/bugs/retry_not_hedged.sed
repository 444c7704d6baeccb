# Behind a retry the scheduler is not asked: only first attempts and hedges are hedged.
# changes: engine/wave.c
s/^    schedule_hedge\(execution, attempt\);/    if (start->kind != INSIST_RETRIED)\n    &/
