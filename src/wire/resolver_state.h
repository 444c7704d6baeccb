/* What the two sides of the resolver share: those who ask (resolver.c) and the threads that look up
 * (resolver_thread.c).
 *
 * A question is a name that is being looked up, with everybody who waits for it. It is in `waiting`, then in
 * `running` until all of them have been answered. A lookup may begin while fewer than RESOLVER_THREADS run that do
 * not hang. Where questions wait there is a thread that watches: it begins the next one as soon as a running lookup
 * counts as hung. One lock; nothing is allocated, looked up or called under it; functions whose names end in _locked
 * may give it up meanwhile where they say so. */
#ifndef WIRE_RESOLVER_STATE_H
#define WIRE_RESOLVER_STATE_H

#include "base/sync.h"
#include "wire/address_cache.h"
#include "wire/lookup.h"

enum question_stage {
    QUESTION_WAITS,
    QUESTION_RUNS,     /* it is being looked up */
    QUESTION_RETURNED, /* and has been */
    QUESTION_ANSWERED  /* nobody joins any more */
};

struct question {
    struct list link;
    struct list lookups; /* who waits for it */
    enum question_stage stage;
    int64_t began_ns;
    char host[];
};

struct resolver {
    /* fixed */
    const struct env *env;
    resolver_fn *resolve;
    void *ctx;

    struct mutex lock;
    struct condition work;  /* for idle threads */
    struct condition quiet; /* a thread has ended or failed to start (resolver_free), nobody is being told (_settle) */

    /* shared: under lock */
    struct list waiting, running; /* questions, the oldest first */
    size_t waiting_count;
    size_t running_count; /* lookups, which is less than questions in `running` while some are being answered */
    struct address_cache cache;
    size_t threads, idle;
    size_t telling; /* threads that are in a done() */
    bool closing;
    bool left; /* by its owner: the last thread destroys it */
};

static inline struct question *question_of(struct list *link) {
    return LIST_ENTRY(link, struct question, link);
}

bool question_hangs(const struct question *question, int64_t now_ns);

/* resolver_thread.c: is there more to do for so many waiting questions than the idle threads can? */
bool resolver_wants_thread_locked(const struct resolver *resolver, size_t waiting, int64_t now_ns);
/* Gives the lock up meanwhile. False: the system has no thread for us. */
bool resolver_start_thread_locked(struct resolver *resolver);

/* resolver_thread.c: once nobody is left to touch it. */
void resolver_destroy(struct resolver *resolver);

/* resolver_system.c: what the system is asked for. */
int resolver_ask_system(void *ctx, const char *host, struct resolved *out); /* a resolver_fn: getaddrinfo() */
/* All signals blocked, small stack, nobody joins it. */
bool resolver_detach_thread(void *(*main)(void *argument), void *argument);

#endif
