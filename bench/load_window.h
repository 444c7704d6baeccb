/* When a load counts: from its start, plus the time in which it settles, until its duration is over; or, where it has a
 * number of calls, until the last of them has ended. One thread opens, watches and closes it; the others only ask. */
#ifndef BENCH_LOAD_WINDOW_H
#define BENCH_LOAD_WINDOW_H

#include "load.h"

struct load_window {
    int64_t start_ns, from_ns, until_ns; /* until: INT64_MAX where the load has a number of calls */
};

/* The load starts. Nothing has been begun yet. */
struct load_window load_window_open(const struct load *load, struct load_outcome *outcome);
/* With a duration: sleeps until it is over, and notes elapsed_ns and cpu_us. */
void load_window_watch(const struct load_window *window, struct load_outcome *outcome);
/* With a number of calls: the last one has ended; notes the same. */
void load_window_close(const struct load_window *window, struct load_outcome *outcome);
bool load_window_holds(const struct load_window *window, int64_t ns);
/* How much of the load is over, 0 to 1, when call number `number` has ended. */
double load_window_share(const struct load_window *window, const struct load *load, uint64_t number);
/* When that caller is to begin. */
int64_t load_window_begin_ns(const struct load_window *window, const struct load *load, unsigned caller);

#endif
