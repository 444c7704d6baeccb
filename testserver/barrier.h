/* Requests that are held until a path has had so many hits. Loop's thread. */
#ifndef TESTSERVER_BARRIER_H
#define TESTSERVER_BARRIER_H

#include "table.h"

#include <stdbool.h>

struct exchange;

/* False: no memory. The exchange's choice says what it waits for. */
bool barrier_add(struct table *barriers, struct exchange *exchange);

/* Takes it out; nothing happens if it is not held. */
void barrier_remove(struct table *barriers, struct exchange *exchange);

/* path has had so many hits: those who waited for no more go on, first come first. */
void barrier_hit(struct table *barriers, const char *path, uint64_t hits);

void barriers_fini(struct table *barriers);

#endif
