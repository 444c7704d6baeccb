#include "cli/client.h"
#include "cli/refuse.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A disjunction that grows; it begins empty. */
struct any_of {
    insist_decider decider;
    bool begun;
};

static void any_of_add(struct any_of *any, insist_decider decider) {
    any->decider = any->begun ? insist_retry_or(any->decider, decider) : decider;
    any->begun = true;
}

static insist_decider retried(const struct retry_list *list) {
    struct any_of any = {.begun = false};
    if (!list->replaces) {
        any_of_add(&any, insist_retry_standard());
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

static insist_waiter waits(const struct backoff *backoff) {
    insist_waiter waiter;
    switch (backoff->shape) {
    case BACKOFF_CONSTANT: waiter = insist_wait_constant_ms(backoff->base_ms); break;
    case BACKOFF_EXPONENTIAL:
        waiter = insist_wait_exponential_ms(backoff->base_ms, backoff->factor);
        if (backoff->max_ms != INSIST_FOREVER) {
            waiter = insist_wait_cap_ms(waiter, backoff->max_ms);
        }
        break;
    case BACKOFF_STANDARD:
    default: return insist_wait_standard();
    }
    return backoff->full_jitter ? insist_wait_full_jitter(waiter) : waiter;
}

static insist_err retry_policy(const struct settings *settings, insist_problem *problem, insist_retry_policy **out) {
    insist_decider decider = insist_retry_and(insist_retry_times(settings->retries), retried(&settings->retry_on));
    insist_waiter waiter = insist_wait_retry_after(waits(&settings->backoff), settings->retry_after_cap_ms);
    return insist_retry_policy_new(decider, waiter, problem, out);
}

/* Says it before a handshake would, and with the file's name. */
static insist_err check_ca_file(const char *name, insist_problem *problem) {
    if (name == NULL || access(name, R_OK) == 0) {
        return INSIST_OK;
    }
    refuse_field(problem, "--cacert", "cannot read %.80s: %s", name, strerror(errno));
    return INSIST_EINVAL;
}

insist_err client_open(const struct settings *settings, insist_problem *problem, insist_client **out) {
    *out = NULL;
    insist_retry_policy *retry = NULL;
    insist_timeout_policy *timeout = NULL;
    insist_tls_options tls = {.size = sizeof(tls), .ca_file = settings->ca_file, .insecure = settings->insecure};

    insist_err err = check_ca_file(settings->ca_file, problem);
    if (err == INSIST_OK && settings->retry_given) {
        err = retry_policy(settings, problem, &retry);
    }
    if (err == INSIST_OK && settings->timeout_ms != 0) {
        err = insist_timeout_fixed_new(settings->timeout_ms, problem, &timeout);
    }
    if (err == INSIST_OK) {
        const insist_client_options *options =
            INSIST_CLIENT_OPTIONS(.retry = retry, .timeout = timeout,
                                  .budget = settings->budget_off ? insist_budget_none() : NULL, .tls = &tls,
                                  .user_agent = settings->user_agent, .deadline_ms = settings->deadline_ms,
                                  .max_redirects = settings->max_redirects > 0 ? (unsigned)settings->max_redirects : 0,
                                  .no_redirects = settings->max_redirects == 0,
                                  .http_version = settings->http2 ? INSIST_HTTP_2 : INSIST_HTTP_1_1);
        err = insist_client_new(options, problem, out);
    }
    insist_timeout_policy_free(timeout);
    insist_retry_policy_free(retry);
    return err;
}
