/* Load: callers, threads that call one after another, and how long their calls took.
 *
 * Closed loop: a caller begins its next call when the last one has ended; a call's latency counts from its begin.
 * Open loop: call number n is planned for start + n / rate, whatever became of those before, and is begun then by a
 * caller that is free, or as soon as one is. Its latency counts from the plan, so that a stall of the client or the
 * server cannot hide. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "progress.h"
#include "samples.h"
#include <stdbool.h>

struct load_tick {
    uint64_t number;    /* of the call, from 0 */
    unsigned caller;    /* from 0 */
    void *state;        /* what enter() made for that caller */
    int64_t planned_ns; /* closed loop: when it is begun */
};

struct load {
    unsigned callers;
    uint64_t calls;      /* ends after so many; 0: after the duration */
    int64_t duration_ns; /* of a closed loop without a number of calls */
    double per_second;   /* of an open loop; 0: a closed one */
    /* what does not count */
    unsigned warm_calls; /* of each caller, before the start */
    int64_t spread_ns;   /* callers of a closed loop with a duration begin one after another, evenly over that time */
    int64_t settle_ns;   /* such a loop counts when that time has passed since the start, and then for its duration */
    struct progress *progress;
    void *ctx;
    void *(*enter)(void *ctx);             /* on the caller's thread before the first call; may be NULL */
    void (*leave)(void *ctx, void *state); /* there, after the last; may be NULL */
    bool (*call)(void *ctx, const struct load_tick *tick); /* false: it failed */
};

struct load_outcome {
    struct samples latencies; /* of all calls that were begun while it counted, sorted */
    uint64_t calls;           /* so many are these */
    uint64_t failed;          /* of them */
    uint64_t late;            /* begun more than a millisecond behind their plan */
    uint64_t ended;           /* while it counted */
    int64_t elapsed_ns;       /* so long it counted */
    int64_t cpu_us;           /* processor time of the client's process meanwhile */
};

/* Runs it to its end. False, with a sentence on standard error: no memory, no thread, or enter() gave NULL. The
 * outcome is to be given to load_outcome_fini() in either case. */
bool load_run(const struct load *load, struct load_outcome *outcome);
void load_outcome_fini(struct load_outcome *outcome);

#endif
