/* A call in one line: what was asked, what came of it, after how many attempts, how each of them ended. */
#include "call/redact.h"
#include "call/result.h"
#include <string.h>

/* Every call is explained: what most explanations consist of is written without printf. */
static insist_err append_number(struct body *text, uint64_t number) {
    char digits[20];
    size_t first = sizeof digits;
    do
        digits[--first] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    return body_append(text, digits + first, sizeof digits - first);
}

/* Milliseconds with one decimal. */
static insist_err append_few_ms(struct body *text, uint64_t us) {
    uint64_t tenths = (us + 50) / 100;
    char rest[] = {'.', (char)('0' + tenths % 10), ' ', 'm', 's'};
    insist_err err = append_number(text, tenths / 10);
    return err != INSIST_OK ? err : body_append(text, rest, sizeof rest);
}

static insist_err append_duration(struct body *text, int64_t us) {
    if (us >= 0 && us < 10000)
        return append_few_ms(text, (uint64_t)us);
    if (us < 1000000)
        return body_append_format(text, "%lld ms", (long long)(us / 1000));
    return body_append_format(text, "%.2f s", (double)us / 1e6);
}

static insist_err append_outcome(struct body *text, int status, insist_err err) {
    if (err == INSIST_OK && status >= 0)
        return append_number(text, (uint64_t)status);
    if (status != 0)
        return body_append_format(text, "%d %s", status, insist_err_name(err));
    return body_append_text(text, insist_err_name(err));
}

static insist_err append_attempt(struct body *text, const struct kept_attempt *attempt) {
    insist_err err = append_outcome(text, attempt->record.status, attempt->record.error);
    if (err == INSIST_OK && attempt->retry_after_us >= 0)
        err = body_append_format(text, " + Retry-After %lld", (long long)(attempt->retry_after_us / 1000000));
    return err;
}

static insist_err append_attempts(struct body *text, const insist_result *result) {
    insist_err err = INSIST_OK;
    for (size_t i = 0; err == INSIST_OK && i < result->count; i++) {
        err = body_append_text(text, i == 0 ? " (" : ", ");
        if (err == INSIST_OK)
            err = append_attempt(text, &result->attempts[i]);
    }
    return err == INSIST_OK && result->count > 0 ? body_append_text(text, ")") : err;
}

static const char *reason_sentence(insist_reason reason) {
    switch (reason) {
    case INSIST_STOPPED: return "no other attempt is wanted";
    case INSIST_COUNT: return "the retries are used up";
    case INSIST_NOT_REPEATABLE: return "it may have been carried out, and must not be sent twice";
    case INSIST_NO_TIME: return "another wait would not fit the deadline";
    case INSIST_RETRY_AFTER: return "the server asks for a longer wait than is allowed";
    case INSIST_BUDGET: return "the retry budget is used up";
    case INSIST_DEADLINE: return "the deadline passed";
    case INSIST_CANCELLED: return "cancelled";
    case INSIST_HANDLER: return "a handler ended it";
    case INSIST_REJECTED: return "no other attempt could be started";
    default: return NULL;
    }
}

static insist_err append_sentence(struct body *text, const char *sentence) {
    return sentence != NULL ? body_append_format(text, ": %s", sentence) : INSIST_OK;
}

static insist_err append_cause(struct body *text, const insist_result *result) {
    char sentence[CAUSE_TEXT_SIZE];
    if (result->cause.sentence == NULL)
        return INSIST_OK;
    cause_say(&result->cause, result->err, sentence);
    return append_sentence(text, sentence);
}

static insist_err append_request(struct body *text, const struct headers *hidden, const char *method, const char *url) {
    insist_err err = body_append_text(text, method);
    if (err == INSIST_OK)
        err = body_append_text(text, " ");
    return err != INSIST_OK ? err : redact_url(text, url, hidden);
}

static insist_err append_redirect(struct body *text, const struct headers *hidden, const char *from, const char *to) {
    if (strcmp(from, to) == 0)
        return INSIST_OK;
    insist_err err = body_append_text(text, " -> ");
    return err != INSIST_OK ? err : redact_url(text, to, hidden);
}

insist_err explain_refusal(struct body *text, const struct headers *hidden, const char *method, const char *url,
                           insist_err err, const char *sentence) {
    insist_err said = url != NULL ? append_request(text, hidden, method, url) : body_append_text(text, method);
    return said != INSIST_OK ? said : body_append_format(text, ": %s: %s", insist_err_name(err), sentence);
}

insist_err explain_giving_up(struct body *text, const struct headers *hidden, const struct request *request,
                             const insist_result *result) {
    char sentence[CAUSE_TEXT_SIZE];
    insist_err err = append_request(text, hidden, request->method, request->shown_url);
    if (err == INSIST_OK)
        err = body_append_format(text, " giving up after %zu attempt(s)", result->made);
    if (err != INSIST_OK || result->err == INSIST_OK || result->err == INSIST_EGAVEUP)
        return err;
    cause_say(&result->cause, result->err, sentence);
    return append_sentence(text, sentence);
}

insist_err explain_result(struct body *text, const struct headers *hidden, const struct request *request,
                          const insist_result *result) {
    insist_err err = append_request(text, hidden, request->method, request->shown_url);
    if (err == INSIST_OK)
        err = append_redirect(text, hidden, request->shown_url, result->url);
    if (err == INSIST_OK)
        err = body_append_text(text, ": ");
    if (err == INSIST_OK)
        err = append_outcome(text, result->status, result->err);
    if (err == INSIST_OK)
        err = body_append_text(text, " after ");
    if (err == INSIST_OK)
        err = append_number(text, result->made);
    if (err == INSIST_OK)
        err = body_append_text(text, result->made == 1 ? " attempt in " : " attempts in ");
    if (err == INSIST_OK)
        err = append_duration(text, result->elapsed_us);
    if (err == INSIST_OK)
        err = append_attempts(text, result);
    if (err == INSIST_OK)
        err = append_cause(text, result);
    return err != INSIST_OK ? err : append_sentence(text, reason_sentence(result->reason));
}
