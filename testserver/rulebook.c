/* Scripts in force. See rulebook.h. */
#include "rulebook.h"

#include <stdlib.h>
#include <string.h>

static const size_t path_limit = 100000;
static const size_t key_limit = 1000000;                 /* over all scripts */
static const size_t key_bytes_limit = (size_t)256 << 20; /* the same */

bool rulebook_init(struct rulebook *rules) {
    table_init(&rules->paths, path_limit);
    table_init(&rules->asked, SIZE_MAX);
    rules->keys = (struct table_share){.limit = key_limit, .bytes_limit = key_bytes_limit};
    rules->asked.share = &rules->keys;
    rules->changes = 0;
    atomic_init(&rules->any, false);
    return pthread_mutex_init(&rules->lock, NULL) == 0;
}

static void release_object(void *object) {
    rule_release(object);
}

void rulebook_fini(struct rulebook *rules) {
    table_clear(&rules->paths, release_object);
    table_clear(&rules->asked, NULL);
    pthread_mutex_destroy(&rules->lock);
}

struct rule *rule_new(struct script *script) {
    struct rule *rule = calloc(1, sizeof *rule);
    if (!rule) {
        script_free(script);
        return NULL;
    }
    atomic_init(&rule->holders, 1);
    atomic_init(&rule->replaced, false);
    table_init(&rule->hits, SIZE_MAX);
    rule->script = script;
    return rule;
}

void rule_release(struct rule *rule) {
    if (!rule || atomic_fetch_sub_explicit(&rule->holders, 1, memory_order_acq_rel) != 1) {
        return;
    }
    script_free(rule->script);
    if (rule->rules) {
        pthread_mutex_lock(&rule->rules->lock); /* what it gives back is shared */
        table_clear(&rule->hits, NULL);
        pthread_mutex_unlock(&rule->rules->lock);
    }
    free(rule->path);
    free(rule);
}

static struct rule *path_rule_new(struct rulebook *rules, const char *path, struct script *script) {
    struct rule *rule = rule_new(script);
    if (!rule) {
        return NULL;
    }
    rule->path = strdup(path);
    if (!rule->path) {
        rule_release(rule);
        return NULL;
    }
    rule->rules = rules;
    rule->hits.share = &rules->keys;
    return rule;
}

insist_err rulebook_set(struct rulebook *rules, const char *path, struct script *script) {
    struct rule *rule = script ? path_rule_new(rules, path, script) : NULL;
    if (script && !rule) {
        return INSIST_ENOMEM;
    }
    pthread_mutex_lock(&rules->lock);
    atomic_store(&rules->any, true);
    rules->changes++;
    struct table_entry *entry = rule ? table_make(&rules->paths, path) : table_find(&rules->paths, path);
    struct rule *replaced = entry ? entry->object : NULL;
    if (replaced) {
        atomic_store(&replaced->replaced, true);
    }
    if (entry && rule) {
        entry->object = rule;
    } else if (entry) {
        table_remove(&rules->paths, path);
    }
    pthread_mutex_unlock(&rules->lock);
    rule_release(replaced);
    if (rule && !entry) {
        rule_release(rule);
        return INSIST_ENOMEM;
    }
    return INSIST_OK;
}

struct rule *rulebook_find(struct rulebook *rules, const char *path) {
    if (!atomic_load(&rules->any)) {
        return NULL;
    }
    pthread_mutex_lock(&rules->lock);
    const struct table_entry *entry = table_find(&rules->paths, path);
    struct rule *rule = entry ? entry->object : NULL;
    if (rule) {
        atomic_fetch_add_explicit(&rule->holders, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&rules->lock);
    return rule;
}

const char *rule_draw_key(const struct rule *rule, const char *key, const char *target) {
    if (key) {
        return key;
    }
    return rule->path ? rule->path : target;
}

/* Keys and targets lie in one table: a first letter keeps them apart. */
static bool count_locked(struct table *table, char kind, const char *name, uint64_t *hit) {
    size_t size = strlen(name) + 2;
    char *key = malloc(size);
    if (!key) {
        return false;
    }
    key[0] = kind;
    memcpy(key + 1, name, size - 1);
    struct table_entry *entry = table_make(table, key);
    free(key);
    if (!entry) {
        return false;
    }
    *hit = entry->number++;
    return true;
}

bool rulebook_hit(struct rulebook *rules, struct rule *rule, const char *key, const char *target, uint64_t *hit) {
    pthread_mutex_lock(&rules->lock);
    struct table *table = rule->path ? &rule->hits : &rules->asked;
    bool counted = count_locked(table, key ? 'k' : 't', rule_draw_key(rule, key, target), hit);
    pthread_mutex_unlock(&rules->lock);
    return counted;
}

uint64_t rulebook_changes(struct rulebook *rules) {
    pthread_mutex_lock(&rules->lock);
    uint64_t changes = rules->changes;
    pthread_mutex_unlock(&rules->lock);
    return changes;
}

size_t rulebook_count(struct rulebook *rules) {
    pthread_mutex_lock(&rules->lock);
    size_t count = rules->paths.count;
    pthread_mutex_unlock(&rules->lock);
    return count;
}

void rulebook_reset(struct rulebook *rules) {
    pthread_mutex_lock(&rules->lock);
    table_clear(&rules->asked, NULL);
    struct table_entry *entry = NULL;
    while ((entry = table_next(&rules->paths, entry)) != NULL) {
        struct rule *rule = entry->object;
        table_clear(&rule->hits, NULL);
    }
    pthread_mutex_unlock(&rules->lock);
}

void rulebook_each(struct rulebook *rules, void (*each)(void *ctx, const char *path, const char *text), void *ctx) {
    pthread_mutex_lock(&rules->lock);
    const struct table_entry *entry = NULL;
    while ((entry = table_next(&rules->paths, entry)) != NULL) {
        const struct rule *rule = entry->object;
        each(ctx, entry->key, rule->script->text);
    }
    pthread_mutex_unlock(&rules->lock);
}
