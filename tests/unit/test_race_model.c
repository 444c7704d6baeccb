/* A second implementation of how a raced call goes, written from its definition and as plainly as possible: one
 * millisecond after the other, nothing remembered that can be looked up. Over thousands of random schedules it
 * says beforehand who wins, why the call ends, what the record of every attempt says and which events fire in which
 * order; the engine must agree in all of it. Apart from the model, what is promised of every call is looked for in the
 * records alone. A failure prints its seed; run the program with that seed to see it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "support/world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEDULES 10000
#define NEVER (1 << 30)
#define CONNECT_DELAY 250
#define CAP 2000 /* of Retry-After */

/* ---- what is given ---- */

struct scene {
    struct script scripts[WORLD_SCRIPTS];
    int hedge_delays[WORLD_HEDGES]; /* 0: none; -1: at once */
    bool close, has_budget, starter_says_no;
    int retries, charges, wait, waiter_exits_at, timeout, deadline, cancel; /* cancel 0: not */
    int attempts;                                                           /* of any kind; 0: any number */
    int handler_event, handler_skip;                                        /* the event whose handler ends the call */
};

/* ---- the model ---- */

struct racer {
    const struct script *script;
    insist_kind kind;
    insist_why_started why_started;
    insist_why_ended why_ended;
    insist_err err;
    insist_sent sent;
    int wave, wait, queued, begun, limit, ended, status;
    bool in_flight, charged, told_room, told_sent, retryable, timed_out, refused;
};

static const struct scene *scene;
static struct racer racers[WORLD_SCRIPTS];
static int count, now, wave, wave_hedges, wave_retry_after, not_before, retries, charges, given_back, refunded;
static int ended_order[WORLD_SCRIPTS], ends; /* who ended, in that order */
static bool open, over, wave_failed, stale_used, handler_failed, settled;
static struct {
    bool set, charged;
    int decided, due, wait;
    insist_why_started why;
} retry;
static struct {
    bool set, at_once;
    int newest, delay;
} hedge;
static insist_reason reason;
static insist_err call_err;
static int reported, handler_calls; /* reported -1: none */
static char events[16384];

static void fire(insist_event event, const char *text) {
    strcat(strcat(events, text), " ");
    if ((int)event == scene->handler_event && handler_calls++ == scene->handler_skip && !settled)
        handler_failed = true;
}

static void fire_about(insist_event event, const char *name, int i) {
    char text[32];
    snprintf(text, sizeof text, "%s%d", name, i);
    fire(event, text);
}

static bool is_answer(const struct racer *racer) {
    return racer->err == INSIST_OK && racer->status != 0;
}

static int in_flight(void) {
    int n = 0;
    for (int i = 0; i < count; i++)
        n += racers[i].in_flight;
    return n;
}

/* They count as no attempt. */
static int hedges_refused(void) {
    int n = 0;
    for (int i = 0; i < count; i++)
        n += racers[i].refused && racers[i].kind == INSIST_HEDGE;
    return n;
}

static bool is_used_up(void) {
    return retries >= scene->retries || (scene->attempts != 0 && count - hedges_refused() >= scene->attempts);
}

/* An answer before an error, a later end before an earlier; never one that did not start or was redundant. */
static int most_useful(int of_wave) {
    int best = -1;
    for (int k = 0; k < ends; k++) {
        const struct racer *racer = &racers[ended_order[k]];
        if (racer->refused || racer->err == INSIST_EREDUNDANT || (of_wave >= 0 && racer->wave != of_wave))
            continue;
        if (best < 0 || is_answer(racer) || !is_answer(&racers[best]))
            best = ended_order[k];
    }
    return best;
}

static int sent_at(const struct racer *racer) {
    const int64_t ms = racer->script->sent_ms < 0 ? 0 : racer->script->sent_ms;
    return ms == WORLD_HANGS ? NEVER : racer->begun + (int)ms;
}

static int ends_at(const struct racer *racer) {
    return racer->script->ends_ms == WORLD_HANGS ? NEVER : racer->begun + (int)racer->script->ends_ms;
}

static void end_racer(int i) {
    struct racer *racer = &racers[i];
    racer->in_flight = false;
    racer->ended = now;
    if (racer->err == INSIST_ETIMEOUT || racer->err == INSIST_EDEADLINE)
        fire_about(INSIST_AFTER_ATTEMPT_TIMEOUT, "timeout", i);
    fire_about(INSIST_AFTER_ATTEMPT, "after", i);
    ended_order[ends++] = i;
    if (in_flight() == 0 || (hedge.newest == i && !racer->told_sent)) /* nothing is left to hedge */
        hedge.set = false;
}

/* Its outcome as the wire tells it. */
static void take_outcome(struct racer *racer) {
    racer->status = racer->script->status;
    racer->err = racer->script->err;
    racer->sent = racer->status != 0 ? INSIST_ANSWERED : sent_at(racer) <= now ? INSIST_MAYBE_SENT : INSIST_NOT_SENT;
    racer->retryable = racer->err != INSIST_OK ? racer->script->transience != INSIST_NOT_TRANSIENT
                                               : racer->status == 503 || racer->status == 429;
}

/* False: its end was in the mailbox already. */
static bool give_up(struct racer *racer, insist_err err) {
    if (racer->script->ends_unseen) {
        take_outcome(racer);
        return false;
    }
    racer->err = err;
    racer->sent = racer->begun <= now && sent_at(racer) <= now ? INSIST_MAYBE_SENT : INSIST_NOT_SENT;
    return true;
}

static void drop_pending(void) {
    given_back += retry.set && retry.charged;
    retry.set = hedge.set = false;
}

static void end_call(insist_reason why, insist_err err, int about, insist_err losers_err, insist_why_ended losers_why) {
    settled = over = true;
    reason = why;
    drop_pending();
    for (int i = 0; i < count; i++) {
        if (!racers[i].in_flight)
            continue;
        give_up(&racers[i], losers_err);
        racers[i].why_ended = losers_why;
        refunded += losers_why == INSIST_ENDED_LOST && racers[i].charged;
        end_racer(i);
    }
    reported = about >= 0 ? about : most_useful(-1);
    call_err = err;
    if (why == INSIST_DEADLINE)
        fire(INSIST_AFTER_PLAN_TIMEOUT, "deadline");
    fire(INSIST_AFTER_EXECUTION_END, "end");
}

static void end_by_handler(void) {
    end_call(INSIST_HANDLER, INSIST_EHANDLER, -1, INSIST_ECANCELED, INSIST_ENDED_HANDLER);
}

static void close_call(insist_reason why, insist_err err, int about) {
    if (!open)
        return;
    open = false;
    reason = why;
    call_err = err;
    reported = about;
    drop_pending();
}

static void end_if_closed(void) {
    if (over || open || in_flight() > 0)
        return;
    int best = most_useful(-1);
    if (reason != INSIST_STOPPED && best >= 0)
        call_err = racers[best].err;
    end_call(reason, call_err, reported, INSIST_OK, INSIST_ENDED_LOST);
}

static int asked_for(const struct racer *racer) {
    return racer->script->has_retry_after && racer->status != 0 ? (int)racer->script->retry_after_ms : -1;
}

/* The questions after a RETRY, in their order; the first no closes the call. The plan may be repeated. */
static void ask_for_retry(int about, int asked) {
    const struct racer *racer = &racers[about];
    int draw = scene->wait;
    retry.why = INSIST_START_BACKOFF;
    if (racer->script->stale && !racer->timed_out && !stale_used) {
        stale_used = true;
        retry.why = INSIST_START_STALE;
        draw = 0;
    } else if (retries + 1 >= scene->waiter_exits_at) {
        close_call(INSIST_COUNT, INSIST_OK, -1);
        return;
    }
    retry.wait = draw;
    if (asked >= 0) {
        if (asked > CAP || now + asked >= scene->deadline) {
            close_call(INSIST_RETRY_AFTER, INSIST_OK, -1);
            return;
        }
        not_before = now + asked > not_before ? now + asked : not_before;
        retry.wait = asked + draw;
        retry.why = INSIST_START_RETRY_AFTER;
    }
    retry.due = now + retry.wait > not_before ? now + retry.wait : not_before;
    if (retry.due >= scene->deadline) {
        close_call(INSIST_NO_TIME, INSIST_OK, -1);
        return;
    }
    if (scene->has_budget && charges == scene->charges) {
        close_call(INSIST_BUDGET, INSIST_OK, -1);
        return;
    }
    retry.set = true;
    retry.decided = now;
    retry.charged = scene->has_budget;
    charges += scene->has_budget;
    char text[32];
    snprintf(text, sizeof text, "retry(%d)", retry.wait);
    fire(INSIST_RETRY_SCHEDULED, text);
    if (handler_failed)
        end_by_handler();
}

/* One is pending already: what this answer asks for may only put it off. */
static void put_off(int asked) {
    if (asked < 0)
        return;
    int draw = retry.why == INSIST_START_STALE ? 0 : scene->wait;
    if (asked > CAP || now + asked >= scene->deadline) {
        close_call(INSIST_RETRY_AFTER, INSIST_OK, -1);
        return;
    }
    not_before = now + asked > not_before ? now + asked : not_before;
    int due = now + asked + draw > not_before ? now + asked + draw : not_before;
    if (due >= scene->deadline) {
        close_call(INSIST_NO_TIME, INSIST_OK, -1);
    } else if (due > retry.due) {
        retry.decided = now;
        retry.due = due;
        retry.wait = asked + draw;
        retry.why = INSIST_START_RETRY_AFTER;
    }
}

static void judge(int i) {
    struct racer *racer = &racers[i];
    racer->why_ended = racer->timed_out ? INSIST_ENDED_TIMEOUT : INSIST_ENDED_FINAL;
    if (!racer->retryable && is_answer(racer)) {
        racer->why_ended = INSIST_ENDED_WON;
        refunded += racer->charged;
        end_call(INSIST_DONE, INSIST_OK, i, INSIST_EREDUNDANT, INSIST_ENDED_LOST);
    } else if (!racer->retryable) {
        close_call(INSIST_STOPPED, racer->err, i);
    } else if (is_used_up()) {
        close_call(INSIST_COUNT, INSIST_OK, -1);
    } else if (open) {
        int asked = asked_for(racer);
        if (!scene->close && retry.set) {
            put_off(asked);
        } else if (!scene->close) {
            ask_for_retry(i, asked);
        } else {
            wave_failed = true;
            hedge.set = false;
            wave_retry_after = asked > wave_retry_after ? asked : wave_retry_after;
            if (in_flight() == 0)
                ask_for_retry(most_useful(wave), wave_retry_after);
        }
        if ((open || over) && !racer->timed_out)
            racer->why_ended = INSIST_ENDED_RETRYABLE;
    }
}

static void end_and_judge(int i) {
    end_racer(i);
    if (!handler_failed) {
        judge(i);
        return;
    }
    racers[i].why_ended = INSIST_ENDED_HANDLER;
    end_by_handler();
}

static void start(insist_kind kind, insist_why_started why, int wait, bool charged) {
    if (in_flight() == 0 && count > 0) {
        wave++;
        wave_hedges = 0;
        wave_failed = false;
        wave_retry_after = -1;
    }
    int i = count++;
    struct racer *racer = &racers[i];
    *racer = (struct racer){.script = &scene->scripts[i], .kind = kind, .why_started = why, .wave = wave, .wait = wait};
    racer->queued = now;
    racer->begun = now + (int)racer->script->queued_ms;
    racer->limit = now + scene->timeout < scene->deadline ? now + scene->timeout : scene->deadline;
    racer->told_room = racer->script->queued_ms == 0;
    retries += kind == INSIST_RETRIED;
    wave_hedges += kind == INSIST_HEDGE;
    fire_about(INSIST_BEFORE_ATTEMPT, "before", i);
    if (handler_failed || racer->script->refused != INSIST_OK) {
        racer->err = handler_failed ? INSIST_EHANDLER : racer->script->refused;
        racer->why_ended = handler_failed ? INSIST_ENDED_HANDLER : INSIST_ENDED_REJECTED;
        racer->refused = true;
        wave_hedges -= kind == INSIST_HEDGE;
        given_back += charged;
        end_racer(i);
        if (handler_failed)
            end_by_handler();
        else if (kind != INSIST_HEDGE)
            close_call(INSIST_REJECTED, racer->err, -1);
        return;
    }
    racer->charged = charged;
    racer->in_flight = true;
    int delay = wave_hedges < WORLD_HEDGES ? scene->hedge_delays[wave_hedges] : 0;
    hedge.at_once = delay < 0;
    hedge.delay = delay < 0 ? 0 : delay;
    hedge.newest = i;
    hedge.set = delay != 0 && !wave_failed && now + hedge.delay < racer->limit;
}

/* From the newest's request on the wire; while it is still connecting, another delay from when it had room. */
static int hedge_due(void) {
    const struct racer *newest = &racers[hedge.newest];
    if (!hedge.set || !newest->told_room)
        return NEVER;
    int due = newest->begun + CONNECT_DELAY;
    if (newest->told_sent)
        due = sent_at(newest) + hedge.delay;
    if (hedge.at_once)
        due = newest->begun;
    return due > not_before ? due : not_before;
}

static void start_hedge(void) {
    hedge.set = false;
    if (scene->has_budget && charges == scene->charges)
        return;
    charges += scene->has_budget;
    if (scene->starter_says_no)
        given_back += scene->has_budget;
    else
        start(INSIST_HEDGE, INSIST_START_HEDGE, hedge.delay, scene->has_budget);
}

/* What is due now: a hedge that falls due while a retry is pending becomes that retry. */
static void start_due(void) {
    while (open && !over && ((retry.set && retry.due <= now) || hedge_due() <= now)) {
        if (!retry.set) {
            start_hedge();
            continue;
        }
        bool early = retry.due > now;
        retry.set = hedge.set = false;
        start(INSIST_RETRIED, early ? INSIST_START_HEDGE : retry.why, early ? now - retry.decided : retry.wait,
              retry.charged);
    }
    end_if_closed();
}

static void news_of(int i) {
    struct racer *racer = &racers[i];
    if (racer->in_flight && racer->begun <= now)
        racer->told_room = true;
    if (racer->in_flight && sent_at(racer) <= now && sent_at(racer) < ends_at(racer))
        racer->told_sent = true;
    if (racer->in_flight && ends_at(racer) <= now) {
        take_outcome(racer);
        end_and_judge(i);
        end_if_closed();
    }
}

static void time_passes(void) {
    if (now >= scene->deadline) {
        end_call(INSIST_DEADLINE, INSIST_EDEADLINE, -1, INSIST_EDEADLINE, INSIST_ENDED_DEADLINE);
        return;
    }
    for (int i = 0; i < count && !over; i++) {
        if (!racers[i].in_flight || racers[i].limit > now)
            continue;
        if (give_up(&racers[i], INSIST_ETIMEOUT))
            racers[i].timed_out = racers[i].retryable = true;
        end_and_judge(i);
    }
    if (!over)
        start_due();
}

/* News in the order of the attempts, then a cancel, then the time; again while what was just started has news at once. */
static void turn(void) {
    int before = -1;
    while (!over && before != count + ends) {
        const int there = count;
        before = count + ends;
        for (int i = 0; i < there && !over; i++)
            news_of(i);
        if (!over && scene->cancel != 0 && now >= scene->cancel)
            end_call(INSIST_CANCELLED, INSIST_ECANCELED, -1, INSIST_ECANCELED, INSIST_ENDED_CANCELLED);
        if (!over)
            time_passes();
    }
}

static void predict(const struct scene *given) {
    scene = given;
    count = now = wave = wave_hedges = retries = charges = given_back = refunded = ends = handler_calls = 0;
    wave_retry_after = not_before = reported = -1;
    open = true;
    over = wave_failed = stale_used = handler_failed = settled = retry.set = hedge.set = false;
    events[0] = '\0';
    fire(INSIST_BEFORE_EXECUTION_START, "start");
    if (handler_failed) {
        end_by_handler();
        return;
    }
    start(INSIST_FIRST, INSIST_START_FIRST, 0, false);
    if (!over)
        start_due();
    while (!over) {
        turn();
        now += !over;
    }
}

/* ---- any schedule ---- */

static int below(struct insist_random *random, int n) {
    return (int)(random_next(random) % (uint64_t)n);
}

static struct script any_script(struct insist_random *random) {
    struct script script = {.ends_ms = below(random, 300), .sent_ms = below(random, 4) * below(random, 40)};
    switch (below(random, 20)) {
    case 0: script.refused = INSIST_EQUEUEFULL; break;
    case 1:
        script.err = INSIST_ECERT;
        script.sent_ms = WORLD_HANGS;
        break;
    case 2:
        script.err = INSIST_ECONNECT;
        script.transience = INSIST_CONN_REFUSED;
        script.sent_ms = WORLD_HANGS;
        break;
    case 3:
        script.err = INSIST_EEOF;
        script.transience = INSIST_UNEXPECTED_EOF;
        script.stale = true;
        break;
    case 4:
    case 5:
        script.err = INSIST_ERESET;
        script.transience = INSIST_CONN_RESET;
        break;
    case 6:
    case 7:
    case 8: script.ends_ms = WORLD_HANGS; break;
    case 9: script.status = 200; break;
    case 10:
        script.status = below(random, 2) == 0 ? 503 : 429;
        script.has_retry_after = true;
        script.retry_after_ms = below(random, 8) == 0 ? below(random, 3000) : below(random, 200);
        break;
    default:
        script.status = 503;
        script.ends_ms = 50 * below(random, 5); /* several at one instant */
        break;
    }
    if (below(random, 10) == 0)
        script.queued_ms = 1 + below(random, 80);
    script.ends_unseen = below(random, 12) == 0 && script.ends_ms != WORLD_HANGS;
    return script;
}

static void any_scene(struct scene *any, struct insist_random *random) {
    memset(any, 0, sizeof *any);
    for (size_t i = 0; i < WORLD_SCRIPTS; i++)
        any->scripts[i] = any_script(random);
    int racing = 1 + below(random, 10);
    bool at_once = below(random, 3) == 0;
    for (int i = 0; i + 1 < racing; i++)
        any->hedge_delays[i] = at_once || below(random, 8) == 0 ? -1 : 1 + below(random, 60);
    any->close = below(random, 2) == 0;
    any->retries = below(random, 10);
    any->wait = below(random, 3) == 0 ? 0 : below(random, 150);
    any->waiter_exits_at = below(random, 8) == 0 ? 1 + below(random, 5) : NEVER;
    any->timeout = below(random, 8) == 0 ? 1 + below(random, 40) : 50 + below(random, 400);
    any->deadline = below(random, 4) == 0 ? 1 + below(random, 400) : 500 + below(random, 6000);
    any->has_budget = below(random, 3) == 0;
    any->charges = below(random, 12);
    any->starter_says_no = below(random, 12) == 0;
    any->cancel = below(random, 10) == 0 ? 1 + below(random, 800) : 0;
    any->handler_event = below(random, 6) == 0 ? below(random, INSIST_EVENTS) : -1;
    any->handler_skip = below(random, 4);
    any->attempts = below(random, 4) == 0 ? 1 + below(random, 8) : 0;
}

/* ---- the engine, told the same ---- */

static int64_t wait_or_exit(void *ctx, const insist_execution *view, insist_random *random) {
    const struct scene *given = ctx;
    (void)random;
    return (int)view->retries >= given->waiter_exits_at ? INSIST_EXIT : given->wait * 1000;
}

static void play(struct world *world, const struct scene *given) {
    world_init(world, given->scripts, WORLD_SCRIPTS);
    world_race(world, given->close ? INSIST_CLOSE : INSIST_REFILL, 0, 0);
    for (int i = 0; i < WORLD_HEDGES; i++)
        world->hedge_delays_ms[i] = given->hedge_delays[i];
    world->retry.waiter = (insist_waiter){.wait = wait_or_exit, .ctx = (void *)(uintptr_t)(const void *)given};
    world->retry.retry_after_cap_us = CAP * 1000;
    world->rules.deadline_ns = world->start_ns + given->deadline * WORLD_MS;
    world->retries_allowed = (unsigned)given->retries;
    world->attempts_allowed = (unsigned)given->attempts;
    world->timeout_ms = given->timeout;
    world->has_budget = given->has_budget;
    world->charges_allowed = (unsigned)given->charges;
    world->starter_says_no = given->starter_says_no;
    world->cancel_at_ms = given->cancel;
    world->handler_number = given->handler_event < 0 ? 0 : 7;
    world->handler_event = (unsigned)(given->handler_event < 0 ? 0 : given->handler_event);
    world->handler_skip = (unsigned)given->handler_skip;
    world_play(world);
}

static void assert_same_record(const struct world *world, int i) {
    const struct racer *racer = &racers[i];
    const struct attempt *attempt = world_attempt(world, (size_t)i);
    insist_attempt_record record;
    execution_record(&world->execution, (size_t)i, &record);
    assert_int_equal(record.wave, racer->wave);
    assert_int_equal(record.kind, racer->kind);
    assert_int_equal(record.why_started, racer->why_started);
    assert_int_equal(record.wait_us, racer->wait * 1000);
    assert_int_equal(record.queued_us, racer->queued * 1000);
    assert_int_equal(record.ended_us, racer->ended * 1000);
    assert_int_equal(record.error, racer->err);
    assert_int_equal(record.status, racer->status);
    assert_int_equal(record.why_ended, racer->why_ended);
    assert_int_equal(attempt->started, !racer->refused);
    if (attempt->started)
        assert_int_equal(record.sent, racer->sent);
}

static void assert_same(const struct world *world) {
    const struct execution *execution = &world->execution;
    assert_string_equal(world->log, events);
    assert_int_equal(execution->reason, reason);
    assert_int_equal(execution->err, call_err);
    assert_int_equal(execution->reported == NULL ? -1 : (int)execution->reported->index, reported);
    assert_int_equal(world_elapsed_ms(world), now);
    assert_int_equal(execution->count, count);
    assert_int_equal(world->charged, charges);
    assert_int_equal(world->given_back, given_back);
    assert_int_equal(world->refunded, refunded);
    for (int i = 0; i < count; i++)
        assert_same_record(world, i);
}

/* ---- what is promised, from the records alone: nothing below looks at the model ---- */

static insist_attempt_record records[WORLD_SCRIPTS];
static size_t record_count;

static bool never_started(const insist_attempt_record *record) {
    return record->why_ended == INSIST_ENDED_REJECTED ||
           (record->why_ended == INSIST_ENDED_HANDLER && record->error == INSIST_EHANDLER);
}

static int starts_before(size_t i) {
    int n = 0;
    for (size_t k = 0; k < i; k++)
        n += records[k].kind != INSIST_HEDGE || !never_started(&records[k]);
    return n;
}

static bool has_sibling(size_t i) {
    for (size_t k = 0; k < i; k++)
        if (!never_started(&records[k]) && records[k].ended_us >= records[i].queued_us)
            return true;
    return false;
}

static int64_t last_retry_before_us(size_t i) {
    int64_t last_us = 0;
    for (size_t k = 0; k < i; k++)
        if (records[k].kind == INSIST_RETRIED)
            last_us = records[k].queued_us;
    return last_us;
}

/* The ends since the last retry, of which one has decided this. */
static bool may_have_decided(size_t k, size_t i) {
    return !never_started(&records[k]) && records[k].ended_us >= last_retry_before_us(i) &&
           records[k].ended_us <= records[i].queued_us;
}

/* Alone it waits as long as the waiter says: after no end that may have decided it does it come sooner. */
static void assert_backed_off(const struct scene *given, size_t i) {
    int64_t earliest_us = INT64_MAX;
    for (size_t k = 0; k < i; k++)
        if (may_have_decided(k, i)) {
            const int64_t wait_us = given->scripts[k].stale ? 0 : given->wait * 1000;
            earliest_us = records[k].ended_us + wait_us < earliest_us ? records[k].ended_us + wait_us : earliest_us;
        }
    assert_true(has_sibling(i) || records[i].queued_us >= earliest_us);
}

/* Its record tells how long ago it was decided; only the server's word may make it longer than it says. */
static void assert_real_wait(const struct scene *given, size_t i) {
    const bool hurried = records[i].why_started == INSIST_START_HEDGE;
    bool is_real = false;
    for (size_t k = 0; k < i && !is_real; k++) {
        const int64_t waited_us = records[i].queued_us - records[k].ended_us;
        is_real =
            may_have_decided(k, i) && (hurried ? waited_us == records[i].wait_us : waited_us >= records[i].wait_us);
    }
    assert_true(is_real);
    assert_true(records[i].why_started != INSIST_START_BACKOFF || records[i].wait_us == given->wait * 1000);
    assert_true(!hurried || has_sibling(i));
}

static void assert_not_before(const struct scene *given, size_t i) {
    for (size_t k = 0; k < i; k++) {
        const struct script *script = &given->scripts[k];
        if (!script->has_retry_after || records[k].why_ended != INSIST_ENDED_RETRYABLE ||
            records[k].ended_us >= records[i].queued_us)
            continue;
        assert_true(records[i].queued_us >= records[k].ended_us + script->retry_after_ms * 1000);
    }
}

/* What is final closes the call. */
static void assert_open(size_t i) {
    for (size_t k = 0; k < i; k++)
        assert_true(records[k].why_ended != INSIST_ENDED_FINAL || records[k].ended_us >= records[i].queued_us);
}

static void assert_count(const struct world *world, const struct scene *given) {
    int begun = 0;
    for (size_t i = 0; i < record_count; i++)
        begun += records[i].kind == INSIST_RETRIED;
    const bool no_retry_left = begun >= given->retries || begun + 1 >= given->waiter_exits_at;
    const bool no_attempt_left = given->attempts != 0 && starts_before(record_count) >= given->attempts;
    assert_true(world->execution.reason != INSIST_COUNT || no_retry_left || no_attempt_left);
}

static void assert_promises(const struct world *world, const struct scene *given) {
    record_count = world->execution.count;
    for (size_t i = 0; i < record_count; i++)
        execution_record(&world->execution, i, &records[i]);
    for (size_t i = 1; i < record_count; i++) {
        assert_open(i);
        assert_not_before(given, i);
        if (records[i].kind == INSIST_RETRIED) {
            assert_backed_off(given, i);
            assert_real_wait(given, i);
            assert_true(given->attempts == 0 || starts_before(i) < given->attempts);
        } else {
            assert_true(has_sibling(i));
        }
    }
    assert_count(world, given);
}

/* ---- all of them ---- */

static uint64_t only_seed, seed_being_played;
static struct { unsigned reasons[16], hedges, refills, most_racers, most_waves, hedge_won, hurried; } seen;

static void note_what_was_seen(const struct world *world) {
    unsigned first_of_wave = 0;
    seen.reasons[reason]++;
    for (unsigned i = 0; i < (unsigned)count; i++) {
        seen.hedges += racers[i].kind == INSIST_HEDGE;
        if (i > 0 && racers[i].wave != racers[i - 1].wave)
            first_of_wave = i;
        seen.hurried += racers[i].kind == INSIST_RETRIED && racers[i].why_started == INSIST_START_HEDGE;
        seen.refills += racers[i].kind == INSIST_RETRIED && i != first_of_wave;
        unsigned racing = i - first_of_wave + 1;
        seen.most_racers = racing > seen.most_racers ? racing : seen.most_racers;
    }
    seen.most_waves =
        world->execution.view.wave + 1 > seen.most_waves ? world->execution.view.wave + 1 : seen.most_waves;
    seen.hedge_won += reason == INSIST_DONE && racers[reported].kind == INSIST_HEDGE;
}

static void tell_all(const struct scene *any) {
    print_message("%s, %d retries, wait %d, timeout %d, deadline %d, cancel %d, budget %d, reason %s at %d ms\n",
                  any->close ? "CLOSE" : "REFILL", any->retries, any->wait, any->timeout, any->deadline, any->cancel,
                  any->has_budget ? any->charges : -1, insist_reason_name(reason), now);
    for (int i = 0; i < count; i++) {
        const struct racer *racer = &racers[i];
        print_message("%2d wave %d %-6s queued %d sent %d ends %d ended %d: %d %s, %s\n", i, racer->wave,
                      insist_kind_name(racer->kind), racer->queued, sent_at(racer), ends_at(racer), racer->ended,
                      racer->status, insist_err_name(racer->err), insist_why_ended_name(racer->why_ended));
    }
}

static void play_seed(uint64_t seed, bool again) {
    static struct scene any;
    static struct world world;
    struct insist_random random;
    random_init(&random, seed, 1);
    any_scene(&any, &random);
    predict(&any);
    play(&world, &any);
    if (again)
        tell_all(&any);
    if (again)
        print_message("seed %llu\n engine: %s\n model:  %s\n", (unsigned long long)seed, world.log, events);
    assert_promises(&world, &any);
    assert_same(&world);
    note_what_was_seen(&world);
    world_fini(&world);
}

static int tell_the_seed(void **state) {
    (void)state;
    if (seed_being_played != 0)
        print_error("it was seed %llu\n", (unsigned long long)seed_being_played);
    return 0;
}

static void model_and_engine_agree_in_every_schedule(void **state) {
    (void)state;
    if (only_seed != 0) {
        play_seed(only_seed, true);
        return;
    }
    for (uint64_t seed = 1; seed <= SCHEDULES; seed++) {
        seed_being_played = seed;
        play_seed(seed, false);
    }
    seed_being_played = 0;
    print_message("%d schedules: %u hedges of which %u won, %u refills, %u retries at a hedge's time, at most %u "
                  "attempts in a wave and %u waves\n",
                  SCHEDULES, seen.hedges, seen.hedge_won, seen.refills, seen.hurried, seen.most_racers,
                  seen.most_waves);
    for (int i = INSIST_DONE; i <= INSIST_REJECTED; i++)
        if (i != INSIST_NOT_REPEATABLE) /* what is raced may be repeated */
            assert_true(seen.reasons[i] > 20);
    assert_true(seen.most_racers >= 10 && seen.most_waves >= 10 && seen.refills > 1000 && seen.hedge_won > 100);
    assert_true(seen.hurried > 100);
}

int main(int argc, char **argv) {
    only_seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(model_and_engine_agree_in_every_schedule, tell_the_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
