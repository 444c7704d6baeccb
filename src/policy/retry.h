/* Deciders and the retry policy made of one and a waiter; the constructors of <insist/policy.h>, with the env they
 * take memory from. */
#ifndef POLICY_RETRY_H
#define POLICY_RETRY_H

#include "policy/poison.h"
#include "view/policies.h"

insist_decider decider_times(const struct env *env, unsigned n);
insist_decider decider_attempts(const struct env *env, unsigned n);
insist_decider decider_before_ms(const struct env *env, int64_t ms);
insist_decider decider_on_status(const struct env *env, const int *statuses, size_t n);
insist_decider decider_on_status_range(const struct env *env, int first, int last);
insist_decider decider_on_status_class(const struct env *env, int first_digit);
insist_decider decider_and(const struct env *env, insist_decider first, insist_decider second);
insist_decider decider_or(const struct env *env, insist_decider first, insist_decider second);
insist_decider decider_not(const struct env *env, insist_decider decider);
insist_decider decider_fail_exhausted(const struct env *env, insist_decider decider, insist_err err);
void decider_release(insist_decider decider);

/* The counts from which on a decider cannot answer RETRY any more; RETRY_UNBOUNDED: none is known. */
struct retry_bounds {
    uint32_t retries, attempts;
};
struct retry_bounds decider_bounds(const insist_decider *decider);

/* Adds a caller's list to an empty set. What is wrong with the list, or NULL. */
const struct poison *statuses_read(struct status_set *set, const int *statuses, size_t n);

insist_err retry_policy_new(const struct env *env, insist_decider decider, insist_waiter waiter,
                            insist_problem *problem, insist_retry_policy **out);
insist_retry_policy *retry_policy_retain(const insist_retry_policy *policy);

#endif
