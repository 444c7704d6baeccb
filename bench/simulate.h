/* The ideal: what hedging would reach if nothing but the service time took time, by drawing from its distribution.
 * Simulated, not measured: a yardstick that no client can beat. */
#ifndef BENCH_SIMULATE_H
#define BENCH_SIMULATE_H

#include "samples.h"

/* A distribution of service times. The numbers are splitmix64's. */
typedef double simulate_draw_fn(uint64_t *random); /* milliseconds */

simulate_draw_fn simulate_lognormal_tenth; /* W1: lognormal with mean 5 ms and sd 2 ms, 5 % of them ten times as long */
simulate_draw_fn simulate_tail_at_scale; /* W2: the Tail-at-Scale quantiles: 1 to 10 ms, 2 % above 10, 0.1 % above 69 */

struct simulation {
    simulate_draw_fn *draw;
    unsigned width;  /* requests of an operation, in parallel; it lasts as long as the slowest */
    unsigned hedges; /* at most, for each request */
    double every_ms; /* before each of them */
    uint64_t operations;
    uint64_t seed;
};

/* Latencies of the operations, sorted, and the extra requests in percent of those without hedges. False: no memory. */
bool simulate_run(const struct simulation *simulation, struct samples *latencies, double *extra_percent);

#endif
