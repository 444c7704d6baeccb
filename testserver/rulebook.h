/* The scripts in force, and where every key stands in them. Set by any thread, followed by the loop's: all under one
 * lock, which is a leaf. */
#ifndef TESTSERVER_RULEBOOK_H
#define TESTSERVER_RULEBOOK_H

#include "script.h"
#include "table.h"

#include <pthread.h>
#include <stdatomic.h>

/* A script with the hits that it has had. */
struct rule {
    atomic_uint holders;
    atomic_bool replaced;   /* it is not its path's script any more */
    struct script *script;  /* fixed */
    char *path;             /* fixed; NULL: it came with the request as ?do= */
    struct rulebook *rules; /* fixed; NULL as path is */
    struct table hits;      /* of a path's script, by key; under the rules' lock */
};

struct rulebook {
    pthread_mutex_t lock;
    struct table paths;      /* path to rule */
    struct table asked;      /* hits of all ?do= scripts, by key, or by path and query */
    uint64_t changes;        /* of the scripts in force */
    struct table_share keys; /* of asked, and of the hits of all rules */

    /* atomic, written under lock */
    atomic_bool any; /* a path has had a script: until then finding one needs no lock */
};

bool rulebook_init(struct rulebook *rules);
void rulebook_fini(struct rulebook *rules);

/* Consumes script, also when there is no memory. NULL as script: path has none any more. */
insist_err rulebook_set(struct rulebook *rules, const char *path, struct script *script);

/* The rule of path, held for the caller; NULL: none. */
struct rule *rulebook_find(struct rulebook *rules, const char *path);

/* A rule for a script that came with its request; consumes script. NULL: no memory. */
struct rule *rule_new(struct script *script);
void rule_release(struct rule *rule); /* NULL is allowed */

/* Counts a hit; *hit is which it is, from 0. `key` is the request's, or NULL; `target` its path and query. False: no
 * further key can be counted. */
bool rulebook_hit(struct rulebook *rules, struct rule *rule, const char *key, const char *target, uint64_t *hit);

/* What the draws of such a hit start from. */
const char *rule_draw_key(const struct rule *rule, const char *key, const char *target);

/* How often a script has been set or removed. */
uint64_t rulebook_changes(struct rulebook *rules);

/* How many paths have one. */
size_t rulebook_count(struct rulebook *rules);

/* Every script begins again. */
void rulebook_reset(struct rulebook *rules);

/* For lists: calls each(ctx, path, text) under the lock. */
void rulebook_each(struct rulebook *rules, void (*each)(void *ctx, const char *path, const char *text), void *ctx);

#endif
