/* What a client does that was told nothing: three retries of what is likely to pass, and five seconds an attempt. Any
 * thread. */
#include "policy/defaults.h"
#include "policy/backoff.h"

insist_err defaults_retry_policy(const struct env *env, insist_retry_policy **out) {
    const insist_decider decider = decider_and(env, decider_times(env, DEFAULT_RETRIES), insist_retry_standard());
    const insist_waiter waiter = waiter_retry_after(env, insist_wait_standard(), DEFAULT_RETRY_AFTER_CAP_MS);
    return retry_policy_new(env, decider, waiter, NULL, out);
}

insist_err defaults_timeout_policy(const struct env *env, insist_timeout_policy **out) {
    return timeout_policy_fixed_new(env, DEFAULT_ATTEMPT_TIMEOUT_MS, true, NULL, out);
}
