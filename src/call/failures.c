/* Failed attempts: those that ended with an error other than losing a race, and answers that were not good enough. They
 * are read off the attempts of an execution that is over. */
#include "call/failures.h"
#include "call/redact.h"
#include <string.h>

#define SECOND_NS ((int64_t)1000000000)

void failures_init(struct failures *failures, const struct env *env) {
    *failures = (struct failures){0};
    body_init(&failures->request, env, UINT64_MAX);
    body_init(&failures->log, env, UINT64_MAX);
}

void failures_fini(struct failures *failures) {
    env_release(failures->log.env, failures->kept);
    body_fini(&failures->request);
    body_fini(&failures->log);
}

static bool has_failed(const struct attempt *attempt) {
    const struct outcome *outcome = &attempt->outcome;
    if (outcome->err != INSIST_OK)
        return outcome->err != INSIST_EREDUNDANT;
    bool unwanted = attempt->why_ended != INSIST_ENDED_WON && attempt->why_ended != INSIST_ENDED_LOST;
    return unwanted || outcome->status == 429 || outcome->status >= 500;
}

static unsigned racer_of(const struct execution *execution, const struct attempt *attempt) {
    unsigned before = 0;
    while (before < attempt->index && execution->attempts[attempt->index - before - 1]->wave == attempt->wave)
        before++;
    return before;
}

static size_t count_failed(const struct execution *execution) {
    size_t count = 0;
    for (size_t i = 0; i < execution->count; i++)
        count += has_failed(execution->attempts[i]);
    return count;
}

static insist_err keep_request(struct failures *failures, const struct execution *execution,
                               const struct headers *hidden, const char **method, const char **url) {
    const struct request *request = execution->view.request;
    size_t length = strlen(request->method) + 1;
    insist_err err = body_append(&failures->request, request->method, length);
    if (err == INSIST_OK)
        err = redact_url(&failures->request, request->shown_url, hidden);
    *method = body_text(&failures->request);
    *url = *method + length;
    return err;
}

static insist_failure failure_of(const struct execution *execution, const struct attempt *attempt, int64_t now_s) {
    int64_t ago_ns = execution->view.now_ns - attempt->progress.ended_ns;
    return (insist_failure){.time_s = now_s - ago_ns / SECOND_NS,
                            .racer = racer_of(execution, attempt),
                            .attempt = attempt->index + 1,
                            .status = attempt->outcome.status,
                            .error = attempt->outcome.err};
}

static insist_err append_line(struct body *log, const insist_failure *failure) {
    insist_err err = body_append_format(log, "%lld Do [%s] %s request-%u retry-%u error: ", (long long)failure->time_s,
                                        failure->method, failure->url, failure->racer, failure->attempt + 1);
    if (err != INSIST_OK)
        return err;
    if (failure->error != INSIST_OK)
        return body_append_format(log, "%s\n", insist_strerror(failure->error));
    return body_append_format(log, "status %d\n", failure->status);
}

/* Behind the earlier ones that are skipped. INSIST_OK or INSIST_ENOMEM. */
static insist_err keep_behind(struct failures *failures, const struct execution *execution,
                              const struct headers *hidden, size_t skipped) {
    const char *method, *url;
    int64_t now_s = env_wall_s(execution->env);
    insist_err err = keep_request(failures, execution, hidden, &method, &url);
    for (size_t i = 0; err == INSIST_OK && i < execution->count; i++) {
        const struct attempt *attempt = execution->attempts[i];
        if (!has_failed(attempt) || (skipped > 0 && skipped-- > 0))
            continue;
        insist_failure *failure = &failures->kept[failures->count++];
        *failure = failure_of(execution, attempt, now_s);
        failure->method = method;
        failure->url = url;
        err = append_line(&failures->log, failure);
    }
    return err;
}

void failures_keep(struct failures *failures, const struct execution *execution, const struct headers *hidden,
                   size_t most) {
    const size_t failed = count_failed(execution), kept = failed < most ? failed : most;
    if (kept > 0)
        failures->kept = env_alloc(execution->env, kept * sizeof *failures->kept);
    if (failures->kept != NULL)
        (void)keep_behind(failures, execution, hidden, failed - kept);
    failures->dropped = failed - failures->count;
}
