/* The client, and a call: send a plan, insist on a good answer, come back by the deadline.
 *
 * A client is [SYNCED]: any number of threads may call with it at once, and one client a process is the usual
 * number. It owns a few worker threads; attempts are carried by them, or by the thread that waits for one
 * (workers_only). A call only blocks the thread that made it. After fork() a client belongs to the parent: in the child
 * calls return INSIST_EFORKED, and insist_client_free() does nothing.
 *
 * A thread is not cancelled (pthread_cancel) inside a call, nor while a client is made or freed, user code that runs in
 * there included: the request stays pending, and is acted upon after the return. Other functions may be called with
 * deferred cancellation, the usual one, not with asynchronous.
 *
 * Since 0.1.0, all of it, unless a comment says otherwise. */
#ifndef INSIST_CLIENT_H
#define INSIST_CLIENT_H

#include <insist/execution.h>
#include <insist/hooks.h>
#include <insist/log.h>
#include <insist/network.h>
#include <insist/plan.h>
#include <insist/race.h>
#include <insist/result.h>
#include <insist/transport.h>

INSIST_BEGIN_DECLS

/** A running client. [SYNCED] */
typedef struct insist_client insist_client;
/** A token that ends calls. [SYNCED] */
typedef struct insist_cancel insist_cancel;
/** A limit on extra attempts. [SYNCED] */
typedef struct insist_budget insist_budget;

/** The version of HTTP that is spoken. */
typedef enum insist_http_version {
    /* A request that is answered by a 2xx before its body has been read goes on until it is out. Where the server reads
     * no more, and leaves the connection open without having said "Connection: close", the attempt runs into stall_ms,
     * its timeout or the deadline, and ends with that error and the answer beside it. From 300 on the answer ends it. */
    INSIST_HTTP_1_1 = 0,
    /* Over https, where the server offers it. libcurl before 8.0 can lose wake-ups with it: measure before use. A
     * request whose body is larger than what the server takes unread, 64 KiB mostly, and is answered by a 2xx before it
     * has been read, then hangs until its timeout. */
    INSIST_HTTP_2
} insist_http_version;

/** Settings of a client. Begins with its size; zero means the default; all of it is copied. Use
 *  INSIST_CLIENT_OPTIONS or insist_client_options_init() to fill in the size. Durations: INSIST_FOREVER for none;
 *  negative ones are refused. */
typedef struct insist_client_options {
    size_t size;
    /* Default: 3 retries of insist_retry_standard() after insist_wait_standard(), Retry-After up to 30 s. */
    const insist_retry_policy *retry;
    /* Default: 5 s, or all that is left when no retry could follow. */
    const insist_timeout_policy *timeout;
    const insist_handlers *handlers; /* default: none; must outlive the client */
    insist_budget *budget;           /* default: one of the client's own; insist_budget_none() for none */
    const insist_tls_options *tls;
    const char *user_agent;    /* default: "insist/<version>"; "" sends none */
    const char *thread_name;   /* of the workers, at most 11 characters; default "insist" */
    int64_t deadline_ms;       /* of a call; default 30,000 */
    uint64_t max_body_bytes;   /* default 64 MiB, on the wire and after decoding */
    uint64_t max_header_bytes; /* default 256 KiB */
    /* A request that may not be repeated takes no connection idle for longer; default 2,000, rounded up to seconds. */
    int64_t idle_unsafe_ms;
    uint64_t seed;                 /* of the random numbers; default: from the system */
    unsigned workers;              /* default 2, or the number of processors if fewer */
    unsigned max_redirects;        /* that an attempt follows, at most 100; default 10 */
    unsigned max_in_flight;        /* attempts at once; default 8,192 */
    unsigned max_in_flight_origin; /* of them to one origin; default 4,096 */
    unsigned max_waiting;          /* attempts waiting for room; default 4,096 */
    insist_http_version http_version;
    bool repeat_unsafe; /* repeats any method. Dangerous: a POST may be carried out twice */
    bool no_redirects;  /* a 3xx is the answer */
    bool no_gzip;       /* asks for no content encoding and decodes none */
    /* Hooks (hooks.h), each copied; default: none. One without a function is refused. */
    const insist_validator *validator;
    const insist_preparer *prepare_retry;
    const insist_on_exhausted *on_exhausted;
    /* Keys of a query, NULL behind the last, whose values are shown in no log, explanation or error: "token", …
     * Compared once percent-encoding is undone, letter case aside. Default: none. Users and passwords never are. */
    const char *const *hidden_query_keys;
    const insist_net_options *net;
    /* Default: none. Plans that may not be raced are not (insist_result_racing() says so). */
    const insist_race_policy *race;
    const insist_logger *logger; /* copied; default: none. One without a function is refused */
    /* Of the attempts of a call that failed, so many are kept in the result, the latest (insist_result_failure());
     * default: none. */
    unsigned failures_kept;
    insist_curl_setup_fn *curl_setup;  /* default: none (network.h) */
    void *curl_setup_ctx;              /* must outlive the client */
    const insist_transport *transport; /* carries the attempts in libcurl's place; copied; default: none */
    /* Workers alone drive connections. By default a thread that waits for a single call drives that call's connection
     * itself as long as few calls are under way: that saves two thread switches, and takes some 15 KiB more of its
     * stack. A call with a race, and a client with INSIST_HTTP_2, curl_setup or a transport, leave it to the workers
     * anyway.
     *
     * A thread that drives does so as what it is. The connections that it opens, and what it writes to them, are
     * subject to its network namespace, seccomp filter, capabilities and priority: clients that threads use which
     * differ in those want workers_only. A thread that it starts for lookups inherits them, and its processors, and
     * serves the lookups of others, too, until it has been idle for 30 s. Its OpenSSL may keep errors in the thread's queue: who uses OpenSSL on that
     * thread calls ERR_clear_error() before his own operations, as SSL_get_error() demands. All signals but those of
     * faults, SIGPROF and SIGVTALRM included, are held back while it works, until it sleeps: profilers that sample by
     * them do not see it.
     *
     * Connections are not shared between threads that drive and workers: up to 8 more to an origin may be open. */
    bool workers_only;
} insist_client_options;

/** Options in place: insist_client_new(INSIST_CLIENT_OPTIONS(.deadline_ms = 2000), NULL, &client). C only. */
#define INSIST_CLIENT_OPTIONS(...) (&(insist_client_options){.size = sizeof(insist_client_options), __VA_ARGS__})

/** All defaults. For languages without compound literals. */
INSIST_API void insist_client_options_init(insist_client_options *options);

/** Starts a client.
 *  @param options  NULL for all defaults
 *  @return INSIST_OK, INSIST_EINVAL, INSIST_ETOONEW, INSIST_ENOMEM or INSIST_ESYSTEM (no thread or descriptor to be
 *  had) */
INSIST_API insist_err insist_client_new(const insist_client_options *options, insist_problem *problem,
                                        insist_client **out) INSIST_MUST_USE;

/** Ends a client: running calls return INSIST_ESHUTDOWN, then the workers are joined. Waits for the calls to leave,
 *  except when called inside one of them (from a handler): then the last call to leave does the rest. From here on
 *  nothing may be begun with the client, except inside calls that still run: it returns INSIST_ESHUTDOWN. Not from
 *  what a worker may run: curl_setup, transports, release functions. NULL is fine. */
INSIST_API void insist_client_free(insist_client *client);

/** Opens n connections to the URL's origin before they are needed: by n HEAD requests, each on a connection of its own,
 *  which it leaves behind (over HTTP/2 one would do). The first is made alone; once it is answered, whatever the
 *  status, the others are made together, max_in_flight_origin at a time. None is retried or raced, and behind one that
 *  fails no more are begun. The first few are for threads that drive a single call's connection themselves: other calls
 *  do not find those, unless the client has workers_only. Blocks, timeout_ms at most for all of them.
 *  @return INSIST_OK when all were answered, whatever their status; INSIST_EINVAL (n is 0 or above 64, timeout_ms is
 *  below 1, NULL), or what the first that failed ended with */
INSIST_API insist_err insist_client_prewarm(insist_client *client, const char *url, unsigned n, int64_t timeout_ms);

/** Closes connections that carry nothing, and frees the handles that are kept for further attempts (6 KiB each, up to as
 *  many as were in flight at once). For when a burst is over; the next calls make what they need.
 *  @return INSIST_OK, INSIST_EINVAL (NULL) or INSIST_EFORKED */
INSIST_API insist_err insist_client_close_idle(insist_client *client);

/** Counters since the client was made. Begins with its size, to be set by the caller. */
typedef struct insist_stats {
    size_t size;
    uint64_t calls;      /* begun */
    uint64_t calls_done; /* ended with reason DONE */
    uint64_t attempts;   /* started, of any kind */
    uint64_t retries;
    uint64_t hedges;
    uint64_t attempt_timeouts;
    uint64_t deadlines;         /* calls ended by their deadline */
    uint64_t budget_refusals;   /* retries and hedges that the budget did not allow */
    uint64_t queue_refusals;    /* attempts that found the queue full */
    uint64_t resends_blocked;   /* requests that libcurl would have sent a second time by itself */
    uint64_t stale_connections; /* reused connections found dead before anything was sent on them */
    uint64_t in_flight;         /* at this moment, those being buried included */
    uint64_t waiting;           /* for room, at this moment */
    uint64_t running;           /* calls, at this moment; those of insist_execute_all() until it returns */
} insist_stats;

/** Fills in the counters, as far as out->size goes.
 *  @return INSIST_OK, INSIST_EINVAL (NULL, or a size that is none) or INSIST_EFORKED */
INSIST_API insist_err insist_client_stats(insist_client *client, insist_stats *out);

/** The latency of the URL's origin that this share of its requests of the last minute stayed below, in microseconds:
 *  0.95 for the 95th percentile. Only calls count whose race learns (insist/race.h tells how). Any thread. -1: fewer
 *  than 100 requests are known, it is longer than all that was seen, or the arguments make no sense. */
INSIST_API int64_t insist_client_latency_us(insist_client *client, const char *url, double quantile);

/* ---- budget: [SYNCED]
 * ------------------------------------------------------------------------------------------------ */

/** A budget of its own, to be given to several clients: extra attempts, per origin, are at most 10 plus 20 % of the
 *  first attempts of the last 10 s, and draw on a bucket of 500 (14 an attempt, 5 after a throttled answer; 14 come
 *  back each second, and 1 with each first attempt that is accepted; what an accepted extra attempt cost comes back
 *  too).
 *  @return INSIST_OK, INSIST_EINVAL (NULL) or INSIST_ENOMEM */
INSIST_API insist_err insist_budget_new(insist_budget **out) INSIST_MUST_USE;
/** Gives it up; clients that use it keep it alive. NULL and insist_budget_none() are fine. */
INSIST_API void insist_budget_free(insist_budget *budget);
/** The budget that allows everything. Static. */
INSIST_API insist_budget *insist_budget_none(void);

/* ---- cancel token: [SYNCED]
 * ------------------------------------------------------------------------------------------ */

/** A token that ends the calls it was given to, from any thread, once and for all; to be freed with
 *  insist_cancel_free().
 *  @return INSIST_OK, INSIST_EINVAL (NULL) or INSIST_ENOMEM */
INSIST_API insist_err insist_cancel_new(insist_cancel **out) INSIST_MUST_USE;
/** Wakes the calls at once: they return INSIST_ECANCELED. Calls that are given the token later do not start, and behind
 *  user code in which it is fired no attempt is. Takes locks: not from a signal handler (have a thread that waits for
 *  the signal fire it). In a forked child it reaches the child's own calls alone; where other threads may have been using
 *  it at the fork, the child needs a token of its own. */
INSIST_API void insist_cancel_fire(insist_cancel *cancel);
/** Gives the token up; it must not be used by a running call any more. NULL is fine. */
INSIST_API void insist_cancel_free(insist_cancel *cancel);

/* ---- a call
 * ------------------------------------------------------------------------------------------------------------ */

/** Settings of one call. Begins with its size; zero means the client's. Policies go before the client's. */
typedef struct insist_call_options {
    size_t size;
    const insist_retry_policy *retry;
    const insist_timeout_policy *timeout;
    const insist_handlers *handlers; /* called after the client's */
    insist_cancel *cancel;
    const insist_sink *sink; /* takes the body of the answer that is accepted */
    int64_t deadline_ms;     /* from now; INSIST_FOREVER for none */
    int64_t deadline_at_ns;  /* instead: an instant of CLOCK_MONOTONIC; one that has passed ends the call at once */
    /* Hooks, each in place of the client's. */
    const insist_validator *validator;
    const insist_preparer *prepare_retry;
    const insist_on_exhausted *on_exhausted;
    /* Refused for a plan that may not be raced. No racing for once: a policy of insist_race_at_once(1). */
    const insist_race_policy *race;
    unsigned failures_kept;
} insist_call_options;

/** Options in place: insist_execute(client, plan, INSIST_CALL_OPTIONS(.deadline_ms = 500), &result). C only. */
#define INSIST_CALL_OPTIONS(...) (&(insist_call_options){.size = sizeof(insist_call_options), __VA_ARGS__})

/** All from the client. For languages without compound literals. */
INSIST_API void insist_call_options_init(insist_call_options *options);

/** Executes a plan and blocks until it is over, at the latest until the deadline.
 *  @param result always set, failed or not, but for NULL arguments, and INSIST_ENOMEM before anything has been started
 *                (then NULL); to be freed with insist_result_free()
 *  @return INSIST_OK when an answer came, whatever its status; else what insist_result_error() tells, or INSIST_EINVAL
 *          (NULL, or options that make no sense), INSIST_ETOONEW, INSIST_EFORKED or INSIST_ENOMEM */
INSIST_API insist_err insist_execute(insist_client *client, const insist_plan *plan, const insist_call_options *options,
                                     insist_result **result) INSIST_MUST_USE;

/** Executes n plans at once on the calling thread and blocks until the last is over. Each is a call of its own, just
 *  as insist_execute() makes it, with its retries, races, events, record and result, and none ends because another
 *  does. No thread is started for it.
 *
 *  User code (handlers, deciders, hooks, readers) runs on this thread, one thing at a time; the other calls make no
 *  progress meanwhile, though their attempts do.
 *
 *  The first k of n: give it a cancel token and a handler of INSIST_AFTER_EXECUTION_END that counts the answers it
 *  likes (insist_execution_status()) and fires the token at the k-th. The calls that still run end with
 *  INSIST_ECANCELED, unless their answers are there already: there may be more than k.
 *  @param plans    the same one may be there several times. One that is NULL or may not be executed is refused by its
 *                  own result, as is the second use of one whose body is read through a reader; the others are executed
 *  @param n        0 is fine. Beyond max_in_flight attempts wait for room, beyond max_waiting they end with
 *                  INSIST_EQUEUEFULL
 *  @param options  of each call; NULL for none. A deadline counts from the entry of this function, the client's too;
 *                  the cancel token ends all. A sink is refused, unless n is 1
 *  @param results  n places, in the order of the plans: each is set as insist_execute() would, and to be freed with
 *                  insist_result_free()
 *  @return INSIST_OK when every call returned that, else the error of the first plan, in their order, that has one.
 *          INSIST_EINVAL for NULL arguments, INSIST_ENOMEM: results are NULL, of the calls that lack memory at least */
INSIST_API insist_err insist_execute_all(insist_client *client, const insist_plan *const *plans, size_t n,
                                         const insist_call_options *options, insist_result **results) INSIST_MUST_USE;

/** One-line calls with the client's settings: a plan is made, executed and freed. A URL or header that is refused is
 *  told by the error and by insist_result_explain(). Errors as insist_execute(). */
INSIST_API insist_err insist_get(insist_client *client, const char *url, insist_result **result) INSIST_MUST_USE;
INSIST_API insist_err insist_head(insist_client *client, const char *url, insist_result **result) INSIST_MUST_USE;
INSIST_API insist_err insist_delete(insist_client *client, const char *url, insist_result **result) INSIST_MUST_USE;
/** With a body, which is copied; type is its Content-Type (NULL: none is sent). Errors as insist_execute(). */
INSIST_API insist_err insist_post(insist_client *client, const char *url, const char *type, const void *body,
                                  size_t len, insist_result **result) INSIST_MUST_USE;
INSIST_API insist_err insist_put(insist_client *client, const char *url, const char *type, const void *body, size_t len,
                                 insist_result **result) INSIST_MUST_USE;
INSIST_API insist_err insist_patch(insist_client *client, const char *url, const char *type, const void *body,
                                   size_t len, insist_result **result) INSIST_MUST_USE;

/** POST of a form: see insist_plan_set_form(). Errors as insist_execute(). */
INSIST_API insist_err insist_post_form(insist_client *client, const char *url, const insist_pair *pairs, size_t n,
                                       insist_result **result) INSIST_MUST_USE;

INSIST_END_DECLS

#endif
