/* A list of waiting requests for each path that some wait for. See barrier.h. */
#include "barrier.h"

#include "conduct.h"

#include <stdlib.h>

struct barrier {
    struct exchange *first, *last;
    uint64_t lowest; /* number of hits that anybody in the list waits for */
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

bool barrier_add(struct table *barriers, struct exchange *exchange) {
    struct barrier *barrier = make(barriers, exchange->choice->hold_path);
    if (!barrier) {
        return false;
    }
    uint64_t wanted = exchange->choice->hold_hits;
    if (!barrier->first || wanted < barrier->lowest) {
        barrier->lowest = wanted;
    }
    exchange->holds = true;
    exchange->hold_next = NULL;
    exchange->hold_previous = barrier->last;
    if (barrier->last) {
        barrier->last->hold_next = exchange;
    } else {
        barrier->first = exchange;
    }
    barrier->last = exchange;
    return true;
}

static void unlink_from(struct barrier *barrier, struct exchange *exchange) {
    if (exchange->hold_previous) {
        exchange->hold_previous->hold_next = exchange->hold_next;
    } else {
        barrier->first = exchange->hold_next;
    }
    if (exchange->hold_next) {
        exchange->hold_next->hold_previous = exchange->hold_previous;
    } else {
        barrier->last = exchange->hold_previous;
    }
    exchange->holds = false;
}

void barrier_remove(struct table *barriers, struct exchange *exchange) {
    if (!exchange->holds) {
        return;
    }
    struct barrier *barrier = find(barriers, exchange->choice->hold_path);
    if (barrier) {
        unlink_from(barrier, exchange);
    }
}

void barrier_hit(struct table *barriers, const char *path, uint64_t hits) {
    struct barrier *barrier = find(barriers, path);
    if (!barrier || !barrier->first || hits < barrier->lowest) {
        return;
    }
    uint64_t lowest = UINT64_MAX;
    struct exchange *next;
    for (struct exchange *exchange = barrier->first; exchange; exchange = next) {
        next = exchange->hold_next;
        uint64_t wanted = exchange->choice->hold_hits;
        if (wanted <= hits) {
            unlink_from(barrier, exchange);
            conduct_released(exchange);
        } else if (wanted < lowest) {
            lowest = wanted;
        }
    }
    barrier->lowest = lowest;
}

void barriers_fini(struct table *barriers) {
    table_clear(barriers, free);
}
