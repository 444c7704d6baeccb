/* A transport without a wire: each job's tag says how it ends, what is called is counted, and what the reactor must not
 * do is noted. */
#ifndef FAKE_TRANSPORT_H
#define FAKE_TRANSPORT_H

#include "wire/transport.h"
#include <semaphore.h>
#include <signal.h>

/* A job's tag points to one of these. */
enum fake_way {
    FAKE_HELD,         /* until fake_answer() */
    FAKE_AT_ONCE,      /* within start */
    FAKE_BY_EVENT,     /* a descriptor of the transport becomes readable */
    FAKE_BY_TIME,      /* half a millisecond later */
    FAKE_BLOCKS,       /* its start blocks the driver until the gate is posted */
    FAKE_SLOW_TO_STOP, /* held; a stop only takes effect with fake_answer() */
};
extern enum fake_way fake_ways[6]; /* each holds its own number */

#define FAKE_TRANSPORTS 64

/* All transports of a pool. */
struct fake_wire {
    int refuse_from; /* the transport of this number and later ones cannot be made; -1: all can */
    int made;
    struct transport_host hosts[FAKE_TRANSPORTS];
    /* atomics */
    atomic_int started, answered, stopped, resolved, read_on, idle_closed, freed;
    atomic_int answering; /* threads inside fake_answer() */
    atomic_int wrong;     /* two drivers at once, or a call out of its phase */
    sem_t entered;        /* posted by each start, stop and read_on */
    sem_t gate;           /* FAKE_BLOCKS waits for it */
    sem_t idle;           /* posted by each close_idle */
    /* of the first start; read after `entered` */
    char thread_name[16];
    sigset_t blocked;
};

void fake_wire_init(struct fake_wire *wire);
void fake_wire_fini(struct fake_wire *wire);
struct transport *fake_transport_new(void *wire, const struct transport_host *host); /* a transport_new_fn */

/* Any thread: a job that is held gets its answer, on its reactor. */
void fake_answer(struct fake_wire *wire, struct job *job);

#endif
