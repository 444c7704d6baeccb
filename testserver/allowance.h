/* How much memory those requests may hold that have not been answered yet, all together: for the scripts that they bring
 * along and for the bodies that are kept. Loop's thread. */
#ifndef TESTSERVER_ALLOWANCE_H
#define TESTSERVER_ALLOWANCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct allowance {
    atomic_size_t limit; /* bytes; may be set by any thread, and below what is used */
    size_t used;         /* own */
};

/* False: there is not that much left, and nothing was taken. */
bool allowance_take(struct allowance *allowance, size_t bytes);

/* The same without looking at the limit. */
void allowance_take_anyway(struct allowance *allowance, size_t bytes);

/* Gives back what was taken. */
void allowance_give(struct allowance *allowance, size_t bytes);

#endif
