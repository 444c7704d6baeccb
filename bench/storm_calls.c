/* See storm_calls.h. */
#include "storm_calls.h"
#include "instant.h"
#include <math.h>
#include <stdlib.h>

bool storm_calls_init(struct storm_calls *calls, uint64_t count) {
    calls->calls = calloc(count > 0 ? count : 1, sizeof *calls->calls);
    calls->count = count;
    return calls->calls != NULL;
}

void storm_calls_fini(struct storm_calls *calls) {
    free(calls->calls);
    *calls = (struct storm_calls){0};
}

void storm_calls_note(struct storm_calls *calls, const struct load_tick *tick, int64_t begun_ns,
                      const insist_result *result) {
    struct storm_call *call = &calls->calls[tick->number];
    size_t attempts = insist_result_attempts(result);
    call->planned_ns = tick->planned_ns;
    call->begun_ns = begun_ns;
    call->ended_ns = instant_now_ns();
    call->attempts = (unsigned)attempts;
    call->good = insist_result_ok(result);
    for (size_t i = 0; i < attempts; i++) {
        call->refused += insist_result_attempt(result, i)->status >= 300;
    }
    for (size_t i = 1; i < attempts && i <= STORM_RETRIES; i++) {
        const insist_attempt_record *before = insist_result_attempt(result, i - 1);
        const insist_attempt_record *retry = insist_result_attempt(result, i);
        call->retries[i - 1].decided_ns = begun_ns + before->ended_us * 1000;
        call->retries[i - 1].started_ns = begun_ns + retry->started_us * 1000;
    }
}

double storm_calls_refused_percent(const struct storm_calls *calls) {
    uint64_t attempts = 0, refused = 0;
    for (uint64_t i = 0; i < calls->count; i++) {
        attempts += calls->calls[i].attempts;
        refused += calls->calls[i].refused;
    }
    return 100 * (double)refused / (double)attempts;
}

/* The earliest start of a retry in the call that was decided at that instant or later; INT64_MAX: none. */
static int64_t first_retry_ns(const struct storm_call *call, int64_t from_ns) {
    for (unsigned i = 0; i + 1 < call->attempts && i < STORM_RETRIES; i++) {
        if (call->retries[i].decided_ns >= from_ns) {
            return call->retries[i].started_ns;
        }
    }
    return INT64_MAX;
}

struct storm_account storm_calls_account(const struct storm_calls *calls, const struct storm_outage *outage) {
    struct storm_account account = {.first_retry_ms = NAN};
    uint64_t attempts = 0, begun = 0, after = 0, failed_after = 0;
    int64_t first_ns = INT64_MAX;
    for (uint64_t i = 0; i < calls->count; i++) {
        const struct storm_call *call = &calls->calls[i];
        if (call->begun_ns >= outage->begin_ns && call->begun_ns < outage->end_ns) {
            begun++;
            attempts += call->attempts;
            samples_add(&account.during, call->ended_ns - call->planned_ns);
        }
        if (call->begun_ns >= outage->end_ns) {
            after++;
            failed_after += !call->good;
        }
        int64_t retry_ns = first_retry_ns(call, outage->end_ns);
        first_ns = retry_ns < first_ns ? retry_ns : first_ns;
    }
    account.attempts_per_call = (double)attempts / (double)begun;
    account.failed_after_percent = 100 * (double)failed_after / (double)after;
    if (first_ns != INT64_MAX) {
        account.first_retry_ms = (double)(first_ns - outage->end_ns) / 1e6;
    }
    samples_sort(&account.during);
    return account;
}
