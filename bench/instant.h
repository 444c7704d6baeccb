/* The clock of all measurements: CLOCK_MONOTONIC, in nanoseconds. Any thread. */
#ifndef BENCH_INSTANT_H
#define BENCH_INSTANT_H

#include <stdint.h>

int64_t instant_now_ns(void);
/* Returns at once when the instant has passed. */
void instant_wait_until_ns(int64_t at_ns);

#endif
