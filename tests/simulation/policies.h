/* Real policies, built from a profile and shared by the calls of a fleet, and watched: each question that the engine
 * asks them and what they answer is told to the books of the call that it is about. One thread. */
#ifndef SIMULATION_POLICIES_H
#define SIMULATION_POLICIES_H

#include "simulation/ledger.h"
#include "simulation/scene.h"
#include "view/policies.h"

struct policies {
    const struct profile *profile;
    struct starts starts; /* of its throttle, as the books count them */

    insist_retry_policy *retry;
    insist_timeout_policy *timeout;
    insist_race_policy *race; /* NULL: none */

    /* The same with watchers around them: what the engine gets. */
    insist_retry_policy watched_retry;
    insist_timeout_policy watched_timeout;
    insist_race_policy watched_race;
};

void policies_make(struct policies *policies, const struct profile *profile, const struct env *env);
void policies_free(struct policies *policies);

#endif
