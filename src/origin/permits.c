/* Permits: a count for the client and one for each origin, and a queue for each origin whose members are numbered,
 * so that the oldest of all that can use the room gets it. Nobody waits while there is room for it: it was granted
 * when the room was given back. */
#include "origin/permits.h"

#include "origin/origins.h"
#include <stdatomic.h>

#define ORIGINS_KEPT 64 /* that nobody is in flight to: the next attempt finds its record there */

struct permit_origin {
    struct origin origin;
    struct list crowded; /* among those that somebody waits for */
    struct list queue;   /* of permit.link, by ticket */
    unsigned in_flight, hedges;
};

struct permits {
    /* fixed */
    const struct env *env;
    struct permit_limits limits;

    /* shared, under the lock of origins */
    struct origins origins;
    struct list crowded; /* of permit_origin.crowded */
    uint64_t next_ticket;
    unsigned in_flight, hedges, waiting;

    /* atomics */
    /* for those who only want to know roughly. Written under the lock */
    atomic_uint busy; /* in_flight and waiting */
    atomic_bool short_of_room;
};

insist_err permits_new(const struct env *env, const struct permit_limits *limits, struct permits **out) {
    struct permits *permits = env_alloc(env, sizeof(*permits));
    if (!permits)
        return INSIST_ENOMEM;

    size_t expected = (size_t)limits->in_flight + limits->waiting;
    if (!origins_init(&permits->origins, env, sizeof(struct permit_origin), expected, ORIGINS_KEPT)) {
        env_release(env, permits);
        return INSIST_ENOMEM;
    }
    permits->env = env;
    permits->limits = *limits;
    list_init(&permits->crowded);
    atomic_init(&permits->busy, 0);
    atomic_init(&permits->short_of_room, false);
    *out = permits;
    return INSIST_OK;
}

void permits_free(struct permits *permits) {
    if (!permits)
        return;
    origins_fini(&permits->origins);
    env_release(permits->env, permits);
}

static bool has_room_locked(const struct permits *permits, const struct permit_origin *origin) {
    return permits->in_flight < permits->limits.in_flight && origin->in_flight < permits->limits.in_flight_origin;
}

static bool has_room_for_hedge_locked(const struct permits *permits, const struct permit_origin *origin) {
    return has_room_locked(permits, origin) && permits->hedges < permits->limits.in_flight / 2 &&
           origin->hedges < permits->limits.in_flight_origin / 2;
}

static void show_locked(struct permits *permits) {
    const bool short_of_room = permits->waiting > 0;
    atomic_store_explicit(&permits->busy, permits->in_flight + permits->waiting, memory_order_relaxed);
    if (short_of_room != atomic_load_explicit(&permits->short_of_room, memory_order_relaxed))
        atomic_store_explicit(&permits->short_of_room, short_of_room, memory_order_relaxed);
}

static void hold_locked(struct permits *permits, struct permit *permit) {
    permit->state = PERMIT_HELD;
    permits->in_flight++;
    permit->origin->in_flight++;
    if (permit->hedge) {
        permits->hedges++;
        permit->origin->hedges++;
    }
    show_locked(permits);
}

static void let_go_locked(struct permits *permits, struct permit *permit) {
    permit->state = PERMIT_NONE;
    permits->in_flight--;
    permit->origin->in_flight--;
    if (permit->hedge) {
        permits->hedges--;
        permit->origin->hedges--;
    }
    show_locked(permits);
}

static void queue_locked(struct permits *permits, struct permit *permit) {
    struct permit_origin *origin = permit->origin;
    permit->state = PERMIT_WAITING;
    permit->waited = true;
    permit->ticket = permits->next_ticket++;
    permits->waiting++;
    show_locked(permits);
    if (list_empty(&origin->queue))
        list_append(&permits->crowded, &origin->crowded);
    list_append(&origin->queue, &permit->link);
}

static void unqueue_locked(struct permits *permits, struct permit *permit) {
    struct permit_origin *origin = permit->origin;
    permit->state = PERMIT_NONE;
    permits->waiting--;
    show_locked(permits);
    list_remove(&permit->link);
    if (list_empty(&origin->queue))
        list_remove(&origin->crowded);
}

static void rest_if_empty_locked(struct permits *permits, struct permit_origin *origin) {
    if (origin->in_flight == 0 && list_empty(&origin->queue))
        origins_rest_locked(&permits->origins, &origin->origin);
}

static struct permit_origin *find_locked(struct permits *permits, const char *name) {
    struct permit_origin *origin = (struct permit_origin *)(void *)origins_find_locked(&permits->origins, name);
    if (origin && !origin->queue.next) { /* it was made just now */
        list_init(&origin->queue);
        list_init(&origin->crowded);
    }
    return origin;
}

static insist_err enter_locked(struct permits *permits, struct permit *permit) {
    if (permit->hedge ? has_room_for_hedge_locked(permits, permit->origin) : has_room_locked(permits, permit->origin)) {
        hold_locked(permits, permit);
        return INSIST_OK;
    }
    if (permit->hedge || permits->waiting >= permits->limits.waiting)
        return INSIST_EQUEUEFULL;
    queue_locked(permits, permit);
    return INSIST_OK;
}

insist_err permits_enter(struct permits *permits, struct permit *permit, const char *origin, bool hedge, bool *waits) {
    insist_err err = INSIST_ENOMEM;
    *permit = (struct permit){.hedge = hedge};
    list_init(&permit->link);
    *waits = false;

    origins_lock(&permits->origins);
    permit->origin = find_locked(permits, origin);
    if (permit->origin) {
        err = enter_locked(permits, permit);
        *waits = permit->state == PERMIT_WAITING;
        rest_if_empty_locked(permits, permit->origin);
    }
    origins_unlock(&permits->origins);
    return err;
}

bool permits_withdraw(struct permits *permits, struct permit *permit) {
    origins_lock(&permits->origins);
    bool waiting = permit->state == PERMIT_WAITING;
    if (waiting) {
        unqueue_locked(permits, permit);
        rest_if_empty_locked(permits, permit->origin);
    }
    origins_unlock(&permits->origins);
    return waiting;
}

static struct permit *first_of(const struct permit_origin *origin) {
    return LIST_ENTRY(origin->queue.next, struct permit, link);
}

/* The one that has waited longest among those that there is room for, or NULL. */
static struct permit *next_in_turn_locked(const struct permits *permits) {
    struct permit *next = NULL;
    for (struct list *link = permits->crowded.next; link != &permits->crowded; link = link->next) {
        struct permit_origin *origin = LIST_ENTRY(link, struct permit_origin, crowded);
        if (has_room_locked(permits, origin) && (!next || first_of(origin)->ticket < next->ticket))
            next = first_of(origin);
    }
    return next;
}

void permits_leave(struct permits *permits, struct permit *permit, struct list *granted) {
    struct permit *next;
    origins_lock(&permits->origins);
    let_go_locked(permits, permit);
    while ((next = next_in_turn_locked(permits))) {
        unqueue_locked(permits, next);
        hold_locked(permits, next);
        list_append(granted, &next->link);
    }
    rest_if_empty_locked(permits, permit->origin);
    origins_unlock(&permits->origins);
}

void permits_withdraw_all(struct permits *permits, struct list *withdrawn) {
    origins_lock(&permits->origins);
    while (!list_empty(&permits->crowded)) {
        struct permit *first = first_of(LIST_ENTRY(permits->crowded.next, struct permit_origin, crowded));
        unqueue_locked(permits, first);
        rest_if_empty_locked(permits, first->origin);
        list_append(withdrawn, &first->link);
    }
    origins_unlock(&permits->origins);
}

void permits_count(struct permits *permits, uint64_t *in_flight, uint64_t *waiting) {
    origins_lock(&permits->origins);
    *in_flight = permits->in_flight;
    *waiting = permits->waiting;
    origins_unlock(&permits->origins);
}

unsigned permits_busy(const struct permits *permits) {
    return atomic_load_explicit(&permits->busy, memory_order_relaxed);
}

bool permits_are_short(const struct permits *permits) {
    return atomic_load_explicit(&permits->short_of_room, memory_order_relaxed);
}
