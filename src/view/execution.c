/* The questions that policies and handlers may ask an execution, and the events' names. They read what the engine keeps
 * up to date, on the thread that executes the call. Pure. */
#include "view/execution.h"

#include "base/time_math.h"

/* ---- the call ---- */

unsigned insist_execution_attempt_ends(const insist_execution *execution) {
    return execution->attempt_ends;
}

unsigned insist_execution_attempt_timeouts(const insist_execution *execution) {
    return execution->attempt_timeouts;
}

unsigned insist_execution_attempts_started(const insist_execution *execution) {
    return execution->attempts_started;
}

unsigned insist_execution_retry(const insist_execution *execution) {
    return execution->retries;
}

unsigned insist_execution_wave(const insist_execution *execution) {
    return execution->wave;
}

unsigned insist_execution_racing(const insist_execution *execution) {
    return execution->racing;
}

int64_t insist_execution_elapsed_us(const insist_execution *execution) {
    return (execution->now_ns - execution->start_ns) / 1000;
}

int64_t insist_execution_last_wait_us(const insist_execution *execution) {
    return execution->last_wait_us;
}

insist_why_started insist_execution_wait_source(const insist_execution *execution) {
    return execution->wait_source;
}

insist_err insist_execution_set_value(insist_execution *execution, const char *key, void *value,
                                      insist_release_fn *destroy) {
    if (execution == NULL || key == NULL)
        return INSIST_EINVAL;
    return bag_set(&execution->bag, key, value, destroy);
}

void *insist_execution_value(const insist_execution *execution, const char *key) {
    return execution == NULL || key == NULL ? NULL : bag_get(&execution->bag, key);
}

int64_t insist_execution_latency_us(const insist_execution *execution, double quantile) {
    if (execution == NULL || execution->latencies == NULL || !(quantile > 0 && quantile < 1))
        return -1;
    return execution->latencies->quantile_us(execution->latencies_ctx, quantile, execution->now_ns);
}

/* ---- the attempt at hand: before the first there is none ---- */

static const struct outcome *current_outcome(const insist_execution *execution) {
    return execution->current ? &execution->current->outcome : NULL;
}

unsigned insist_execution_attempt(const insist_execution *execution) {
    return execution->current ? execution->current->index : 0;
}

int64_t insist_execution_attempt_elapsed_us(const insist_execution *execution) {
    const struct progress *progress = execution->current ? &execution->current->progress : NULL;
    if (!progress)
        return 0;
    return ((progress->ended_ns != 0 ? progress->ended_ns : execution->now_ns) - progress->queued_ns) / 1000;
}

insist_err insist_execution_error(const insist_execution *execution) {
    const struct outcome *outcome = current_outcome(execution);
    return outcome ? outcome->err : INSIST_OK;
}

insist_transience insist_execution_transience(const insist_execution *execution) {
    const struct outcome *outcome = current_outcome(execution);
    return outcome ? outcome->transience : INSIST_NOT_TRANSIENT;
}

int insist_execution_status(const insist_execution *execution) {
    const struct outcome *outcome = current_outcome(execution);
    return outcome ? outcome->status : 0;
}

const char *insist_execution_header(const insist_execution *execution, const char *name) {
    const struct outcome *outcome = current_outcome(execution);
    return outcome && name ? headers_get(&outcome->headers, name) : NULL;
}

const void *insist_execution_body(const insist_execution *execution, size_t *len) {
    const struct outcome *outcome = current_outcome(execution);
    if (len)
        *len = outcome ? outcome->body.length : 0;
    return outcome ? body_text(&outcome->body) : "";
}

/* Rounded up: whoever waits that long is not too early. */
static int64_t ms_of_us(int64_t us) {
    return us == TIME_NEVER ? TIME_NEVER : us / 1000 + (us % 1000 != 0);
}

bool insist_execution_retry_after_ms(const insist_execution *execution, int64_t *ms) {
    const struct outcome *outcome = current_outcome(execution);
    if (!outcome || outcome->retry_after_us < 0)
        return false;
    if (ms)
        *ms = ms_of_us(outcome->retry_after_us);
    return true;
}

/* ---- events ---- */

const char *insist_event_name(insist_event event) {
    switch (event) {
    case INSIST_BEFORE_EXECUTION_START: return "BEFORE_EXECUTION_START";
    case INSIST_BEFORE_ATTEMPT: return "BEFORE_ATTEMPT";
    case INSIST_BEFORE_READ_BODY: return "BEFORE_READ_BODY";
    case INSIST_AFTER_ATTEMPT_TIMEOUT: return "AFTER_ATTEMPT_TIMEOUT";
    case INSIST_AFTER_ATTEMPT: return "AFTER_ATTEMPT";
    case INSIST_RETRY_SCHEDULED: return "RETRY_SCHEDULED";
    case INSIST_AFTER_PLAN_TIMEOUT: return "AFTER_PLAN_TIMEOUT";
    case INSIST_AFTER_EXECUTION_END: return "AFTER_EXECUTION_END";
    case INSIST_EVENTS: break;
    }
    return "UNKNOWN";
}
