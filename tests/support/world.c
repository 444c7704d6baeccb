#include "support/world.h"
#include "base/time_math.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void note(struct world *world, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(world->log + world->log_length, sizeof world->log - world->log_length, format, arguments);
    va_end(arguments);
    if (length > 0 && world->log_length + (size_t)length < sizeof world->log)
        world->log_length += (size_t)length;
}

static int64_t after(int64_t begun_ns, int64_t ms) {
    return ms == WORLD_HANGS ? TIME_NEVER : begun_ns + ms * WORLD_MS;
}

/* ---- the scripted wire ---- */

static insist_err start(void *ctx, struct attempt *attempt, bool *waits) {
    struct world *world = ctx;
    static const struct script hangs = HANGS;
    size_t i = world->attempt_count;
    if (i >= WORLD_SCRIPTS)
        abort();
    const struct script *script = i < world->script_count ? &world->scripts[i] : &hangs;
    world->attempts[world->attempt_count++] =
        (struct world_attempt){.attempt = attempt,
                               .script = script,
                               .begun_ns = world->now_ns + script->queued_ms * WORLD_MS,
                               .over = script->refused != INSIST_OK};
    *waits = script->queued_ms > 0;
    return script->refused;
}

static struct world_attempt *find(struct world *world, const struct attempt *attempt) {
    for (size_t i = 0; i < world->attempt_count; i++)
        if (world->attempts[i].attempt == attempt)
            return &world->attempts[i];
    abort();
}

static int64_t sent_at(const struct world_attempt *one) {
    return after(one->begun_ns, one->script->sent_ms < 0 ? 0 : one->script->sent_ms);
}

static bool is_sent(const struct world *world, const struct world_attempt *one) {
    return one->script->queued_ms * WORLD_MS + world->start_ns <= world->now_ns && sent_at(one) <= world->now_ns;
}

static bool shut(void *ctx, struct attempt *attempt) {
    struct world *world = ctx;
    return !is_sent(world, find(world, attempt));
}

static void fill(struct world_attempt *one, int64_t now_ns) {
    struct outcome *outcome = &one->attempt->outcome;
    const struct script *script = one->script;
    outcome->status = script->status;
    outcome->err = script->err;
    outcome->transience = script->transience;
    outcome->stale = script->stale;
    outcome->sent = script->status != 0      ? INSIST_ANSWERED
                    : sent_at(one) <= now_ns ? INSIST_MAYBE_SENT
                                             : INSIST_NOT_SENT;
    outcome->retry_after_us = script->has_retry_after ? script->retry_after_ms * 1000 : -1;
    if (script->has_retry_after)
        headers_add(&outcome->headers, "Retry-After", "1");
    for (size_t i = 0; i < script->body; i++)
        body_append(&outcome->body, "x", 1);
    one->over = true;
}

static bool give_up(void *ctx, struct attempt *attempt) {
    struct world *world = ctx;
    struct world_attempt *one = find(world, attempt);
    if (one->script->ends_unseen) {
        fill(one, world->now_ns);
        return true;
    }
    attempt->outcome.sent = is_sent(world, one) ? INSIST_MAYBE_SENT : INSIST_NOT_SENT;
    one->over = one->given_up = true;
    return false;
}

static void read_on(void *ctx, struct attempt *attempt) {
    (void)ctx;
    (void)attempt;
}

/* Never called: it only stands for a sink. */
static int take(void *ctx, const void *data, size_t len) {
    (void)ctx;
    (void)data;
    (void)len;
    abort();
}

static insist_err deliver(void *ctx, struct attempt *attempt) {
    struct world *world = ctx;
    struct world_attempt *one = find(world, attempt);
    if (one->told_chunks == world->sink_fails_at)
        return world->sink_error;
    attempt->delivered++;
    note(world, "chunk%u ", attempt->index);
    return INSIST_OK;
}

static bool rewind_sink(void *ctx, struct attempt *attempt) {
    struct world *world = ctx;
    attempt->delivered = 0;
    note(world, "rewind ");
    return world->sink_rewinds;
}

/* ---- user code ---- */

static int fire(void *ctx, insist_event event) {
    static const char *const names[] = {"start", "before", "headers", "timeout", "after", "retry", "deadline", "end"};
    struct world *world = ctx;
    const insist_execution *view = &world->execution.view;
    if (event == INSIST_BEFORE_EXECUTION_START || event == INSIST_AFTER_EXECUTION_END ||
        event == INSIST_AFTER_PLAN_TIMEOUT)
        note(world, "%s ", names[event]);
    else if (event == INSIST_RETRY_SCHEDULED)
        note(world, "retry(%lld) ", (long long)(view->last_wait_us / 1000));
    else
        note(world, "%s%u ", names[event], insist_execution_attempt(view));
    if (world->cancelled_within && (unsigned)event == world->cancel_event)
        world->cancelled = view->attempts_started >= world->cancel_attempt;
    if (event == INSIST_BEFORE_READ_BODY)
        view->current->sink.write = world->has_sink ? take : NULL;
    if (world->handler_number == 0 || (unsigned)event != world->handler_event)
        return 0;
    return world->handler_skip-- == 0 ? world->handler_number : 0;
}

static insist_err interruption(void *ctx) {
    const struct world *world = ctx;
    return world->cancelled ? INSIST_ECANCELED : INSIST_OK;
}

static insist_verdict decide(void *ctx, const insist_execution *view, insist_err *error) {
    const struct world *world = ctx;
    (void)error;
    int status = insist_execution_status(view);
    bool retryable = insist_execution_error(view) != INSIST_OK
                         ? insist_execution_transience(view) != INSIST_NOT_TRANSIENT
                         : status == 503 || status == 429;
    if (!retryable)
        return INSIST_ACCEPT;
    if (world->attempts_allowed != 0 && view->attempts_started >= world->attempts_allowed)
        return INSIST_EXHAUSTED;
    return view->retries < world->retries_allowed ? INSIST_RETRY : INSIST_EXHAUSTED;
}

static int64_t wait_100_ms(void *ctx, const insist_execution *view, insist_random *random) {
    (void)ctx;
    (void)view;
    (void)random;
    return 100000;
}

static int64_t how_long(void *ctx, const insist_execution *view) {
    struct world *world = ctx;
    (void)view;
    return world->timeout_ms == INSIST_FOREVER ? INSIST_FOREVER : world->timeout_ms * 1000;
}

static int64_t schedule(void *ctx, const insist_execution *view, unsigned hedges) {
    struct world *world = ctx;
    (void)view;
    if (hedges >= WORLD_HEDGES)
        return INSIST_NO_HEDGE;
    int64_t ms = world->hedge_delays_ms[hedges];
    return ms < 0 ? INSIST_AT_ONCE : ms * 1000;
}

static bool may_start(void *ctx, const insist_execution *view) {
    struct world *world = ctx;
    (void)view;
    world->starter_asked++;
    return !world->starter_says_no;
}

static void not_started(void *ctx, const insist_execution *view) {
    (void)view;
    ((struct world *)ctx)->not_started++;
}

/* ---- the budget ---- */

static unsigned charge(void *ctx, bool throttled, int64_t now_ns) {
    struct world *world = ctx;
    (void)now_ns;
    if (world->charges_allowed == 0)
        return 0;
    world->charges_allowed--;
    world->charged++;
    world->last_charge = throttled ? 5 : 14;
    return world->last_charge;
}

static void give_back(void *ctx, unsigned charged, int64_t charged_at_ns, int64_t now_ns) {
    (void)charged;
    (void)charged_at_ns;
    (void)now_ns;
    ((struct world *)ctx)->given_back++;
}

static void refund(void *ctx, unsigned charged, int64_t now_ns) {
    (void)charged;
    (void)now_ns;
    ((struct world *)ctx)->refunded++;
}

static void first_begun(void *ctx, int64_t now_ns) {
    (void)now_ns;
    ((struct world *)ctx)->firsts_begun++;
}

static void first_accepted(void *ctx, int64_t now_ns) {
    (void)now_ns;
    ((struct world *)ctx)->firsts_accepted++;
}

/* ---- playing ---- */

void world_init(struct world *world, const struct script *scripts, size_t count) {
    memset(world, 0, sizeof *world);
    world->env = &env_standard;
    world->scripts = scripts;
    world->script_count = count;
    world->now_ns = world->start_ns = 1000 * 1000 * WORLD_MS;
    world->timeout_ms = 5000;
    world->retries_allowed = 3;
    world->stream = 1;
    world->sink_error = INSIST_ESINK;
    world->request.method = "GET";
    world->request.repeatable = world->request.raceable = true;
    headers_init(&world->request.headers, &env_standard);
    world->retry.decider = (insist_decider){.decide = decide, .ctx = world};
    world->retry.waiter.wait = wait_100_ms;
    world->retry.retry_after_cap_us = 30 * 1000000;
    world->retry.retry_bound = 3;
    world->retry.attempt_bound = RETRY_UNBOUNDED;
    world->timeout.timeout = how_long;
    world->timeout.ctx = world;
    world->ports = (struct execution_ports){.start = start,
                                            .shut = shut,
                                            .give_up = give_up,
                                            .read_on = read_on,
                                            .deliver = deliver,
                                            .rewind = rewind_sink,
                                            .fire = fire,
                                            .interruption = interruption,
                                            .give_back = give_back,
                                            .refund = refund,
                                            .first_begun = first_begun,
                                            .first_accepted = first_accepted};
    world->rules = (struct execution_rules){.retry = &world->retry,
                                            .timeout = &world->timeout,
                                            .connect_delay_ns = 250 * WORLD_MS,
                                            .deadline_ns = world->start_ns + 30000 * WORLD_MS,
                                            .body_limit = 1 << 20};
}

void world_fini(struct world *world) {
    execution_fini(&world->execution);
    headers_fini(&world->request.headers);
}

void world_race(struct world *world, insist_wave_mode mode, int64_t first_delay_ms, int64_t second_delay_ms) {
    world->race = (struct insist_race_policy){.scheduler = {.schedule = schedule, .ctx = world},
                                              .starter = {.start = may_start, .ctx = world, .not_started = not_started},
                                              .mode = mode};
    world->rules.race = &world->race;
    world->hedge_delays_ms[0] = first_delay_ms;
    world->hedge_delays_ms[1] = second_delay_ms;
}

/* What an attempt has to tell next. */
enum piece { PIECE_QUEUE, PIECE_SENT, PIECE_HEADERS, PIECE_CHUNK, PIECE_END };

static int64_t ends_at(const struct world_attempt *one) {
    return time_add(after(one->begun_ns, one->script->ends_ms), one->script->ends_us * 1000);
}

static enum piece piece_of(const struct world *world, const struct world_attempt *one) {
    if (!one->told_queue && one->script->queued_ms > 0)
        return PIECE_QUEUE;
    if (!one->told_sent && sent_at(one) < ends_at(one))
        return PIECE_SENT;
    if (!one->told_headers && world->has_sink && one->script->headers_ms > 0)
        return PIECE_HEADERS;
    return one->attempt->committed && one->told_chunks < one->script->chunks ? PIECE_CHUNK : PIECE_END;
}

static int64_t next_of(const struct world *world, const struct world_attempt *one) {
    if (one->over)
        return TIME_NEVER;
    int64_t headers_ns = after(one->begun_ns, one->script->headers_ms);
    switch (piece_of(world, one)) {
    case PIECE_QUEUE: return one->begun_ns;
    case PIECE_SENT: return sent_at(one);
    case PIECE_HEADERS: return headers_ns;
    case PIECE_CHUNK: return headers_ns + (one->told_chunks + 1) * WORLD_MS;
    default: return ends_at(one);
    }
}

static void tell(struct world *world, struct world_attempt *one) {
    struct execution *execution = &world->execution;
    switch (piece_of(world, one)) {
    case PIECE_QUEUE:
        one->told_queue = true;
        execution_left_queue(execution, one->attempt, world->now_ns);
        break;
    case PIECE_SENT:
        one->told_sent = true;
        one->attempt->progress.sent_ns = world->now_ns;
        if (world->rules.race != NULL)
            execution_sent(execution, one->attempt, world->now_ns);
        break;
    case PIECE_HEADERS:
        one->told_headers = true;
        one->attempt->outcome.status = one->script->status;
        execution_headers(execution, one->attempt, world->now_ns);
        break;
    case PIECE_CHUNK:
        one->told_chunks++;
        execution_chunk(execution, one->attempt, world->now_ns);
        break;
    case PIECE_END:
        fill(one, world->now_ns);
        execution_ended(execution, one->attempt, world->now_ns);
        break;
    }
}

static int64_t cancel_ns(const struct world *world) {
    if (world->cancelled)
        return world->now_ns; /* the mailbox wakes the call at once */
    return world->cancel_at_ms == 0 ? TIME_NEVER : world->start_ns + world->cancel_at_ms * WORLD_MS;
}

/* One turn: news, then cancel, then time. */
static void turn(struct world *world) {
    for (size_t i = 0; i < world->attempt_count; i++)
        while (!execution_is_over(&world->execution) && next_of(world, &world->attempts[i]) <= world->now_ns)
            tell(world, &world->attempts[i]);
    if (cancel_ns(world) <= world->now_ns)
        execution_interrupt(&world->execution, INSIST_ECANCELED, world->now_ns);
    execution_time(&world->execution, world->now_ns);
}

void world_play(struct world *world) {
    world->ports.charge = world->has_budget ? charge : NULL;
    world->rules.reads_headers = world->has_sink;
    execution_init(&world->execution, world->env, &world->request, &world->rules, &world->ports, world, 1,
                   world->stream);
    execution_begin(&world->execution, INSIST_OK, world->now_ns);
    while (!execution_is_over(&world->execution)) {
        int64_t next_ns = time_min(execution_due_ns(&world->execution), cancel_ns(world));
        for (size_t i = 0; i < world->attempt_count; i++)
            next_ns = time_min(next_ns, next_of(world, &world->attempts[i]));
        if (next_ns == TIME_NEVER || ++world->turns > 10000) {
            fprintf(stderr, "the call does not end: %s\n", world->log);
            abort();
        }
        world->now_ns = time_max(world->now_ns, next_ns);
        turn(world);
    }
}

void world_assert_ended(const struct world *world, insist_reason reason, insist_err err, int status, int64_t elapsed_ms,
                        size_t attempts) {
    assert_int_equal(world->execution.reason, reason);
    assert_int_equal(world->execution.err, err);
    assert_int_equal(world->execution.reported == NULL ? 0 : world->execution.reported->outcome.status, status);
    assert_int_equal(world_elapsed_ms(world), elapsed_ms);
    assert_int_equal(world->execution.count, attempts);
}

int64_t world_elapsed_ms(const struct world *world) {
    return (world->now_ns - world->start_ns) / WORLD_MS;
}

const struct attempt *world_attempt(const struct world *world, size_t i) {
    return i < world->execution.count ? world->execution.attempts[i] : NULL;
}
