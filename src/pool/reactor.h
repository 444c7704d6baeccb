/* A reactor: epoll, an eventfd, an inbox and one transport. It has no thread: whoever holds its token drives it, a
 * turn at a time: a worker (worker.h), or a calling thread that leads (leader.h). */
#ifndef POOL_REACTOR_H
#define POOL_REACTOR_H

#include "origin/permits.h"
#include "pool/driver.h"
#include "pool/inbox.h"
#include "wire/transport.h"

#define REACTOR_AT_ONCE INT64_MIN
#define REACTOR_EVENTS 64 /* at most in a turn, so that the inbox, and the worker's other reactors, get theirs */

struct epoll_event;
struct alarm_clock;

struct reactor {
    /* fixed */
    const struct env *env;
    struct permits *permits;
    int epoll, eventfd;
    struct transport *transport;
    int watcher;               /* the epoll of the worker that watches it; -1: none does */
    struct alarm_clock *alarm; /* by which that worker wakes by itself */

    /* shared, under its own lock */
    struct inbox inbox;

    /* shared, under watch_lock */
    struct mutex watch_lock;
    atomic_bool watched; /* the worker's epoll looks at it. Read without the lock, too */

    /* atomics */
    struct driver driver;
    atomic_uint in_flight; /* jobs that were assigned to it, waiting for room or not, until they are finished */
    atomic_uint admitted;  /* those of them that wait for no room */
    atomic_llong due_ns;   /* when it wants a worker's turn although nothing happened */

    /* own: whoever holds the token */
    struct list running;    /* of job.run.link: those that the transport has */
    struct list to_ring;    /* of job.run.link: those that ended in this turn, and whose calls sleep */
    int64_t rests_until_ns; /* with nothing running nobody needs to watch it until then: it is led time and again */
    bool closing;           /* starts nothing any more */

    /* own: the worker that watches it */
    bool again; /* it left something in the inbox */
};

insist_err reactor_new(const struct env *env, struct permits *permits, transport_new_fn *transport_new,
                       void *transport_ctx, struct reactor **out);
/* Stops what is left, waits for the transport to let go of it, frees all. Nobody drives it or puts anything in any
 * more. NULL is fine. */
void reactor_free(struct reactor *reactor);

/* Any thread: tells it of a job, or of an order for itself, and wakes its sleeper if nobody is awake for it. */
void reactor_push(struct reactor *reactor, struct job *job, unsigned commands);
void reactor_order(struct reactor *reactor, unsigned orders);
/* A push in two steps: what was put is seen once somebody tells, or leads. */
void reactor_put(struct reactor *reactor, struct job *job, unsigned commands);
void reactor_tell(struct reactor *reactor);
/* Wakes its sleeper, driven or not. Where nobody drives nor watches the worker watches from here on. */
void reactor_wake(struct reactor *reactor);
/* Whether the worker is to notice what happens. Cheap when it is so already. */
void reactor_watch(struct reactor *reactor, bool watched);
/* The driver, before he lets go: it wants a worker's turn at due_ns, or earlier because it rests. Has it watched, unless
 * it rests. What it returns is the earlier one. */
int64_t reactor_settle(struct reactor *reactor, int64_t due_ns, int64_t now_ns);

/* Driving: take, turn, release. A turn never blocks. Release says whether there is work left: then take it again, or
 * wake its sleeper. */
bool reactor_try_take(struct reactor *reactor);
void reactor_turn(struct reactor *reactor);
/* The part of a turn behind epoll_wait(). Returns when it wants the next one although nothing happens. */
int64_t reactor_work(struct reactor *reactor, const struct epoll_event *events, int count);
bool reactor_release(struct reactor *reactor);

#endif
