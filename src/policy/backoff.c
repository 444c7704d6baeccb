/* Waiters: how long until the retry whose number the execution tells? In come the execution and a stream of random
 * numbers, out come microseconds, or INSIST_EXIT. All arithmetic saturates: no retry number, base, step or factor makes
 * a wait short or negative that should be long. Pure. */
#include "policy/backoff.h"
#include "base/time_math.h"
#include "policy/pace.h"
#include "view/execution.h"
#include <math.h>

#define STANDARD_BASE_US (50 * US_PER_MS)
#define STANDARD_THROTTLED_US (1000 * US_PER_MS)
#define STANDARD_CAP_US (20000 * US_PER_MS)

static const struct poison negative_wait = {INSIST_EINVAL, "ms", "a wait cannot be negative"};
static const struct poison negative_base = {INSIST_EINVAL, "base_ms", "a wait cannot be negative"};
static const struct poison bad_factor = {INSIST_EINVAL, "factor", "the factor must be a finite number of 0 or more"};
static const struct poison low_cap = {INSIST_EINVAL, "cap_ms",
                                      "the longest wait must be 1 ms or more, and not below base_ms"};

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

/* ---- linear ------------------------------------------------------------------------------------------------------ */

/* Saturates at both ends. */
static int64_t times(int64_t a, int64_t not_negative) {
    int64_t product;
    if (__builtin_mul_overflow(a, not_negative, &product))
        return a < 0 ? INT64_MIN : INT64_MAX;
    return product;
}

static int64_t wait_linear(void *ctx, const insist_execution *execution, insist_random *random) {
    const struct pace *pace = ctx;
    const unsigned steps = execution->retries > 1 ? execution->retries - 1 : 0;
    (void)random;
    return time_max(time_add(pace->us, times(pace->more_us, steps)), 0);
}

insist_waiter waiter_linear_ms(const struct env *env, int64_t base_ms, int64_t step_ms) {
    if (base_ms < 0)
        return poison_waiter(&negative_base);
    const int64_t step_us = times(step_ms, US_PER_MS);
    return pace_new(env, wait_linear, (struct pace){.us = time_scale(base_ms, US_PER_MS), .more_us = step_us});
}

/* ---- exponential ------------------------------------------------------------------------------------------------- */

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

/* ---- decorrelated ------------------------------------------------------------------------------------------------ */

static int64_t wait_decorrelated(void *ctx, const insist_execution *execution, insist_random *random) {
    const struct pace *pace = ctx;
    const int64_t last_us = time_max(execution->last_wait_us, pace->us);
    const int64_t above_us = time_scale(last_us, 3) - pace->us;
    return time_min(pace->us + pace_drawn(above_us, random), pace->more_us);
}

insist_waiter waiter_decorrelated_ms(const struct env *env, int64_t base_ms, int64_t cap_ms) {
    if (base_ms < 0)
        return poison_waiter(&negative_base);
    if (cap_ms <= 0 || cap_ms < base_ms)
        return poison_waiter(&low_cap);
    return pace_new(env, wait_decorrelated,
                    (struct pace){.us = time_scale(base_ms, US_PER_MS), .more_us = time_scale(cap_ms, US_PER_MS)});
}

/* ---- what a client uses that was told nothing -------------------------------------------------------------------- */

static int64_t wait_standard(void *ctx, const insist_execution *execution, insist_random *random) {
    const struct attempt *attempt = execution->current;
    const bool throttled = attempt && outcome_is_throttled(&attempt->outcome);
    const int64_t most = grown(throttled ? STANDARD_THROTTLED_US : STANDARD_BASE_US, 2, execution->retries);
    (void)ctx;
    return pace_drawn(time_min(most, STANDARD_CAP_US), random);
}

/* ---- the public constructors ------------------------------------------------------------------------------------- */

/* A decorrelated waiter checks its own cap. */
int64_t waiter_base_us(const insist_waiter *waiter) {
    if (waiter->wait == NULL || !pace_is(waiter))
        return 0;
    const struct pace *pace = waiter->ctx;
    const bool wraps = pace->inner.wait != NULL;
    return wraps ? waiter_base_us(&pace->inner) : pace->us;
}

insist_waiter insist_wait_constant_ms(int64_t ms) {
    return waiter_constant_ms(&env_standard, ms);
}

insist_waiter insist_wait_linear_ms(int64_t base_ms, int64_t step_ms) {
    return waiter_linear_ms(&env_standard, base_ms, step_ms);
}

insist_waiter insist_wait_exponential_ms(int64_t base_ms, double factor) {
    return waiter_exponential_ms(&env_standard, base_ms, factor);
}

insist_waiter insist_wait_decorrelated_ms(int64_t base_ms, int64_t cap_ms) {
    return waiter_decorrelated_ms(&env_standard, base_ms, cap_ms);
}

insist_waiter insist_wait_standard(void) {
    return (insist_waiter){.wait = wait_standard};
}
