/* A reactor: epoll, an eventfd, an inbox and one transport. It has no thread: whoever holds its token drives it, a
 * turn at a time. */
#ifndef POOL_REACTOR_H
#define POOL_REACTOR_H

#include "origin/permits.h"
#include "pool/driver.h"
#include "pool/inbox.h"
#include "wire/transport.h"

#define REACTOR_AT_ONCE INT64_MIN

struct reactor {
    /* fixed */
    const struct env *env;
    struct permits *permits;
    int epoll, eventfd;
    struct transport *transport;

    /* shared, under its own lock */
    struct inbox inbox;

    /* atomics */
    struct driver driver;
    atomic_uint in_flight; /* jobs that were assigned to it, waiting for room or not, until they are finished */
    atomic_uint admitted;  /* those of them that wait for no room */
    atomic_llong due_ns;   /* when it wants a turn although nothing happened */

    /* own: whoever holds the token */
    struct list running; /* of job.run.link: those that the transport has */
    bool closing;        /* starts nothing any more */
};

insist_err reactor_new(const struct env *env, struct permits *permits, transport_new_fn *transport_new,
                       void *transport_ctx, struct reactor **out);
/* Stops what is left, waits for the transport to let go of it, frees all. Nobody drives it or puts anything in any
 * more. NULL is fine. */
void reactor_free(struct reactor *reactor);

/* Any thread: tells it of a job, or of an order for itself, and wakes its sleeper if nobody drives it. */
void reactor_push(struct reactor *reactor, struct job *job, unsigned commands);
void reactor_order(struct reactor *reactor, unsigned orders);
/* Wakes its sleeper, driven or not. */
void reactor_wake(struct reactor *reactor);

/* Driving: take, turn, release. A turn never blocks. Release says whether there is work left: then take it again, or
 * wake its sleeper. */
bool reactor_try_take(struct reactor *reactor);
void reactor_turn(struct reactor *reactor);
bool reactor_release(struct reactor *reactor);

#endif
