/* Waiters: how long until the retry whose number the execution tells? In come the execution and a stream of random
 * numbers, out come microseconds, or INSIST_EXIT. All arithmetic saturates: no retry number, base or factor makes a
 * wait short or negative. Pure. */
#include "policy/backoff.h"
#include "base/time_math.h"
#include "policy/poison.h"
#include "view/execution.h"
#include <math.h>

#define US_PER_MS INT64_C(1000)
#define STANDARD_BASE_US (50 * US_PER_MS)
#define STANDARD_THROTTLED_US (1000 * US_PER_MS)
#define STANDARD_CAP_US (20000 * US_PER_MS)

/* What a waiter needs to know, allocated once and never changed; a wrapper owns its inner waiter. */
struct pace {
    const struct env *env;
    int64_t us; /* the constant, the base or the cap */
    double factor;
    insist_waiter inner;
};

static const struct poison no_memory = {INSIST_ENOMEM, "waiter", "out of memory"};
static const struct poison negative_wait = {INSIST_EINVAL, "ms", "a wait cannot be negative"};
static const struct poison negative_base = {INSIST_EINVAL, "base_ms", "a wait cannot be negative"};
static const struct poison bad_factor = {INSIST_EINVAL, "factor", "the factor must be a finite number of 0 or more"};
static const struct poison no_cap = {INSIST_EINVAL, "max_ms", "the longest wait must be 1 ms or more"};
static const struct poison negative_cap = {INSIST_EINVAL, "cap_ms",
                                           "the longest Retry-After that is waited for cannot be negative"};
static const struct poison not_outermost = {
    INSIST_EINVAL, "waiter", "insist_wait_retry_after() must be the outermost waiter, and there can be only one"};

void waiter_release(insist_waiter waiter) {
    if (waiter.release)
        waiter.release(waiter.ctx);
}

static void pace_release(void *ctx) {
    struct pace *pace = ctx;
    waiter_release(pace->inner);
    env_release(pace->env, pace);
}

static insist_waiter pace_new(const struct env *env, insist_wait_fn *wait, struct pace content) {
    struct pace *pace = env_alloc(env, sizeof *pace);
    if (!pace)
        return poison_waiter(&no_memory);
    *pace = content;
    pace->env = env;
    return (insist_waiter){.wait = wait, .ctx = pace, .release = pace_release};
}

/* ---- the waits themselves ---------------------------------------------------------------------------------------- */

static int64_t wait_constant(void *ctx, const insist_execution *execution, insist_random *random) {
    const struct pace *pace = ctx;
    (void)execution, (void)random;
    return pace->us;
}

insist_waiter waiter_constant_ms(const struct env *env, int64_t ms) {
    if (ms < 0)
        return poison_waiter(&negative_wait);
    return pace_new(env, wait_constant, (struct pace){.us = time_scale(ms, US_PER_MS)});
}

/* factor to that power, by squaring; infinity when it is too large. */
static double power(double factor, unsigned exponent) {
    double product = 1;
    while (exponent > 0) {
        if (exponent & 1)
            product *= factor;
        factor *= factor;
        exponent >>= 1;
    }
    return product;
}

static int64_t grown(int64_t base_us, double factor, unsigned retry) {
    if (retry <= 1)
        return base_us;
    const double grown_us = (double)base_us * power(factor, retry - 1) + 0.5;
    return grown_us < (double)INT64_MAX ? (int64_t)grown_us : INT64_MAX;
}

static int64_t wait_exponential(void *ctx, const insist_execution *execution, insist_random *random) {
    const struct pace *pace = ctx;
    (void)random;
    return grown(pace->us, pace->factor, execution->retries);
}

insist_waiter waiter_exponential_ms(const struct env *env, int64_t base_ms, double factor) {
    if (base_ms < 0)
        return poison_waiter(&negative_base);
    if (!isfinite(factor) || factor < 0)
        return poison_waiter(&bad_factor);
    if (base_ms == 0 || !(factor > 0))
        return waiter_constant_ms(env, 0);
    if (!(factor < 1 || factor > 1))
        return waiter_constant_ms(env, base_ms);
    return pace_new(env, wait_exponential, (struct pace){.us = time_scale(base_ms, US_PER_MS), .factor = factor});
}

/* A whole number, uniform in [0, most], from one draw. */
static int64_t drawn(int64_t most, insist_random *random) {
    const double scaled = insist_random_unit(random) * ((double)most + 1);
    return scaled < (double)most ? (int64_t)scaled : most;
}

static int64_t wait_full_jitter(void *ctx, const insist_execution *execution, insist_random *random) {
    const struct pace *pace = ctx;
    const int64_t most = waiter_ask(&pace->inner, execution, random);
    return most == INSIST_EXIT ? INSIST_EXIT : drawn(most, random);
}

static int64_t wait_cap(void *ctx, const insist_execution *execution, insist_random *random) {
    const struct pace *pace = ctx;
    return time_min(waiter_ask(&pace->inner, execution, random), pace->us); /* EXIT is smaller than any cap */
}

static int64_t wait_standard(void *ctx, const insist_execution *execution, insist_random *random) {
    const struct attempt *attempt = execution->current;
    const bool throttled = attempt && outcome_is_throttled(&attempt->outcome);
    const int64_t most = grown(throttled ? STANDARD_THROTTLED_US : STANDARD_BASE_US, 2, execution->retries);
    (void)ctx;
    return drawn(time_min(most, STANDARD_CAP_US), random);
}

/* A retry policy takes this wrapper off and follows the header itself; here for whoever asks the waiter directly. */
static int64_t wait_retry_after(void *ctx, const insist_execution *execution, insist_random *random) {
    const struct pace *pace = ctx;
    const int64_t asked_us = execution->current ? execution->current->outcome.retry_after_us : -1;
    if (asked_us > pace->us)
        return INSIST_EXIT;
    const int64_t wait_us = waiter_ask(&pace->inner, execution, random);
    return wait_us == INSIST_EXIT ? INSIST_EXIT : time_add(time_max(asked_us, 0), wait_us);
}

/* ---- wrappers ---------------------------------------------------------------------------------------------------- */

/* Consumes inner, also when it fails. refusal: what is wrong with the wrapper's own argument, or NULL. */
static insist_waiter wrap(const struct env *env, insist_wait_fn *wait, insist_waiter inner, int64_t us,
                          const struct poison *refusal) {
    const struct poison *poison = poison_in_waiter(&inner);
    if (!poison && inner.wait == wait_retry_after)
        poison = &not_outermost;
    if (!poison)
        poison = refusal;
    insist_waiter wrapped =
        poison ? poison_waiter(poison) : pace_new(env, wait, (struct pace){.us = us, .inner = inner});
    if (!wrapped.wait)
        waiter_release(inner);
    return wrapped;
}

insist_waiter waiter_full_jitter(const struct env *env, insist_waiter waiter) {
    return wrap(env, wait_full_jitter, waiter, 0, NULL);
}

insist_waiter waiter_cap_ms(const struct env *env, insist_waiter waiter, int64_t max_ms) {
    if (max_ms <= 0)
        return wrap(env, wait_cap, waiter, 0, &no_cap);
    return wrap(env, wait_cap, waiter, time_scale(max_ms, US_PER_MS), NULL);
}

insist_waiter waiter_retry_after(const struct env *env, insist_waiter waiter, int64_t cap_ms) {
    if (cap_ms < 0)
        return wrap(env, wait_retry_after, waiter, 0, &negative_cap);
    return wrap(env, wait_retry_after, waiter, time_scale(cap_ms, US_PER_MS), NULL);
}

insist_waiter waiter_peel_retry_after(insist_waiter waiter, int64_t *cap_us) {
    *cap_us = -1;
    if (waiter.wait != wait_retry_after)
        return waiter;
    struct pace *pace = waiter.ctx;
    const insist_waiter inner = pace->inner;
    *cap_us = pace->us;
    env_release(pace->env, pace);
    return inner;
}

/* ---- the public constructors ------------------------------------------------------------------------------------- */

insist_waiter insist_wait_constant_ms(int64_t ms) {
    return waiter_constant_ms(&env_standard, ms);
}

insist_waiter insist_wait_exponential_ms(int64_t base_ms, double factor) {
    return waiter_exponential_ms(&env_standard, base_ms, factor);
}

insist_waiter insist_wait_full_jitter(insist_waiter waiter) {
    return waiter_full_jitter(&env_standard, waiter);
}

insist_waiter insist_wait_cap_ms(insist_waiter waiter, int64_t max_ms) {
    return waiter_cap_ms(&env_standard, waiter, max_ms);
}

insist_waiter insist_wait_standard(void) {
    return (insist_waiter){.wait = wait_standard};
}

insist_waiter insist_wait_retry_after(insist_waiter waiter, int64_t cap_ms) {
    return waiter_retry_after(&env_standard, waiter, cap_ms);
}
