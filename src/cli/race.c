#include "cli/race.h"

static insist_scheduler scheduler_of(const struct race *race) {
    switch (race->shape) {
    case RACE_EVERY: return insist_race_every_ms(race->delays_ms[0], race->times);
    case RACE_AT_ONCE: return insist_race_at_once(race->times);
    case RACE_QUANTILE: return insist_race_quantile(race->learnt, race->times);
    case RACE_AUTO: return insist_race_auto(race->learnt, race->times);
    case RACE_DELAYS:
    case RACE_NONE:
    default: return insist_race_static_ms(race->delays_ms, race->delay_count);
    }
}

insist_err race_set(insist_plan *plan, const struct race *race, insist_problem *problem) {
    insist_race_policy *policy = NULL;
    if (race->shape == RACE_NONE) {
        return INSIST_OK;
    }
    insist_err err = insist_race_policy_new(scheduler_of(race), insist_start_always(),
                                            race->closes_wave ? INSIST_CLOSE : INSIST_REFILL, problem, &policy);
    if (err == INSIST_OK) {
        err = insist_plan_set_race(plan, policy);
    }
    insist_race_policy_free(policy);
    return err;
}
