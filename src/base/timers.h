/* A binary heap of timers: who is due next. The timers are part of their owners; the heap holds pointers. Among those
 * due at the same instant there is no order. One thread at a time. */
#ifndef BASE_TIMERS_H
#define BASE_TIMERS_H

#include "base/env.h"
#include <stdbool.h>

struct timer {
    int64_t due_ns;
    size_t place; /* 1-based place in the heap; 0: not set, and so it must start */
};

struct timers {
    const struct env *env;
    struct timer **heap;
    size_t count, capacity;
};

void timers_init(struct timers *timers, const struct env *env);
/* With the owner's room for that many, which it never outgrows; needs no end. */
void timers_init_in(struct timers *timers, struct timer **room, size_t capacity);
void timers_fini(struct timers *timers);
/* Makes room for that many in all, so that timers_set() cannot fail; false: no memory. */
bool timers_reserve(struct timers *timers, size_t count);
/* Sets or moves it; room must have been reserved. */
void timers_set(struct timers *timers, struct timer *timer, int64_t due_ns);
void timers_clear(struct timers *timers, struct timer *timer); /* harmless when it is not set */
/* Takes off the one that is due first if its time has come, else NULL. */
struct timer *timers_take_due(struct timers *timers, int64_t now_ns);
int64_t timers_next_ns(const struct timers *timers); /* TIME_NEVER when empty */

#endif
