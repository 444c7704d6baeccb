/* Calls that are held in a phase: by a name that is not found, a port that does not answer, a server that is silent, a
 * limit that is reached. Each phase says how it is brought about and what the call's record has to show. */
#ifndef BENCH_HELD_H
#define BENCH_HELD_H

#include "silence.h"
#include "workload.h"
#include <pthread.h>

/* A call's own body sink or reader. */
struct held_user_code {
    size_t pieces;                    /* that were taken or given */
    void (*before_second)(void *ctx); /* of the reader's pieces; may wait */
    void *ctx;
};

struct held_phase {
    const char *name;
    enum { HELD_AT_SERVER, HELD_AT_TLS, HELD_AT_SILENCE, HELD_AT_NAME } place;
    const char *script; /* of the phase's path at the server */
    bool queued;        /* the client has room for one attempt, and it is taken */
    bool streamed;      /* the body goes to a sink */
    bool uploaded;      /* the request's body comes from a reader */
    bool raced;         /* a hedge after 5 ms, another one after 4 s */
    bool over_at_once;  /* without a cancel the call ends by itself: no wait could fit */
    bool (*shows)(const insist_result *result, const struct held_user_code *code);
};

extern const struct held_phase held_queue, held_dns, held_connect, held_tls, held_headers, held_body, held_retry_after;
extern const struct held_phase held_wait, held_race, held_sink, held_reader; /* for cancels only */

/* A phase that is set up, for any number of callers at once. */
struct held {
    const struct held_phase *phase;
    insist_client *client;
    insist_race_policy *race;
    struct silence silence;
    struct server tls;
    char url[128];
    /* who takes the room in a queue */
    pthread_t occupant;
    insist_cancel *vacate;
    bool occupied;
};

/* False, with a sentence on standard error; held_close() is to follow in either case. */
bool held_open(struct held *held, struct bench *bench, const struct held_phase *phase);
void held_close(struct held *held);
/* The URL for call number `number`: of ten names, where names hang. */
void held_url(const struct held *held, uint64_t number, char *url, size_t size);

/* One call. */
struct held_call {
    int64_t begun_ns, ended_ns;
    insist_err err;
    bool shown; /* the record shows that it was held in the phase */
};
/* Makes it, with a deadline or a cancel token in options; code is the call's own. */
struct held_call held_execute(struct held *held, uint64_t number, insist_call_options options,
                              struct held_user_code *code);

#endif
