/* How late this machine wakes a thread meanwhile: a thread that does nothing but wait, in epoll_wait(), for a timer that
 * goes off every two milliseconds. What an overrun is to be seen beside. */
#ifndef BENCH_LATENESS_H
#define BENCH_LATENESS_H

#include "samples.h"
#include <pthread.h>
#include <stdatomic.h>

struct lateness {
    /* fixed while the thread runs */
    pthread_t thread;
    int timer, poll;
    int64_t start_ns;
    /* the thread's own, until it has been joined */
    struct samples late; /* of each tick, in their order */
    /* atomics */
    atomic_bool stopped;
};

/* Begins to watch. False, with a sentence on standard error. */
bool lateness_start(struct lateness *lateness);
/* Ends it; late is complete then, and to be freed by lateness_fini(). */
void lateness_stop(struct lateness *lateness);
void lateness_fini(struct lateness *lateness);
/* The latest of the ticks that were due between these instants, or next. Before the samples are sorted; 0: it did not
 * watch then. */
int64_t lateness_between_ns(const struct lateness *lateness, int64_t from_ns, int64_t to_ns);

#endif
