/* Waiters around another waiter: what it says is spread, capped, or ended. INSIST_EXIT passes through all of them; a
 * number that makes no sense is INSIST_EXIT. Saturating. Pure. */
#include "base/time_math.h"
#include "policy/backoff.h"
#include "policy/pace.h"
#include "view/execution.h"

static const struct poison bad_spread = {INSIST_EINVAL, "spread", "the spread must be 0 or more and below 1"};
static const struct poison no_cap = {INSIST_EINVAL, "max_ms", "the longest wait must be 1 ms or more"};
static const struct poison low_cap = {INSIST_EINVAL, "max_ms", "the longest wait must not be below the waiter's base"};
static const struct poison no_attempts = {INSIST_EINVAL, "n",
                                          "a call makes one attempt at least: 0 attempts make no sense"};
static const struct poison no_time = {INSIST_EINVAL, "limit_ms", "the time for retries must be 1 ms or more"};

/* ---- jitter ------------------------------------------------------------------------------------------------------ */

static int64_t wait_full_jitter(void *ctx, const insist_execution *execution, insist_random *random) {
    const struct pace *pace = ctx;
    const int64_t most_us = waiter_ask(&pace->inner, execution, random);
    return most_us == INSIST_EXIT ? INSIST_EXIT : pace_drawn(most_us, random);
}

insist_waiter waiter_full_jitter(const struct env *env, insist_waiter waiter) {
    return pace_wrap(env, wait_full_jitter, waiter, (struct pace){.us = 0}, NULL);
}

static int64_t wait_equal_jitter(void *ctx, const insist_execution *execution, insist_random *random) {
    const struct pace *pace = ctx;
    const int64_t most_us = waiter_ask(&pace->inner, execution, random);
    if (most_us == INSIST_EXIT)
        return INSIST_EXIT;
    return most_us / 2 + pace_drawn(most_us - most_us / 2, random);
}

insist_waiter waiter_equal_jitter(const struct env *env, insist_waiter waiter) {
    return pace_wrap(env, wait_equal_jitter, waiter, (struct pace){.us = 0}, NULL);
}

static int64_t wait_spread_jitter(void *ctx, const insist_execution *execution, insist_random *random) {
    const struct pace *pace = ctx;
    const int64_t middle_us = waiter_ask(&pace->inner, execution, random);
    if (middle_us == INSIST_EXIT)
        return INSIST_EXIT;
    const double width_us = (double)middle_us * pace->factor;
    const double highest_us = (double)middle_us + width_us; /* the sum below may be rounded up to one more */
    const double drawn_us = (double)middle_us - width_us + insist_random_unit(random) * (2 * width_us + 1);
    const double wait_us = drawn_us < highest_us ? drawn_us : highest_us;
    return wait_us < (double)INT64_MAX ? (int64_t)wait_us : INT64_MAX;
}

insist_waiter waiter_spread_jitter(const struct env *env, insist_waiter waiter, double spread) {
    const bool is_sound = spread >= 0 && spread < 1; /* false for what is not a number */
    return pace_wrap(env, wait_spread_jitter, waiter, (struct pace){.factor = spread}, is_sound ? NULL : &bad_spread);
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

static int64_t wait_cap(void *ctx, const insist_execution *execution, insist_random *random) {
    const struct pace *pace = ctx;
    return time_min(waiter_ask(&pace->inner, execution, random), pace->us); /* EXIT is smaller than any cap */
}

insist_waiter waiter_cap_ms(const struct env *env, insist_waiter waiter, int64_t max_ms) {
    if (max_ms <= 0)
        return pace_wrap(env, wait_cap, waiter, (struct pace){.us = 0}, &no_cap);
    const int64_t max_us = time_scale(max_ms, US_PER_MS);
    const bool is_low = max_us < waiter_base_us(&waiter);
    return pace_wrap(env, wait_cap, waiter, (struct pace){.us = max_us}, is_low ? &low_cap : NULL);
}

static int64_t wait_once(void *ctx, const insist_execution *execution, insist_random *random) {
    (void)ctx, (void)execution, (void)random;
    return INSIST_EXIT;
}

static int64_t wait_limit(void *ctx, const insist_execution *execution, insist_random *random) {
    const struct pace *pace = ctx;
    if (execution->attempts_started >= pace->count)
        return INSIST_EXIT;
    return waiter_ask(&pace->inner, execution, random);
}

insist_waiter waiter_limit(const struct env *env, insist_waiter waiter, unsigned n) {
    return pace_wrap(env, wait_limit, waiter, (struct pace){.count = n}, n == 0 ? &no_attempts : NULL);
}

static int64_t wait_timeout(void *ctx, const insist_execution *execution, insist_random *random) {
    const struct pace *pace = ctx;
    if (insist_execution_elapsed_us(execution) >= pace->us)
        return INSIST_EXIT;
    return waiter_ask(&pace->inner, execution, random);
}

insist_waiter waiter_timeout_ms(const struct env *env, insist_waiter waiter, int64_t limit_ms) {
    if (limit_ms <= 0)
        return pace_wrap(env, wait_timeout, waiter, (struct pace){.us = 0}, &no_time);
    return pace_wrap(env, wait_timeout, waiter, (struct pace){.us = time_scale(limit_ms, US_PER_MS)}, NULL);
}

uint32_t waiter_attempt_bound(const insist_waiter *waiter) {
    if (waiter->wait == wait_once)
        return 1;
    if (!pace_is(waiter))
        return RETRY_UNBOUNDED;
    const struct pace *pace = waiter->ctx;
    const uint32_t inner = waiter_attempt_bound(&pace->inner);
    return waiter->wait == wait_limit && pace->count < inner ? pace->count : inner;
}

/* ---- the public constructors ------------------------------------------------------------------------------------- */

insist_waiter insist_wait_full_jitter(insist_waiter waiter) {
    return waiter_full_jitter(&env_standard, waiter);
}

insist_waiter insist_wait_equal_jitter(insist_waiter waiter) {
    return waiter_equal_jitter(&env_standard, waiter);
}

insist_waiter insist_wait_spread_jitter(insist_waiter waiter, double spread) {
    return waiter_spread_jitter(&env_standard, waiter, spread);
}

insist_waiter insist_wait_cap_ms(insist_waiter waiter, int64_t max_ms) {
    return waiter_cap_ms(&env_standard, waiter, max_ms);
}

insist_waiter insist_wait_once(void) {
    return (insist_waiter){.wait = wait_once};
}

insist_waiter insist_wait_limit(insist_waiter waiter, unsigned n) {
    return waiter_limit(&env_standard, waiter, n);
}

insist_waiter insist_wait_timeout_ms(insist_waiter waiter, int64_t limit_ms) {
    return waiter_timeout_ms(&env_standard, waiter, limit_ms);
}
