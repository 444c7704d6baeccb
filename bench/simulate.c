/* See simulate.h. */
#include "simulate.h"
#include <math.h>

/* Uniform in (0, 1). */
static double draw_unit(uint64_t *random) {
    uint64_t bits = *random += UINT64_C(0x9e3779b97f4a7c15);
    bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
    bits ^= bits >> 31;
    return ((double)(bits >> 11) + 0.5) / 9007199254740992.0;
}

/* By Box and Muller. */
static double draw_normal(uint64_t *random) {
    double length = sqrt(-2 * log(draw_unit(random)));
    return length * cos(6.283185307179586 * draw_unit(random));
}

double simulate_lognormal_tenth(uint64_t *random) {
    const double mean = 5;
    const double deviation = 2;
    double variance = log(1 + deviation * deviation / (mean * mean));
    double ms = exp(log(mean) - variance / 2 + sqrt(variance) * draw_normal(random));
    return draw_unit(random) < 0.05 ? ms * 10 : ms;
}

double simulate_tail_at_scale(uint64_t *random) {
    double share = draw_unit(random);
    if (share > 0.02) {
        return 1 + 9 * (1 - (share - 0.02) / 0.98);
    }
    if (share > 0.001) {
        return 10 * pow(share / 0.02, log(6.9) / log(0.05));
    }
    return 69 * pow(share / 0.001, log(1800.0 / 69) / log(0.001));
}

/* When the first answer comes; counts the hedges that were started before. */
static double run_request(const struct simulation *simulation, uint64_t *random, uint64_t *hedges) {
    double end_ms = simulation->draw(random);
    for (unsigned i = 1; i <= simulation->hedges; i++) {
        double start_ms = simulation->every_ms * i;
        if (end_ms <= start_ms) {
            break;
        }
        ++*hedges;
        end_ms = fmin(end_ms, start_ms + simulation->draw(random));
    }
    return end_ms;
}

bool simulate_run(const struct simulation *simulation, struct samples *latencies, double *extra_percent) {
    uint64_t random = simulation->seed;
    uint64_t hedges = 0;
    for (uint64_t i = 0; i < simulation->operations; i++) {
        double slowest_ms = 0;
        for (unsigned j = 0; j < simulation->width; j++) {
            slowest_ms = fmax(slowest_ms, run_request(simulation, &random, &hedges));
        }
        if (!samples_add(latencies, (int64_t)(slowest_ms * 1e6))) {
            return false;
        }
    }
    samples_sort(latencies);
    *extra_percent = 100.0 * (double)hedges / ((double)simulation->operations * simulation->width);
    return true;
}
