/* Timeout policies: how long may the next attempt take? Counted and never changed after they are made. Any thread. */
#include "policy/timeout.h"
#include "base/problem.h"
#include "base/time_math.h"
#include "policy/retry.h"
#include "view/execution.h"

#define US_PER_MS INT64_C(1000)

/* What our own policies need to know: rungs of a ladder, of which the fixed one has one and the split has none. */
struct ladder {
    struct insist_timeout_policy policy; /* first: both are one block of memory */
    size_t rungs;
    int64_t us[];
};

static const char text_too_short[] = "%lld: an attempt needs a timeout of 1 ms or more, or INSIST_FOREVER";

/* A ladder of that many rungs, still to be filled in; NULL: *err says why. */
static struct ladder *ladder_new(const struct env *env, insist_timeout_fn *timeout, size_t rungs,
                                 insist_problem *problem, insist_err *err) {
    struct ladder *ladder = NULL;
    *err = INSIST_OK;
    if (rungs <= (SIZE_MAX - sizeof *ladder) / sizeof ladder->us[0])
        ladder = env_alloc(env, sizeof *ladder + rungs * sizeof ladder->us[0]);
    if (!ladder) {
        *err = problem_set(problem, INSIST_ENOMEM, "policy", "out of memory");
        return NULL;
    }
    atomic_init(&ladder->policy.references, 1);
    ladder->policy.env = env;
    ladder->policy.timeout = timeout;
    ladder->policy.ctx = ladder;
    ladder->rungs = rungs;
    return ladder;
}

/* Where the policy is to be put is cleared. False: there is no such place. */
static bool clear_out(insist_timeout_policy **out, insist_problem *problem) {
    if (out)
        *out = NULL;
    else
        (void)problem_set(problem, INSIST_EINVAL, "out", "there is nowhere to put the policy: out is NULL");
    return out != NULL;
}

/* ---- fixed, infinite --------------------------------------------------------------------------------------------- */

static int64_t fixed_us(void *ctx, const insist_execution *execution) {
    const struct ladder *ladder = ctx;
    (void)execution;
    return ladder->us[0];
}

insist_err timeout_policy_fixed_new(const struct env *env, int64_t ms, bool takes_the_rest, insist_problem *problem,
                                    insist_timeout_policy **out) {
    insist_err err = INSIST_OK;
    if (!clear_out(out, problem))
        return INSIST_EINVAL;
    if (ms <= 0)
        return problem_set(problem, INSIST_EINVAL, "ms", text_too_short, (long long)ms);
    struct ladder *ladder = ladder_new(env, fixed_us, 1, problem, &err);
    if (!ladder)
        return err;
    ladder->policy.takes_the_rest = takes_the_rest;
    ladder->us[0] = time_scale(ms, US_PER_MS);
    *out = &ladder->policy;
    return INSIST_OK;
}

int64_t timeout_policy_fixed_us(const insist_timeout_policy *policy) {
    return policy->timeout == fixed_us ? ((const struct ladder *)policy->ctx)->us[0] : -1;
}

/* ---- adaptive ---------------------------------------------------------------------------------------------------- */

static int64_t adaptive_us(void *ctx, const insist_execution *execution) {
    const struct ladder *ladder = ctx;
    const unsigned climbed = execution->waves_timed_out;
    return ladder->us[climbed < ladder->rungs ? climbed : ladder->rungs - 1];
}

static insist_err check_ladder(int64_t usual_ms, const int64_t *after_ms, size_t n, insist_problem *problem) {
    if (usual_ms <= 0)
        return problem_set(problem, INSIST_EINVAL, "usual_ms", text_too_short, (long long)usual_ms);
    if (!after_ms || n == 0)
        return problem_set(problem, INSIST_EINVAL, "after_ms", "the list of timeouts after a timeout is empty");
    for (size_t i = 0; i < n; i++)
        if (after_ms[i] <= 0)
            return problem_set(problem, INSIST_EINVAL, "after_ms", text_too_short, (long long)after_ms[i]);
    return INSIST_OK;
}

insist_err timeout_policy_adaptive_new(const struct env *env, int64_t usual_ms, const int64_t *after_ms, size_t n,
                                       insist_problem *problem, insist_timeout_policy **out) {
    if (!clear_out(out, problem))
        return INSIST_EINVAL;
    insist_err err = check_ladder(usual_ms, after_ms, n, problem);
    if (err != INSIST_OK)
        return err;
    struct ladder *ladder = ladder_new(env, adaptive_us, n + 1, problem, &err);
    if (!ladder)
        return err;
    ladder->us[0] = time_scale(usual_ms, US_PER_MS);
    for (size_t i = 0; i < n; i++)
        ladder->us[i + 1] = time_scale(after_ms[i], US_PER_MS);
    *out = &ladder->policy;
    return INSIST_OK;
}

/* ---- split ------------------------------------------------------------------------------------------------------- */

static int64_t split_us(void *ctx, const insist_execution *execution) {
    const unsigned parts = execution->attempts_left;
    (void)ctx;
    if (execution->deadline_ns == TIME_NEVER || parts == RETRY_UNBOUNDED || parts <= 1)
        return INSIST_FOREVER; /* the deadline holds in any case */
    return time_max(execution->deadline_ns - execution->now_ns, 0) / parts / 1000;
}

insist_err timeout_policy_split_new(const struct env *env, insist_problem *problem, insist_timeout_policy **out) {
    insist_err err = INSIST_OK;
    if (!clear_out(out, problem))
        return INSIST_EINVAL;
    struct ladder *ladder = ladder_new(env, split_us, 0, problem, &err);
    if (ladder)
        *out = &ladder->policy;
    return err;
}

/* ---- custom ------------------------------------------------------------------------------------------------------ */

insist_err timeout_policy_custom_new(const struct env *env, insist_timeout_fn *fn, void *ctx,
                                     insist_release_fn *release, insist_problem *problem, insist_timeout_policy **out) {
    insist_err err = clear_out(out, problem) ? INSIST_OK : INSIST_EINVAL;
    if (err == INSIST_OK && !fn)
        err = problem_set(problem, INSIST_EINVAL, "fn", "a timeout policy of one's own needs a function");
    struct ladder *ladder = err == INSIST_OK ? ladder_new(env, fn, 0, problem, &err) : NULL;
    if (!ladder) {
        if (release)
            release(ctx);
        return err;
    }
    ladder->policy.ctx = ctx;
    ladder->policy.release = release;
    *out = &ladder->policy;
    return INSIST_OK;
}

/* ---- counting ---------------------------------------------------------------------------------------------------- */

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

/* ---- the public constructors ------------------------------------------------------------------------------------- */

insist_err insist_timeout_fixed_new(int64_t ms, insist_problem *problem, insist_timeout_policy **out) {
    return timeout_policy_fixed_new(&env_standard, ms, false, problem, out);
}

insist_err insist_timeout_infinite_new(insist_problem *problem, insist_timeout_policy **out) {
    return timeout_policy_fixed_new(&env_standard, INSIST_FOREVER, false, problem, out);
}

insist_err insist_timeout_adaptive_new(int64_t usual_ms, const int64_t *after_ms, size_t n, insist_problem *problem,
                                       insist_timeout_policy **out) {
    return timeout_policy_adaptive_new(&env_standard, usual_ms, after_ms, n, problem, out);
}

insist_err insist_timeout_split_new(insist_problem *problem, insist_timeout_policy **out) {
    return timeout_policy_split_new(&env_standard, problem, out);
}

insist_err insist_timeout_custom_new(insist_timeout_fn *fn, void *ctx, insist_release_fn *release,
                                     insist_problem *problem, insist_timeout_policy **out) {
    return timeout_policy_custom_new(&env_standard, fn, ctx, release, problem, out);
}
