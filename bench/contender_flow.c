/* The yardstick with one multi handle as a contender: it makes a load's calls by itself, each of its slots as a caller
 * would, all on one thread. This thread watches the clock. */
#include "contender.h"
#include "instant.h"
#include "load_window.h"
#include "bench/yardstick/flow.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct turn {
    /* fixed while the other thread runs */
    const struct load *load;
    struct flow *flow;
    struct load_window window;
    /* that thread's own, until it has been joined */
    struct slot {
        int64_t begun_ns;
        unsigned warm; /* calls that were made to warm up */
        bool any;      /* it has begun one that counts, or might */
    } * slots;
    uint64_t begun;
    struct load_outcome outcome;
    bool broken;
};

/* ---- warming up ------------------------------------------------------------------------------------------------- */

static int64_t next_warm_ns(void *ctx, unsigned slot) {
    const struct turn *turn = ctx;
    return turn->slots[slot].warm++ < turn->load->warm_calls ? 0 : -1;
}

static void ended_warm(void *ctx, unsigned slot, bool good) {
    (void)ctx;
    (void)slot;
    (void)good;
}

/* ---- what counts ------------------------------------------------------------------------------------------------ */

static int64_t next_ns(void *ctx, unsigned number) {
    struct turn *turn = ctx;
    const struct load *load = turn->load;
    struct slot *slot = &turn->slots[number];
    int64_t now_ns = instant_now_ns();
    if (load->calls > 0 ? turn->begun++ >= load->calls : now_ns >= turn->window.until_ns) {
        return -1;
    }
    slot->begun_ns = now_ns;
    if (!slot->any && load->spread_ns > 0) {
        slot->begun_ns = load_window_begin_ns(&turn->window, load, number);
    }
    slot->any = true;
    return slot->begun_ns;
}

static void ended(void *ctx, unsigned number, bool good) {
    struct turn *turn = ctx;
    struct load_outcome *outcome = &turn->outcome;
    int64_t begun_ns = turn->slots[number].begun_ns;
    int64_t now_ns = instant_now_ns();
    if (number == 0 && turn->load->progress != NULL) {
        progress_show(turn->load->progress, load_window_share(&turn->window, turn->load, turn->begun));
    }
    outcome->ended += load_window_holds(&turn->window, now_ns);
    if (load_window_holds(&turn->window, begun_ns)) {
        outcome->failed += !good;
        turn->broken = !samples_add(&outcome->latencies, now_ns - begun_ns) || turn->broken;
    }
}

static void *run_flow(void *argument) {
    struct turn *turn = argument;
    const struct flow_orders orders = {turn, next_ns, ended};
    turn->broken = !flow_run(turn->flow, &orders) || turn->broken;
    return NULL;
}

/* ---- a turn ----------------------------------------------------------------------------------------------------- */

static bool run_turn(struct turn *turn, struct load_outcome *outcome) {
    const struct flow_orders warm = {turn, next_warm_ns, ended_warm};
    pthread_t thread;
    if (turn->flow == NULL || turn->slots == NULL || !flow_run(turn->flow, &warm)) {
        return false;
    }
    turn->window = load_window_open(turn->load, outcome);
    if (pthread_create(&thread, NULL, run_flow, turn) != 0) {
        return false;
    }
    load_window_watch(&turn->window, outcome);
    pthread_join(thread, NULL);
    load_window_close(&turn->window, outcome);
    outcome->latencies = turn->outcome.latencies;
    outcome->calls = outcome->latencies.count;
    outcome->failed = turn->outcome.failed;
    outcome->ended = turn->outcome.ended;
    samples_sort(&outcome->latencies);
    return !turn->broken;
}

static bool run(const struct contender *contender, const char *url, const struct load *load,
                struct load_outcome *outcome) {
    struct turn turn = {.load = load, .flow = flow_open(url, load->callers)};
    turn.slots = calloc(load->callers, sizeof *turn.slots);
    *outcome = (struct load_outcome){0};
    bool done = run_turn(&turn, outcome);
    if (!done) {
        fprintf(stderr, "insist-bench: %s: out of memory, or libcurl refused\n", contender->name);
    }
    if (turn.flow != NULL) {
        flow_close(turn.flow);
    }
    free(turn.slots);
    return done;
}

const struct contender_kind contender_flow = {.run = run};
