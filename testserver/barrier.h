/* Those who wait until a path has had so many hits. Each is told by its own function when the time has come. Pure;
 * loop's thread. */
#ifndef TESTSERVER_BARRIER_H
#define TESTSERVER_BARRIER_H

#include "table.h"

#include <stdbool.h>

struct waiter {
    void (*go_on)(struct waiter *waiter); /* fixed */
    void *owner;                          /* fixed */
    const char *path;                     /* what it waits for, while it waits */
    uint64_t hits;
    struct waiter *next, *previous; /* for the same path, first come first */
    bool waits;
};

/* waiter waits from now on; path must stay until it waits no more. False: no memory, or the table is full. A path is in
 * the table for as long as somebody waits for it. */
bool barrier_add(struct table *barriers, struct waiter *waiter, const char *path, uint64_t hits);

/* Takes it out; nothing happens if it does not wait. */
void barrier_remove(struct table *barriers, struct waiter *waiter);

/* path has had so many hits: those who waited for no more go on, first come first. */
void barrier_hit(struct table *barriers, const char *path, uint64_t hits);

void barriers_fini(struct table *barriers);

#endif
