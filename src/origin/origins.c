/* A hash table with chains, of a fixed number of buckets. Any thread; under the table's own lock. */
#include "origin/origins.h"

#include <string.h>

#define BUCKETS_LEAST 16
#define BUCKETS_MOST 1024
#define CHAIN 8 /* records in a bucket, when there are as many as expected */

bool origins_init(struct origins *origins, const struct env *env, size_t record_size, size_t expected, size_t kept) {
    *origins = (struct origins){.env = env, .record_size = record_size, .bucket_count = BUCKETS_LEAST, .kept = kept};
    while (origins->bucket_count < expected / CHAIN && origins->bucket_count < BUCKETS_MOST)
        origins->bucket_count *= 2;
    origins->buckets = env_alloc(env, origins->bucket_count * sizeof(*origins->buckets));
    if (!origins->buckets)
        return false;
    if (!mutex_init(&origins->lock)) {
        env_release(env, origins->buckets);
        return false;
    }
    for (size_t i = 0; i < origins->bucket_count; i++)
        list_init(&origins->buckets[i]);
    list_init(&origins->resting);
    list_init(&origins->dropped);
    return true;
}

static void release_all(const struct env *env, struct list *dropped) {
    struct list *link;
    while ((link = list_take_first(dropped)))
        env_release(env, LIST_ENTRY(link, struct origin, link));
}

void origins_fini(struct origins *origins) {
    for (size_t i = 0; i < origins->bucket_count; i++)
        release_all(origins->env, &origins->buckets[i]);
    release_all(origins->env, &origins->dropped);
    mutex_fini(&origins->lock);
    env_release(origins->env, origins->buckets);
}

void origins_lock(struct origins *origins) {
    mutex_lock(&origins->lock);
}

void origins_unlock(struct origins *origins) {
    struct list dropped;
    if (list_empty(&origins->dropped)) {
        mutex_unlock(&origins->lock);
        return;
    }
    list_init(&dropped);
    list_move_all(&origins->dropped, &dropped);
    mutex_unlock(&origins->lock);
    release_all(origins->env, &dropped);
}

/* The multiplication spreads each bit upwards, the shift brings it down again. */
static uint64_t stir(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

/* Eight bytes at a time: each call looks its origin up in several tables. */
static uint64_t hash_of(const char *name) {
    size_t left = strlen(name);
    uint64_t hash = left, word;
    for (; left >= sizeof word; left -= sizeof word, name += sizeof word) {
        memcpy(&word, name, sizeof word);
        hash = stir(hash, word);
    }
    word = 0;
    memcpy(&word, name, left);
    return stir(stir(hash, word), 0);
}

static struct list *bucket_of(struct origins *origins, uint64_t hash) {
    return &origins->buckets[hash & (origins->bucket_count - 1)];
}

static struct origin *look_up_locked(struct origins *origins, const char *name, uint64_t hash) {
    struct list *bucket = bucket_of(origins, hash);
    for (struct list *link = bucket->next; link != bucket; link = link->next) {
        struct origin *origin = LIST_ENTRY(link, struct origin, link);
        if (origin->hash != hash || strcmp(origin->name, name) != 0)
            continue;
        if (!list_empty(&origin->rest)) {
            list_remove(&origin->rest);
            origins->resting_count--;
        }
        return origin;
    }
    return NULL;
}

static struct origin *make(const struct origins *origins, const char *name, uint64_t hash) {
    size_t size = strlen(name) + 1;
    char *memory = env_alloc(origins->env, origins->record_size + size);
    if (!memory)
        return NULL;

    struct origin *origin = (struct origin *)(void *)memory;
    origin->name = memcpy(memory + origins->record_size, name, size);
    origin->hash = hash;
    list_init(&origin->link);
    list_init(&origin->rest);
    return origin;
}

struct origin *origins_find_locked(struct origins *origins, const char *name) {
    uint64_t hash = hash_of(name);
    struct origin *origin = look_up_locked(origins, name, hash);
    if (origin)
        return origin;

    mutex_unlock(&origins->lock);
    struct origin *made = make(origins, name, hash);
    mutex_lock(&origins->lock);
    origin = look_up_locked(origins, name, hash); /* somebody else may have been faster */
    if (made)
        list_append(origin ? &origins->dropped : bucket_of(origins, hash), &made->link);
    return origin ? origin : made;
}

void origins_rest_locked(struct origins *origins, struct origin *origin) {
    list_append(&origins->resting, &origin->rest);
    if (++origins->resting_count <= origins->kept)
        return;

    struct origin *oldest = LIST_ENTRY(list_take_first(&origins->resting), struct origin, rest);
    origins->resting_count--;
    list_remove(&oldest->link);
    list_append(&origins->dropped, &oldest->link);
}
