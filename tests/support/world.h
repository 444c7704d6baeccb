/* A world in virtual time for one execution: a scripted wire, user code that answers as told, a log of all that
 * happens.
 *
 * Each attempt follows a script: when it leaves the queue, when its request is on the wire, when and how it ends.
 * Time jumps from one instant of interest to the next; at one instant news come first, in the order of the scripts'
 * numbers, then the clock. Nothing sleeps, nothing is random but by seed. */
#ifndef SUPPORT_WORLD_H
#define SUPPORT_WORLD_H

#include "engine/execution.h"
#include "view/policies.h"
#include <stddef.h>

#define WORLD_SCRIPTS 160
#define WORLD_HEDGES 10       /* of a wave */
#define WORLD_HANGS INT64_MAX /* never, by itself */
#define WORLD_MS ((int64_t)1000000)

struct script {
    insist_err refused; /* by the port `start`; INSIST_OK: it starts */
    int64_t queued_ms;  /* waits that long for room */
    int64_t sent_ms;    /* on the wire, after its start; -1: at once, WORLD_HANGS: never */
    int64_t ends_ms;    /* after its start */
    int64_t ends_us;    /* that much later */
    int status;         /* an answer, or beside an error */
    insist_err err;
    insist_transience transience;
    int64_t retry_after_ms; /* -1 when not set through ANSWER */
    bool has_retry_after;
    bool stale;
    int64_t headers_ms; /* after its start; 0: with its end. Only where the world has a sink */
    unsigned chunks;    /* of its body, one a millisecond behind the headers, if it is committed */
    size_t body;        /* bytes of it, beside an answer or an error */
    bool ends_unseen;   /* its end is in the mailbox already when it is given up */
};

/* Short forms for scripts. */
#define ANSWER(code, ms)                                                                                               \
    { .status = (code), .ends_ms = (ms) }
#define FAILS(error, kind, ms)                                                                                         \
    { .err = (error), .transience = (kind), .ends_ms = (ms) }
#define HANGS                                                                                                          \
    { .ends_ms = WORLD_HANGS }

struct world_attempt {
    struct attempt *attempt;
    const struct script *script;
    int64_t begun_ns;
    bool told_queue, told_sent, told_headers, over, given_up;
    unsigned told_chunks;
};

struct world {
    struct execution execution;
    const struct env *env; /* whose memory it uses */
    struct execution_rules rules;
    struct execution_ports ports;
    struct insist_retry_policy retry;
    struct insist_timeout_policy timeout;
    struct insist_race_policy race;
    struct request request;
    int64_t now_ns;
    int64_t start_ns;

    const struct script *scripts;
    size_t script_count;
    struct world_attempt attempts[WORLD_SCRIPTS];
    size_t attempt_count;
    unsigned turns;
    uint64_t stream; /* of the call's random numbers */

    unsigned retries_allowed;  /* by the decider … */
    unsigned attempts_allowed; /* … and attempts of any kind; 0: any number */
    int64_t timeout_ms;
    bool has_sink, sink_rewinds;
    unsigned sink_fails_at; /* the chunk that it refuses, from 1; 0: none … */
    insist_err sink_error;  /* … with that */
    int64_t cancel_at_ms;   /* 0: not */
    bool cancelled_within;  /* by user code, at cancel_event, before its cancel_attempt-th attempt */
    unsigned cancel_event, cancel_attempt;
    bool cancelled;                        /* by it */
    int64_t hedge_delays_ms[WORLD_HEDGES]; /* for the scheduler: by the number of hedges; 0 ends; -1: at once */
    bool starter_says_no;
    unsigned starter_asked, not_started;
    unsigned handler_event; /* that returns handler_number … */
    unsigned handler_skip;  /* … after that many times */
    int handler_number;
    unsigned charges_allowed; /* by the budget */
    bool has_budget;
    unsigned charged, last_charge, given_back, refunded, firsts_begun, firsts_accepted;

    char log[16384];
    size_t log_length;
};

/* Declares a world whose attempts follow these scripts, and sets it up. */
#define PLAY(world, ...)                                                                                               \
    const struct script scripts[] = {__VA_ARGS__};                                                                     \
    struct world world;                                                                                                \
    world_init(&world, scripts, sizeof scripts / sizeof scripts[0])

/* Defaults: GET, 3 retries on 503, 429 and transient errors, wait 100 ms each, Retry-After up to 30 s, attempt
 * timeout 5 s, deadline 30 s, no race, no budget. */
void world_init(struct world *world, const struct script *scripts, size_t count);
void world_fini(struct world *world);
void world_race(struct world *world, insist_wave_mode mode, int64_t first_delay_ms, int64_t second_delay_ms);
/* Plays until the call is over. Fails the test when it does not end. */
void world_play(struct world *world);
/* Fails the test unless the call ended so; status 0: without an answer. */
void world_assert_ended(const struct world *world, insist_reason reason, insist_err err, int status, int64_t elapsed_ms,
                        size_t attempts);
int64_t world_elapsed_ms(const struct world *world);
const struct attempt *world_attempt(const struct world *world, size_t i);

#endif
