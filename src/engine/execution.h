/* The heart: one call as a state machine without I/O. (state, input, now) -> actions.
 *
 * Inputs are the functions below: begin, left the queue, on the wire, headers came, an attempt ended, interrupted, time
 * passed. Actions and user code are reached through the ports that were given at creation, from inside an input, on the
 * same thread. Nothing here blocks, locks or reads a clock, so a test can play any interleaving in virtual time.
 *
 * A call is open until it is closed: then nothing further is started, but what is in flight may still win. It is
 * over when an answer was accepted, when something ended it at once, or when it is closed and nothing is in flight. */
#ifndef ENGINE_EXECUTION_H
#define ENGINE_EXECUTION_H

#include "view/execution.h"
#include "view/policies.h"

/* What the engine asks of whoever carries it out. None of it may call an input. */
struct execution_ports {
    /* The wire. */

    /* Hands the attempt over. waits: it is in a queue, for room. An error: it never started. */
    insist_err (*start)(void *ctx, struct attempt *attempt, bool *waits);
    /* Proves that it is not on the wire, and never will be. */
    bool (*shut)(void *ctx, struct attempt *attempt);
    /* True: it had ended by itself, and its outcome is filled in; else its progress and how far it got are. */
    bool (*give_up)(void *ctx, struct attempt *attempt);
    /* Behind the headers where it was paused. */
    void (*read_on)(void *ctx, struct attempt *attempt);

    /* User code: 0, or a handler's number. */
    int (*fire)(void *ctx, insist_event event);

    /* The budget. A NULL charge allows everything; else it returns what an extra attempt was charged, 0 when it is
     * refused. */
    unsigned (*charge)(void *ctx, bool throttled, int64_t now_ns);
    /* It never started. */
    void (*give_back)(void *ctx, unsigned charged, int64_t charged_at_ns, int64_t now_ns);
    /* It was accepted, or redundant. */
    void (*refund)(void *ctx, unsigned charged, int64_t now_ns);
    void (*first_begun)(void *ctx, int64_t now_ns);
    void (*first_accepted)(void *ctx, int64_t now_ns);
};

#define EXECUTION_CONNECT_DELAY_NS ((int64_t)250000000)

struct execution_rules {
    const struct insist_retry_policy *retry;
    const struct insist_timeout_policy *timeout;
    const struct race_policy *race; /* NULL: no racing */
    int64_t deadline_ns;            /* TIME_NEVER: none */
    int64_t connect_delay_ns;       /* to a hedge while the newest attempt is not on the wire */
    uint64_t body_limit;
    bool repeat_unsafe;
};

enum execution_phase { EXECUTION_OPEN, EXECUTION_CLOSED, EXECUTION_OVER };

struct pending_retry {
    bool set;
    int64_t due_ns;
    int64_t wait_us;
    insist_why_started why;
    unsigned charged;
    int64_t charged_at_ns;
};

struct pending_hedge {
    bool set;
    struct attempt *newest; /* whose request the delay counts from */
    int64_t delay_ns;
    int64_t due_ns;
};

struct execution {
    struct insist_execution view; /* first: what user code sees */
    const struct env *env;
    struct execution_rules rules;
    const struct execution_ports *ports;
    void *ctx; /* of the ports */

    struct attempt **attempts; /* all of them, by index */
    size_t count, capacity;
    unsigned in_flight;

    enum execution_phase phase;
    struct pending_retry retry;
    struct pending_hedge hedge;
    unsigned wave_hedges; /* started in this wave */
    bool hedging_stopped; /* until the next start */
    bool stale_replaced;  /* once a call */
    bool wave_failed;     /* RACE_CLOSE: the wave has a retryable end that the policies are still to be asked about */
    int64_t wave_retry_after_us; /* the largest of the wave, -1: none */
    int64_t not_before_ns;       /* no start of any kind earlier: the server asked for it */

    struct attempt *best;     /* most useful outcome so far: an answer before an error, a later end before an earlier */
    struct attempt *reported; /* once over: the result's, or NULL */
    insist_reason reason;     /* once closed */
    insist_err err;           /* once over: what the call returns */
    int handler_number;       /* the first that a handler ended the call with */
    bool settled;             /* what handlers return no longer counts */
};

/* Rules, ports, ctx and request must outlive it. Nothing is fired or started yet. */
void execution_init(struct execution *execution, const struct env *env, const struct request *request,
                    const struct execution_rules *rules, const struct execution_ports *ports, void *ctx, uint64_t seed,
                    uint64_t stream);
void execution_fini(struct execution *execution);

/* interrupted: INSIST_OK, or why the call may not start an attempt at all. */
void execution_begin(struct execution *execution, insist_err interrupted, int64_t now_ns);
void execution_left_queue(struct execution *execution, struct attempt *attempt, int64_t now_ns);
/* progress.sent_ns tells when. */
void execution_sent(struct execution *execution, struct attempt *attempt, int64_t now_ns);
/* It is paused behind them. */
void execution_headers(struct execution *execution, struct attempt *attempt, int64_t now_ns);
/* Its outcome is filled in. */
void execution_ended(struct execution *execution, struct attempt *attempt, int64_t now_ns);
void execution_interrupt(struct execution *execution, insist_err err, int64_t now_ns);
void execution_time(struct execution *execution, int64_t now_ns);

bool execution_is_over(const struct execution *execution);
int64_t execution_due_ns(const struct execution *execution); /* when execution_time() is wanted next */

/* Once over: the i-th attempt as the caller keeps it. */
void execution_record(const struct execution *execution, size_t i, insist_attempt_record *record);

#endif
