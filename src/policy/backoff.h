/* Waiters: the constructors of <insist/policy.h>, with the env they take memory from. */
#ifndef POLICY_BACKOFF_H
#define POLICY_BACKOFF_H

#include "view/policies.h"

insist_waiter waiter_constant_ms(const struct env *env, int64_t ms);
insist_waiter waiter_exponential_ms(const struct env *env, int64_t base_ms, double factor);
insist_waiter waiter_full_jitter(const struct env *env, insist_waiter waiter);
insist_waiter waiter_cap_ms(const struct env *env, insist_waiter waiter, int64_t max_ms);
insist_waiter waiter_retry_after(const struct env *env, insist_waiter waiter, int64_t cap_ms);
void waiter_release(insist_waiter waiter);

/* Takes the Retry-After wrapper off a sound waiter: returns what is inside and its cap, or the waiter itself and -1. */
insist_waiter waiter_peel_retry_after(insist_waiter waiter, int64_t *cap_us);

#endif
