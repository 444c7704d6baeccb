/* A running call as policies and handlers see it, and the events that they may listen to.
 *
 * All of it happens on the thread that executes the call, one thing at a time, with no lock held.
 *
 * Since 0.1.0, all of it, unless a comment says otherwise. */
#ifndef INSIST_EXECUTION_H
#define INSIST_EXECUTION_H

#include <insist/plan.h>
#include <insist/policy.h>
#include <insist/result.h>

INSIST_BEGIN_DECLS

/* ---- what has happened so far: any function that is handed an execution may ask
 * ------------------------------------ */

/** Index of the attempt that this is about, from 0. */
INSIST_API unsigned insist_execution_attempt(const insist_execution *execution);
/** How many attempts have ended. In AFTER_ATTEMPT the attempt at hand does not count yet, for a decider it does. */
INSIST_API unsigned insist_execution_attempt_ends(const insist_execution *execution);
/** How many attempts have ended by their own timeout, or by the deadline while they were under way. */
INSIST_API unsigned insist_execution_attempt_timeouts(const insist_execution *execution);
/** How many attempts of any kind have been started; a hedge that was refused is none. */
INSIST_API unsigned insist_execution_attempts_started(const insist_execution *execution);
/** How many retries have been started; for a waiter: the number of the retry that it is asked about, from 1. */
INSIST_API unsigned insist_execution_retry(const insist_execution *execution);
/** The wave, from 0: a wave starts with one attempt and ends when none of its attempts is in flight. */
INSIST_API unsigned insist_execution_wave(const insist_execution *execution);
/** How many attempts of the wave are in flight, the one at hand included. */
INSIST_API unsigned insist_execution_racing(const insist_execution *execution);
/** Error of the attempt at hand; INSIST_OK while it runs and when an answer came. */
INSIST_API insist_err insist_execution_error(const insist_execution *execution);
/** The kind of that error. */
INSIST_API insist_transience insist_execution_transience(const insist_execution *execution);
/** Status of the attempt at hand; 0 when there is none. */
INSIST_API int insist_execution_status(const insist_execution *execution);
/** First response header of that name, letter case aside, or NULL. Borrowed. */
INSIST_API const char *insist_execution_header(const insist_execution *execution, const char *name);
/** The body so far, NUL-terminated beyond its length; never NULL. Borrowed. */
INSIST_API const void *insist_execution_body(const insist_execution *execution, size_t *len);
/** Microseconds since the call began. */
INSIST_API int64_t insist_execution_elapsed_us(const insist_execution *execution);
/** The last wait that was decided, in microseconds; 0 before the first. */
INSIST_API int64_t insist_execution_last_wait_us(const insist_execution *execution);
/** What that wait came from: INSIST_START_BACKOFF, INSIST_START_RETRY_AFTER, or INSIST_START_STALE with a wait of 0;
 *  INSIST_START_FIRST before the first. */
INSIST_API insist_why_started insist_execution_wait_source(const insist_execution *execution);
/** How long the attempt at hand has taken so far, its waiting for room included, in microseconds; once it has ended:
 *  how long it took. */
INSIST_API int64_t insist_execution_attempt_elapsed_us(const insist_execution *execution);
/** The latency of the plan's origin that this share of its requests of the last minute stayed below, in microseconds:
 *  0.95 for the 95th percentile. For schedulers of one's own; race.h says what counts. It is worked out anew about once
 *  a second. -1: fewer than 100 requests are known, or it is longer than all that was seen, or the quantile is not
 *  above 0 and below 1. */
INSIST_API int64_t insist_execution_latency_us(const insist_execution *execution, double quantile);
/** The delay that the answer's Retry-After asks for, in milliseconds; false when there is none or it makes no sense. */
INSIST_API bool insist_execution_retry_after_ms(const insist_execution *execution, int64_t *ms);

/* ---- events
 * ---------------------------------------------------------------------------------------------------------- */

/** In the order in which they can first occur. */
typedef enum insist_event {
    INSIST_BEFORE_EXECUTION_START = 0, /* once, always */
    INSIST_BEFORE_ATTEMPT,             /* once an attempt; its timeout runs already */
    INSIST_BEFORE_READ_BODY,           /* once an attempt whose headers came */
    INSIST_AFTER_ATTEMPT_TIMEOUT,      /* the attempt ended by a timeout; before its AFTER_ATTEMPT */
    INSIST_AFTER_ATTEMPT,              /* once an attempt, losers included */
    INSIST_RETRY_SCHEDULED,            /* a retry has been decided: insist_execution_last_wait_us(), _wait_source() */
    INSIST_AFTER_PLAN_TIMEOUT,         /* the call's deadline has passed; not for a cancel */
    INSIST_AFTER_EXECUTION_END,        /* once, always */
    INSIST_EVENTS                      /* their number */
} insist_event;

/** "BEFORE_ATTEMPT" and so on; "UNKNOWN" for any other number. */
INSIST_API const char *insist_event_name(insist_event event);

/** @return 0 to go on, any other number to end the call with INSIST_EHANDLER. All handlers of an event are called; the
 *  first number is kept, and is in the result. Once the winner's AFTER_ATTEMPT has passed numbers are ignored. */
typedef int insist_handler_fn(void *ctx, insist_event event, insist_execution *execution);

/** Handlers by event, called in the order in which they were pushed. [CONFINED] while it is filled, then shared
 *  read-only: give it to clients and calls when it is complete. */
typedef struct insist_handlers insist_handlers;

/** An empty group, to be freed with insist_handlers_free() after the last client and call that use it.
 *  @return INSIST_OK, INSIST_EINVAL (NULL) or INSIST_ENOMEM */
INSIST_API insist_err insist_handlers_new(insist_handlers **out) INSIST_MUST_USE;
/** Frees the group, not the contexts in it. NULL is fine. */
INSIST_API void insist_handlers_free(insist_handlers *handlers);
/** Adds one. INSIST_EINVAL for an unknown event or a NULL function; INSIST_ENOMEM. */
INSIST_API insist_err insist_handlers_push(insist_handlers *handlers, insist_event event, insist_handler_fn *handler,
                                           void *ctx);

/* ---- sinks: where a body goes as it comes ------------------------------------------------------------------------ */

/** Takes an answer's body as it comes, in pieces of at most 64 KiB, on the calling thread. Nothing is delivered from an
 *  answer that would be retried: the decider is asked at the headers, and what it does not accept is kept in memory
 *  like any other body. Once accepted, the attempt has won: its own timeout and the limit on the body no longer apply,
 *  the call's deadline does. After the first byte a failure ends the call with reason NOT_REPEATABLE, unless there is a
 *  rewind. A value: copied. */
typedef struct insist_sink {
    int (*write)(void *ctx, const void *data, size_t len); /* 0: taken; anything else ends the call with INSIST_ESINK */
    int (*rewind)(void *ctx); /* forgets all that was taken: 0, or what it took stands; may be NULL */
    void *ctx;
} insist_sink;

/** State of a sink that writes to a descriptor: the caller's, as long as the sink is used. For one body: of calls that
 *  have the same one at once the pieces mix, and what a later call cuts off begins where the first one's body does. */
typedef struct insist_fd_sink {
    int fd;
    int64_t start; /* where the body begins; -1: it cannot be rewound */
} insist_fd_sink;

/** A sink that writes to fd from where it stands; the descriptor stays the caller's. At the end of a regular file it
 *  rewinds: it cuts off what it wrote. Elsewhere it cannot. One in non-blocking mode that takes nothing is
 *  waited for until the call's deadline or cancel (by a sink of your own that hands on to this one: until it takes it);
 *  one that blocks holds the call up beyond both. Writing to a pipe or socket whose other end is gone raises SIGPIPE,
 *  as any write does. */
INSIST_API insist_sink insist_fd_sink_init(insist_fd_sink *state, int fd);

/** In BEFORE_EXECUTION_START only: the call executes this plan instead of the one that it was given, with the policies
 *  that this one has. It is frozen, and kept until the call ends. INSIST_EINVAL: another event, NULL, a body that
 *  another call is reading, a race policy that its method does not allow, or a body reader on a client with a transport
 *  of its own; INSIST_ENOMEM; a plan with a problem is refused with the problem's error. Nothing is changed then. */
INSIST_API insist_err insist_execution_set_plan(insist_execution *execution, const insist_plan *plan);

/** At any time: keeps a value for the rest of the call. The last one of a key counts (keys are compared as text, and
 *  copied); what it replaces is destroyed at once, the others when the call ends, on the calling thread.
 *  @param destroy  called with a value that is not NULL; may be NULL
 *  @return INSIST_OK; INSIST_EINVAL (a NULL key) or INSIST_ENOMEM: then the value stays the caller's */
INSIST_API insist_err insist_execution_set_value(insist_execution *execution, const char *key, void *value,
                                                 insist_release_fn *destroy);
/** The value kept under that key, NULL when there is none: for handlers, hooks and policies. */
INSIST_API void *insist_execution_value(const insist_execution *execution, const char *key);

/** In BEFORE_READ_BODY only: this attempt's body goes there. Before any other sink of the call. INSIST_EINVAL: another
 *  event, no write, or a client with a transport of its own. */
INSIST_API insist_err insist_execution_set_sink(insist_execution *execution, const insist_sink *sink);

/** In BEFORE_ATTEMPT, and while a retry is made ready (insist_preparer): sets a request header of this attempt alone.
 *  INSIST_EINVAL for a bad header and at any other time. */
INSIST_API insist_err insist_execution_set_header(insist_execution *execution, const char *name, const char *value);

INSIST_END_DECLS

#endif
