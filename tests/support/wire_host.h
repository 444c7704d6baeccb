/* A reactor for tests of the wire: libcurl's transport driven by the test's own thread, in a world whose clock only
 * the test moves, with names that the test invents. One attempt of it is one job with its request. */
#ifndef SUPPORT_WIRE_HOST_H
#define SUPPORT_WIRE_HOST_H

#include "support/fail_alloc.h"
#include "support/virtual_env.h"
#include "wire/mailbox.h"
#include "wire/resolver.h"
#include "wire/transport_curl.h"
#include <pthread.h>
#include <semaphore.h>

#define WIRE_COMMANDS 4096
#define MS_NS INT64_C(1000000)

struct wire_command {
    struct job *job;
    unsigned command;
};

struct wire_host {
    struct virtual_env world;
    struct fail_alloc memory;
    struct env env; /* the world's, with its memory counted */
    struct counters counters;
    struct wire_settings settings; /* may be changed before the first attempt starts */
    struct resolver *resolver;
    const char *addresses[4]; /* of every name that the resolver is asked for; NULL: none */
    bool hold_lookups;        /* each waits for one post of lookup_gate */
    sem_t lookup_gate;
    struct transport *transport;
    struct transport_host host;
    int epoll, wake;
    pthread_mutex_t lock; /* of the inbox */
    struct wire_command inbox[WIRE_COMMANDS];
    size_t commands;
    int64_t next_ns; /* when the transport wants to be called */
    char ca_file[64];
};

struct wire_attempt {
    struct wire_host *host;
    struct request request;
    struct url *url;
    struct mailbox *mailbox;
    struct job *job;
    unsigned finished; /* how often; must end as 1 */
    unsigned news;     /* all that came so far, END left out */
    size_t unread;     /* of a body that is read */
};

void wire_host_init(struct wire_host *host);
void wire_host_fini(struct wire_host *host);
void wire_host_trust(struct wire_host *host,
                     const char *certificate); /* PEM, as the only authority; before the first attempt */

/* method and url, with the defaults of the wire: no deadline, to be repeated as its method says. Not started. */
void wire_attempt_init(struct wire_attempt *attempt, struct wire_host *host, const char *method, const char *url);
void wire_attempt_body(struct wire_attempt *attempt, const void *body, size_t length);
/* Its body is read while it is sent: so many bytes, as is announced. */
void wire_attempt_reader(struct wire_attempt *attempt, size_t length);
void wire_attempt_fini(struct wire_attempt *attempt);
void wire_attempt_start(struct wire_attempt *attempt);
void wire_attempt_stop(struct wire_attempt *attempt);
void wire_attempt_read_on(struct wire_attempt *attempt);
/* Gives it the next piece of the body that is read, if it wants one. */
void wire_attempt_feed(struct wire_attempt *attempt);

/* One turn: waits for an event, or for nothing when something is due or wait is false. */
void wire_turn(struct wire_host *host, bool wait);
/* Turns until it has finished; false after 30 s without. */
bool wire_run(struct wire_attempt *attempt);
/* Turns until done(ctx) or the 30 s are over. */
bool wire_run_until(struct wire_host *host, bool (*done)(void *ctx), void *ctx);
/* Turns until it is on the wire, or paused at its headers (NEWS_SENT, NEWS_HEADERS). */
bool wire_run_until_news(struct wire_attempt *attempt, unsigned news);
void wire_pass_ms(struct wire_host *host, int64_t ms); /* time goes by, and one turn */

#endif
