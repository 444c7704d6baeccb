/* A client's inside, and how a call enters and leaves it. */
#ifndef CALL_CLIENT_H
#define CALL_CLIENT_H

#include "base/birthmark.h"
#include "base/list.h"
#include "base/sync.h"
#include "origin/latencies.h"
#include "pool/pool.h"
#include "view/policies.h"
#include "wire/mailbox.h"
#include "wire/network.h"
#include "wire/settings.h"
#include "wire/transport_custom.h"
#include <insist/client.h>

struct insist_client {
    /* fixed: set before it is shared */
    const struct env *env;
    struct birthmark birthmark;
    uint64_t seed;
    insist_retry_policy *retry;
    insist_timeout_policy *timeout;
    insist_race_policy *race; /* NULL: none */
    const insist_handlers *handlers;
    insist_budget *budget;
    struct latencies *latencies;
    int64_t deadline_ns; /* of a call, from its start; TIME_NEVER: none */
    bool repeat_unsafe;
    bool leads;                 /* calling threads may drive their jobs themselves */
    unsigned in_flight_origin;  /* attempts to one origin, at most */
    insist_validator validator; /* hooks: their function NULL: none */
    insist_preparer preparer;
    insist_on_exhausted on_exhausted;
    insist_logger logger; /* log NULL: none */
    unsigned failures_kept;
    struct headers hidden; /* keys of a query whose values are not shown */
    char *user_agent, *thread_name, *ca_file;
    struct network *network;
    struct wire_settings wire;
    struct custom_settings custom; /* start NULL: libcurl carries */
    struct pool *pool;

    /* atomics */
    struct counters counters;

    /* shared: under the lock. Mailboxes may be interrupted inside it */
    struct {
        struct mutex lock;
        struct condition left;
        struct list running;
        uint64_t count; /* calls */
        bool closing;
        bool free_with_last; /* freed from inside one of its own calls */
    } shared;
};

/* A place on its client of a thread that is inside, with calls, or around those that it makes one after the other. */
struct running {
    struct list link;
    size_t calls;
    struct mailbox *mailbox; /* NULL: of its calls each has a place of its own */
    pthread_t thread;
};

insist_err client_new(const struct env *env, const insist_client_options *options, insist_problem *problem,
                      insist_client **out);
void client_destroy(insist_client *client); /* at once: nobody is inside, or it was never whole */

/* INSIST_OK, INSIST_ESHUTDOWN or INSIST_EFORKED. */
insist_err client_enter(insist_client *client, struct running *running, struct mailbox *mailbox, size_t calls);
void client_leave(insist_client *client, struct running *running);
bool client_is_forked(const insist_client *client);         /* this process is not the one that made it */
bool client_has_own_transport(const insist_client *client); /* not libcurl, which alone takes sinks and readers */

#endif
