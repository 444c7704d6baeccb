/* Raw samples: every single one is kept, so that percentiles are exact. Durations in nanoseconds. One thread at a
 * time. */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct samples {
    int64_t *ns;
    size_t count;
    size_t room;
};

/* Starts empty: a struct of zeros. */
void samples_fini(struct samples *samples);
/* False: no memory; nothing was added. */
bool samples_add(struct samples *samples, int64_t ns);
/* Adds all of them. False: no memory; nothing was added. */
bool samples_join(struct samples *samples, const struct samples *more);
void samples_sort(struct samples *samples);
/* The smallest sample that at least that share (0 to 1) of all samples do not exceed, in milliseconds, of sorted
 * samples (the nearest rank). NaN when there are none. */
double samples_percentile_ms(const struct samples *sorted, double share);

#endif
