/* The whole call, once it is over: the result is what the books say, and every attempt is in the record once, with
 * times that follow each other. */
#include "base/time_math.h"
#include "simulation/books.h"
#include "simulation/fleet.h"

static int64_t since_us(const struct call *call, int64_t at_ns) {
    return at_ns == 0 ? -1 : (at_ns - call->begun_ns) / 1000;
}

static void audit_times(const struct call *call, const insist_attempt_record *record, const struct entry *entry) {
    const int64_t times[] = {record->queued_us, record->started_us,    record->connected_us,
                             record->sent_us,   record->first_byte_us, record->ended_us};
    int64_t last = 0;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        if (times[i] != -1 && times[i] < last)
            books_fail(call, "the times of attempt %u go back", record->index);
        last = time_max(last, times[i]);
    }
    if (record->queued_us != since_us(call, entry->born_ns) || record->ended_us == -1 ||
        record->ended_us > since_us(call, entry->after_ns))
        books_fail(call, "attempt %u did not begin or end when its record says", record->index);
    if (entry->job != NULL && record->sent_us != since_us(call, entry->job->progress.sent_ns))
        books_fail(call, "attempt %u was not on the wire when its record says", record->index);
    if ((record->sent == INSIST_NOT_SENT) != (record->sent_us == -1))
        books_fail(call, "the record of attempt %u says that it was sent, and that it was not", record->index);
}

static void audit_record(const struct call *call, unsigned i) {
    const struct entry *entry = &call->books.entries[i];
    insist_attempt_record record;
    execution_record(&call->execution, i, &record);
    if (record.index != i || record.kind != entry->kind || record.wave != entry->wave)
        books_fail(call, "the record of attempt %u is another's", i);
    if (record.error != entry->err || record.status != entry->status || record.sent != entry->sent)
        books_fail(call, "the record of attempt %u says %s, %d, %s and ought to say %s, %d, %s", i,
                   insist_err_name(record.error), record.status, insist_sent_name(record.sent),
                   insist_err_name(entry->err), entry->status, insist_sent_name(entry->sent));
    if (record.why_started != entry->why_started || record.wait_us != entry->wait_us)
        books_fail(call, "attempt %u was started for %s after %lld us, not %s after %lld", i,
                   insist_why_started_name(entry->why_started), (long long)entry->wait_us,
                   insist_why_started_name(record.why_started), (long long)record.wait_us);
    if (record.why_ended != entry->why_ended)
        books_fail(call, "attempt %u ended by %s, not %s", i, insist_why_ended_name(entry->why_ended),
                   insist_why_ended_name(record.why_ended));
    audit_times(call, &record, entry);
}

static void audit_result(const struct call *call) {
    const struct books *books = &call->books;
    const struct execution *execution = &call->execution;
    const int reported = books->reported >= 0 ? books->reported : books_most_useful(books, -1);
    const int says = execution->reported != NULL ? (int)execution->reported->index : -1;
    if (execution->reason != books->reason || execution->err != books->err)
        books_fail(call, "it ended by %s with %s, and ought to by %s with %s", insist_reason_name(execution->reason),
                   insist_err_name(execution->err), insist_reason_name(books->reason), insist_err_name(books->err));
    if (says != reported)
        books_fail(call, "attempt %d is reported, and ought to be %d", says, reported);
    if (execution->handler_number != books->handler_number)
        books_fail(call, "a handler's number is %d and ought to be %d", execution->handler_number,
                   books->handler_number);
    if (books->asked_exhausted != (books->may_ask_exhausted && call->scene->exhausted_is_error))
        books_fail(call, "nobody was asked for the last word");
}

/* One for each first attempt or retry whose answer was accepted, or that was given up while it was on the wire. */
static bool tells_latency(const struct entry *entry) {
    if (entry->kind == INSIST_HEDGE || entry->job == NULL || entry->job->gate != GATE_SENT)
        return false;
    const bool lost = entry->given_up && !entry->collected && entry->job->err == INSIST_OK;
    return entry->was_committed || entry->timeout_told || lost || entry->why_ended == INSIST_ENDED_WON;
}

void books_audit(struct call *call) {
    struct books *books = &call->books;
    if (!books->end_told)
        books_fail(call, "AFTER_EXECUTION_END is missing");
    if (call->execution.count != books->count)
        books_fail(call, "%u attempts were begun, and %zu are in the record", books->count, call->execution.count);
    unsigned latencies = 0;
    for (unsigned i = 0; i < books->count; i++) {
        const struct entry *entry = &books->entries[i];
        audit_record(call, i);
        call->fleet->ledgers[call->scene->origin].spent += entry->lease;
        latencies += tells_latency(entry);
    }
    if (books->latencies != (call->execution.rules.race != NULL && call->policies->watched_race.learns ? latencies : 0))
        books_fail(call, "%u latencies were told, and ought to be %u", books->latencies, latencies);
    audit_result(call);
    books->phase = BOOKS_OVER;
}
