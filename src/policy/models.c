/* What three other libraries do, as far as it is not one of the general formulas: gogama/httpx, sethgrid/pester and
 * hashicorp/go-retryablehttp. The same observable values, saturating where theirs overflow. Pure. */
#include "base/time_math.h"
#include "policy/backoff.h"
#include "policy/pace.h"
#include "policy/retry.h"
#include "view/execution.h"

/* ---- waits ------------------------------------------------------------------------------------------------------- */

/* pester counts whole milliseconds, and takes the upper end out. */
static int64_t wait_pester_jitter(void *ctx, const insist_execution *execution, insist_random *random) {
    const struct pace *pace = ctx;
    const int64_t middle_us = waiter_ask(&pace->inner, execution, random);
    if (middle_us == INSIST_EXIT)
        return INSIST_EXIT;
    const int64_t middle_ms = middle_us / US_PER_MS, width_ms = middle_ms / 3;
    const int64_t drawn_ms = (int64_t)(insist_random_unit(random) * (double)(2 * width_ms));
    return time_scale(time_max(middle_ms - width_ms + drawn_ms, 1), US_PER_MS);
}

insist_waiter waiter_pester_jitter(const struct env *env, insist_waiter waiter) {
    return pace_wrap(env, wait_pester_jitter, waiter, (struct pace){.us = 0}, NULL);
}

static const struct poison negative_min = {INSIST_EINVAL, "min_ms", "a wait cannot be negative"};
static const struct poison low_max = {INSIST_EINVAL, "max_ms", "the longest wait cannot be below min_ms"};

static insist_waiter following(const struct env *env, insist_waiter waiter) {
    static const int statuses[] = {429, 503};
    return waiter_retry_after_on(env, waiter, statuses, 2, INSIST_RETRY_AFTER_REPLACES, INSIST_FOREVER);
}

insist_waiter waiter_retryablehttp(const struct env *env, int64_t min_ms, int64_t max_ms) {
    if (min_ms < 0)
        return poison_waiter(&negative_min);
    if (max_ms < min_ms)
        return poison_waiter(&low_max);
    return following(env, waiter_cap_ms(env, waiter_exponential_ms(env, min_ms, 2), max_ms));
}

static int64_t wait_linear_jitter(void *ctx, const insist_execution *execution, insist_random *random) {
    const struct pace *pace = ctx;
    const int64_t width_us = pace->more_us - pace->us;
    const int64_t drawn_us = width_us == 0 ? 0 : (int64_t)(insist_random_unit(random) * (double)width_us);
    const unsigned retry = execution->retries > 0 ? execution->retries : 1;
    return time_scale(pace->us + drawn_us, retry);
}

insist_waiter waiter_retryablehttp_linear_jitter(const struct env *env, int64_t min_ms, int64_t max_ms) {
    if (min_ms < 0)
        return poison_waiter(&negative_min);
    if (max_ms < min_ms)
        return poison_waiter(&low_max);
    return pace_new(env, wait_linear_jitter,
                    (struct pace){.us = time_scale(min_ms, US_PER_MS), .more_us = time_scale(max_ms, US_PER_MS)});
}

insist_waiter waiter_retryablehttp_rate_limit(const struct env *env, int64_t min_ms, int64_t max_ms) {
    return following(env, waiter_retryablehttp_linear_jitter(env, min_ms, max_ms));
}

/* ---- verdicts ---------------------------------------------------------------------------------------------------- */

static insist_verdict retry_if(bool wanted) {
    return wanted ? INSIST_RETRY : INSIST_ACCEPT;
}

/* Its kinds of transient error, and the one of ours that it counts among an early end. */
static bool httpx_calls_transient(insist_transience transience) {
    switch (transience) {
    case INSIST_TIMEOUT:
    case INSIST_CONN_REFUSED:
    case INSIST_CONN_RESET:
    case INSIST_UNEXPECTED_EOF:
    case INSIST_TLS_INTERRUPTED: return true;
    default: return false;
    }
}

static insist_verdict decide_httpx(void *ctx, const insist_execution *execution, insist_err *error) {
    (void)ctx, (void)error;
    if (insist_execution_error(execution) != INSIST_OK)
        return retry_if(httpx_calls_transient(insist_execution_transience(execution)));
    const int status = insist_execution_status(execution);
    return retry_if(status == 429 || status == 502 || status == 503 || status == 504);
}

/* The other two judge when the headers have come, so a body that breaks off is not theirs to see: the error, unless it
 * is one of those. */
static insist_err error_they_see(const insist_execution *execution) {
    const insist_err err = insist_execution_error(execution);
    const bool headers_came = execution->current != NULL && outcome_has_headers(&execution->current->outcome);
    const bool in_the_body = headers_came && err != INSIST_EREDIRECT && err != INSIST_EREJECTED;
    return in_the_body ? INSIST_OK : err;
}

static insist_verdict decide_pester(void *ctx, const insist_execution *execution, insist_err *error) {
    (void)ctx, (void)error;
    return retry_if(error_they_see(execution) != INSIST_OK || insist_execution_status(execution) >= 500);
}

static insist_verdict decide_pester_429(void *ctx, const insist_execution *execution, insist_err *error) {
    if (insist_execution_status(execution) == 429)
        return INSIST_RETRY;
    return decide_pester(ctx, execution, error);
}

static insist_verdict decide_retryablehttp(void *ctx, const insist_execution *execution, insist_err *error) {
    (void)ctx, (void)error;
    const int status = insist_execution_status(execution);
    switch (error_they_see(execution)) {
    case INSIST_OK: return retry_if(status == 429 || (status >= 500 && status != 501));
    case INSIST_EURL:
    case INSIST_EINVAL:
    case INSIST_ECERT:
    case INSIST_EREDIRECT: return INSIST_ACCEPT;
    default: return INSIST_RETRY;
    }
}

/* ---- the public constructors ------------------------------------------------------------------------------------- */

insist_waiter insist_wait_pester_default(void) {
    return insist_wait_constant_ms(1000);
}

insist_waiter insist_wait_pester_linear(void) {
    return insist_wait_linear_ms(1000, 1000);
}

insist_waiter insist_wait_pester_exponential(void) {
    return insist_wait_exponential_ms(2000, 2);
}

insist_waiter insist_wait_pester_linear_jitter(void) {
    return waiter_pester_jitter(&env_standard, insist_wait_pester_linear());
}

insist_waiter insist_wait_pester_exponential_jitter(void) {
    return waiter_pester_jitter(&env_standard, insist_wait_pester_exponential());
}

insist_waiter insist_wait_retryablehttp(int64_t min_ms, int64_t max_ms) {
    return waiter_retryablehttp(&env_standard, min_ms, max_ms);
}

insist_waiter insist_wait_retryablehttp_linear_jitter(int64_t min_ms, int64_t max_ms) {
    return waiter_retryablehttp_linear_jitter(&env_standard, min_ms, max_ms);
}

insist_waiter insist_wait_retryablehttp_rate_limit(int64_t min_ms, int64_t max_ms) {
    return waiter_retryablehttp_rate_limit(&env_standard, min_ms, max_ms);
}

insist_decider insist_retry_httpx(void) {
    return (insist_decider){.decide = decide_httpx};
}

insist_decider insist_retry_pester(bool too_many_requests_too) {
    return (insist_decider){.decide = too_many_requests_too ? decide_pester_429 : decide_pester};
}

insist_decider insist_retry_retryablehttp(void) {
    return (insist_decider){.decide = decide_retryablehttp};
}
