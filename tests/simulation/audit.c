/* The whole call, once it is over: the result is what the books say, and every attempt is in the record once, with
 * its times and what the transport knows of it. */
#include "base/time_math.h"
#include "simulation/books.h"
#include "simulation/fleet.h"
#include <string.h>

static int64_t since_us(const struct call *call, int64_t at_ns) {
    return at_ns == 0 ? -1 : (at_ns - call->begun_ns) / 1000;
}

static void audit_times(const struct call *call, const insist_attempt_record *record, const struct entry *entry,
                        const struct progress *truth) {
    const struct {
        const char *what;
        int64_t said_us, at_ns;
    } times[] = {{"queued", record->queued_us, entry->born_ns},
                 {"started", record->started_us, truth->started_ns},
                 {"connected", record->connected_us, truth->connected_ns},
                 {"sent", record->sent_us, truth->sent_ns},
                 {"first byte", record->first_byte_us, truth->first_byte_ns},
                 {"ended", record->ended_us, truth->ended_ns != 0 ? truth->ended_ns : entry->settled_ns}};
    int64_t last_us = 0;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        if (times[i].said_us != since_us(call, times[i].at_ns))
            books_fail(call, "the record of attempt %u says: %s at %lld us; it was at %lld", record->index,
                       times[i].what, (long long)times[i].said_us, (long long)since_us(call, times[i].at_ns));
        if (times[i].said_us != -1 && times[i].said_us < last_us)
            books_fail(call, "the times of attempt %u go back", record->index);
        last_us = time_max(last_us, times[i].said_us);
    }
    if ((record->sent == INSIST_NOT_SENT) != (record->sent_us == -1))
        books_fail(call, "the record of attempt %u says that it was sent, and that it was not", record->index);
}

/* What the transport alone knows. */
static void audit_wire(const struct call *call, const insist_attempt_record *record, const struct entry *entry) {
    static const struct progress nothing = {.reactor = -1};
    const struct progress *truth = entry->job != NULL ? &entry->job->progress : &nothing;
    const int os_errno = entry->job != NULL ? entry->job->os_errno : 0;
    audit_times(call, record, entry, truth);
    if (record->reactor != truth->reactor || record->connection != truth->connection ||
        record->reused != truth->reused || strcmp(record->address, truth->address) != 0)
        books_fail(call, "attempt %u was on another connection than its record says", record->index);
    if (record->bytes != truth->bytes || record->os_errno != os_errno)
        books_fail(call, "attempt %u had %llu bytes and errno %d, not %llu and %d", record->index,
                   (unsigned long long)truth->bytes, os_errno, (unsigned long long)record->bytes, record->os_errno);
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
    audit_wire(call, &record, entry);
}

static void audit_result(const struct call *call) {
    const struct books *books = &call->books;
    const struct execution *execution = &call->execution;
    const int reported = books_reported(books);
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

void books_audit(struct call *call) {
    struct books *books = &call->books;
    if (!books->end_told)
        books_fail(call, "AFTER_EXECUTION_END is missing");
    if (call->execution.count != books->count)
        books_fail(call, "%u attempts were begun, and %zu are in the record", books->count, call->execution.count);
    for (unsigned i = 0; i < books->count; i++) {
        const struct entry *entry = &books->entries[i];
        audit_record(call, i);
        call->fleet->ledgers[call->scene->origin].spent += entry->lease.cost;
    }
    books_audit_latencies(call);
    audit_result(call);
    books->phase = BOOKS_OVER;
}
