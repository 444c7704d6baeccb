/* The attempts that an execution holds: those in flight, and of the ended ones those whose answer somebody may still
 * ask for. They are never more than are in flight at once, and one, whatever the number of its attempts. */
#ifndef ENGINE_HELD_H
#define ENGINE_HELD_H

#include "engine/state.h"

/* Lets go of the answers that nobody can ask for any more: a start has done with what it replaces. */
void held_let_go(struct execution *execution);

/* The one behind that, the first behind NULL; NULL behind the last. None is let go of between two starts. */
static inline struct attempt *held_next(const struct execution *execution, const struct attempt *before) {
    struct list *next = before == NULL ? execution->held.next : before->place.next;
    return next == &execution->held ? NULL : LIST_ENTRY(next, struct attempt, place);
}

#endif
