/* Who drives a reactor: a token, moved by compare-and-swap. A worker holds it while it is awake for the reactor and lets
 * go of it before it sleeps; a calling thread that leads keeps it while it sleeps, and says so. Whoever finds the token
 * not AWAKE therefore knows that nobody will look by himself.
 *
 * Submitter: put something into the inbox, then look at the token; if nobody is awake, wake whoever sleeps.
 * Holder:    let go of the token or fall asleep, then look at the inbox again; if there is something, take the token
 * again or wake the sleeper. Both write first and read second, sequentially consistent: one of them sees the other.
 *
 * Wake-ups are gathered: after the first nobody writes to the reactor's eventfd until that one was seen. The holder
 * marks it as seen before it looks at the inbox, so whoever found it unseen has his piece taken. Atomics. */
#ifndef POOL_DRIVER_H
#define POOL_DRIVER_H

#include <stdatomic.h>
#include <stdbool.h>

enum driver_token {
    DRIVER_NOBODY, /* a worker watches, asleep */
    DRIVER_AWAKE,  /* somebody has it */
    DRIVER_ASLEEP  /* a calling thread has it, and sleeps */
};

struct driver {
    atomic_int token;
    atomic_bool woken; /* the eventfd was written and nobody has seen it yet */
};

static inline void driver_init(struct driver *driver) {
    atomic_init(&driver->token, DRIVER_NOBODY);
    atomic_init(&driver->woken, false);
}

static inline bool driver_try_take(struct driver *driver) {
    int found = DRIVER_NOBODY;
    return atomic_compare_exchange_strong(&driver->token, &found, DRIVER_AWAKE);
}

static inline void driver_let_go(struct driver *driver) {
    atomic_store(&driver->token, DRIVER_NOBODY);
}

/* The holder only. */
static inline void driver_fall_asleep(struct driver *driver) {
    atomic_store(&driver->token, DRIVER_ASLEEP);
}

static inline void driver_get_up(struct driver *driver) {
    atomic_store_explicit(&driver->token, DRIVER_AWAKE, memory_order_release); /* seen late, it costs a wake-up */
}

static inline bool driver_is_awake(struct driver *driver) {
    return atomic_load(&driver->token) == DRIVER_AWAKE;
}

static inline bool driver_is_nobody(struct driver *driver) {
    return atomic_load(&driver->token) == DRIVER_NOBODY;
}

/* True: the caller has to write to the eventfd. */
static inline bool driver_claim_wake(struct driver *driver) {
    return !atomic_exchange(&driver->woken, true);
}

static inline void driver_wake_seen(struct driver *driver) {
    atomic_exchange(&driver->woken, false);
}

#endif
