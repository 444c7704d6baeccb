/* What names stood for: a bounded table without a lock. The caller locks; it hands memory in and gets back what is
 * to be released, so that nothing is allocated or freed under its lock. */
#ifndef WIRE_ADDRESS_CACHE_H
#define WIRE_ADDRESS_CACHE_H

#include "wire/addresses.h"
#include <stdint.h>

#define ADDRESS_CACHE_NAMES 512
#define ADDRESS_CACHE_FRESH_NS INT64_C(60000000000)
#define ADDRESS_CACHE_STALE_NS INT64_C(600000000000) /* since they were found */
#define ADDRESS_CACHE_MISSING_NS INT64_C(1000000000) /* how long a name that does not exist is not asked for again */

struct cached_name {
    uint64_t hash;
    uint64_t used; /* when it was asked for last, counted in questions */
    int64_t at_ns;
    char *host;
    struct addresses *addresses; /* NULL: the name does not exist */
};

struct address_cache {
    struct cached_name *names;
    size_t count;
    uint64_t questions;
};

enum cache_answer {
    CACHE_UNKNOWN,
    CACHE_FRESH,
    CACHE_STALE,  /* only if nothing better can be had */
    CACHE_MISSING /* does not exist */
};

bool address_cache_init(struct address_cache *cache, const struct env *env); /* false: no memory */
void address_cache_fini(struct address_cache *cache, const struct env *env);
/* *addresses: the cache's own reference, NULL unless fresh or stale. */
enum cache_answer address_cache_find(struct address_cache *cache, const char *host, int64_t now_ns,
                                     struct addresses **addresses);
/* Takes host and addresses (NULL: does not exist) over. What goes for it, the least recently used name when the
 * table is full, is left in *gone. */
void address_cache_put(struct address_cache *cache, char *host, struct addresses *addresses, int64_t now_ns,
                       struct cached_name *gone);
void cached_name_release(struct cached_name *name, const struct env *env); /* a zeroed one is fine */

#endif
