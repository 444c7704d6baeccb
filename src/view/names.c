/* The enumerations of a result as words, as they appear in JSON and in explanations. Pure. */
#include <insist/result.h>

const char *insist_reason_name(insist_reason reason) {
    switch (reason) {
    case INSIST_DONE: return "done";
    case INSIST_STOPPED: return "stopped";
    case INSIST_COUNT: return "count";
    case INSIST_NOT_REPEATABLE: return "not_repeatable";
    case INSIST_NO_TIME: return "no_time";
    case INSIST_RETRY_AFTER: return "retry_after";
    case INSIST_BUDGET: return "budget";
    case INSIST_DEADLINE: return "deadline";
    case INSIST_CANCELLED: return "cancelled";
    case INSIST_HANDLER: return "handler";
    case INSIST_REJECTED: return "rejected";
    case INSIST_REASON_MAX: break;
    }
    return "unknown";
}

const char *insist_kind_name(insist_kind kind) {
    switch (kind) {
    case INSIST_FIRST: return "first";
    case INSIST_RETRIED: return "retry";
    case INSIST_HEDGE: return "hedge";
    case INSIST_KIND_MAX: break;
    }
    return "unknown";
}

const char *insist_sent_name(insist_sent sent) {
    switch (sent) {
    case INSIST_NOT_SENT: return "not_sent";
    case INSIST_MAYBE_SENT: return "maybe_sent";
    case INSIST_ANSWERED: return "answered";
    case INSIST_SENT_MAX: break;
    }
    return "unknown";
}

const char *insist_why_started_name(insist_why_started why) {
    switch (why) {
    case INSIST_START_FIRST: return "first";
    case INSIST_START_BACKOFF: return "backoff";
    case INSIST_START_RETRY_AFTER: return "retry_after";
    case INSIST_START_STALE: return "stale";
    case INSIST_START_HEDGE: return "hedge";
    case INSIST_START_MAX: break;
    }
    return "unknown";
}

const char *insist_why_ended_name(insist_why_ended why) {
    switch (why) {
    case INSIST_ENDED_WON: return "won";
    case INSIST_ENDED_LOST: return "lost";
    case INSIST_ENDED_RETRYABLE: return "retryable";
    case INSIST_ENDED_FINAL: return "final";
    case INSIST_ENDED_TIMEOUT: return "timeout";
    case INSIST_ENDED_DEADLINE: return "deadline";
    case INSIST_ENDED_CANCELLED: return "cancelled";
    case INSIST_ENDED_HANDLER: return "handler";
    case INSIST_ENDED_REJECTED: return "rejected";
    case INSIST_ENDED_MAX: break;
    }
    return "unknown";
}

const char *insist_racing_name(insist_racing racing) {
    switch (racing) {
    case INSIST_RACING_OFF: return "off";
    case INSIST_RACING_ON: return "on";
    case INSIST_RACING_NOT_ALLOWED: return "not_allowed";
    case INSIST_RACING_MAX: break;
    }
    return "unknown";
}
