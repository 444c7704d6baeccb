/* Timeout policies: how long may the next attempt take? Counted and never changed after they are made. Any thread. */
#include "policy/timeout.h"
#include "base/problem.h"
#include "base/time_math.h"

struct fixed_timeout {
    struct insist_timeout_policy policy; /* first: both are one block of memory */
    int64_t us;
};

static int64_t fixed_timeout_us(void *ctx, const insist_execution *execution) {
    const struct fixed_timeout *fixed = ctx;
    (void)execution;
    return fixed->us;
}

insist_err timeout_policy_fixed_new(const struct env *env, int64_t ms, bool takes_the_rest, insist_problem *problem,
                                    insist_timeout_policy **out) {
    if (!out)
        return problem_set(problem, INSIST_EINVAL, "out", "there is nowhere to put the policy: out is NULL");
    *out = NULL;
    if (ms <= 0)
        return problem_set(problem, INSIST_EINVAL, "ms",
                           "%lld: an attempt needs a timeout of 1 ms or more, or INSIST_FOREVER", (long long)ms);
    struct fixed_timeout *fixed = env_alloc(env, sizeof *fixed);
    if (!fixed)
        return problem_set(problem, INSIST_ENOMEM, "policy", "out of memory");
    atomic_init(&fixed->policy.references, 1);
    fixed->policy.env = env;
    fixed->policy.timeout = fixed_timeout_us;
    fixed->policy.ctx = fixed;
    fixed->policy.takes_the_rest = takes_the_rest;
    fixed->us = time_scale(ms, 1000);
    *out = &fixed->policy;
    return INSIST_OK;
}

insist_err insist_timeout_fixed_new(int64_t ms, insist_problem *problem, insist_timeout_policy **out) {
    return timeout_policy_fixed_new(&env_standard, ms, false, problem, out);
}

int64_t timeout_policy_fixed_us(const insist_timeout_policy *policy) {
    return policy->timeout == fixed_timeout_us ? ((const struct fixed_timeout *)policy->ctx)->us : -1;
}

insist_timeout_policy *timeout_policy_retain(const insist_timeout_policy *policy) {
    insist_timeout_policy *counted = (insist_timeout_policy *)policy; /* only its count changes */
    atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
    return counted;
}

void insist_timeout_policy_free(insist_timeout_policy *policy) {
    if (!policy || atomic_fetch_sub_explicit(&policy->references, 1, memory_order_acq_rel) != 1)
        return;
    if (policy->release)
        policy->release(policy->ctx);
    env_release(policy->env, policy);
}
