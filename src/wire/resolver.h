/* Names to addresses: a few threads of our own, one lookup at a time for a name, cached (60 s; stale for up to ten
 * minutes while lookups find no address). A lookup that hangs holds its thread and nothing else. Any thread; one leaf
 * lock; `done` is called unlocked. */
#ifndef WIRE_RESOLVER_H
#define WIRE_RESOLVER_H

#include "base/env.h"
#include "wire/lookup.h"
#include <insist/error.h>
#include <stdbool.h>

struct resolver;

insist_err resolver_new(const struct env *env, struct resolver **out);
insist_err resolver_new_with(const struct env *env, resolver_fn *resolve, void *ctx, struct resolver **out);
/* True: answered at once (an address literal, a cached name, or a refusal because too many lookups are waiting): the
 * lookup's fields are set. False: done() will be called. */
bool resolver_ask(struct resolver *resolver, struct lookup *lookup, const char *host);
/* Takes back a lookup that was asked for. False: its done() has been called, or is being called at this moment. */
bool resolver_forget(struct resolver *resolver, struct lookup *lookup);
/* Waits until no done() is being called: who has freed what the lookups were for may then free what done() wakes. Not
 * from done(). */
void resolver_settle(struct resolver *resolver);
/* No done() is called after this returns; it waits for one that is being called, and for idle threads to end.
 * Threads that hang in a lookup are left to end by themselves: they own what they touch, only env must still be
 * there. Not from done(). NULL is fine. */
void resolver_free(struct resolver *resolver);

#endif
