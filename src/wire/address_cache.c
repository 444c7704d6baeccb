/* A table that is searched from end to end: it is small, and hashes are compared before names. One thread at a time. */
#include "wire/address_cache.h"

#include <string.h>

bool address_cache_init(struct address_cache *cache, const struct env *env) {
    *cache = (struct address_cache){.names = env_alloc(env, ADDRESS_CACHE_NAMES * sizeof(*cache->names))};
    return cache->names != NULL;
}

void cached_name_release(struct cached_name *name, const struct env *env) {
    env_release(env, name->host);
    addresses_release(name->addresses);
}

void address_cache_fini(struct address_cache *cache, const struct env *env) {
    for (size_t i = 0; i < cache->count; i++)
        cached_name_release(&cache->names[i], env);
    env_release(env, cache->names);
}

/* FNV-1a, 64 bits. */
static uint64_t hash_of(const char *host) {
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *host != '\0'; host++)
        hash = (hash ^ (unsigned char)*host) * UINT64_C(1099511628211);
    return hash;
}

static struct cached_name *search(const struct address_cache *cache, const char *host, uint64_t hash) {
    for (size_t i = 0; i < cache->count; i++)
        if (cache->names[i].hash == hash && strcmp(cache->names[i].host, host) == 0)
            return &cache->names[i];
    return NULL;
}

enum cache_answer address_cache_find(struct address_cache *cache, const char *host, int64_t now_ns,
                                     struct addresses **addresses) {
    struct cached_name *name = search(cache, host, hash_of(host));
    *addresses = NULL;
    if (!name)
        return CACHE_UNKNOWN;
    int64_t age_ns = now_ns - name->at_ns;
    name->used = ++cache->questions;
    if (!name->addresses)
        return age_ns < ADDRESS_CACHE_MISSING_NS ? CACHE_MISSING : CACHE_UNKNOWN;
    if (age_ns >= ADDRESS_CACHE_STALE_NS)
        return CACHE_UNKNOWN;
    *addresses = name->addresses;
    return age_ns < ADDRESS_CACHE_FRESH_NS ? CACHE_FRESH : CACHE_STALE;
}

static struct cached_name *least_recently_used(const struct address_cache *cache) {
    struct cached_name *oldest = &cache->names[0];
    for (size_t i = 1; i < cache->count; i++)
        if (cache->names[i].used < oldest->used)
            oldest = &cache->names[i];
    return oldest;
}

void address_cache_put(struct address_cache *cache, char *host, struct addresses *addresses, int64_t now_ns,
                       struct cached_name *gone) {
    uint64_t hash = hash_of(host);
    struct cached_name *place = search(cache, host, hash);
    if (!place && cache->count < ADDRESS_CACHE_NAMES)
        place = &cache->names[cache->count++];
    if (!place)
        place = least_recently_used(cache);
    *gone = *place;
    *place = (struct cached_name){
        .hash = hash, .used = ++cache->questions, .at_ns = now_ns, .host = host, .addresses = addresses};
}
