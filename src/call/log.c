/* Messages, made of the events of a call as they are fired. What is not wanted is not put together. */
#include "call/log.h"
#include "call/redact.h"
#include <stdio.h>

struct message {
    insist_log_level level;
    char text[CAUSE_TEXT_SIZE + 32];
    insist_log_pair pairs[10]; /* method and url first */
    size_t count;
    char numbers[10][24]; /* of the pairs that are numbers, at their places */
};

static void add(struct message *message, const char *key, const char *value) {
    message->pairs[message->count++] = (insist_log_pair){key, value};
}

static void add_number(struct message *message, const char *key, int64_t number) {
    char *text = message->numbers[message->count];
    snprintf(text, sizeof message->numbers[0], "%lld", (long long)number);
    add(message, key, text);
}

static void add_outcome(struct message *message, const struct outcome *outcome) {
    if (outcome->status != 0)
        add_number(message, "status", outcome->status);
    if (outcome->err != INSIST_OK)
        add(message, "error", insist_err_name(outcome->err));
}

static void say_performing(struct message *message, const struct attempt *attempt) {
    message->level = INSIST_LOG_DEBUG;
    snprintf(message->text, sizeof message->text, "performing request");
    add_number(message, "attempt", attempt->index);
}

/* A loser has not failed. */
static void say_failed(struct message *message, const struct attempt *attempt) {
    const struct outcome *outcome = &attempt->outcome;
    if (outcome->err == INSIST_OK || outcome->err == INSIST_EREDUNDANT)
        return;
    char sentence[CAUSE_TEXT_SIZE];
    cause_say(&outcome->cause, outcome->err, sentence);
    message->level = INSIST_LOG_ERROR;
    snprintf(message->text, sizeof message->text, "request failed: %s", sentence);
    add_number(message, "attempt", attempt->index);
    add_outcome(message, outcome);
}

/* Retries that may still be started, the one that is pending included. */
static uint32_t retries_left(const struct execution *execution) {
    const struct insist_retry_policy *policy = execution->rules.retry;
    uint32_t left = policy->retry_bound;
    uint32_t attempts = policy->attempt_bound;
    if (left != RETRY_UNBOUNDED)
        left = left > execution->view.retries ? left - execution->view.retries : 0;
    if (attempts != RETRY_UNBOUNDED)
        attempts = attempts > execution->view.attempts_started ? attempts - execution->view.attempts_started : 0;
    return left < attempts ? left : attempts;
}

static void say_retrying(struct message *message, const struct execution *execution) {
    const struct outcome *outcome = &execution->view.current->outcome;
    int64_t wait_ms = (execution->view.last_wait_us + 500) / 1000;
    uint32_t left = retries_left(execution);
    char count[32] = "", cause[64];
    if (left != RETRY_UNBOUNDED)
        snprintf(count, sizeof count, "%u left, ", left);
    if (outcome->err == INSIST_OK)
        snprintf(cause, sizeof cause, "status %d", outcome->status);
    else
        snprintf(cause, sizeof cause, "%s", insist_err_name(outcome->err));
    message->level = INSIST_LOG_DEBUG;
    snprintf(message->text, sizeof message->text, "retrying in %lld ms (%s%s)", (long long)wait_ms, count, cause);
    add_number(message, "attempt", execution->view.current->index);
    add_outcome(message, outcome);
    add_number(message, "wait_ms", wait_ms);
    add(message, "source", insist_why_started_name(execution->view.wait_source));
    if (left != RETRY_UNBOUNDED)
        add_number(message, "remaining", left);
}

static void say_done(struct message *message, const struct execution *execution) {
    if (execution->count < 2)
        return;
    message->level = INSIST_LOG_INFO;
    snprintf(message->text, sizeof message->text, "done after %zu attempts", execution->count);
    add_number(message, "attempts", (int64_t)execution->count);
    add_outcome(message, &execution->reported->outcome);
}

static void say_giving_up(struct message *message, const struct execution *execution) {
    message->level = execution->err == INSIST_OK ? INSIST_LOG_WARN : INSIST_LOG_ERROR;
    snprintf(message->text, sizeof message->text, "giving up after %zu attempt(s)", execution->count);
    add_number(message, "attempts", (int64_t)execution->count);
    add(message, "reason", insist_reason_name(execution->reason));
    if (execution->reported != NULL && execution->reported->outcome.status != 0)
        add_number(message, "status", execution->reported->outcome.status);
    if (execution->err != INSIST_OK)
        add(message, "error", insist_err_name(execution->err));
}

static void compose(struct message *message, const struct execution *execution, insist_event event) {
    switch (event) {
    case INSIST_BEFORE_ATTEMPT: say_performing(message, execution->view.current); break;
    case INSIST_AFTER_ATTEMPT: say_failed(message, execution->view.current); break;
    case INSIST_RETRY_SCHEDULED: say_retrying(message, execution); break;
    case INSIST_AFTER_EXECUTION_END:
        if (execution->reason == INSIST_DONE)
            say_done(message, execution);
        else
            say_giving_up(message, execution);
        break;
    default: break;
    }
}

void log_event(const insist_logger *logger, const struct headers *hidden, const struct execution *execution,
               insist_event event) {
    const struct request *request = execution->view.request;
    struct message message = {.count = 2};
    compose(&message, execution, event);
    if (message.level == 0 || (logger->level != 0 && message.level > logger->level))
        return;
    struct body url;
    body_init(&url, execution->env, UINT64_MAX);
    bool shown = redact_url(&url, request->shown_url, hidden) == INSIST_OK;
    message.pairs[0] = (insist_log_pair){"method", request->method};
    message.pairs[1] = (insist_log_pair){"url", shown ? body_text(&url) : ""};
    logger->log(logger->ctx, message.level, message.text, message.pairs, message.count);
    body_fini(&url);
}
