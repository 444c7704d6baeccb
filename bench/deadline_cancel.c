/* See deadline_cancel.h. How long from just before insist_cancel_fire() until the call has returned; and the record has
 * to show that the call was in its phase. */
#include "deadline_cancel.h"
#include "canceller.h"
#include "held.h"
#include "instant.h"
#include "load.h"
#include "overruns.h"
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>

static const double calls_per_second = 200;
static const int64_t held_ns = 50000000; /* before the cancel */

static const struct cancelled {
    const struct held_phase *phase;
    struct overrun_figures figures;
} phases[] = {
    {&held_queue, OVERRUN_FIGURES("cancel_queue")},     {&held_dns, OVERRUN_FIGURES("cancel_dns")},
    {&held_connect, OVERRUN_FIGURES("cancel_connect")}, {&held_tls, OVERRUN_FIGURES("cancel_tls")},
    {&held_headers, OVERRUN_FIGURES("cancel_headers")}, {&held_body, OVERRUN_FIGURES("cancel_body")},
    {&held_wait, OVERRUN_FIGURES("cancel_wait")},       {&held_race, OVERRUN_FIGURES("cancel_race")},
    {&held_sink, OVERRUN_FIGURES("cancel_sink")},       {&held_reader, OVERRUN_FIGURES("cancel_reader")},
};
enum { PHASES = sizeof phases / sizeof phases[0] };

struct turn {
    struct held held;
    struct canceller canceller;
    struct overruns overruns;
    atomic_ullong missed;
};

static void wait_until_fired(void *ctx) {
    canceller_wait(ctx);
}

static bool call_and_cancel(void *ctx, const struct load_tick *tick) {
    struct turn *turn = ctx;
    struct canceller_order order;
    struct held_user_code code = {.before_second = wait_until_fired, .ctx = &order};
    if (!canceller_order(&turn->canceller, &order, instant_now_ns() + held_ns)) {
        return false;
    }
    insist_call_options options = *INSIST_CALL_OPTIONS(.deadline_ms = INSIST_FOREVER, .cancel = order.cancel);
    struct held_call call = held_execute(&turn->held, tick->number, options, &code);
    canceller_wait(&order);
    bool held = call.shown && call.err == INSIST_ECANCELED;
    overruns_note(&turn->overruns, tick->number, order.fired_ns, call.ended_ns);
    atomic_fetch_add(&turn->missed, !held);
    canceller_order_fini(&order);
    return held;
}

static bool run_load(struct bench *bench, const struct cancelled *cancelled, struct turn *turn) {
    double rate = bench->options->per_second > 0 ? bench->options->per_second : calls_per_second;
    struct load load = {.callers = (unsigned)(rate * (double)held_ns / 1e9 * 2) + 16,
                        .calls = turn->overruns.count,
                        .per_second = rate,
                        .progress = &bench->progress,
                        .ctx = turn,
                        .call = call_and_cancel};
    struct load_outcome outcome;
    bool done = load_run(&load, &outcome);
    if (done) {
        overruns_report(&turn->overruns, &bench->report, "insist", &cancelled->figures);
    }
    load_outcome_fini(&outcome);
    return done;
}

static bool take_turn(struct bench *bench, const struct cancelled *cancelled, uint64_t calls, uint64_t *missed) {
    struct turn turn = {0};
    struct lateness lateness;
    if (!canceller_start(&turn.canceller)) {
        return false;
    }
    bool watched = lateness_start(&lateness);
    bool done = overruns_init(&turn.overruns, calls) && held_open(&turn.held, bench, cancelled->phase) && watched &&
                run_load(bench, cancelled, &turn);
    if (watched) {
        lateness_stop(&lateness);
    }
    if (done) {
        overruns_report_lateness(&turn.overruns, &lateness, &bench->report, "insist", &cancelled->figures);
    }
    if (watched) {
        lateness_fini(&lateness);
    }
    held_close(&turn.held);
    canceller_stop(&turn.canceller);
    overruns_fini(&turn.overruns);
    *missed += atomic_load(&turn.missed);
    return done;
}

void deadline_cancel_describe(struct report *report) {
    for (size_t i = 0; i < PHASES; i++) {
        report_add_goal(report, &(struct report_goal){"cancel", "insist", phases[i].figures.p99, NULL, 5, false});
    }
}

bool deadline_cancel_round(struct bench *bench, unsigned round, uint64_t calls, uint64_t *missed) {
    for (size_t i = 0; i < PHASES; i++) {
        progress_begin(&bench->progress, round, bench->options->rounds, phases[i].figures.p99);
        if (!take_turn(bench, &phases[i], calls, missed)) {
            return false;
        }
    }
    return true;
}
