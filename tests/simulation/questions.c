/* After a RETRY, in the books: the gate, the waiter, Retry-After, the deadline, the budget. Each question is asked in
 * its order or not at all, and the first no closes the call. */
#include "base/time_math.h"
#include "simulation/books.h"
#include "simulation/fleet.h"

static int64_t asked_for_us(const struct call *call, const struct entry *entry) {
    const struct wait_scene *wait = &call->policies->profile->wait;
    if (wait->use == RETRY_AFTER_IGNORED)
        return -1;
    if (wait->use == RETRY_AFTER_REPLACES && entry->status != 429 && entry->status != 503)
        return -1;
    return entry->retry_after_us;
}

static bool may_be_repeated(const struct call *call, const struct entry *entry) {
    const bool harmless = call->scene->repeatable || call->scene->repeat_unsafe || entry->sent == INSIST_NOT_SENT;
    return harmless && !(call->scene->body == BODY_ONCE && call->body_was_read);
}

/* What the server asks for, from now on. False: it is too much, and the call is closed. */
static bool heed(struct call *call, int64_t asked_us, int64_t draw_us, int64_t *wait_us) {
    const struct wait_scene *wait = &call->policies->profile->wait;
    const int64_t until_ns = call->fleet->now_ns + asked_us * 1000;
    if (asked_us > wait->retry_after_cap_ms * 1000 || until_ns >= call->scene->deadline_ns) {
        books_close(call, INSIST_RETRY_AFTER, INSIST_OK, -1);
        return false;
    }
    call->books.not_before_ns = time_max(call->books.not_before_ns, until_ns);
    if (asked_us > 0)
        call->covered |= 1U << COVER_NOT_BEFORE;
    *wait_us = wait->use == RETRY_AFTER_REPLACES ? asked_us : asked_us + draw_us;
    return true;
}

static int64_t due_after(const struct call *call, int64_t wait_us) {
    return time_max(time_add(call->fleet->now_ns, time_from_us(wait_us)), call->books.not_before_ns);
}

static void set_retry(struct call *call, unsigned cost) {
    struct books *books = &call->books;
    books->retry.set = true;
    books->retry.announced = books->retry.prepared = false;
    books->retry.lease = (struct lease){cost, cost != 0 ? call->fleet->now_ns : 0};
    books->retry.decided_ns = call->fleet->now_ns;
    books->last_wait_us = books->retry.wait_us;
    books->last_why = books->retry.why;
    TRACE(call, "retry pending: wait %lld us", (long long)books->retry.wait_us);
    books_stop_judging(books, false);
}

static void ask_time(struct call *call) {
    struct books *books = &call->books;
    books->retry.wait_us = books->retry.draw_us;
    if (books->retry.asked_us >= 0) {
        if (!heed(call, books->retry.asked_us, books->retry.draw_us, &books->retry.wait_us))
            return;
        books->retry.why = INSIST_START_RETRY_AFTER;
    }
    books->retry.due_ns = due_after(call, books->retry.wait_us);
    if (books->retry.due_ns >= call->scene->deadline_ns)
        books_close(call, INSIST_NO_TIME, INSIST_OK, -1);
    else if (call->scene->has_budget)
        books->next = ASKED_BUDGET;
    else
        set_retry(call, 0);
}

static void ask_for_retry(struct call *call, struct entry *about, int64_t asked_us) {
    struct books *books = &call->books;
    books->retry.about = about;
    books->retry.asked_us = asked_us;
    books->retry.draw_us = 0;
    if (!may_be_repeated(call, about)) {
        books_close(call, INSIST_NOT_REPEATABLE, INSIST_OK, -1);
    } else if (about->stale && !books->stale_used) {
        books->stale_used = true;
        books->retry.why = INSIST_START_STALE;
        call->covered |= 1U << COVER_STALE;
        ask_time(call);
    } else {
        books->retry.why = INSIST_START_BACKOFF;
        books->next = ASKED_WAITER;
    }
}

void books_waited(struct call *call, int64_t wait_us) {
    struct books *books = &call->books;
    int64_t least_us, most_us;
    if (books->next != ASKED_WAITER || call->execution.view.current != books->retry.about->attempt)
        books_fail(call, "the waiter is asked, but no retry is to be decided");
    if (call->execution.view.retries != books->retries + 1)
        books_fail(call, "the waiter is asked about retry %u, not %u", call->execution.view.retries,
                   books->retries + 1);
    expected_wait(call, books->retry.about, &least_us, &most_us);
    if (wait_us < least_us || wait_us > most_us)
        books_fail(call, "the wait is %lld us and ought to be within %lld and %lld", (long long)wait_us,
                   (long long)least_us, (long long)most_us);
    books->next = ASKED_NOTHING;
    books->retry.draw_us = wait_us;
    if (wait_us < 0)
        books_close(call, INSIST_COUNT, INSIST_OK, -1);
    else
        ask_time(call);
}

/* A charge is for the retry that is being decided, or for the hedge that is due. */
void books_charged(struct call *call, bool throttled, unsigned cost) {
    struct books *books = &call->books;
    const bool for_retry = books->next == ASKED_BUDGET;
    const struct entry *about = books->retry.about;
    bool expected = false;
    if (for_retry)
        expected = about->status == 429 || (about->status == 503 && about->retry_after_us >= 0);
    else if (!books_hedge_is_due(call) || books->hedge.lease.cost != 0)
        books_fail(call, "the budget is charged for a hedge that is not due");
    else
        books_require_told_slow(call);
    if (throttled != expected)
        books_fail(call, "the budget is charged for %s outcome", throttled ? "a throttled" : "no throttled");
    TRACE(call, "charged %u", cost);
    if (cost == 0)
        call->covered |= 1U << COVER_BUDGET_REFUSED;
    if (!for_retry) {
        books->hedge.lease = (struct lease){cost, cost != 0 ? call->fleet->now_ns : 0};
        books->hedge.set = books->hedge.set && cost != 0;
        return;
    }
    books->next = ASKED_NOTHING;
    if (cost == 0)
        books_close(call, INSIST_BUDGET, INSIST_OK, -1);
    else
        set_retry(call, cost);
}

/* A retry is pending: it can only come later. */
static void put_off(struct call *call, const struct entry *entry) {
    struct books *books = &call->books;
    const int64_t asked_us = asked_for_us(call, entry);
    int64_t wait_us;
    if (asked_us < 0 || !heed(call, asked_us, books->retry.draw_us, &wait_us))
        return;
    const int64_t due_ns = due_after(call, wait_us);
    if (due_ns >= call->scene->deadline_ns) {
        books_close(call, INSIST_NO_TIME, INSIST_OK, -1);
    } else if (due_ns > books->retry.due_ns) {
        books->retry.decided_ns = call->fleet->now_ns;
        books->retry.due_ns = due_ns;
        books->retry.wait_us = books->last_wait_us = wait_us;
        books->retry.why = books->last_why = INSIST_START_RETRY_AFTER;
        call->covered |= 1U << COVER_PUT_OFF;
    }
}

void books_want_another(struct call *call, struct entry *entry) {
    struct books *books = &call->books;
    if (!entry->timeout_told)
        entry->why_ended = INSIST_ENDED_RETRYABLE;
    if (books->phase != BOOKS_OPEN) {
        books_stop_judging(books, true);
    } else if (books->retry.set) {
        put_off(call, entry);
        books_stop_judging(books, books->phase == BOOKS_CLOSED);
    } else if (!expected_race(call) || call->policies->profile->race.mode == INSIST_REFILL) {
        ask_for_retry(call, entry, asked_for_us(call, entry));
    } else {
        books->hedge.set = false;
        books->wave_retry_after_us = time_max(books->wave_retry_after_us, asked_for_us(call, entry));
        if (books->in_flight > 0) {
            books_stop_judging(books, false);
            return;
        }
        struct entry *best = &books->entries[books_most_useful(books, (int)books->wave)];
        ask_for_retry(call, best, time_max(asked_for_us(call, best), books->wave_retry_after_us));
    }
}
