/* A binary heap whose elements know their place in it. See alarms.h. */
#include "alarms.h"

#include <stdlib.h>
#include <string.h>

void alarms_init(struct alarms *alarms) {
    memset(alarms, 0, sizeof *alarms);
}

void alarms_fini(struct alarms *alarms) {
    free(alarms->heap);
    alarms_init(alarms);
}

static bool before(const struct alarm *a, const struct alarm *b) {
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void put(struct alarms *alarms, size_t index, struct alarm *alarm) {
    alarms->heap[index] = alarm;
    alarm->place = index + 1;
}

static void sift_up(struct alarms *alarms, size_t index, struct alarm *alarm) {
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (!before(alarm, alarms->heap[parent])) {
            break;
        }
        put(alarms, index, alarms->heap[parent]);
        index = parent;
    }
    put(alarms, index, alarm);
}

static void sift_down(struct alarms *alarms, size_t index, struct alarm *alarm) {
    for (;;) {
        size_t child = index * 2 + 1;
        if (child >= alarms->count) {
            break;
        }
        if (child + 1 < alarms->count && before(alarms->heap[child + 1], alarms->heap[child])) {
            child++;
        }
        if (!before(alarms->heap[child], alarm)) {
            break;
        }
        put(alarms, index, alarms->heap[child]);
        index = child;
    }
    put(alarms, index, alarm);
}

bool alarms_set(struct alarms *alarms, struct alarm *alarm, uint64_t due_ns) {
    alarms_clear(alarms, alarm);
    if (alarms->count == alarms->room) {
        size_t room = alarms->room ? alarms->room * 2 : 64;
        struct alarm **heap = realloc(alarms->heap, room * sizeof(struct alarm *));
        if (!heap) {
            return false;
        }
        alarms->heap = heap;
        alarms->room = room;
    }
    alarm->due_ns = due_ns;
    alarm->order = alarms->next_order++;
    sift_up(alarms, alarms->count++, alarm);
    return true;
}

void alarms_clear(struct alarms *alarms, struct alarm *alarm) {
    if (alarm->place == 0) {
        return;
    }
    size_t index = alarm->place - 1;
    alarm->place = 0;
    struct alarm *last = alarms->heap[--alarms->count];
    if (last == alarm) {
        return;
    }
    if (index > 0 && before(last, alarms->heap[(index - 1) / 2])) {
        sift_up(alarms, index, last);
    } else {
        sift_down(alarms, index, last);
    }
}

uint64_t alarms_next_ns(const struct alarms *alarms) {
    return alarms->count ? alarms->heap[0]->due_ns : UINT64_MAX;
}

struct alarm *alarms_take_due(struct alarms *alarms, uint64_t now_ns) {
    if (alarms_next_ns(alarms) > now_ns) {
        return NULL;
    }
    struct alarm *first = alarms->heap[0];
    alarms_clear(alarms, first);
    return first;
}
