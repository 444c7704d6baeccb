/* Errors: what a function returns, what an attempt failed with, and how bad input is explained.
 *
 * A function that can fail returns an insist_err; its outputs come last. Nothing is kept per thread. An HTTP status,
 * 500 included, is no error: HTTP worked. Numbers are part of the ABI: they are only ever appended.
 *
 * Since 0.1.0, all of it, unless a comment says otherwise. */
#ifndef INSIST_ERROR_H
#define INSIST_ERROR_H

#include <insist/api.h>
#include <stdbool.h>

INSIST_BEGIN_DECLS

/** All errors: E(enumerator without INSIST_, number, one sentence without its full stop) for each. */
#define INSIST_ERR_MAP(E)                                                                                              \
    E(OK, 0, "no error")                                                                                               \
    E(EINVAL, 1, "an argument, an option or a combination of options makes no sense")                                  \
    E(ENOMEM, 2, "out of memory")                                                                                      \
    E(ETOONEW, 3, "an options struct has fields set that this version of the library does not know")                   \
    E(EURL, 4, "the URL cannot be used")                                                                               \
    E(ERESOLVE, 5, "the host name could not be resolved")                                                              \
    E(ECONNECT, 6, "could not connect")                                                                                \
    E(ETLS, 7, "the TLS handshake failed")                                                                             \
    E(ECERT, 8, "the server's certificate was not accepted")                                                           \
    E(ERESET, 9, "the connection was reset")                                                                           \
    E(EEOF, 10, "the connection ended before the answer was complete")                                                 \
    E(EPROTO, 11, "the answer is not valid HTTP")                                                                      \
    E(EDECODE, 12, "the body's content encoding is broken")                                                            \
    E(EREDIRECT, 13, "a redirect was not followed: too many, a loop, from https to http, or no usable Location")       \
    E(EREJECTED, 14, "the validator rejected the answer")                                                              \
    E(ETIMEOUT, 15, "the attempt ran into its timeout")                                                                \
    E(EDEADLINE, 16, "the call reached its deadline")                                                                  \
    E(ECANCELED, 17, "the call was cancelled")                                                                         \
    E(EREDUNDANT, 18, "another attempt of the race won")                                                               \
    E(ETOOLARGE, 19, "the answer is larger than the limit")                                                            \
    E(EQUEUEFULL, 20, "too many requests are waiting already")                                                         \
    E(EFROZEN, 21, "the plan is in use and cannot be changed any more")                                                \
    E(EHANDLER, 22, "an event handler ended the call")                                                                 \
    E(ESHUTDOWN, 23, "the client is closing")                                                                          \
    E(EFORKED, 24, "the client belongs to the parent process")                                                         \
    E(ESYSTEM, 25, "the system is out of descriptors, threads or another resource")                                    \
    E(EPORT, 26, "the address or port is in use or may not be used")                                                   \
    E(ESINK, 27, "the sink refused the body")                                                                          \
    E(EBODY, 28, "the request's body could not be read or rewound")                                                    \
    E(EGAVEUP, 29, "no answer was good enough, and there is no other attempt")

/** What went wrong. The numbers never change their meaning. */
typedef enum insist_err {
#define INSIST_ERR_ENUM(name, number, text) INSIST_##name = (number),
    INSIST_ERR_MAP(INSIST_ERR_ENUM)
#undef INSIST_ERR_ENUM
    /* clang-format off */
    INSIST_ERR_MAX = 0x7fffffff /* keeps the enum an int for C++ callers built against an older header */
    /* clang-format on */
} insist_err;

/** One sentence for an error, without a full stop. Static text, never NULL, for any number. Any thread. */
INSIST_API const char *insist_strerror(insist_err err);

/** The enumerator's name without its prefix ("ETIMEOUT"), "UNKNOWN" for a number this version does not know. Any
 *  thread. */
INSIST_API const char *insist_err_name(insist_err err);

/** The kinds of transport error that another attempt may cure. */
typedef enum insist_transience {
    INSIST_NOT_TRANSIENT = 0,
    INSIST_TIMEOUT,         /* no answer in time, at whatever stage */
    INSIST_CONN_REFUSED,    /* nobody listens there (now) */
    INSIST_CONN_RESET,      /* the peer cut the connection */
    INSIST_UNEXPECTED_EOF,  /* the connection ended early: no answer, or a part of one */
    INSIST_RESOLVE_AGAIN,   /* the name server could not answer now */
    INSIST_TLS_INTERRUPTED, /* the handshake was cut, not refused */
    INSIST_BAD_FRAMING,     /* a broken chunk or frame */
    INSIST_TRANSIENCE_MAX = 0x7fffffff
} insist_transience;

/** Sorts a libcurl result code (CURLcode) with the operating system's error number (0: none) into a kind.
 *  A timeout wins over everything else; what is not known to pass by itself is INSIST_NOT_TRANSIENT. Any thread. */
INSIST_API insist_transience insist_categorize(int curl_code, int os_errno);

/** Why a constructor refused: constructors take a pointer to one (NULL is fine) and fill it in only when they fail. */
typedef struct insist_problem {
    insist_err err;
    char field[32]; /* the argument or option, as it is spelt in the header or on the command line */
    char text[160]; /* one sentence that says what is wrong with it */
} insist_problem;

INSIST_END_DECLS

#endif
