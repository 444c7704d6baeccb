/* See canceller.h. */
#include "canceller.h"
#include "instant.h"
#include <stdio.h>

/* The next order; NULL: there are no more to come. */
static struct canceller_order *take(struct canceller *canceller) {
    pthread_mutex_lock(&canceller->lock);
    while (canceller->first == NULL && !canceller->stopped) {
        pthread_cond_wait(&canceller->changed, &canceller->lock);
    }
    struct canceller_order *order = canceller->first;
    if (order != NULL) {
        canceller->first = order->next;
    }
    pthread_mutex_unlock(&canceller->lock);
    return order;
}

static void *carry_out(void *argument) {
    struct canceller_order *order;
    while ((order = take(argument)) != NULL) {
        instant_wait_until_ns(order->at_ns);
        order->fired_ns = instant_now_ns();
        insist_cancel_fire(order->cancel);
        sem_post(&order->fired); /* from here on it is the caller's */
    }
    return NULL;
}

bool canceller_start(struct canceller *canceller) {
    *canceller = (struct canceller){.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    if (pthread_create(&canceller->thread, NULL, carry_out, canceller) != 0) {
        fputs("insist-bench: no thread to cancel from\n", stderr);
        return false;
    }
    return true;
}

void canceller_stop(struct canceller *canceller) {
    pthread_mutex_lock(&canceller->lock);
    canceller->stopped = true;
    pthread_cond_signal(&canceller->changed);
    pthread_mutex_unlock(&canceller->lock);
    pthread_join(canceller->thread, NULL);
}

bool canceller_order(struct canceller *canceller, struct canceller_order *order, int64_t at_ns) {
    *order = (struct canceller_order){.at_ns = at_ns};
    if (insist_cancel_new(&order->cancel) != INSIST_OK) {
        return false;
    }
    sem_init(&order->fired, 0, 0);
    pthread_mutex_lock(&canceller->lock);
    if (canceller->first == NULL) {
        canceller->first = order;
    } else {
        canceller->last->next = order;
    }
    canceller->last = order;
    pthread_cond_signal(&canceller->changed);
    pthread_mutex_unlock(&canceller->lock);
    return true;
}

void canceller_wait(struct canceller_order *order) {
    while (sem_wait(&order->fired) != 0) {
    }
    sem_post(&order->fired);
}

void canceller_order_fini(struct canceller_order *order) {
    sem_destroy(&order->fired);
    insist_cancel_free(order->cancel);
}
