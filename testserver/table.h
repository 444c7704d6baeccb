/* A hash table from texts to a number and an object. Pure; bounded, in entries and in the bytes of its texts; whoever
 * shares one locks. Several tables may have one limit in common. */
#ifndef TESTSERVER_TABLE_H
#define TESTSERVER_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table_entry {
    struct table_entry *next;
    uint64_t hash;
    uint64_t number;
    void *object;
    char key[];
};

/* What several tables have room for together. */
struct table_share {
    size_t limit, bytes_limit; /* entries, and bytes of their texts */
    size_t count, bytes;
};

struct table {
    struct table_entry **buckets; /* a power of two of them, or NULL */
    size_t bucket_count;
    size_t count;
    size_t limit;              /* entries at most */
    size_t bytes;              /* of the texts */
    struct table_share *share; /* NULL: none */
};

void table_init(struct table *table, size_t limit);

/* Frees every entry, after release(object) where release is not NULL. The table can be used again. */
void table_clear(struct table *table, void (*release)(void *object));

/* The entry of key, or NULL. */
struct table_entry *table_find(const struct table *table, const char *key);

/* The same, made where there is none, with number 0 and object NULL. NULL: no memory, or the limit. */
struct table_entry *table_make(struct table *table, const char *key);

/* Takes key's entry out; its object is the caller's to release first. */
void table_remove(struct table *table, const char *key);

/* The entry after `entry` in no particular order, the first after NULL; NULL at the end. */
struct table_entry *table_next(const struct table *table, const struct table_entry *entry);

/* FNV-1a of 64 bits: also what the draws start from. */
uint64_t text_hash(const char *text);

#endif
