#include "cli/client.h"
#include "cli/connect.h"

/* A disjunction that grows; it begins empty. */
struct any_of {
    insist_decider decider;
    bool begun;
};

static void any_of_add(struct any_of *any, insist_decider decider) {
    any->decider = any->begun ? insist_retry_or(any->decider, decider) : decider;
    any->begun = true;
}

static insist_decider retried_by(enum preset preset) {
    switch (preset) {
    case PRESET_HTTPX: return insist_retry_httpx();
    case PRESET_PESTER: return insist_retry_pester(false);
    case PRESET_RETRYABLEHTTP: return insist_retry_retryablehttp();
    case PRESET_NONE:
    default: return insist_retry_standard();
    }
}

static insist_decider retried(const struct retry_list *list, enum preset preset) {
    struct any_of any = {.begun = false};
    if (!list->replaces) {
        any_of_add(&any, retried_by(preset));
    }
    if (list->status_count > 0) {
        any_of_add(&any, insist_retry_on_status(list->statuses, list->status_count));
    }
    for (int digit = 1; digit <= 9; digit++) {
        if (list->classes[digit]) {
            any_of_add(&any, insist_retry_on_status_class(digit));
        }
    }
    if (list->transient) {
        any_of_add(&any, insist_retry_on_transient());
    }
    if (list->any) {
        any_of_add(&any, insist_retry_on_error());
    }
    return any.decider;
}

static insist_waiter jittered(insist_waiter waiter, const struct backoff *backoff) {
    switch (backoff->jitter) {
    case JITTER_FULL: return insist_wait_full_jitter(waiter);
    case JITTER_EQUAL: return insist_wait_equal_jitter(waiter);
    case JITTER_SPREAD: return insist_wait_spread_jitter(waiter, backoff->spread);
    case JITTER_NONE:
    default: return waiter;
    }
}

static insist_waiter waits(const struct backoff *backoff) {
    insist_waiter waiter;
    switch (backoff->shape) {
    case BACKOFF_CONSTANT: waiter = insist_wait_constant_ms(backoff->base_ms); break;
    case BACKOFF_LINEAR: waiter = insist_wait_linear_ms(backoff->base_ms, backoff->step_ms); break;
    case BACKOFF_EXPONENTIAL: waiter = insist_wait_exponential_ms(backoff->base_ms, backoff->factor); break;
    case BACKOFF_STANDARD:
    default: return insist_wait_standard();
    }
    if (backoff->max_ms != INSIST_FOREVER) {
        waiter = insist_wait_cap_ms(waiter, backoff->max_ms);
    }
    return jittered(waiter, backoff);
}

static insist_waiter with_retry_after(const struct settings *settings, insist_waiter waiter) {
    static const int statuses[] = {429, 503};
    if (settings->retry_after_cap_ms == RETRY_AFTER_IGNORED) {
        return waiter;
    }
    if (settings->preset == PRESET_RETRYABLEHTTP) {
        return insist_wait_retry_after_on(waiter, statuses, 2, INSIST_RETRY_AFTER_REPLACES,
                                          settings->retry_after_cap_ms);
    }
    return insist_wait_retry_after(waiter, settings->retry_after_cap_ms);
}

static insist_err retry_policy(const struct settings *settings, insist_problem *problem, insist_retry_policy **out) {
    insist_decider decider =
        insist_retry_and(insist_retry_times(settings->retries), retried(&settings->retry_on, settings->preset));
    return insist_retry_policy_new(decider, with_retry_after(settings, waits(&settings->backoff)), problem, out);
}

static insist_err use_preset(enum preset preset, insist_client_options *options, insist_preset **out) {
    switch (preset) {
    case PRESET_HTTPX: return insist_preset_httpx(options, out);
    case PRESET_PESTER: return insist_preset_pester(options, false, 1, out);
    case PRESET_RETRYABLEHTTP: return insist_preset_retryablehttp(options, out);
    case PRESET_NONE:
    default: return INSIST_OK;
    }
}

/* What was given goes before what a preset says. */
static void fill_in(insist_client_options *options, const struct settings *settings) {
    options->budget = settings->budget_off ? insist_budget_none() : NULL;
    options->user_agent = settings->user_agent;
    options->deadline_ms = settings->deadline_ms;
    if (settings->max_redirects > 0) {
        options->max_redirects = (unsigned)settings->max_redirects;
    }
    options->no_redirects = settings->max_redirects == 0;
    options->http_version = settings->http2 ? INSIST_HTTP_2 : INSIST_HTTP_1_1;
}

insist_err client_open(const struct settings *settings, insist_problem *problem, insist_client **out) {
    *out = NULL;
    insist_preset *preset = NULL;
    insist_retry_policy *retry = NULL;
    insist_timeout_policy *timeout = NULL;
    insist_client_options options;
    insist_tls_options tls;
    insist_net_options net;

    insist_client_options_init(&options);
    insist_tls_options_init(&tls);
    insist_net_options_init(&net);
    connect_fill_in(settings, &tls, &net);
    options.tls = &tls;
    options.net = &net;
    insist_err err = use_preset(settings->preset, &options, &preset);
    if (err == INSIST_OK && settings->retry_given) {
        err = retry_policy(settings, problem, &retry);
        options.retry = retry;
    }
    if (err == INSIST_OK && settings->timeout_ms != 0) {
        err = insist_timeout_fixed_new(settings->timeout_ms, problem, &timeout);
        options.timeout = timeout;
    }
    if (err == INSIST_OK) {
        fill_in(&options, settings);
        err = insist_client_new(&options, problem, out);
    }
    if (err != INSIST_OK) {
        connect_name_option(problem);
    }
    insist_timeout_policy_free(timeout);
    insist_retry_policy_free(retry);
    insist_preset_free(preset);
    return err;
}
