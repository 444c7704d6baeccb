/* Inputs and events: what the engine does is compared with what it may do, and after each input what it shows with
 * what is known. The books never look at what it keeps for itself. */
#include "simulation/books.h"
#include "base/time_math.h"
#include "simulation/fleet.h"
#include <stdarg.h>
#include <string.h>

void books_fail(const struct call *call, const char *format, ...) {
    va_list arguments;
    char *text = call->fleet->failure;
    int length = snprintf(text, 256, "call %u: ", call->number);
    va_start(arguments, format);
    vsnprintf(text + length, 256 - (size_t)length, format, arguments);
    va_end(arguments);
    TRACE(call, "WRONG: %s", text);
    longjmp(*call->fleet->failed, 1);
}

void books_require(const struct call *call, const char *wrong) {
    if (wrong != NULL)
        books_fail(call, "%s", wrong);
}

void books_open(struct call *call) {
    memset(&call->books, 0, sizeof call->books);
    call->books.reported = -1;
    call->books.wave_retry_after_us = -1;
    call->books.not_before_ns = INT64_MIN;
}

struct entry *books_entry(struct call *call, const struct attempt *attempt) {
    if (attempt == NULL || attempt->index >= call->books.count)
        books_fail(call, "an attempt that was never begun is spoken of");
    return &call->books.entries[attempt->index];
}

void books_is_about(const struct call *call, int index, const char *who) {
    const struct attempt *current = call->execution.view.current;
    const int shown = current != NULL ? (int)current->index : -1;
    if (shown != index)
        books_fail(call, "%s is shown attempt %d, and it is about %d", who, shown, index);
}

void books_input(struct call *call, enum books_input input, struct attempt *attempt) {
    struct books *books = &call->books;
    if (books->phase == BOOKS_OVER)
        books_fail(call, "an input is handed in after the end");
    books->input = input;
    books->input_ns = call->fleet->now_ns;
    if (input == INPUT_ROOM) {
        struct entry *entry = books_entry(call, attempt);
        entry->has_room = true;
        entry->room_ns = call->fleet->now_ns;
    } else if (input == INPUT_SENT) {
        struct entry *entry = books_entry(call, attempt);
        entry->sent_told = true;
        entry->limit_ns = entry->once_sent_ns;
    } else if (input == INPUT_END) {
        books_entry(call, attempt)->collected = true;
    } else if (input == INPUT_FAILED) {
        books_end(call, INSIST_STOPPED, INSIST_EBODY, (int)attempt->index);
    } else if (input == INPUT_INTERRUPT) {
        books_end(call, INSIST_CANCELLED, call->scene->cancel_err, -1);
    } else if (input == INPUT_TIME && call->fleet->now_ns >= call->scene->deadline_ns) {
        books_end(call, INSIST_DEADLINE, INSIST_EDEADLINE, -1);
    }
}

/* ---- events ---- */

static void fire_start(struct call *call) {
    if (call->books.started_told || call->books.count > 0)
        books_fail(call, "BEFORE_EXECUTION_START is not the first event");
    books_is_about(call, -1, "BEFORE_EXECUTION_START");
    call->books.started_told = true;
}

static void fire_before(struct call *call, struct entry *entry) {
    if (entry->before_told || entry->attempt->index + 1 != call->books.count)
        books_fail(call, "BEFORE_ATTEMPT of %u comes twice, or not in order", entry->attempt->index);
    const insist_execution *view = &call->execution.view;
    const struct books *books = &call->books;
    if (entry->kind == INSIST_RETRIED &&
        (view->last_wait_us != books->last_wait_us || view->wait_source != books->last_why))
        books_fail(call, "BEFORE_ATTEMPT of %u is told of a wait of %lld us, and %lld was decided",
                   entry->attempt->index, (long long)view->last_wait_us, (long long)books->last_wait_us);
    entry->before_told = true;
}

static void fire_headers(struct call *call, struct entry *entry) {
    const bool listens = call->scene->has_sink || call->scene->listens_to_headers;
    if (!entry->taken || entry->headers_told || entry->after_told || !listens || entry->job->status == 0)
        books_fail(call, "BEFORE_READ_BODY of %u is not due", entry->attempt->index);
    entry->headers_told = true;
}

static void fire_timeout(struct call *call, struct entry *entry) {
    books_settle(call, entry);
    if (entry->after_told || entry->timeout_told || (entry->err != INSIST_ETIMEOUT && entry->err != INSIST_EDEADLINE))
        books_fail(call, "AFTER_ATTEMPT_TIMEOUT of %u is not due", entry->attempt->index);
    entry->timeout_told = true;
    call->books.timeouts++;
    call->books.wave_timed_out = true;
}

static void fire_after(struct call *call, struct entry *entry) {
    struct books *books = &call->books;
    books_settle(call, entry);
    const bool timed_out = entry->err == INSIST_ETIMEOUT || entry->err == INSIST_EDEADLINE;
    if (!entry->before_told || entry->after_told || entry->timeout_told != timed_out)
        books_fail(call, "AFTER_ATTEMPT of %u comes without BEFORE_ATTEMPT, twice, or without its timeout's event",
                   entry->attempt->index);
    const bool listens = call->scene->has_sink || call->scene->listens_to_headers;
    if (entry->collected && entry->status != 0 && listens && !entry->headers_told && !entry->given_up)
        books_fail(call, "AFTER_ATTEMPT of %u comes without BEFORE_READ_BODY", entry->attempt->index);
    entry->after_told = true;
    books->ended[books->ended_count++] = entry->attempt->index;
    books->in_flight--;
    books_drop_newest(books, entry);
}

static void fire_end(struct call *call) {
    struct books *books = &call->books;
    books_end_if_closed(call);
    if (books->phase != BOOKS_ENDING || books->end_told)
        books_fail(call, "AFTER_EXECUTION_END comes before the end, or twice");
    for (unsigned i = 0; i < books->count; i++)
        if (!books->entries[i].after_told)
            books_fail(call, "AFTER_ATTEMPT of %u is missing at the end", i);
    if (books->deadline_event != (books->reason == INSIST_DEADLINE))
        books_fail(call, "AFTER_PLAN_TIMEOUT is missing, or was none");
    books_is_about(call, books_reported(books), "AFTER_EXECUTION_END");
    books->end_told = true;
}

void books_fire(struct call *call, insist_event event) {
    struct books *books = &call->books;
    struct attempt *current = call->execution.view.current;
    TRACE(call, "%s %d", insist_event_name(event), current != NULL ? (int)current->index : -1);
    if (call->execution.view.event != event ||
        (call->execution.view.own_headers != NULL) != (event == INSIST_BEFORE_ATTEMPT))
        books_fail(call, "%s is shown as another event, or with headers that may be changed", insist_event_name(event));
    if (!books->started_told && event != INSIST_BEFORE_EXECUTION_START)
        books_fail(call, "%s comes before the start", insist_event_name(event));
    if (books->end_told)
        books_fail(call, "%s comes after the end", insist_event_name(event));
    switch (event) {
    case INSIST_BEFORE_EXECUTION_START: fire_start(call); break;
    case INSIST_BEFORE_ATTEMPT: fire_before(call, books_entry(call, current)); break;
    case INSIST_BEFORE_READ_BODY: fire_headers(call, books_entry(call, current)); break;
    case INSIST_AFTER_ATTEMPT_TIMEOUT: fire_timeout(call, books_entry(call, current)); break;
    case INSIST_AFTER_ATTEMPT: fire_after(call, books_entry(call, current)); break;
    case INSIST_RETRY_SCHEDULED:
        if (!books->retry.set || books->retry.announced || books_entry(call, current) != books->retry.about ||
            call->execution.view.last_wait_us != books->retry.wait_us ||
            call->execution.view.wait_source != books->retry.why)
            books_fail(call, "RETRY_SCHEDULED, but no retry is to be announced");
        books->retry.announced = true;
        break;
    case INSIST_AFTER_PLAN_TIMEOUT:
        if (books->phase != BOOKS_ENDING || books->reason != INSIST_DEADLINE || books->deadline_event)
            books_fail(call, "AFTER_PLAN_TIMEOUT, but the deadline has not passed");
        books_is_about(call, books_reported(books), "AFTER_PLAN_TIMEOUT");
        books->deadline_event = true;
        break;
    case INSIST_AFTER_EXECUTION_END: fire_end(call); break;
    case INSIST_EVENTS: books_fail(call, "an event that is none");
    }
}

/* May its body go to the sink? */
static void ask_at_headers(struct call *call) {
    struct entry *entry = books_entry(call, call->execution.view.current);
    entry->status = entry->job->status;
    call->books.judging = entry;
    call->books.next = ASKED_DECIDER;
}

/* A handler's number ends the call once the attempt that it concerns has had its last event. */
void books_fired(struct call *call, insist_event event, int number) {
    struct books *books = &call->books;
    if (number != 0 && books->handler_number == 0 && books->phase < BOOKS_ENDING) {
        books->handler_number = number;
        call->covered |= 1U << COVER_HANDLER;
    }
    if (event == INSIST_BEFORE_ATTEMPT && books->handler_number != 0 && books->phase < BOOKS_ENDING)
        books->entries[books->count - 1].refused = INSIST_EHANDLER;
    else if (event == INSIST_BEFORE_ATTEMPT && call_is_cancelled(call) && books->phase < BOOKS_ENDING)
        books_cancelled_start(call);
    if (event == INSIST_AFTER_ATTEMPT) {
        books_judge(call, books_entry(call, call->execution.view.current));
        return;
    }
    const bool at_once = event == INSIST_BEFORE_EXECUTION_START || event == INSIST_RETRY_SCHEDULED ||
                         (event == INSIST_BEFORE_READ_BODY && books->input == INPUT_HEADERS);
    if (at_once && books->handler_number != 0)
        books_end(call, INSIST_HANDLER, INSIST_EHANDLER, -1);
    else if (event == INSIST_BEFORE_READ_BODY && at_once && call->scene->has_sink)
        ask_at_headers(call);
    if (event != INSIST_BEFORE_EXECUTION_START || books->phase == BOOKS_ENDING)
        return;
    if (call->scene->cancel == CANCEL_BEFORE || call_is_cancelled(call))
        books_end(call, INSIST_CANCELLED, call->scene->cancel_err, -1);
    else if (call->fleet->now_ns >= call->scene->deadline_ns)
        books_end(call, INSIST_DEADLINE, INSIST_EDEADLINE, -1);
}

/* ---- after each input ---- */

/* born_before_ns: of attempts that began earlier; TIME_NEVER: of all. */
static int64_t due_ns(const struct call *call, int64_t born_before_ns) {
    const struct books *books = &call->books;
    int64_t due = call->scene->deadline_ns;
    for (unsigned i = 0; i < books->count; i++)
        if (!books->entries[i].after_told && books->entries[i].born_ns < born_before_ns)
            due = time_min(due, books->entries[i].limit_ns);
    if (books->phase != BOOKS_OPEN)
        return due;
    if (books->retry.set)
        due = time_min(due, books->retry.due_ns);
    return time_min(due, books_hedge_due_ns(books));
}

static void check_sums(struct call *call) {
    const struct books *books = &call->books;
    if (books->owed_back != books->given_back)
        books_fail(call, "of what was charged for attempts that did not start %lld is owed and %lld given back",
                   (long long)books->owed_back, (long long)books->given_back);
    if (books->owed_back_ns != books->given_back_ns)
        books_fail(call, "what is given back was charged at another instant");
    if (books->owed_refund != books->refunded)
        books_fail(call, "of what was charged for attempts that won or lost %lld is owed and %lld returned",
                   (long long)books->owed_refund, (long long)books->refunded);
    if (books->owed_firsts != books->firsts || books->owed_accepted != books->accepted)
        books_fail(call, "the budget was not told of a first attempt, or of its answer");
    if (books->owed_not_started != books->not_started)
        books_fail(call, "the starter was not told that its hedge did not start");
}

/* Of what user code may ask it, and of what it asks for itself. */
static void check_view(struct call *call) {
    const struct books *books = &call->books;
    const insist_execution *view = &call->execution.view;
    const int64_t now_ns = call->fleet->now_ns, wanted_ns = execution_due_ns(&call->execution);
    if (view->racing != books->in_flight || view->attempts_started != books->started)
        books_fail(call, "%u attempts of %u are in flight, not %u of %u", books->in_flight, books->started,
                   view->racing, view->attempts_started);
    if (view->retries != books->retries || view->wave != books->wave || view->attempt_ends != books->ended_count)
        books_fail(call, "there were %u retries and %u waves, not %u and %u", books->retries, books->wave,
                   view->retries, view->wave);
    if (view->attempt_timeouts != books->timeouts)
        books_fail(call, "%u attempts took too long, not %u", books->timeouts, view->attempt_timeouts);
    if (time_max(wanted_ns, now_ns) != time_max(due_ns(call, TIME_NEVER), now_ns))
        books_fail(call, "it asks for its next turn at %lld ns and ought to at %lld", (long long)wanted_ns,
                   (long long)due_ns(call, TIME_NEVER));
    if (books->input == INPUT_TIME && books->input_ns == now_ns && due_ns(call, now_ns) <= now_ns)
        books_fail(call, "something is due and was not done");
    if (books->phase == BOOKS_CLOSED && books->in_flight == 0)
        books_fail(call, "it is closed, nothing is in flight, and it does not end");
}

void books_check(struct call *call) {
    struct books *books = &call->books;
    check_sums(call);
    if (books->in_flight >= 3)
        call->covered |= 1U << COVER_THREE_IN_FLIGHT;
    if (books->next != ASKED_NOTHING)
        books_fail(call, "a question (%d) was not asked", (int)books->next);
    if (books->hedge.owed)
        books_fail(call, "the scheduler was not asked behind a start");
    if (execution_is_over(&call->execution) != (books->phase == BOOKS_ENDING))
        books_fail(call, "it is %s, and ought not to be", books->phase == BOOKS_ENDING ? "not over" : "over");
    if (books->phase == BOOKS_ENDING)
        books_audit(call);
    else
        check_view(call);
}
