/* A plan: what to send.
 *
 * [CONFINED] to one thread while it is built, [IMMUTABLE] from its first call on (a change is then refused with
 * INSIST_EFROZEN); any number of threads may execute it at once, with any number of clients. Everything is copied.
 * Bad input is refused when it is set: the setter returns the error, and the plan keeps the first one, so that a plan
 * whose setters were not checked is refused as a whole when it is executed, before anything is sent. */
#ifndef INSIST_PLAN_H
#define INSIST_PLAN_H

#include <insist/error.h>
#include <stddef.h>

INSIST_BEGIN_DECLS

typedef struct insist_plan insist_plan;

/** Makes a plan.
 *  @param method   an HTTP method, a token of RFC 9110 section 5.6.2, sent as it is given; NULL or "" means GET
 *  @param url      an absolute http or https URL; user and password in it become an Authorization header
 *  @param problem  filled in when the plan is refused; may be NULL
 *  @param out      the plan, to be freed with insist_plan_free(); NULL on failure
 *  @return INSIST_OK, INSIST_EINVAL (the method, or a NULL argument), INSIST_EURL or INSIST_ENOMEM */
INSIST_API insist_err insist_plan_new(const char *method, const char *url, insist_problem *problem,
                                      insist_plan **out) INSIST_MUST_USE;

/** Gives the plan up. Calls that still use it keep it alive. NULL is fine. */
INSIST_API void insist_plan_free(insist_plan *plan);

/** Replaces every header of that name. INSIST_EINVAL: the name is no token, the value holds CR, LF or another
 *  control character, or the header belongs to the library (Content-Length, Transfer-Encoding, Connection, Expect
 *  other than through its own setting); INSIST_EFROZEN; INSIST_ENOMEM. Host may be set: it overrides the URL's. */
INSIST_API insist_err insist_plan_set_header(insist_plan *plan, const char *name, const char *value);

/** Adds a header beside those of the same name. Errors as insist_plan_set_header(). */
INSIST_API insist_err insist_plan_add_header(insist_plan *plan, const char *name, const char *value);

/** Sets the body; len 0 means no body (Content-Length: 0 is sent with POST, PUT and PATCH). The bytes are copied.
 *  INSIST_EINVAL (NULL with a length), INSIST_EFROZEN or INSIST_ENOMEM. */
INSIST_API insist_err insist_plan_set_body(insist_plan *plan, const void *data, size_t len);

/** Where a body is read from while it is sent, on the thread that executes the call. A plan with a reader serves one call at a time (a second
 *  one is refused with INSIST_EINVAL) and is never raced. */
typedef struct insist_reader {
    /** Puts up to room bytes into buffer. Their number; 0 at the end; negative when it failed: the call ends with INSIST_EBODY. */
    int64_t (*read)(void *ctx, void *buffer, size_t room);
    /** Back to the beginning: 0, anything else ends the call with INSIST_EBODY. NULL: it cannot; then up to 1 MiB is kept in memory, and a
     *  body that is longer is sent once and not repeated once it has been read from. */
    int (*rewind)(void *ctx);
    /** Called once, when the plan and the last call that uses it are gone. On the thread that lets go last. May be NULL. */
    void (*close)(void *ctx);
    void *ctx;
    int64_t
        length; /* in bytes; -1: not known, the body is sent in chunks. A reader that gives more or less: INSIST_EBODY */
} insist_reader;

/** Sets a body that is read when it is sent; the struct is copied. On failure close is not called.
 *  INSIST_EINVAL (NULL, no read, a length below -1), INSIST_EFROZEN. */
INSIST_API insist_err insist_plan_set_body_reader(insist_plan *plan, const insist_reader *reader);

/** Sets the rest of an open file, from where it stands, as the body; rewound for each attempt. The descriptor stays the caller's and must live
 *  as long as the plan. INSIST_EINVAL: it cannot be positioned (a pipe: give a reader). INSIST_EFROZEN, INSIST_ENOMEM. */
INSIST_API insist_err insist_plan_set_body_fd(insist_plan *plan, int fd);

/** Says that the request may be sent more than once without harm whatever its method. INSIST_EFROZEN. */
INSIST_API insist_err insist_plan_set_idempotent(insist_plan *plan, bool idempotent);

/** The first problem that a setter met, or NULL. Borrowed from the plan. */
INSIST_API const insist_problem *insist_plan_problem(const insist_plan *plan);

INSIST_END_DECLS

#endif
