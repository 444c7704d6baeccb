/* What an execution knows, and what it may ask of whoever carries it out. The rooms of the engine share it; nobody else changes it. */
#ifndef ENGINE_STATE_H
#define ENGINE_STATE_H

#include "view/execution.h"
#include "view/policies.h"
#include <insist/hooks.h>

/* What the engine asks of whoever carries it out. None of it may call an input. */
struct execution_ports {
    /* The wire. */

    /* Hands the attempt over. waits: it is in a queue, for room. An error: it never started. */
    insist_err (*start)(void *ctx, struct attempt *attempt, bool *waits);
    /* Proves that it is not on the wire, and never will be. */
    bool (*shut)(void *ctx, struct attempt *attempt);
    /* True: it had ended by itself, and its outcome is filled in; else its progress and how far it got are. */
    bool (*give_up)(void *ctx, struct attempt *attempt);
    /* Behind the headers, or the chunk, where it was paused. */
    void (*read_on)(void *ctx, struct attempt *attempt);
    /* Hands the chunk that came to the sink, and counts it in attempt->delivered. INSIST_ESINK: it did not take it;
     * INSIST_EDEADLINE, or what interrupted the call: it did not in time. */
    insist_err (*deliver)(void *ctx, struct attempt *attempt);
    /* Makes the sink forget what it took. False: it cannot. */
    bool (*rewind)(void *ctx, struct attempt *attempt);

    /* Could the request's body be sent once more? NULL: always. */
    bool (*can_send_again)(void *ctx);

    /* User code: 0, or a handler's number. */
    int (*fire)(void *ctx, insist_event event);
    /* Has the call been cancelled while user code ran? INSIST_OK: no. Else nothing more is started, and
     * execution_interrupt() follows. NULL: never. */
    insist_err (*interruption)(void *ctx);

    /* The budget. A NULL charge allows everything; else it returns what an extra attempt was charged, 0 when it is
     * refused. */
    unsigned (*charge)(void *ctx, bool throttled, int64_t now_ns);
    /* It never started. */
    void (*give_back)(void *ctx, unsigned charged, int64_t charged_at_ns, int64_t now_ns);
    /* It was accepted, or redundant. */
    void (*refund)(void *ctx, unsigned charged, int64_t now_ns);
    void (*first_begun)(void *ctx, int64_t now_ns);
    void (*first_accepted)(void *ctx, int64_t now_ns);

    /* The origin's latencies. NULL: nobody keeps any. */
    void (*latency)(void *ctx, const struct latency_entry *entry, int64_t now_ns);
    const struct latency_source *latencies; /* asked with the same ctx */
};

#define EXECUTION_CONNECT_DELAY_NS ((int64_t)250000000)

struct execution_rules {
    const struct insist_retry_policy *retry;
    const struct insist_timeout_policy *timeout;
    const struct insist_race_policy *race; /* NULL: no racing … */
    bool race_not_allowed;                 /* … although it was wanted: the request may not be raced */
    int64_t deadline_ns;                   /* TIME_NEVER: none */
    int64_t connect_delay_ns;              /* to a hedge while the newest attempt is not on the wire */
    uint64_t body_limit;
    bool reads_headers; /* somebody listens to BEFORE_READ_BODY */
    bool repeat_unsafe;
    /* Hooks; their function NULL: none. */
    insist_validator validator;
    insist_preparer preparer;
    insist_on_exhausted on_exhausted;
};

enum execution_phase { EXECUTION_OPEN, EXECUTION_CLOSED, EXECUTION_OVER };

struct pending_retry {
    bool set;
    struct attempt *about; /* that it replaces */
    int64_t decided_ns;    /* from when the wait counts */
    int64_t due_ns;
    int64_t draw_us; /* the waiter's part of the wait */
    int64_t wait_us;
    insist_why_started why;
    unsigned charged;
    int64_t charged_at_ns;
};

struct pending_hedge {
    bool set;
    bool at_once;           /* does not wait for the wire */
    struct attempt *newest; /* whose request the delay counts from */
    int64_t delay_ns;
    int64_t due_ns;
};

/* An answer before an error, a later end before an earlier. */
struct most_useful {
    struct attempt *attempt; /* NULL: none yet */
    struct attempt *before;  /* what it was before the last end */
};

struct execution {
    struct insist_execution view; /* first: what user code sees */
    const struct env *env;
    struct execution_rules rules;
    const struct execution_ports *ports;
    void *ctx; /* of the ports */

    struct attempt **attempts; /* all of them, by index: few, as long as they are few */
    size_t count, capacity;
    struct attempt *few[4];
    struct attempt first; /* what most calls get by with */
    struct list held;     /* of them, those in flight, and those whose answers may still be asked for */
    unsigned in_flight;

    enum execution_phase phase;
    struct pending_retry retry;
    struct pending_hedge hedge;
    unsigned wave_hedges;        /* of this wave, the refused ones left out */
    bool wave_timed_out;         /* an attempt of this wave did */
    bool stale_replaced;         /* once a call */
    int64_t wave_retry_after_us; /* the largest of the wave, -1: none */
    int64_t not_before_ns;       /* no start of any kind earlier: the server asked for it */

    struct most_useful best, wave_best; /* of the call so far, and of this wave */
    struct attempt *reported;           /* once over: the result's, or NULL */
    insist_reason reason;               /* once closed */
    insist_err err;                     /* once over: what the call returns */
    int handler_number;                 /* the first that a handler ended the call with */
    struct headers prepared;            /* own headers of the retry that is being made ready */
    bool settled;                       /* what handlers return no longer counts */
};

#endif
