/* A transport of one's own: what carries attempts in libcurl's place, for tests, for simulations, for another wire.
 *
 * insist decides, a transport carries. Each attempt is handed to it as an exchange, and handed back with its outcome.
 * Retries, waits, races, deadlines, budgets and the method gate stay insist's. A client with a transport of its own
 * looks up no names, follows no redirects, decodes nothing and keeps no connections; it takes no sinks and no body
 * readers. The functions here may be called from any thread, for one exchange from one at a time.
 *
 * Since 0.1.0, all of it, unless a comment says otherwise. */
#ifndef INSIST_TRANSPORT_H
#define INSIST_TRANSPORT_H

#include <insist/error.h>
#include <stddef.h>
#include <stdint.h>

INSIST_BEGIN_DECLS

/** One attempt, the transport's from start() until it ends it. [CONFINED] to one thread at a time, whichever it is. */
typedef struct insist_exchange insist_exchange;

/** A value: copied. Both functions run on a worker, abort() perhaps on the thread that frees the client, with no lock
 *  held, and must not block. */
typedef struct insist_transport {
    /** Takes an exchange over, to be ended exactly once with insist_exchange_end(): at once, or later, on any
     *  thread. */
    void (*start)(void *ctx, insist_exchange *exchange);
    /** Nobody waits for it any more. It must still be ended, soon: a client is not freed before. May be NULL. Not
     *  called once the exchange has been ended, but perhaps while another thread is ending it: whoever needs to know
     *  locks. */
    void (*abort)(void *ctx, insist_exchange *exchange);
    void *ctx; /* must outlive the client */
} insist_transport;

/** What is to be sent. Borrowed, until the exchange is ended. */
INSIST_API const char *insist_exchange_method(const insist_exchange *exchange);
INSIST_API const char *insist_exchange_url(const insist_exchange *exchange); /* without user and password */
/** The i-th header; false beyond the last. Those that a handler set for this attempt come in place of the plan's of the
 *  same name; the URL's user and password come last, as Authorization, unless there is one. */
INSIST_API bool insist_exchange_header_at(const insist_exchange *exchange, size_t i, const char **name,
                                          const char **value);
INSIST_API const void *insist_exchange_body(const insist_exchange *exchange, size_t *len);
/** When the attempt is given up, an instant of CLOCK_MONOTONIC in nanoseconds; INT64_MAX: never. Once
 *  insist_exchange_send() has said yes it may be a later one: a request that may not be repeated is then waited for
 *  until the call's deadline. */
INSIST_API int64_t insist_exchange_deadline_ns(const insist_exchange *exchange);

/** To be asked just before the request goes out, at the point of no return: from there on it may have been sent. False:
 *  it has been given up, and must not be sent any more. An exchange that is ended without it was not sent, and may be
 *  repeated whatever its method. */
INSIST_API bool insist_exchange_send(insist_exchange *exchange);

/** The answer's headers and body, piece by piece. INSIST_OK, INSIST_ENOMEM or INSIST_ETOOLARGE: all headers together,
 *  as HTTP/1.1 writes them, are more than max_header_bytes, or the body is more than max_body_bytes. */
INSIST_API insist_err insist_exchange_add_header(insist_exchange *exchange, const char *name, const char *value);
INSIST_API insist_err insist_exchange_add_body(insist_exchange *exchange, const void *data, size_t len);

/** The end of it, and of the transport's right to touch it.
 *  @param status     of the answer, final: 200 to 999. Anything else, 0 say, means that none came
 *  @param err        INSIST_OK: an answer, complete, and without a final status INSIST_EPROTO; else what went wrong
 *  @param transience what kind of error that is; INSIST_NOT_TRANSIENT is not retried by default */
INSIST_API void insist_exchange_end(insist_exchange *exchange, int status, insist_err err,
                                    insist_transience transience);

INSIST_END_DECLS

#endif
