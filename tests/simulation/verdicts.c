/* What an end means for the call, in the books: who may be asked about it, and what follows from the answer; how the
 * call is closed and how it ends. */
#include "base/time_math.h"
#include "simulation/books.h"
#include "simulation/fleet.h"

/* ---- closing and ending ---- */

int books_most_useful(const struct books *books, int wave) {
    int best = -1;
    for (unsigned i = 0; i < books->ended_count; i++) {
        const struct entry *entry = &books->entries[books->ended[i]];
        if (!entry->taken || entry->err == INSIST_EREDUNDANT || (wave >= 0 && entry->wave != (unsigned)wave))
            continue;
        if (best < 0 || entry_is_answer(entry) || !entry_is_answer(&books->entries[best]))
            best = (int)books->ended[i];
    }
    return best;
}

int books_reported(const struct books *books) {
    return books->reported >= 0 ? books->reported : books_most_useful(books, -1);
}

void books_owe_back(struct books *books, struct lease *lease) {
    books->owed_back += lease->cost;
    books->owed_back_ns += lease->at_ns;
    *lease = (struct lease){0};
}

static void drop_pending(struct books *books) {
    if (books->retry.set)
        books_owe_back(books, &books->retry.lease);
    books->retry.set = books->hedge.set = false;
}

void books_stop_judging(struct books *books, bool refused) {
    if (refused && books->judging != NULL && books->judging->why_ended == INSIST_ENDED_RETRYABLE)
        books->judging->why_ended = INSIST_ENDED_FINAL;
    books->judging = NULL;
}

void books_close(struct call *call, insist_reason reason, insist_err err, int reported) {
    struct books *books = &call->books;
    if (books->phase == BOOKS_OPEN) {
        TRACE(call, "closed: %s", insist_reason_name(reason));
        books->phase = BOOKS_CLOSED;
        books->reason = reason;
        books->err = err;
        books->reported = reported;
        drop_pending(books);
    }
    books_stop_judging(books, true);
}

void books_end(struct call *call, insist_reason reason, insist_err err, int reported) {
    struct books *books = &call->books;
    if (books->phase >= BOOKS_ENDING)
        return;
    TRACE(call, "ends: %s", insist_reason_name(reason));
    books->phase = BOOKS_ENDING;
    books->reason = reason;
    books->err = err;
    books->reported = reported;
    books->next = ASKED_NOTHING;
    drop_pending(books);
}

void books_end_if_closed(struct call *call) {
    struct books *books = &call->books;
    if (books->phase != BOOKS_CLOSED || books->in_flight > 0)
        return;
    const int best = books_most_useful(books, -1);
    insist_err err = books->err;
    if (books->reason != INSIST_STOPPED && best >= 0)
        err = books->entries[best].err;
    books->may_ask_exhausted = books->reason != INSIST_REJECTED;
    books_end(call, books->reason, err, books->reported >= 0 ? books->reported : best);
}

insist_err books_exhausted(struct call *call, insist_reason reason, insist_err err, insist_err replacement) {
    struct books *books = &call->books;
    books_end_if_closed(call);
    if (books->phase != BOOKS_ENDING || !books->may_ask_exhausted || books->asked_exhausted ||
        reason != books->reason || err != books->err)
        books_fail(call, "the last word is asked for: %s, %s", insist_reason_name(reason), insist_err_name(err));
    books_is_about(call, books_reported(books), "who has the last word");
    books->asked_exhausted = true;
    if (replacement != INSIST_OK)
        books->err = replacement;
    return replacement;
}

static void accept(struct call *call, struct entry *entry) {
    struct books *books = &call->books;
    entry->why_ended = INSIST_ENDED_WON;
    books->owed_refund += entry->lease.cost;
    entry->lease.cost = 0;
    books->owed_accepted += entry->kind == INSIST_FIRST && call->scene->has_budget;
    books->judging = NULL;
    books_end(call, INSIST_DONE, INSIST_OK, (int)entry->attempt->index);
}

/* ---- verdicts ---- */

static void decided_at_end(struct call *call, struct entry *entry, insist_verdict verdict, insist_err fail) {
    struct books *books = &call->books;
    entry->why_ended = entry->timeout_told ? INSIST_ENDED_TIMEOUT : INSIST_ENDED_FINAL;
    if (verdict == INSIST_RETRY)
        books_want_another(call, entry);
    else if (verdict == INSIST_EXHAUSTED)
        books_close(call, INSIST_COUNT, INSIST_OK, -1);
    else if (verdict == INSIST_FAIL)
        books_end(call, INSIST_STOPPED, fail, (int)entry->attempt->index);
    else if (!entry_is_answer(entry))
        books_close(call, INSIST_STOPPED, entry->err, (int)entry->attempt->index);
    else if (call->scene->validates)
        books->next = ASKED_VALIDATOR;
    else
        accept(call, entry);
}

/* It has won before its body came. */
static void commit(struct call *call, struct entry *entry) {
    TRACE(call, "attempt %u committed", entry->attempt->index);
    entry->committed = entry->was_committed = true;
    entry->limit_ns = entry->once_sent_ns = call->scene->deadline_ns;
    call->books.committed = entry;
    call->covered |= 1U << COVER_COMMITTED;
    drop_pending(&call->books);
}

static void decided_at_headers(struct call *call, struct entry *entry, insist_verdict verdict, insist_err fail) {
    if (verdict == INSIST_FAIL)
        books_end(call, INSIST_STOPPED, fail, (int)entry->attempt->index);
    else if (verdict == INSIST_ACCEPT && call->scene->validates)
        call->books.next = ASKED_VALIDATOR;
    else if (verdict == INSIST_ACCEPT)
        commit(call, entry);
}

void books_decided(struct call *call, insist_verdict verdict, insist_err fail) {
    struct books *books = &call->books;
    struct entry *entry = books_entry(call, call->execution.view.current);
    insist_err expected_fail = INSIST_OK;
    if (books->next != ASKED_DECIDER || entry != books->judging)
        books_fail(call, "the decider is asked about attempt %u, which is not to be judged", entry->attempt->index);
    const insist_verdict expected = expected_verdict(call, entry, &expected_fail);
    if (verdict != expected || (verdict == INSIST_FAIL && fail != expected_fail))
        books_fail(call, "the verdict on attempt %u is %d and ought to be %d", entry->attempt->index, (int)verdict,
                   (int)expected);
    TRACE(call, "attempt %u: verdict %d", entry->attempt->index, (int)verdict);
    books->next = ASKED_NOTHING;
    if (entry->after_told)
        decided_at_end(call, entry, verdict, fail);
    else
        decided_at_headers(call, entry, verdict, fail);
}

static void reject(struct books *books, struct entry *entry) {
    entry->err = INSIST_EREJECTED;
    entry->transience = INSIST_NOT_TRANSIENT;
    books->next = ASKED_DECIDER;
}

void books_validated(struct call *call, bool wanted) {
    struct books *books = &call->books;
    struct entry *entry = books->judging;
    if (books->next != ASKED_VALIDATOR || call->execution.view.current != entry->attempt)
        books_fail(call, "the validator is asked, but no answer was accepted");
    books->next = ASKED_NOTHING;
    if (!wanted)
        call->covered |= 1U << COVER_UNWANTED;
    if (!entry->after_told && wanted)
        commit(call, entry);
    else if (!entry->after_told)
        entry->unwanted = true;
    else if (wanted)
        accept(call, entry);
    else
        reject(books, entry);
}

/* ---- ends of attempts ---- */

static void ask_decider(struct books *books, struct entry *entry) {
    books->next = ASKED_DECIDER;
    if (entry->unwanted && entry_is_answer(entry))
        reject(books, entry);
}

static void stream_broke(struct books *books, struct entry *entry) {
    entry->committed = false;
    books->committed = NULL;
    if (entry->delivered == 0)
        ask_decider(books, entry);
    else
        books->next = ASKED_REWIND;
}

void books_judge(struct call *call, struct entry *entry) {
    struct books *books = &call->books;
    const bool handler = books->handler_number != 0;
    if (books->phase >= BOOKS_ENDING)
        return;
    books->judging = entry;
    if (entry->timeout_told)
        call->covered |= 1U << COVER_TIMED_OUT;
    if (entry->given_up && !entry->collected) { /* a sibling was committed */
        if (handler && books->in_flight == 1)
            books_end(call, INSIST_HANDLER, INSIST_EHANDLER, -1);
    } else if (handler) {
        if (entry->taken)
            entry->why_ended = INSIST_ENDED_HANDLER;
        books_end(call, INSIST_HANDLER, INSIST_EHANDLER, -1);
    } else if (!entry->taken) {
        books->judging = NULL;
        if (entry->kind != INSIST_HEDGE && !entry->cancelled)
            books_close(call, INSIST_REJECTED, entry->err, -1);
    } else if (entry->err == INSIST_EDEADLINE) {
        entry->why_ended = INSIST_ENDED_DEADLINE;
        books_end(call, INSIST_DEADLINE, INSIST_EDEADLINE, -1);
    } else if (entry->committed && entry->err == INSIST_OK) {
        accept(call, entry);
    } else if (entry->committed) {
        stream_broke(books, entry);
    } else {
        ask_decider(books, entry);
    }
}

void books_delivered(struct call *call, struct attempt *attempt, insist_err err) {
    struct entry *entry = books_entry(call, attempt);
    if (!entry->committed || entry->after_told)
        books_fail(call, "a piece of attempt %u is delivered, which was not committed", attempt->index);
    entry->delivered += err == INSIST_OK;
    if (err == INSIST_ESINK)
        books_end(call, INSIST_STOPPED, err, (int)attempt->index);
    else if (err == INSIST_EDEADLINE)
        books_end(call, INSIST_DEADLINE, err, -1);
    else if (err != INSIST_OK)
        books_end(call, INSIST_CANCELLED, err, -1);
}

void books_rewound(struct call *call, struct attempt *attempt, bool done) {
    struct books *books = &call->books;
    struct entry *entry = books_entry(call, attempt);
    if (books->next != ASKED_REWIND || entry != books->judging)
        books_fail(call, "the sink of attempt %u is rewound for no reason", attempt->index);
    books->next = ASKED_NOTHING;
    if (done) {
        call->covered |= 1U << COVER_REWOUND;
        ask_decider(books, entry);
        return;
    }
    entry->why_ended = entry->timeout_told ? INSIST_ENDED_TIMEOUT : INSIST_ENDED_FINAL;
    books_end(call, INSIST_NOT_REPEATABLE, entry->err, (int)attempt->index);
    books->may_ask_exhausted = true;
}

void books_prepared(struct call *call, int number) {
    struct books *books = &call->books;
    if (!books->retry.set || books->retry.prepared || call->execution.view.current != books->retry.about->attempt)
        books_fail(call, "a retry is made ready that is not to be started");
    if (call->execution.view.own_headers == NULL)
        books_fail(call, "a retry is made ready, and its headers cannot be");
    books->retry.prepared = true;
    if (number == 0)
        return;
    books->handler_number = number;
    call->covered |= 1U << COVER_HANDLER;
    books_end(call, INSIST_HANDLER, INSIST_EHANDLER, -1);
}
