/* A crowd of threads that run one function each and are joined. For tests: aborts when a thread cannot be made. */
#ifndef SUPPORT_CROWD_H
#define SUPPORT_CROWD_H

#include <stddef.h>

typedef void crowd_fn(void *shared, size_t i);

struct crowd;

struct crowd *crowd_start(size_t n, crowd_fn *function, void *shared);
void crowd_join(struct crowd *crowd); /* and frees it */

#endif
