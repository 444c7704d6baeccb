/* The wrapper that follows Retry-After. A retry policy takes it off and keeps its rule, which the engine applies to the
 * whole call; asked directly, by a user's own waiter for instance, it does the same for one wait. Pure. */
#include "base/time_math.h"
#include "policy/backoff.h"
#include "policy/pace.h"
#include "policy/retry.h"
#include "view/execution.h"

struct follow {
    struct pace pace; /* first: what it wraps */
    int64_t cap_us;
    bool replaces;
    bool listed;
    struct status_set statuses;
};

static const struct poison no_memory = {INSIST_ENOMEM, "waiter", "out of memory"};
static const struct poison negative_cap = {INSIST_EINVAL, "cap_ms",
                                           "the longest Retry-After that is waited for cannot be negative"};
static const struct poison bad_use = {INSIST_EINVAL, "use", "there is no such use of Retry-After"};

/* What the answer at hand asks for, in microseconds; -1: nothing that is followed. */
static int64_t asked_us(const struct follow *follow, const insist_execution *execution) {
    const struct attempt *attempt = execution->current;
    if (!attempt || (follow->listed && !status_set_has(&follow->statuses, attempt->outcome.status)))
        return -1;
    return attempt->outcome.retry_after_us;
}

static int64_t wait_retry_after(void *ctx, const insist_execution *execution, insist_random *random) {
    const struct follow *follow = ctx;
    const int64_t header_us = asked_us(follow, execution);
    if (header_us > follow->cap_us)
        return INSIST_EXIT;
    const int64_t wait_us = waiter_ask(&follow->pace.inner, execution, random);
    if (wait_us == INSIST_EXIT || header_us < 0)
        return wait_us;
    return follow->replaces ? header_us : time_add(header_us, wait_us);
}

/* Consumes what content holds as inner, also when it fails. */
static insist_waiter follow_new(const struct env *env, struct follow content, const struct poison *refusal) {
    const struct poison *poison = pace_cannot_wrap(&content.pace.inner);
    if (!poison)
        poison = refusal;
    struct follow *follow = poison ? NULL : env_alloc(env, sizeof *follow);
    if (!follow) {
        waiter_release(content.pace.inner);
        return poison_waiter(poison ? poison : &no_memory);
    }
    *follow = content;
    follow->pace.env = env;
    follow->pace.outermost = true;
    return pace_waiter(&follow->pace, wait_retry_after);
}

insist_waiter waiter_retry_after(const struct env *env, insist_waiter waiter, int64_t cap_ms) {
    struct follow follow = {.pace = {.inner = waiter}};
    if (cap_ms < 0)
        return follow_new(env, follow, &negative_cap);
    follow.cap_us = time_scale(cap_ms, US_PER_MS);
    return follow_new(env, follow, NULL);
}

insist_waiter waiter_retry_after_on(const struct env *env, insist_waiter waiter, const int *statuses, size_t n,
                                    insist_retry_after_use use, int64_t cap_ms) {
    struct follow follow = {.pace = {.inner = waiter}, .replaces = use == INSIST_RETRY_AFTER_REPLACES, .listed = true};
    const struct poison *refusal = statuses_read(&follow.statuses, statuses, n);
    if (!refusal && use != INSIST_RETRY_AFTER_ADDS && use != INSIST_RETRY_AFTER_REPLACES)
        refusal = &bad_use;
    if (!refusal && cap_ms < 0)
        refusal = &negative_cap;
    if (!refusal)
        follow.cap_us = time_scale(cap_ms, US_PER_MS);
    return follow_new(env, follow, refusal);
}

void waiter_peel_retry_after(insist_waiter waiter, insist_retry_policy *policy) {
    policy->waiter = waiter;
    policy->retry_after_cap_us = -1;
    if (waiter.wait != wait_retry_after)
        return;
    struct follow *follow = waiter.ctx;
    policy->waiter = follow->pace.inner;
    policy->retry_after_cap_us = follow->cap_us;
    policy->retry_after_replaces = follow->replaces;
    policy->retry_after_listed = follow->listed;
    policy->retry_after_statuses = follow->statuses;
    env_release(follow->pace.env, follow);
}

/* ---- the public constructors ------------------------------------------------------------------------------------- */

insist_waiter insist_wait_retry_after(insist_waiter waiter, int64_t cap_ms) {
    return waiter_retry_after(&env_standard, waiter, cap_ms);
}

insist_waiter insist_wait_retry_after_on(insist_waiter waiter, const int *statuses, size_t n,
                                         insist_retry_after_use use, int64_t cap_ms) {
    return waiter_retry_after_on(&env_standard, waiter, statuses, n, use, cap_ms);
}
