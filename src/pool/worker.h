/* A worker: a thread that drives its reactors. It sleeps in an epoll of its own which holds theirs and a timer, so
 * that a reactor that nobody drives is watched without a tick. */
#ifndef POOL_WORKER_H
#define POOL_WORKER_H

#include "pool/alarm.h"
#include "pool/reactor.h"
#include <pthread.h>

struct worker {
    /* fixed */
    struct reactor **reactors; /* of the pool; its own are those at first, first + stride, … */
    unsigned reactor_count, first, stride;
    int epoll;
    char name[16];
    pthread_t thread;

    /* atomics */
    atomic_bool *ending; /* the pool's: set, then every reactor woken */
    struct alarm_clock alarm;
};

/* Opens its descriptors and starts its thread, all signals blocked. The fixed fields but for epoll, timer and thread
 * are set by the caller. False: nothing was kept. */
bool worker_start(struct worker *worker);
/* Waits for the thread to end. Its reactors may still be woken. */
void worker_join(struct worker *worker);
/* Closes its descriptors, once nobody can wake its reactors any more. */
void worker_fini(struct worker *worker);

#endif
