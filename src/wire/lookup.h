/* A lookup of a name: who waits for it, what answers it, and the limits that hold. */
#ifndef WIRE_LOOKUP_H
#define WIRE_LOOKUP_H

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

/* Sets a lookup's fields; always true. */
bool lookup_answer(struct lookup *lookup, insist_err err, bool again, struct addresses *addresses);

/* What looks a name up: getaddrinfo() or a test's stand-in. May take for ever. Returns 0 or one of EAI_*; EAI_SYSTEM
 * means that the system could not look, for want of descriptors perhaps: INSIST_ESYSTEM, not remembered. */
typedef int resolver_fn(void *ctx, const char *host, struct resolved *out);

#endif
