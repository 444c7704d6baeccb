/* The thread that cancels: it fires the tokens of calls at the instants that they were ordered for. */
#ifndef BENCH_CANCELLER_H
#define BENCH_CANCELLER_H

#include <insist/insist.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

struct canceller {
    pthread_t thread;
    /* under the lock */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct canceller_order *first, *last; /* in the order in which they were given, which is that of their instants */
    bool stopped;
};

/* A caller's own, until it has been carried out. */
struct canceller_order {
    insist_cancel *cancel;
    struct canceller_order *next;
    int64_t at_ns;
    int64_t fired_ns; /* just before it was fired */
    sem_t fired;
};

bool canceller_start(struct canceller *canceller); /* false, with a sentence on standard error */
void canceller_stop(struct canceller *canceller);  /* every order has been carried out */
/* Makes a token that is fired at that instant, which is not before that of any other order by more than what callers
 * are apart. False: no memory. */
bool canceller_order(struct canceller *canceller, struct canceller_order *order, int64_t at_ns);
/* Waits until it has been fired; may be called more than once, by the caller's thread. */
void canceller_wait(struct canceller_order *order);
void canceller_order_fini(struct canceller_order *order);

#endif
