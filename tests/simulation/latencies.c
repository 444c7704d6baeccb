/* Latencies in the books: what is told of them while a race is on, and, once the call is over, of which attempts and how
 * long. What is made of them, delays, is not looked at here. */
#include "simulation/books.h"
#include "simulation/fleet.h"

/* An attempt that is on the wire when a hedge beside it is due is slow; hedges tell nothing. */
static bool is_slow(const struct entry *entry) {
    return entry->kind != INSIST_HEDGE && entry->sent_told && !entry->after_told;
}

static void told_slow(struct call *call, const struct latency_entry *told) {
    const struct books *books = &call->books;
    struct entry *newest = books->hedge.newest;
    if (!books_hedge_is_due(call) || !is_slow(newest) || newest->told_slow || !told->longer || told->told)
        books_fail(call, "a latency is told of an attempt that is not slow");
    if (told->us != (call->fleet->now_ns - newest->job->progress.sent_ns) / 1000)
        books_fail(call, "attempt %u is told to take longer than %lld us", newest->attempt->index, (long long)told->us);
    newest->told_slow = true;
}

void books_latency(struct call *call, const struct latency_entry *told) {
    struct latency_sums *sums = &call->books.latencies;
    if (told->us < 0 || !call->policies->watched_race.learns)
        books_fail(call, "a latency is told that nobody asked for");
    if (told->under_way) {
        told_slow(call, told);
        return;
    }
    sums->count++;
    sums->longer += told->longer;
    sums->told_before += told->told;
    sums->us += told->us;
}

void books_require_told_slow(const struct call *call) {
    const struct entry *newest = call->books.hedge.newest;
    if (call->policies->watched_race.learns && is_slow(newest) && !newest->told_slow)
        books_fail(call, "attempt %u is slow, and no latency is told", newest->attempt->index);
}

/* ---- once the call is over ---- */

/* One for each first attempt or retry whose answer was accepted, or that was given up while it was on the wire. */
static bool tells_latency(const struct entry *entry) {
    if (entry->kind == INSIST_HEDGE || entry->job == NULL || entry->job->gate != GATE_SENT)
        return false;
    const bool lost = entry->given_up && !entry->collected && entry->job->err == INSIST_OK;
    return entry->was_committed || entry->timeout_told || lost || entry->why_ended == INSIST_ENDED_WON;
}

/* To its headers when it goes to a sink, else to its end; until it was given up it is longer. */
static void owe_latency(struct latency_sums *owed, const struct entry *entry) {
    const struct progress *truth = &entry->job->progress;
    const int64_t ended_ns = truth->ended_ns != 0 ? truth->ended_ns : entry->settled_ns;
    const int64_t until_ns = entry->was_committed ? truth->first_byte_ns : ended_ns;
    owed->count++;
    owed->longer += !entry->was_committed && entry->why_ended != INSIST_ENDED_WON;
    owed->told_before += entry->told_slow;
    owed->us += (until_ns - truth->sent_ns) / 1000;
}

void books_audit_latencies(const struct call *call) {
    const struct latency_sums *told = &call->books.latencies;
    struct latency_sums owed = {0};
    for (unsigned i = 0; i < call->books.count; i++)
        if (expected_race(call) && call->policies->watched_race.learns && tells_latency(&call->books.entries[i]))
            owe_latency(&owed, &call->books.entries[i]);
    if (told->count != owed.count || told->longer != owed.longer || told->told_before != owed.told_before)
        books_fail(call, "%u latencies were told, %u of them longer, %u of them before, and ought to be %u, %u and %u",
                   told->count, told->longer, told->told_before, owed.count, owed.longer, owed.told_before);
    if (told->us != owed.us)
        books_fail(call, "latencies of %lld us were told, and were %lld", (long long)told->us, (long long)owed.us);
}
