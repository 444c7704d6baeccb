/* A list of waiters for each path that some wait for. See barrier.h. */
#include "barrier.h"

#include <stdlib.h>

struct barrier {
    struct waiter *first, *last;
    uint64_t lowest; /* number of hits that anybody in the list waits for */
    bool telling;    /* barrier_hit() goes through the list */
};

static struct barrier *find(const struct table *barriers, const char *path) {
    const struct table_entry *entry = table_find(barriers, path);
    return entry ? entry->object : NULL;
}

static struct barrier *make(struct table *barriers, const char *path) {
    struct table_entry *entry = table_make(barriers, path);
    if (entry && !entry->object) {
        entry->object = calloc(1, sizeof(struct barrier));
        if (!entry->object) {
            table_remove(barriers, path);
            return NULL;
        }
    }
    return entry ? entry->object : NULL;
}

bool barrier_add(struct table *barriers, struct waiter *waiter, const char *path, uint64_t hits) {
    struct barrier *barrier = make(barriers, path);
    if (!barrier) {
        return false;
    }
    if (!barrier->first || hits < barrier->lowest) {
        barrier->lowest = hits;
    }
    waiter->path = path;
    waiter->hits = hits;
    waiter->waits = true;
    waiter->next = NULL;
    waiter->previous = barrier->last;
    if (barrier->last) {
        barrier->last->next = waiter;
    } else {
        barrier->first = waiter;
    }
    barrier->last = waiter;
    return true;
}

static void remove_if_empty(struct table *barriers, struct barrier *barrier, const char *path) {
    if (!barrier->first && !barrier->telling) {
        table_remove(barriers, path);
        free(barrier);
    }
}

static void unlink_from(struct barrier *barrier, struct waiter *waiter) {
    if (waiter->previous) {
        waiter->previous->next = waiter->next;
    } else {
        barrier->first = waiter->next;
    }
    if (waiter->next) {
        waiter->next->previous = waiter->previous;
    } else {
        barrier->last = waiter->previous;
    }
    waiter->waits = false;
}

void barrier_remove(struct table *barriers, struct waiter *waiter) {
    if (!waiter->waits) {
        return;
    }
    struct barrier *barrier = find(barriers, waiter->path);
    if (barrier) {
        unlink_from(barrier, waiter);
        remove_if_empty(barriers, barrier, waiter->path);
    }
}

void barrier_hit(struct table *barriers, const char *path, uint64_t hits) {
    struct barrier *barrier = find(barriers, path);
    if (!barrier || hits < barrier->lowest) {
        return;
    }
    uint64_t lowest = UINT64_MAX;
    struct waiter *next;
    barrier->telling = true;
    for (struct waiter *waiter = barrier->first; waiter; waiter = next) {
        next = waiter->next;
        if (waiter->hits <= hits) {
            unlink_from(barrier, waiter);
            waiter->go_on(waiter);
        } else if (waiter->hits < lowest) {
            lowest = waiter->hits;
        }
    }
    barrier->lowest = lowest;
    barrier->telling = false;
    remove_if_empty(barriers, barrier, path);
}

void barriers_fini(struct table *barriers) {
    table_clear(barriers, free);
}
