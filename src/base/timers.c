/* The heap: heap[0] is due first, and the children of place p (from 1) are at 2p and 2p + 1. One thread at a time. */
#include "base/timers.h"

#include "base/size_math.h"
#include "base/time_math.h"

#define FIRST_CAPACITY 16

void timers_init(struct timers *timers, const struct env *env) {
    *timers = (struct timers){.env = env};
}

void timers_init_in(struct timers *timers, struct timer **room, size_t capacity) {
    *timers = (struct timers){.heap = room, .capacity = capacity};
}

void timers_fini(struct timers *timers) {
    env_release(timers->env, timers->heap);
    timers_init(timers, timers->env);
}

bool timers_reserve(struct timers *timers, size_t count) {
    if (count <= timers->capacity)
        return true;
    size_t capacity = size_grow(timers->capacity, FIRST_CAPACITY, count, SIZE_MAX / sizeof(struct timer *));
    if (capacity == 0)
        return false;
    struct timer **heap = env_resize(timers->env, timers->heap, capacity * sizeof(struct timer *));
    if (!heap)
        return false;
    timers->heap = heap;
    timers->capacity = capacity;
    return true;
}

static struct timer *timer_at(const struct timers *timers, size_t place) {
    return timers->heap[place - 1];
}

static void put(struct timers *timers, struct timer *timer, size_t place) {
    timers->heap[place - 1] = timer;
    timer->place = place;
}

/* Puts a timer at a place that is free, or as far above it as it belongs. */
static void put_up_from(struct timers *timers, struct timer *timer, size_t place) {
    while (place > 1 && timer->due_ns < timer_at(timers, place / 2)->due_ns) {
        put(timers, timer_at(timers, place / 2), place);
        place /= 2;
    }
    put(timers, timer, place);
}

/* Puts a timer at a place that is free, or as far below it as it belongs. */
static void put_down_from(struct timers *timers, struct timer *timer, size_t place) {
    while (place <= timers->count / 2) {
        size_t child = place * 2;
        if (child < timers->count && timer_at(timers, child + 1)->due_ns < timer_at(timers, child)->due_ns)
            child++;
        if (timer->due_ns <= timer_at(timers, child)->due_ns)
            break;
        put(timers, timer_at(timers, child), place);
        place = child;
    }
    put(timers, timer, place);
}

static void put_from(struct timers *timers, struct timer *timer, size_t place) {
    put_up_from(timers, timer, place);
    if (timer->place == place)
        put_down_from(timers, timer, place);
}

void timers_set(struct timers *timers, struct timer *timer, int64_t due_ns) {
    timer->due_ns = due_ns;
    if (timer->place == 0)
        put_up_from(timers, timer, ++timers->count);
    else
        put_from(timers, timer, timer->place);
}

void timers_clear(struct timers *timers, struct timer *timer) {
    size_t place = timer->place;
    if (place == 0)
        return;
    timer->place = 0;
    struct timer *last = timer_at(timers, timers->count--);
    if (last != timer)
        put_from(timers, last, place);
}

struct timer *timers_take_due(struct timers *timers, int64_t now_ns) {
    if (timers->count == 0 || timer_at(timers, 1)->due_ns > now_ns)
        return NULL;
    struct timer *due = timer_at(timers, 1);
    timers_clear(timers, due);
    return due;
}

int64_t timers_next_ns(const struct timers *timers) {
    return timers->count > 0 ? timer_at(timers, 1)->due_ns : TIME_NEVER;
}
