/* Who may be in flight: a bounded number of attempts, in all and to one origin, and a bounded queue of those that
 * wait for room, first come first served; one that cannot use the room because its own origin is full is passed
 * over. Hedges never wait and take at most half of each limit, rounded down (a limit of 1 leaves none). Any thread;
 * one leaf lock. */
#ifndef ORIGIN_PERMITS_H
#define ORIGIN_PERMITS_H

#include "base/env.h"
#include "base/list.h"
#include <insist/error.h>

struct permits;
struct permit_origin;

enum permit_state { PERMIT_NONE, PERMIT_WAITING, PERMIT_HELD };

/* Part of a job. Under the permits' lock, but for `hedge`. */
struct permit {
    struct list link;
    struct permit_origin *origin;
    uint64_t ticket;
    enum permit_state state;
    bool hedge;
    bool waited; /* it had to wait. Fixed once it holds room */
};

struct permit_limits {
    unsigned in_flight, in_flight_origin, waiting;
};

insist_err permits_new(const struct env *env, const struct permit_limits *limits, struct permits **out);
void permits_free(struct permits *permits); /* none may be held or waiting */

/* Takes room or a place in the queue. INSIST_OK (*waits tells which), INSIST_EQUEUEFULL (for a hedge: no room now)
 * or INSIST_ENOMEM. */
insist_err permits_enter(struct permits *permits, struct permit *permit, const char *origin, bool hedge, bool *waits);
/* Takes a waiting one off the queue. False: it is not waiting (any more): it holds room and will be started, or has
 * left. */
bool permits_withdraw(struct permits *permits, struct permit *permit);
/* Gives room back. Those that got it are put on granted by their link; the caller starts them, unlocked. */
void permits_leave(struct permits *permits, struct permit *permit, struct list *granted);
/* Takes all that wait off the queue and puts them on withdrawn by their link. */
void permits_withdraw_all(struct permits *permits, struct list *withdrawn);
void permits_count(struct permits *permits, uint64_t *in_flight, uint64_t *waiting);
/* How many hold room or wait for it, as it was a moment ago: takes no lock. */
unsigned permits_busy(const struct permits *permits);
bool permits_are_short(const struct permits *permits); /* somebody waits; the same */

#endif
