/* An attempt's facts as the caller keeps them: instants become microseconds from the call's start. */
#include "engine/execution.h"

static int64_t since_start_us(const struct execution *execution, int64_t instant_ns) {
    if (instant_ns == 0)
        return -1;
    return (instant_ns - execution->view.start_ns) / 1000;
}

void execution_record(const struct execution *execution, size_t i, insist_attempt_record *record) {
    const struct attempt *attempt = execution->attempts[i];
    const struct progress *progress = &attempt->progress;
    *record = (insist_attempt_record){
        .index = attempt->index,
        .wave = attempt->wave,
        .kind = attempt->kind,
        .reactor = progress->reactor,
        .connection = progress->connection,
        .reused = progress->reused,
        .address = progress->address,
        .queued_us = since_start_us(execution, progress->queued_ns),
        .started_us = since_start_us(execution, progress->started_ns),
        .connected_us = since_start_us(execution, progress->connected_ns),
        .sent_us = since_start_us(execution, progress->sent_ns),
        .first_byte_us = since_start_us(execution, progress->first_byte_ns),
        .ended_us = since_start_us(execution, progress->ended_ns),
        .bytes = progress->bytes,
        .status = attempt->outcome.status,
        .error = attempt->outcome.err,
        .os_errno = attempt->outcome.os_errno,
        .sent = attempt->outcome.sent,
        .why_started = attempt->why_started,
        .wait_us = attempt->wait_us,
        .why_ended = attempt->why_ended,
    };
}
