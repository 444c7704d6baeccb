/* Names to addresses: a few threads of our own, one lookup at a time for a name, cached (60 s; stale for up to ten
 * minutes while lookups find no address). A lookup that hangs holds its thread and nothing else. Any thread; one leaf lock;
 * `done` is called unlocked. */
#ifndef WIRE_RESOLVER_H
#define WIRE_RESOLVER_H

#include "base/env.h"
#include "base/list.h"
#include "wire/addresses.h"
#include <insist/error.h>
#include <stdbool.h>

#define RESOLVER_THREADS 4                    /* lookups at a time, not counting hung ones */
#define RESOLVER_THREADS_MOST 16              /* with hung ones */
#define RESOLVER_HUNG_NS INT64_C(1000000000)  /* a lookup that takes longer counts as hung */
#define RESOLVER_IDLE_NS INT64_C(30000000000) /* a thread without work ends after it */
#define RESOLVER_WAITING_NAMES 256            /* names whose lookup has not begun; beyond them a lookup is refused */

/* Somebody who waits for a name. */
struct lookup {
    struct list link; /* under the resolver's lock */
    /* On a resolver thread: the fields below are set, the lookup is the waiter's again. */
    void (*done)(struct lookup *lookup);
    struct addresses *addresses; /* a reference, or NULL */
    insist_err err;
    bool again; /* of a failure: the name server may know better later */
};

/* What looks a name up: getaddrinfo() or a test's stand-in. May take for ever. Returns 0 or one of EAI_*; EAI_SYSTEM
 * means that the system could not look, for want of descriptors perhaps: INSIST_ESYSTEM, not remembered. */
typedef int resolver_fn(void *ctx, const char *host, struct resolved *out);

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
