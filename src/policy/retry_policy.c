/* The retry policy: a decider and a waiter joined, counted and never changed afterwards. Any thread. */
#include "base/problem.h"
#include "policy/backoff.h"
#include "policy/poison.h"
#include "policy/retry.h"

static insist_err refuse(insist_decider decider, insist_waiter waiter, insist_problem *problem,
                         const struct poison *why) {
    decider_release(decider);
    waiter_release(waiter);
    return problem_set(problem, why->err, why->field, "%s", why->text);
}

insist_err retry_policy_new(const struct env *env, insist_decider decider, insist_waiter waiter,
                            insist_problem *problem, insist_retry_policy **out) {
    static const struct poison no_out = {INSIST_EINVAL, "out", "there is nowhere to put the policy: out is NULL"};
    static const struct poison no_memory = {INSIST_ENOMEM, "policy", "out of memory"};
    if (!out)
        return refuse(decider, waiter, problem, &no_out);
    *out = NULL;
    const struct poison *poison = poison_in_decider(&decider);
    if (!poison)
        poison = poison_in_waiter(&waiter);
    if (poison)
        return refuse(decider, waiter, problem, poison);
    insist_retry_policy *policy = env_alloc(env, sizeof *policy);
    if (!policy)
        return refuse(decider, waiter, problem, &no_memory);

    const struct retry_bounds bounds = decider_bounds(&decider);
    atomic_init(&policy->references, 1);
    policy->env = env;
    policy->decider = decider;
    waiter_peel_retry_after(waiter, policy);
    policy->retry_bound = bounds.retries;
    const uint32_t waiter_bound = waiter_attempt_bound(&policy->waiter);
    policy->attempt_bound = waiter_bound < bounds.attempts ? waiter_bound : bounds.attempts;
    *out = policy;
    return INSIST_OK;
}

insist_err insist_retry_policy_new(insist_decider decider, insist_waiter waiter, insist_problem *problem,
                                   insist_retry_policy **out) {
    return retry_policy_new(&env_standard, decider, waiter, problem, out);
}

insist_retry_policy *retry_policy_retain(const insist_retry_policy *policy) {
    insist_retry_policy *counted = (insist_retry_policy *)policy; /* only its count changes */
    atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
    return counted;
}

void insist_retry_policy_free(insist_retry_policy *policy) {
    if (!policy || atomic_fetch_sub_explicit(&policy->references, 1, memory_order_acq_rel) != 1)
        return;
    decider_release(policy->decider);
    waiter_release(policy->waiter);
    env_release(policy->env, policy);
}
