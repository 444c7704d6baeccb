/* A result: what the caller keeps of a call, whether it failed or not.
 *
 * [CONFINED] to one thread at a time. All pointers handed out belong to the result and live as long as it does.
 *
 * Since 0.1.0, all of it, unless a comment says otherwise. */
#ifndef INSIST_RESULT_H
#define INSIST_RESULT_H

#include <insist/error.h>
#include <stddef.h>
#include <stdint.h>

INSIST_BEGIN_DECLS

/** What a call came to. [CONFINED] */
typedef struct insist_result insist_result;

/** Why a call ended. */
typedef enum insist_reason {
    INSIST_DONE = 0,       /* an answer was accepted */
    INSIST_STOPPED,        /* an error was accepted: it is not worth another attempt; or the decider failed the call */
    INSIST_COUNT,          /* retries are used up */
    INSIST_NOT_REPEATABLE, /* another attempt could do harm: the request may have been carried out */
    INSIST_NO_TIME,        /* the wait would not fit the deadline */
    INSIST_RETRY_AFTER,    /* the server asked for a longer wait than is allowed */
    INSIST_BUDGET,         /* the retry budget is used up */
    INSIST_DEADLINE,       /* the deadline passed */
    INSIST_CANCELLED,      /* cancelled, or the client closed during the call */
    INSIST_HANDLER,        /* an event handler ended it */
    INSIST_REJECTED,       /* nothing (more) could be started: no room, no memory, bad input, client closing */
    INSIST_REASON_MAX = 0x7fffffff
} insist_reason;

/** How far a request got. */
typedef enum insist_sent {
    INSIST_NOT_SENT = 0, /* proven: no byte of it was handed to a connection */
    INSIST_MAYBE_SENT,   /* it may have been received, and carried out */
    INSIST_ANSWERED,     /* the head of an answer came, whole; be it a redirect's that was followed */
    INSIST_SENT_MAX = 0x7fffffff
} insist_sent;

/** What kind of attempt it was. */
typedef enum insist_kind { INSIST_FIRST = 0, INSIST_RETRIED, INSIST_HEDGE, INSIST_KIND_MAX = 0x7fffffff } insist_kind;

/** What an attempt waited for before it was started. */
typedef enum insist_why_started {
    INSIST_START_FIRST = 0,   /* nothing */
    INSIST_START_BACKOFF,     /* the waiter's wait */
    INSIST_START_RETRY_AFTER, /* the server's Retry-After, plus the waiter's wait */
    INSIST_START_STALE,       /* nothing: the connection that it replaces had died while it was idle */
    INSIST_START_HEDGE,       /* the race's delay; also a retry that came at a hedge's time, before its wait was over */
    INSIST_START_MAX = 0x7fffffff
} insist_why_started;

/** How an attempt ended. */
typedef enum insist_why_ended {
    INSIST_ENDED_WON = 0,   /* its answer is the call's */
    INSIST_ENDED_LOST,      /* a sibling won */
    INSIST_ENDED_RETRYABLE, /* the decider asked for another */
    INSIST_ENDED_FINAL,     /* not worth another attempt, or none was allowed */
    INSIST_ENDED_TIMEOUT,
    INSIST_ENDED_DEADLINE,
    INSIST_ENDED_CANCELLED,
    INSIST_ENDED_HANDLER,
    INSIST_ENDED_REJECTED, /* never started: no room, no memory, client closing */
    INSIST_ENDED_MAX = 0x7fffffff
} insist_why_ended;

/** One attempt. Times are microseconds from the call's start, -1 when not reached. Of an attempt that was redirected
 *  connection, reused, address, connected_us, first_byte_us, bytes and status are of the last request alone, so that
 *  connected_us may be later than sent_us, which is of the first. Fields are only ever appended. */
typedef struct insist_attempt_record {
    unsigned index; /* from 0 */
    unsigned wave;  /* from 0 */
    insist_kind kind;
    int reactor;         /* number of the event loop that carried it, -1: none */
    int64_t connection;  /* number of the connection within that loop, from 1; 0: none */
    bool reused;         /* the connection had carried a request before */
    const char *address; /* "192.0.2.7:443", "" when none was chosen */
    int64_t queued_us;   /* handed over, may have waited for room */
    int64_t started_us;
    int64_t connected_us;
    int64_t sent_us; /* the request was about to go on the wire */
    int64_t first_byte_us;
    int64_t ended_us;
    uint64_t bytes; /* of the answer's body, as they came over the wire */
    int status;     /* 0: none */
    insist_err error;
    int os_errno; /* 0: none */
    insist_sent sent;
    insist_why_started why_started;
    int64_t wait_us; /* the wait before it; of a retry that came at a hedge's time: since it was decided */
    insist_why_ended why_ended;
} insist_attempt_record;

/** Was there a race to be run in the call? */
typedef enum insist_racing {
    INSIST_RACING_OFF = 0,     /* no race policy was given */
    INSIST_RACING_ON,          /* hedges were started, or would have been, as the policy says */
    INSIST_RACING_NOT_ALLOWED, /* the client's race policy was not used: the request may not be raced */
    INSIST_RACING_MAX = 0x7fffffff
} insist_racing;

/** Frees a result and all that it lent. NULL is fine. */
INSIST_API void insist_result_free(insist_result *result);

/** True when there is no error and the status is 200 to 299. */
INSIST_API bool insist_result_ok(const insist_result *result);
/** The answer's status; 0 when none came. It comes first: the head behind it may have been cut off (`sent` tells). */
INSIST_API int insist_result_status(const insist_result *result);
/** What the call returned. */
INSIST_API insist_err insist_result_error(const insist_result *result);
/** Why the call ended. */
INSIST_API insist_reason insist_result_reason(const insist_result *result);
/** The number that a handler returned to end the call; 0 otherwise. */
INSIST_API int insist_result_handler_number(const insist_result *result);
/** Method, URL, outcome and attempts in one line, without passwords and the values of query keys that the client hides;
 *  of a limit that was broken which and its value, and why a redirect was not followed. Never NULL. */
INSIST_API const char *insist_result_explain(const insist_result *result);
/** "GET url giving up after N attempt(s): cause", as go-retryablehttp puts it, for every call that was not DONE; the
 *  cause is the limit or the redirect as in the explanation, else the error's sentence, and left out behind an answer
 *  that was not good enough. Passwords and the query keys that the client hides are not shown. "" when the call was
 *  done, and when nothing was attempted. Never NULL. */
INSIST_API const char *insist_result_giving_up(const insist_result *result);
/** The URL that answered, after redirects, without user and password. Never NULL. */
INSIST_API const char *insist_result_url(const insist_result *result);
/** The answer's body, decoded; a NUL follows its last byte. Never NULL. */
INSIST_API const void *insist_result_body(const insist_result *result, size_t *len);
/** Hands the body over: to be freed with insist_body_free(). *data is never NULL on success; the result's body is
 *  empty then. INSIST_EINVAL (NULL) or INSIST_ENOMEM: nothing has changed. */
INSIST_API insist_err insist_result_take_body(insist_result *result, void **data, size_t *len);
/** Frees what insist_result_take_body() gave. NULL is fine. */
INSIST_API void insist_body_free(void *data);
/** First response header of that name, letter case aside, or NULL. */
INSIST_API const char *insist_result_header(const insist_result *result, const char *name);
/** The i-th response header, in the order received; false beyond the last. */
INSIST_API bool insist_result_header_at(const insist_result *result, size_t i, const char **name, const char **value);
/** How long the call took, in microseconds. */
INSIST_API int64_t insist_result_elapsed_us(const insist_result *result);
/** The Retry-After of the reported answer in milliseconds; false when there is none. */
INSIST_API bool insist_result_retry_after_ms(const insist_result *result, int64_t *ms);
/** Whether the call was raced. */
INSIST_API insist_racing insist_result_racing(const insist_result *result);
/** An attempt that failed: with an error, or with an answer that was not good enough. Fields are only ever appended. */
typedef struct insist_failure {
    int64_t time_s;     /* when it ended, in seconds since 1970 */
    const char *method; /* "POST" */
    const char *url;    /* as in explanations */
    unsigned racer;     /* its place in its wave, from 0 */
    unsigned attempt;   /* from 1 */
    int status;         /* 0: none */
    insist_err error;   /* INSIST_OK: an answer */
} insist_failure;

/** How many failures are kept, at most failures_kept of the options of client or call; what lost a race is none. */
INSIST_API size_t insist_result_failures(const insist_result *result);
/** The i-th of them, in the order in which the attempts were started; NULL beyond the last. */
INSIST_API const insist_failure *insist_result_failure(const insist_result *result, size_t i);
/** How many earlier failures are not kept. */
INSIST_API size_t insist_result_failures_dropped(const insist_result *result);
/** Those that are kept, a line each as in pester's log: seconds, Do, method, URL, racer, number of the retry that would
 *  follow (attempt + 1), and the error's sentence or the status: "1700000000 Do [GET] http://… request-0 retry-2
 *  error: status 503". "" when there are none. Never NULL. */
INSIST_API const char *insist_result_failure_log(const insist_result *result);

/** How many attempts were made, those that never started included. Where there is no memory for the records of all, 1:
 *  the reported one's, which tells its index. */
INSIST_API size_t insist_result_attempts(const insist_result *result);
/** The i-th attempt; NULL beyond the last. */
INSIST_API const insist_attempt_record *insist_result_attempt(const insist_result *result, size_t i);

/** Names as they appear in JSON: "done", "not_repeatable"; "first", "retry", "hedge"; "maybe_sent"; "retry_after";
 *  "won" … Static text, "unknown" for any other number. */
INSIST_API const char *insist_reason_name(insist_reason reason);
INSIST_API const char *insist_kind_name(insist_kind kind);
INSIST_API const char *insist_sent_name(insist_sent sent);
INSIST_API const char *insist_why_started_name(insist_why_started why);
INSIST_API const char *insist_why_ended_name(insist_why_ended why);
/** "off", "on", "not_allowed". */
INSIST_API const char *insist_racing_name(insist_racing racing);

INSIST_END_DECLS

#endif
