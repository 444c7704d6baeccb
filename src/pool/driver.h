/* Who drives a reactor: a token, moved by compare-and-swap, which a thread holds while it is awake for the reactor and
 * lets go of before it sleeps. NOBODY therefore also means: nobody who is awake will look.
 *
 * Submitter: put something into the inbox, then ask for the token; if nobody has it, wake the reactor's sleeper.
 * Holder:    let go of the token, then look at the inbox again; if there is something, take the token again or wake the
 * sleeper. Both write first and read second, sequentially consistent: one of them sees the other.
 *
 * Wake-ups are gathered: after the first nobody writes to the reactor's eventfd until that one was seen. The holder
 * marks it as seen before it looks at the inbox, so whoever found it unseen has his piece taken. Atomics. */
#ifndef POOL_DRIVER_H
#define POOL_DRIVER_H

#include <stdatomic.h>
#include <stdbool.h>

enum driver_token { DRIVER_NOBODY, DRIVER_SOMEBODY };

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
    return atomic_compare_exchange_strong(&driver->token, &found, DRIVER_SOMEBODY);
}

static inline void driver_let_go(struct driver *driver) {
    atomic_store(&driver->token, DRIVER_NOBODY);
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
