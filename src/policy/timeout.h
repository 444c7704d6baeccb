/* Timeout policies: the constructors of <insist/policy.h>, with the env they take memory from. */
#ifndef POLICY_TIMEOUT_H
#define POLICY_TIMEOUT_H

#include "view/policies.h"

/* takes_the_rest: an attempt that no retry can follow may take all that is left of the deadline. */
insist_err timeout_policy_fixed_new(const struct env *env, int64_t ms, bool takes_the_rest, insist_problem *problem,
                                    insist_timeout_policy **out);
insist_err timeout_policy_adaptive_new(const struct env *env, int64_t usual_ms, const int64_t *after_ms, size_t n,
                                       insist_problem *problem, insist_timeout_policy **out);
insist_err timeout_policy_split_new(const struct env *env, insist_problem *problem, insist_timeout_policy **out);
insist_err timeout_policy_custom_new(const struct env *env, insist_timeout_fn *fn, void *ctx,
                                     insist_release_fn *release, insist_problem *problem, insist_timeout_policy **out);
/* The same for every attempt: how long, in microseconds; -1 when it depends on the call. */
int64_t timeout_policy_fixed_us(const insist_timeout_policy *policy);

insist_timeout_policy *timeout_policy_retain(const insist_timeout_policy *policy);

#endif
