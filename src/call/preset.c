/* Presets: what a client needs to behave as another library does, made once and lent to the options. Any thread. */
#include "call/preset.h"

#include "policy/backoff.h"
#include "policy/race.h"
#include "policy/retry.h"
#include "policy/timeout.h"

#define GO_REDIRECTS 9 /* ten requests */

struct insist_preset {
    const struct env *env;
    insist_retry_policy *retry;
    insist_timeout_policy *timeout;
    insist_race_policy *race;         /* NULL: none */
    insist_on_exhausted on_exhausted; /* without a function: none */
};

void insist_preset_free(insist_preset *preset) {
    if (preset == NULL)
        return;
    insist_retry_policy_free(preset->retry);
    insist_timeout_policy_free(preset->timeout);
    insist_race_policy_free(preset->race);
    env_release(preset->env, preset);
}

/* They reach as far as the last field that a preset sets. */
static bool reaches(const insist_client_options *options) {
    return options->size >= offsetof(insist_client_options, race) + sizeof options->race;
}

static void lend(const insist_preset *preset, insist_client_options *options) {
    options->retry = preset->retry;
    options->timeout = preset->timeout;
    options->race = preset->race;
    options->on_exhausted = preset->on_exhausted.replace == NULL ? NULL : &preset->on_exhausted;
    options->budget = insist_budget_none();
    options->deadline_ms = INSIST_FOREVER;
    options->max_body_bytes = UINT64_MAX;
    options->max_header_bytes = UINT64_MAX;
    options->max_redirects = GO_REDIRECTS;
    options->repeat_unsafe = true;
}

static int64_t five_seconds(void *ctx, const insist_execution *execution) {
    (void)ctx, (void)execution;
    return 5000000;
}

static int64_t forever(void *ctx, const insist_execution *execution) {
    (void)ctx, (void)execution;
    return INSIST_FOREVER;
}

/* Consumes decider and waiter. The timeout is a function, not a fixed one: a deadline below it, set afterwards, is no
 * contradiction. */
static insist_err make(const struct env *env, insist_decider decider, insist_waiter waiter, insist_timeout_fn *timeout,
                       insist_preset **out) {
    insist_preset *preset = env_alloc(env, sizeof *preset);
    if (preset == NULL) {
        decider_release(decider);
        waiter_release(waiter);
        return INSIST_ENOMEM;
    }
    preset->env = env;
    insist_err err = retry_policy_new(env, decider, waiter, NULL, &preset->retry);
    if (err == INSIST_OK)
        err = timeout_policy_custom_new(env, timeout, NULL, NULL, NULL, &preset->timeout);
    if (err != INSIST_OK) {
        insist_preset_free(preset);
        return err;
    }
    *out = preset;
    return INSIST_OK;
}

static bool usable(const insist_client_options *options, insist_preset **out) {
    if (out != NULL)
        *out = NULL;
    return options != NULL && out != NULL && reaches(options);
}

insist_err preset_httpx(const struct env *env, insist_client_options *options, insist_preset **out) {
    if (!usable(options, out))
        return INSIST_EINVAL;
    insist_decider decider = decider_and(env, decider_times(env, 5), insist_retry_httpx());
    insist_waiter waiter = waiter_cap_ms(env, waiter_exponential_ms(env, 50, 2), 1000);
    insist_err err = make(env, decider, waiter_full_jitter(env, waiter), five_seconds, out);
    if (err == INSIST_OK)
        lend(*out, options);
    return err;
}

/* Two retries, not three attempts: those that race do not count. */
insist_err preset_pester(const struct env *env, insist_client_options *options, bool too_many_requests_too,
                         unsigned concurrency, insist_preset **out) {
    if (!usable(options, out))
        return INSIST_EINVAL;
    insist_decider decider = decider_and(env, decider_times(env, 2), insist_retry_pester(too_many_requests_too));
    insist_err err = make(env, decider, waiter_constant_ms(env, 1000), forever, out);
    if (err == INSIST_OK && concurrency > 1)
        err = race_policy_new(env, scheduler_pester(env, concurrency), insist_start_always(), INSIST_REFILL, NULL,
                              &(*out)->race);
    if (err != INSIST_OK) {
        insist_preset_free(*out);
        *out = NULL;
        return err;
    }
    lend(*out, options);
    return INSIST_OK;
}

insist_err preset_retryablehttp(const struct env *env, insist_client_options *options, insist_preset **out) {
    if (!usable(options, out))
        return INSIST_EINVAL;
    insist_decider decider = decider_and(env, decider_times(env, 4), insist_retry_retryablehttp());
    insist_err err = make(env, decider, waiter_retryablehttp(env, 1000, 30000), forever, out);
    if (err != INSIST_OK)
        return err;
    (*out)->on_exhausted.replace = insist_exhausted_as_error;
    lend(*out, options);
    return INSIST_OK;
}

insist_err insist_preset_httpx(insist_client_options *options, insist_preset **out) {
    return preset_httpx(&env_standard, options, out);
}

insist_err insist_preset_pester(insist_client_options *options, bool too_many_requests_too, unsigned concurrency,
                                insist_preset **out) {
    return preset_pester(&env_standard, options, too_many_requests_too, concurrency, out);
}

insist_err insist_preset_retryablehttp(insist_client_options *options, insist_preset **out) {
    return preset_retryablehttp(&env_standard, options, out);
}
