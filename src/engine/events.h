/* User code at its events, and whether the call was cancelled while it ran. */
#ifndef ENGINE_EVENTS_H
#define ENGINE_EVENTS_H

#include "engine/state.h"

/* about: the attempt that it concerns; NULL: none. The first number that a handler returns is kept, unless the result stands already. */
void events_fire(struct execution *execution, insist_event event, struct attempt *about);

/* INSIST_OK: nothing keeps an attempt from being started. */
insist_err events_interruption(const struct execution *execution);

#endif
