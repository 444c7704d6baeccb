/* The table of origins: a record for each, found by its name. One that nobody refers to is kept for a while, the
 * least recently used goes first. The table brings the one leaf lock that its owner works under; memory is taken and
 * given back outside of it. */
#ifndef ORIGIN_ORIGINS_H
#define ORIGIN_ORIGINS_H

#include "base/env.h"
#include "base/list.h"
#include "base/sync.h"

/* First member of what its owner keeps for an origin; the rest begins as zeros. */
struct origin {
    struct list link; /* in its bucket */
    struct list rest; /* among those that nobody refers to */
    uint64_t hash;
    const char *name;
};

struct origins {
    /* fixed */
    const struct env *env;
    size_t record_size, bucket_count, kept;

    /* shared, under lock */
    struct mutex lock;
    struct list *buckets;
    struct list resting; /* least recently used first */
    size_t resting_count;
    struct list dropped; /* to be released once the lock is */
};

/* expected: how many origins at most, for the number of buckets; kept: how many that nobody refers to. False: no
 * memory. */
bool origins_init(struct origins *origins, const struct env *env, size_t record_size, size_t expected, size_t kept);
void origins_fini(struct origins *origins); /* none may be referred to */

void origins_lock(struct origins *origins);
void origins_unlock(struct origins *origins);
/* An origin's record, referred to from here on; made where there is none, and for that the lock is let go of for a
 * moment. NULL: no memory. */
struct origin *origins_find_locked(struct origins *origins, const char *name);
/* Nobody refers to it any more. */
void origins_rest_locked(struct origins *origins, struct origin *origin);

#endif
