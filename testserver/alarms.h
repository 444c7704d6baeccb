/* A heap of points in time, in nanoseconds. Pure: `now` is handed in. Equal times fire in the order in which they were
 * set. Belongs to the loop thread. */
#ifndef TESTSERVER_ALARMS_H
#define TESTSERVER_ALARMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct alarm {
    void (*fire)(struct alarm *alarm); /* fixed */
    void *owner;                       /* fixed */
    uint64_t due_ns;
    uint64_t order;
    size_t place; /* in the heap, from 1; 0 while not set */
};

struct alarms {
    struct alarm **heap; /* heap[0] is due first */
    size_t count;
    size_t room;
    uint64_t next_order;
};

void alarms_init(struct alarms *alarms);
void alarms_fini(struct alarms *alarms);

/* Sets alarm to due_ns (monotonic), or moves it there. False: no memory, and it is not set. */
bool alarms_set(struct alarms *alarms, struct alarm *alarm, uint64_t due_ns);

/* Takes it back; nothing happens if it is not set. */
void alarms_clear(struct alarms *alarms, struct alarm *alarm);

/* When the first falls due; UINT64_MAX for none. */
uint64_t alarms_next_ns(const struct alarms *alarms);

/* The first that is due at now_ns, taken out; NULL for none. */
struct alarm *alarms_take_due(struct alarms *alarms, uint64_t now_ns);

#endif
