/* Results: the reported outcome, why the call ended, and the record of every attempt. */
#include "call/result.h"
#include "base/time_math.h"
#include <string.h>

/* What most explanations need beside the method and the url. */
#define EXPLAIN_BYTES 64

static insist_result *make(const struct env *env, const char *method, const char *url) {
    size_t url_size = strlen(url) + 1;
    size_t explain_size = strlen(method) + url_size + EXPLAIN_BYTES;
    insist_result *result = env_alloc(env, sizeof *result + url_size + explain_size);
    if (result == NULL)
        return NULL;
    result->env = env;
    result->url = memcpy(result->texts, url, url_size);
    result->retry_after_us = -1;
    headers_init(&result->headers, env);
    body_init(&result->body, env, UINT64_MAX);
    body_init_in(&result->explain, env, UINT64_MAX, result->texts + url_size, explain_size);
    body_init(&result->giving_up, env, UINT64_MAX);
    failures_init(&result->failures, env);
    return result;
}

insist_result *result_new(const struct env *env, const struct request *request) {
    return make(env, request->method, request->shown_url);
}

void insist_result_free(insist_result *result) {
    if (result == NULL)
        return;
    headers_fini(&result->headers);
    body_fini(&result->body);
    env_release(result->env, result->room);
    body_fini(&result->explain);
    body_fini(&result->giving_up);
    failures_fini(&result->failures);
    env_release(result->env, result->redirected);
    if (result->attempts != &result->first)
        env_release(result->env, result->attempts);
    env_release(result->env, result);
}

static void keep_attempt(struct kept_attempt *kept, const struct execution *execution, size_t i) {
    execution_record(execution, i, &kept->record);
    kept->retry_after_us = execution->attempts[i]->outcome.retry_after_us;
    memcpy(kept->address, execution->attempts[i]->progress.address, sizeof kept->address);
    kept->record.address = kept->address;
}

static void keep_attempts(insist_result *result, const struct execution *execution) {
    const size_t made = execution->count;
    result->made = made;
    result->attempts = made > 1 ? env_alloc(result->env, made * sizeof *result->attempts) : NULL;
    result->count = made;
    for (size_t i = 0; result->attempts != NULL && i < made; i++)
        keep_attempt(&result->attempts[i], execution, i);
    if (result->attempts != NULL || made == 0)
        return;
    result->attempts = &result->first;
    result->count = 1;
    keep_attempt(&result->first, execution, execution->reported != NULL ? execution->reported->index : made - 1);
}

static void take_outcome(insist_result *result, struct outcome *outcome) {
    result->status = outcome->status;
    if (outcome->err == result->err)
        result->cause = outcome->cause;
    result->retry_after_us = outcome->retry_after_us;
    result->room = outcome->room;
    outcome->room = NULL;
    headers_move(&result->headers, &outcome->headers);
    body_move(&result->body, &outcome->body);
    result->redirected = outcome->url;
    outcome->url = NULL;
    if (result->redirected != NULL)
        result->url = result->redirected;
}

/* Where there is no memory for a text, it ends there. */
static void explain(insist_result *result, const struct headers *hidden, const struct request *request) {
    insist_err err = explain_result(&result->explain, hidden, request, result);
    if (err == INSIST_OK && result->reason != INSIST_DONE && result->count > 0)
        (void)explain_giving_up(&result->giving_up, hidden, request, result);
}

static insist_racing racing_of(const struct execution_rules *rules) {
    if (rules->race != NULL)
        return INSIST_RACING_ON;
    return rules->race_not_allowed ? INSIST_RACING_NOT_ALLOWED : INSIST_RACING_OFF;
}

void result_fill(insist_result *result, const struct headers *hidden, struct execution *execution,
                 size_t failures_kept) {
    result->err = execution->err;
    result->reason = execution->reason;
    result->handler_number = execution->handler_number;
    result->racing = racing_of(&execution->rules);
    result->elapsed_us = (execution->view.now_ns - execution->view.start_ns) / 1000;
    if (execution->reported != NULL)
        take_outcome(result, &execution->reported->outcome);
    keep_attempts(result, execution);
    explain(result, hidden, execution->view.request);
    if (failures_kept > 0)
        failures_keep(&result->failures, execution, hidden, failures_kept);
}

insist_result *result_of_refusal(const struct env *env, const struct headers *hidden, const char *method,
                                 const char *url, insist_err err, const char *sentence) {
    insist_result *result = make(env, method, url != NULL ? url : "");
    if (result == NULL)
        return NULL;
    result->err = err;
    result->reason = INSIST_REJECTED;
    if (explain_refusal(&result->explain, hidden, method, url, err, sentence) == INSIST_OK)
        return result;
    insist_result_free(result);
    return NULL;
}

bool insist_result_ok(const insist_result *result) {
    return result != NULL && result->err == INSIST_OK && result->status >= 200 && result->status <= 299;
}

int insist_result_status(const insist_result *result) {
    return result == NULL ? 0 : result->status;
}

insist_err insist_result_error(const insist_result *result) {
    return result == NULL ? INSIST_EINVAL : result->err;
}

insist_reason insist_result_reason(const insist_result *result) {
    return result == NULL ? INSIST_REJECTED : result->reason;
}

int insist_result_handler_number(const insist_result *result) {
    return result == NULL ? 0 : result->handler_number;
}

const char *insist_result_explain(const insist_result *result) {
    return result == NULL ? "" : body_text(&result->explain);
}

const char *insist_result_giving_up(const insist_result *result) {
    return result == NULL ? "" : body_text(&result->giving_up);
}

const char *insist_result_url(const insist_result *result) {
    return result == NULL ? "" : result->url;
}

const void *insist_result_body(const insist_result *result, size_t *len) {
    if (len != NULL)
        *len = result == NULL ? 0 : result->body.length;
    return result == NULL ? "" : body_text(&result->body);
}

insist_err insist_result_take_body(insist_result *result, void **data, size_t *len) {
    size_t length = 0;
    if (result == NULL || data == NULL)
        return INSIST_EINVAL;
    *data = body_take(&result->body, &length);
    if (len != NULL)
        *len = length;
    return *data == NULL ? INSIST_ENOMEM : INSIST_OK;
}

void insist_body_free(void *data) {
    env_release(&env_standard, data);
}

const char *insist_result_header(const insist_result *result, const char *name) {
    return result == NULL || name == NULL ? NULL : headers_get(&result->headers, name);
}

bool insist_result_header_at(const insist_result *result, size_t i, const char **name, const char **value) {
    if (result == NULL || i >= headers_count(&result->headers))
        return false;
    if (name != NULL)
        *name = headers_name_at(&result->headers, i);
    if (value != NULL)
        *value = headers_value_at(&result->headers, i);
    return true;
}

int64_t insist_result_elapsed_us(const insist_result *result) {
    return result == NULL ? 0 : result->elapsed_us;
}

bool insist_result_retry_after_ms(const insist_result *result, int64_t *ms) {
    if (result == NULL || result->retry_after_us < 0)
        return false;
    if (ms != NULL)
        *ms = result->retry_after_us == TIME_NEVER ? INT64_MAX : result->retry_after_us / 1000;
    return true;
}

insist_racing insist_result_racing(const insist_result *result) {
    return result == NULL ? INSIST_RACING_OFF : result->racing;
}

size_t insist_result_failures(const insist_result *result) {
    return result == NULL ? 0 : result->failures.count;
}

const insist_failure *insist_result_failure(const insist_result *result, size_t i) {
    return result == NULL || i >= result->failures.count ? NULL : &result->failures.kept[i];
}

size_t insist_result_failures_dropped(const insist_result *result) {
    return result == NULL ? 0 : result->failures.dropped;
}

const char *insist_result_failure_log(const insist_result *result) {
    return result == NULL ? "" : body_text(&result->failures.log);
}

size_t insist_result_attempts(const insist_result *result) {
    return result == NULL ? 0 : result->count;
}

const insist_attempt_record *insist_result_attempt(const insist_result *result, size_t i) {
    return result == NULL || i >= result->count ? NULL : &result->attempts[i].record;
}
