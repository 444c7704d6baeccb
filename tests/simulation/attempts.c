/* Attempts in the books: when one may begin, what becomes of it, and what is charged for it. */
#include "base/time_math.h"
#include "simulation/books.h"
#include "simulation/fleet.h"

/* From the newest's request on the wire; while it is still connecting, another delay from when it had room. */
int64_t books_hedge_due_ns(const struct books *books) {
    const struct entry *newest = books->hedge.newest;
    if (!books->hedge.set || !newest->has_room)
        return TIME_NEVER;
    int64_t due_ns = time_add(newest->room_ns, newest->job->call->fleet->scene.connect_delay_ns);
    if (newest->sent_told)
        due_ns = time_add(newest->job->progress.sent_ns, books->hedge.delay_ns);
    if (books->hedge.at_once)
        due_ns = newest->room_ns;
    return time_max(due_ns, books->not_before_ns);
}

bool books_hedge_is_due(const struct call *call) {
    const struct books *books = &call->books;
    return books->phase == BOOKS_OPEN && books->committed == NULL && !books->retry.set &&
           books_hedge_due_ns(books) <= call->fleet->now_ns;
}

/* The hedge that waited for it to go on the wire is dropped, and where nothing is left to hedge, any. */
void books_drop_newest(struct books *books, const struct entry *entry) {
    const bool wired = entry->job != NULL && entry->job->gate == GATE_SENT;
    if (books->in_flight == 0 || (books->hedge.set && books->hedge.newest == entry && !wired))
        books->hedge.set = false;
}

static void begin_wave(struct books *books) {
    if (books->in_flight > 0 || books->count == 0)
        return;
    books->wave++;
    books->waves_timed_out = books->wave_timed_out ? books->waves_timed_out + 1 : 0;
    books->wave_timed_out = false;
    books->wave_hedges = 0;
    books->wave_retry_after_us = -1;
}

static void begin_retry(struct call *call, struct entry *entry) {
    struct books *books = &call->books;
    const int64_t now_ns = call->fleet->now_ns;
    if (!books->retry.set || !books->retry.announced)
        books_fail(call, "retry %u begins, but none was decided", entry->attempt->index);
    const bool early = books->retry.due_ns > now_ns;
    if (early && (books->in_flight == 0 || books_hedge_due_ns(books) > now_ns))
        books_fail(call, "retry %u begins before its time", entry->attempt->index);
    if (books->retry.prepared != call->scene->prepares)
        books_fail(call, "retry %u begins without having been made ready", entry->attempt->index);
    if (now_ns < books->not_before_ns)
        books_fail(call, "retry %u begins earlier than the server asked for", entry->attempt->index);
    entry->why_started = early ? INSIST_START_HEDGE : books->retry.why;
    entry->wait_us = early ? (now_ns - books->retry.decided_ns) / 1000 : books->retry.wait_us;
    entry->lease = books->retry.lease;
    books->retry.set = books->hedge.set = false;
    books->retries++;
    call->covered |= 1U << COVER_RETRIED;
    if (early)
        call->covered |= 1U << COVER_HURRIED;
}

static void begin_hedge(struct call *call, struct entry *entry) {
    struct books *books = &call->books;
    if (!books->hedge.allowed || (books->hedge.lease.cost == 0 && call->scene->has_budget))
        books_fail(call, "hedge %u begins without having been allowed", entry->attempt->index);
    if (call->fleet->now_ns < books->not_before_ns)
        books_fail(call, "hedge %u begins earlier than the server asked for", entry->attempt->index);
    entry->why_started = INSIST_START_HEDGE;
    entry->wait_us = books->hedge.delay_ns / 1000;
    entry->lease = books->hedge.lease;
    books->hedge.allowed = false;
    books->hedge.lease = (struct lease){0};
    books->wave_hedges++;
    call->covered |= 1U << COVER_HEDGED;
    if (call->policies->watched_race.learns)
        call->covered |= 1U << COVER_LEARNT_HEDGE;
}

static void set_limits(struct call *call, struct entry *entry, int64_t timeout_us) {
    const int64_t limit_ns = time_add(call->fleet->now_ns, time_from_us(time_max(timeout_us, 0)));
    entry->limit_ns = entry->once_sent_ns = time_min(limit_ns, call->scene->deadline_ns);
    if (!expected_takes_the_rest(call) || entry->kind == INSIST_HEDGE)
        return;
    if (expected_attempts_left(call) == 1)
        entry->limit_ns = entry->once_sent_ns = call->scene->deadline_ns;
    else if (!call->scene->repeatable && !call->scene->repeat_unsafe)
        entry->once_sent_ns = call->scene->deadline_ns;
}

/* An attempt exists from here on: its timeout is asked for. */
void books_born(struct call *call, int64_t timeout_us) {
    struct books *books = &call->books;
    struct attempt *attempt = call->execution.view.current;
    if (books->phase != BOOKS_OPEN || books->handler_number != 0)
        books_fail(call, "attempt %u begins after the call was closed or over", attempt->index);
    if (books->committed != NULL)
        books_fail(call, "attempt %u begins after another was committed to a sink", attempt->index);
    if (attempt->index != books->count || books->count >= BOOKS_ATTEMPTS)
        books_fail(call, "attempt %u begins, but %u have", attempt->index, books->count);
    if (call->fleet->now_ns >= call->scene->deadline_ns)
        books_fail(call, "attempt %u begins after the deadline", attempt->index);
    if (books->hedge.owed)
        books_fail(call, "attempt %u begins, and the scheduler was not asked behind the last", attempt->index);
    begin_wave(books);
    struct entry *entry = &books->entries[books->count++];
    books->started++;
    *entry = (struct entry){.attempt = attempt, .kind = attempt->kind, .wave = books->wave, .retry_after_us = -1};
    entry->born_ns = call->fleet->now_ns;
    if ((attempt->kind == INSIST_FIRST) != (attempt->index == 0))
        books_fail(call, "attempt %u is no first one", attempt->index);
    if (attempt->kind == INSIST_RETRIED)
        begin_retry(call, entry);
    else if (attempt->kind == INSIST_HEDGE)
        begin_hedge(call, entry);
    books->in_flight++;
    const int64_t expected_us = expected_timeout_us(call);
    if (timeout_us != expected_us)
        books_fail(call, "the timeout of %u is %lld us and ought to be %lld", attempt->index, (long long)timeout_us,
                   (long long)expected_us);
    set_limits(call, entry, timeout_us);
    TRACE(call, "attempt %u: %s, wave %u", attempt->index, insist_kind_name(attempt->kind), books->wave);
}

void books_no_memory(struct call *call) {
    struct books *books = &call->books;
    TRACE(call, "no memory");
    call->covered |= 1U << COVER_NO_MEMORY;
    begin_wave(books);
    if (books->hedge.allowed) {
        books_owe_back(books, &books->hedge.lease);
        books->owed_not_started++;
        books->hedge.allowed = false;
    } else {
        books_close(call, INSIST_REJECTED, INSIST_ENOMEM, -1);
    }
}

/* Behind user code in which the call was cancelled nothing is started. */
void books_cancelled_start(struct call *call) {
    struct entry *entry = &call->books.entries[call->books.count - 1];
    entry->refused = call->scene->cancel_err;
    entry->cancelled = true;
    call->covered |= 1U << COVER_CANCELLED_START;
}

/* The transport took it, or refused. */
void books_started(struct call *call, struct attempt *attempt, struct job *job, insist_err err, bool waits) {
    struct books *books = &call->books;
    struct entry *entry = books_entry(call, attempt);
    if (!entry->before_told || entry->after_told || entry->taken || entry->refused != INSIST_OK)
        books_fail(call, "attempt %u is handed over without BEFORE_ATTEMPT, or twice", attempt->index);
    if (attempt->limit_ns != entry->limit_ns || attempt->limit_once_sent_ns != entry->once_sent_ns)
        books_fail(call, "attempt %u may take until %lld ns, and ought to until %lld", attempt->index,
                   (long long)attempt->limit_ns, (long long)entry->limit_ns);
    TRACE(call, "attempt %u handed over: %s%s", attempt->index, insist_err_name(err), waits ? ", waits" : "");
    entry->refused = err;
    if (err != INSIST_OK)
        return;
    entry->job = job;
    entry->taken = true;
    entry->has_room = !waits;
    entry->room_ns = call->fleet->now_ns;
    books->hedge.owed = expected_race(call);
    books->owed_firsts += entry->kind == INSIST_FIRST && call->scene->has_budget;
}

/* The server may have it twice only if it may be repeated. */
void books_sent(struct call *call, const struct job *job) {
    if (call->scene->repeatable || call->scene->repeat_unsafe)
        return;
    for (unsigned i = 0; i < call->books.count; i++) {
        const struct job *other = call->books.entries[i].job;
        if (other != NULL && other != job && other->gate == GATE_SENT)
            books_fail(call, "a request that may not be repeated is sent twice");
    }
}

void books_shut(struct call *call, struct attempt *attempt, bool shut) {
    struct entry *entry = books_entry(call, attempt);
    if (entry->limit_ns > call->fleet->now_ns)
        books_fail(call, "attempt %u is shut before its limit", attempt->index);
    if (!shut) {
        entry->limit_ns = entry->once_sent_ns;
        call->covered |= 1U << COVER_GATE_LOST;
    }
}

/* ---- ends ---- */

/* How an attempt ends that is given up for that reason. */
static void give_up_for(const struct books *books, struct entry *entry) {
    const bool reported = books->reported == (int)entry->attempt->index;
    entry->err = INSIST_EREDUNDANT;
    entry->why_ended = INSIST_ENDED_LOST;
    if (reported) {
        entry->err = books->err;
        entry->why_ended = INSIST_ENDED_FINAL;
    } else if (books->reason == INSIST_DEADLINE) {
        entry->err = INSIST_EDEADLINE;
        entry->transience = INSIST_TIMEOUT;
        entry->why_ended = INSIST_ENDED_DEADLINE;
    } else if (books->reason == INSIST_CANCELLED) {
        entry->err = books->err;
        entry->why_ended = INSIST_ENDED_CANCELLED;
    } else if (books->reason == INSIST_HANDLER) {
        entry->err = INSIST_ECANCELED;
        entry->why_ended = INSIST_ENDED_HANDLER;
    }
}

static void take_truth(struct entry *entry) {
    const struct job *job = entry->job;
    entry->err = job->err;
    entry->transience = job->transience;
    entry->stale = job->stale;
    entry->retry_after_us = job->retry_after_us;
}

void books_given_up(struct call *call, struct attempt *attempt, bool had_ended) {
    struct books *books = &call->books;
    struct entry *entry = books_entry(call, attempt);
    if (!entry->taken || entry->given_up || entry->collected || entry->after_told)
        books_fail(call, "attempt %u is given up, but is not in flight", attempt->index);
    entry->given_up = true;
    TRACE(call, "attempt %u given up%s", attempt->index, had_ended ? ", it had ended" : "");
    if (books->phase == BOOKS_ENDING) {
        give_up_for(books, entry);
    } else if (books->committed != NULL && books->committed != entry) {
        entry->err = INSIST_EREDUNDANT;
        entry->why_ended = INSIST_ENDED_LOST;
    } else if (entry->limit_ns > call->fleet->now_ns) {
        books_fail(call, "attempt %u is given up for no reason", attempt->index);
    } else {
        entry->err = INSIST_ETIMEOUT;
        entry->transience = INSIST_TIMEOUT;
        entry->collected = true; /* it is judged */
    }
    if (had_ended) {
        take_truth(entry);
        call->covered |= 1U << COVER_UNSEEN_END;
    }
    if (entry->why_ended != INSIST_ENDED_LOST || entry->collected)
        return;
    books->owed_refund += entry->lease.cost;
    entry->lease.cost = 0;
}

static void settle_refused(struct call *call, struct entry *entry) {
    struct books *books = &call->books;
    if (entry->refused == INSIST_OK)
        books_fail(call, "attempt %u ends before it was handed over", entry->attempt->index);
    entry->err = entry->refused;
    entry->why_ended = entry->refused == INSIST_EHANDLER ? INSIST_ENDED_HANDLER
                       : entry->cancelled                ? INSIST_ENDED_CANCELLED
                                                         : INSIST_ENDED_REJECTED;
    books_owe_back(books, &entry->lease);
    if (entry->kind != INSIST_HEDGE)
        return;
    books->owed_not_started++;
    books->started--;
    books->wave_hedges--;
    call->covered |= 1U << COVER_HEDGE_REFUSED;
}

void books_settle(struct call *call, struct entry *entry) {
    const int64_t deadline_ns = call->scene->deadline_ns;
    if (entry->settled)
        return;
    entry->settled = true;
    entry->settled_ns = call->fleet->now_ns;
    if (!entry->taken) {
        settle_refused(call, entry);
    } else if (!entry->collected && !entry->given_up) {
        books_fail(call, "attempt %u ends, but nothing has ended it", entry->attempt->index);
    } else if (!entry->given_up) {
        take_truth(entry);
    }
    if (entry->err == INSIST_ETIMEOUT && entry->limit_ns >= deadline_ns && call->fleet->now_ns >= deadline_ns)
        entry->err = INSIST_EDEADLINE;
    entry->status = entry->job != NULL ? entry->job->status : 0;
    entry->sent = entry->job != NULL ? transport_how_far(entry->job) : INSIST_NOT_SENT;
    const struct outcome *outcome = &entry->attempt->outcome;
    if (outcome->err != entry->err || outcome->status != entry->status || outcome->sent != entry->sent)
        books_fail(call, "attempt %u ended with %s, %d, %s, and ought to with %s, %d, %s", entry->attempt->index,
                   insist_err_name(outcome->err), outcome->status, insist_sent_name(outcome->sent),
                   insist_err_name(entry->err), entry->status, insist_sent_name(entry->sent));
    if (outcome->transience != entry->transience)
        books_fail(call, "the error of attempt %u is of kind %d, and ought to be of %d", entry->attempt->index,
                   (int)outcome->transience, (int)entry->transience);
}

/* ---- hedges ---- */

void books_scheduled(struct call *call, unsigned hedges, int64_t delay_us) {
    struct books *books = &call->books;
    struct entry *newest = &books->entries[books->count - 1];
    if (hedges != books->wave_hedges || !newest->taken)
        books_fail(call, "the scheduler is told of %u hedges in a wave of %u", hedges, books->wave_hedges);
    if (!books->hedge.owed)
        books_fail(call, "the scheduler is asked about a %s, and there is to be no race or no start",
                   call->scene->method);
    books->hedge.owed = false;
    books_is_about(call, (int)newest->attempt->index, "the scheduler");
    if (!expected_delay(call, hedges, delay_us))
        books_fail(call, "behind %u hedges of the wave the scheduler ought not to say %lld us", hedges,
                   (long long)delay_us);
    const int64_t delay_ns = delay_us == INSIST_AT_ONCE ? 0 : time_from_us(delay_us);
    books->hedge.set = delay_us > 0 && time_add(call->fleet->now_ns, delay_ns) < newest->limit_ns;
    books->hedge.at_once = delay_us == INSIST_AT_ONCE;
    books->hedge.delay_ns = delay_ns;
    books->hedge.newest = newest;
    newest->room_ns = call->fleet->now_ns;
}

void books_starter(struct call *call, bool allowed) {
    struct books *books = &call->books;
    if (call->scene->has_budget ? books->hedge.lease.cost == 0 : !books_hedge_is_due(call))
        books_fail(call, "the starter is asked about a hedge that is not due");
    books_require_told_slow(call);
    books_is_about(call, (int)books->hedge.newest->attempt->index, "the starter");
    if (!allowed && call->policies->profile->race.starter == STARTER_ALWAYS)
        books_fail(call, "the starter that always allows a hedge does not");
    books->hedge.set = false;
    books->hedge.allowed = allowed;
    if (allowed)
        return;
    call->covered |= 1U << COVER_STARTER_REFUSED;
    books_owe_back(books, &books->hedge.lease);
}

void books_not_started(struct call *call) {
    call->books.not_started++;
}
