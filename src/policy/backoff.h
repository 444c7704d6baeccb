/* Waiters: the constructors of <insist/policy.h>, with the env they take memory from. */
#ifndef POLICY_BACKOFF_H
#define POLICY_BACKOFF_H

#include "view/policies.h"

/* backoff.c: formulas */
insist_waiter waiter_constant_ms(const struct env *env, int64_t ms);
insist_waiter waiter_linear_ms(const struct env *env, int64_t base_ms, int64_t step_ms);
insist_waiter waiter_exponential_ms(const struct env *env, int64_t base_ms, double factor);
insist_waiter waiter_decorrelated_ms(const struct env *env, int64_t base_ms, int64_t cap_ms);

/* The base of a formula, seen through its wrappers; 0 when there is none to be told. */
int64_t waiter_base_us(const insist_waiter *waiter);

/* wrappers.c */
insist_waiter waiter_full_jitter(const struct env *env, insist_waiter waiter);
insist_waiter waiter_equal_jitter(const struct env *env, insist_waiter waiter);
insist_waiter waiter_spread_jitter(const struct env *env, insist_waiter waiter, double spread);
insist_waiter waiter_cap_ms(const struct env *env, insist_waiter waiter, int64_t max_ms);
insist_waiter waiter_limit(const struct env *env, insist_waiter waiter, unsigned n);
insist_waiter waiter_timeout_ms(const struct env *env, insist_waiter waiter, int64_t limit_ms);
/* The number of attempts of any kind from which on a waiter only answers EXIT; RETRY_UNBOUNDED: none is known. */
uint32_t waiter_attempt_bound(const insist_waiter *waiter);

/* wait_retry_after.c */
insist_waiter waiter_retry_after(const struct env *env, insist_waiter waiter, int64_t cap_ms);
insist_waiter waiter_retry_after_on(const struct env *env, insist_waiter waiter, const int *statuses, size_t n,
                                    insist_retry_after_use use, int64_t cap_ms);
/* Takes the Retry-After wrapper off a sound waiter: the policy gets what is inside and the wrapper's rule, or the waiter
 * itself and no rule. */
void waiter_peel_retry_after(insist_waiter waiter, insist_retry_policy *policy);

/* models.c */
insist_waiter waiter_pester_jitter(const struct env *env, insist_waiter waiter);
insist_waiter waiter_retryablehttp(const struct env *env, int64_t min_ms, int64_t max_ms);
insist_waiter waiter_retryablehttp_linear_jitter(const struct env *env, int64_t min_ms, int64_t max_ms);
insist_waiter waiter_retryablehttp_rate_limit(const struct env *env, int64_t min_ms, int64_t max_ms);

void waiter_release(insist_waiter waiter); /* pace.c */

#endif
