/* The hash table: chains, doubled when there are as many entries as buckets. See table.h. */
#include "table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const size_t bytes_limit = (size_t)256 << 20; /* of a table's texts */

uint64_t text_hash(const char *text) {
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *text; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    }
    return hash;
}

void table_init(struct table *table, size_t limit) {
    memset(table, 0, sizeof *table);
    table->limit = limit;
}

void table_clear(struct table *table, void (*release)(void *object)) {
    for (size_t i = 0; i < table->bucket_count; i++) {
        struct table_entry *entry = table->buckets[i];
        while (entry) {
            struct table_entry *next = entry->next;
            if (release) {
                release(entry->object);
            }
            free(entry);
            entry = next;
        }
    }
    if (table->share) {
        table->share->count -= table->count;
        table->share->bytes -= table->bytes;
    }
    free(table->buckets);
    *table = (struct table){.limit = table->limit, .share = table->share};
}

static struct table_entry **bucket_of(const struct table *table, uint64_t hash) {
    return &table->buckets[(hash ^ hash >> 32) & (table->bucket_count - 1)];
}

static struct table_entry *find_hashed(const struct table *table, const char *key, uint64_t hash) {
    if (!table->buckets) {
        return NULL;
    }
    for (struct table_entry *entry = *bucket_of(table, hash); entry; entry = entry->next) {
        if (entry->hash == hash && strcmp(entry->key, key) == 0) {
            return entry;
        }
    }
    return NULL;
}

struct table_entry *table_find(const struct table *table, const char *key) {
    if (!table->buckets) {
        return NULL;
    }
    return find_hashed(table, key, text_hash(key));
}

/* Twice as many buckets. Without memory the chains only get longer, unless there is no bucket at all. */
static void grow(struct table *table) {
    struct table larger = *table;
    larger.bucket_count = table->bucket_count ? table->bucket_count * 2 : 16;
    larger.buckets = calloc(larger.bucket_count, sizeof *larger.buckets);
    if (!larger.buckets) {
        return;
    }
    for (size_t i = 0; i < table->bucket_count; i++) {
        struct table_entry *entry = table->buckets[i];
        while (entry) {
            struct table_entry *next = entry->next;
            struct table_entry **bucket = bucket_of(&larger, entry->hash);
            entry->next = *bucket;
            *bucket = entry;
            entry = next;
        }
    }
    free(table->buckets);
    *table = larger;
}

static bool has_room(const struct table *table, size_t size) {
    const struct table_share *share = table->share;
    if (share && (share->count >= share->limit || size > share->bytes_limit - share->bytes)) {
        return false;
    }
    return table->count < table->limit && size <= bytes_limit - table->bytes;
}

static void count_in(struct table *table, size_t size) {
    table->count++;
    table->bytes += size;
    if (table->share) {
        table->share->count++;
        table->share->bytes += size;
    }
}

static void count_out(struct table *table, size_t size) {
    table->count--;
    table->bytes -= size;
    if (table->share) {
        table->share->count--;
        table->share->bytes -= size;
    }
}

struct table_entry *table_make(struct table *table, const char *key) {
    uint64_t hash = text_hash(key);
    struct table_entry *entry = find_hashed(table, key, hash);
    if (entry) {
        return entry;
    }
    size_t size = strlen(key) + 1;
    if (!has_room(table, size)) {
        return NULL;
    }
    if (table->count >= table->bucket_count) {
        grow(table);
    }
    entry = table->buckets ? malloc(sizeof *entry + size) : NULL;
    if (!entry) {
        return NULL;
    }
    struct table_entry **bucket = bucket_of(table, hash);
    *entry = (struct table_entry){.next = *bucket, .hash = hash};
    memcpy(entry->key, key, size);
    *bucket = entry;
    count_in(table, size);
    return entry;
}

void table_remove(struct table *table, const char *key) {
    if (!table->buckets) {
        return;
    }
    uint64_t hash = text_hash(key);
    for (struct table_entry **link = bucket_of(table, hash); *link; link = &(*link)->next) {
        struct table_entry *entry = *link;
        if (entry->hash == hash && strcmp(entry->key, key) == 0) {
            *link = entry->next;
            count_out(table, strlen(entry->key) + 1);
            free(entry);
            return;
        }
    }
}

struct table_entry *table_next(const struct table *table, const struct table_entry *entry) {
    size_t bucket = 0;
    if (entry) {
        if (entry->next) {
            return entry->next;
        }
        bucket = (size_t)(bucket_of(table, entry->hash) - table->buckets) + 1;
    }
    for (; bucket < table->bucket_count; bucket++) {
        if (table->buckets[bucket]) {
            return table->buckets[bucket];
        }
    }
    return NULL;
}
