/* Names to addresses: a few threads of our own, one lookup at a time for a name, cached (60 s; stale for up to ten minutes when a lookup fails). A lookup that hangs
 * holds its thread and nothing else. Any thread; one leaf lock; `done` is called unlocked. */
#ifndef WIRE_RESOLVER_H
#define WIRE_RESOLVER_H

#include "base/env.h"
#include "base/list.h"
#include <insist/error.h>
#include <stdatomic.h>
#include <stdbool.h>

#define RESOLVER_ADDRESS_SIZE 48

/* The addresses of a name, as text without brackets, in the system's order; counted and immutable. */
struct addresses {
    atomic_uint references;
    const struct env *env;
    size_t count;
    char text[][RESOLVER_ADDRESS_SIZE];
};

struct addresses *addresses_retain(struct addresses *addresses);
void addresses_release(struct addresses *addresses); /* NULL is fine */

/* Somebody who waits for a name. */
struct lookup {
    struct list link;              /* under the resolver's lock */
    void (*done)(struct lookup *lookup); /* a resolver thread: the fields below are set, the lookup is the waiter's again */
    struct addresses *addresses;   /* a reference, or NULL */
    insist_err err;
    bool again; /* of a failure: the name server may know better later */
};

struct resolver;

insist_err resolver_new(const struct env *env, struct resolver **out);
/* True: answered at once (an address literal, a cached name, or a refusal because too many lookups are waiting): the lookup's fields are set. False: done() will be called. */
bool resolver_ask(struct resolver *resolver, struct lookup *lookup, const char *host);
/* Takes back a lookup that was asked for. False: its done() has been called, or is being called at this moment. */
bool resolver_forget(struct resolver *resolver, struct lookup *lookup);
/* No done() is called after this returns. Threads that hang in a lookup are left to end by themselves: they own what they touch. */
void resolver_free(struct resolver *resolver);

#endif
