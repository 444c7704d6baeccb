/* Race policies: the constructors of <insist/race.h>, with the env they take memory from. */
#ifndef POLICY_RACE_H
#define POLICY_RACE_H

#include "policy/poison.h"
#include "view/policies.h"

insist_scheduler scheduler_static_ms(const struct env *env, const int64_t *offsets, size_t n);
insist_scheduler scheduler_every_ms(const struct env *env, int64_t delay, unsigned times);
insist_scheduler scheduler_at_once(const struct env *env, unsigned n);
insist_scheduler scheduler_pester(const struct env *env, unsigned n);
insist_scheduler scheduler_quantile(const struct env *env, double quantile, unsigned times);
insist_scheduler scheduler_auto(const struct env *env, double share, unsigned times);

void scheduler_release(insist_scheduler scheduler);
void starter_release(insist_starter starter);

insist_err race_policy_new(const struct env *env, insist_scheduler scheduler, insist_starter starter,
                           insist_wave_mode mode, insist_problem *problem, insist_race_policy **out);
insist_race_policy *race_policy_retain(const insist_race_policy *policy);
/* The longest of its delays when they are fixed, in microseconds; -1 when they are not, or there is none. */
int64_t race_policy_longest_us(const insist_race_policy *policy);

#endif
