/* A plan: what to send.
 *
 * [CONFINED] to one thread while it is built, [IMMUTABLE] from its first call on (a change is then refused with
 * INSIST_EFROZEN); any number of threads may execute it at once, with any number of clients. Everything is copied but a
 * body that is referred to.
 * Bad input is refused when it is set: the setter returns the error, and the plan keeps the first one, so that a plan
 * whose setters were not checked is refused as a whole when it is executed, before anything is sent.
 *
 * Since 0.1.0, all of it, unless a comment says otherwise. */
#ifndef INSIST_PLAN_H
#define INSIST_PLAN_H

#include <insist/policy.h>
#include <insist/race.h>
#include <stddef.h>
#include <stdint.h>

INSIST_BEGIN_DECLS

/** What to send. [CONFINED] while it is built, then [IMMUTABLE]. */
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
 *  other than through its own setting); INSIST_EFROZEN; INSIST_ENOMEM. Host may be set: see insist_plan_set_host().
 *  Blanks around the value are left out. */
INSIST_API insist_err insist_plan_set_header(insist_plan *plan, const char *name, const char *value);

/** Adds a header beside those of the same name; a Host or an Idempotency-Key, of which there can be only one, is
 *  replaced. Errors as insist_plan_set_header(). */
INSIST_API insist_err insist_plan_add_header(insist_plan *plan, const char *name, const char *value);

/** Sends this Host in place of the URL's, which still says where to connect and whose certificate is wanted.
 *  @param host  a name in ASCII or an address, perhaps with a port: "example.org:8080", "[::1]"
 *  @return INSIST_EINVAL (it is no such thing), INSIST_EFROZEN or INSIST_ENOMEM */
INSIST_API insist_err insist_plan_set_host(insist_plan *plan, const char *host);

/** Adds name=value to the one Cookie header, behind "; " when it has cookies already.
 *  @param name   a token (RFC 6265 section 4.1.1)
 *  @param value  visible ASCII without quotes inside, comma, semicolon and backslash. What stands behind a semicolon,
 *                attributes such as Path in the value of a Set-Cookie, is dropped, and so are blanks around it
 *  @return INSIST_EINVAL (the name or the value), INSIST_EFROZEN or INSIST_ENOMEM */
INSIST_API insist_err insist_plan_add_cookie(insist_plan *plan, const char *name, const char *value);

/** Sets an Authorization header of the scheme Basic (RFC 7617), in place of any other, and of the URL's.
 *  @param user      without a colon, which HTTP cannot carry there; may be empty
 *  @param password  may be empty
 *  @return INSIST_EINVAL (NULL, a colon, or a control character), INSIST_EFROZEN or INSIST_ENOMEM */
INSIST_API insist_err insist_plan_set_basic_auth(insist_plan *plan, const char *user, const char *password);

/** Says that headers of that name are secrets: like Authorization, Proxy-Authorization and Cookie, which always are,
 *  they do not follow a redirect to another origin. Before or after the header is set; also for those that a handler
 *  sets. INSIST_EINVAL (no header's name), INSIST_EFROZEN or INSIST_ENOMEM. */
INSIST_API insist_err insist_plan_set_sensitive(insist_plan *plan, const char *name);

/** Sends an Idempotency-Key: the server promises to carry out a request with that key once, so that it may be repeated
 *  and raced whatever its method.
 *  @param key  sent as it is given; NULL: a random UUID in quotes (version 4, of RFC 9562), made anew for each call and
 *              the same in all attempts of that call
 *  @return INSIST_EINVAL (an empty key, or a control character in it), INSIST_EFROZEN or INSIST_ENOMEM */
INSIST_API insist_err insist_plan_set_idempotency_key(insist_plan *plan, const char *key);

/** Sets the body; len 0 means no body (Content-Length: 0 is sent with POST, PUT and PATCH). The bytes are copied.
 *  INSIST_EINVAL (NULL with a length), INSIST_EFROZEN or INSIST_ENOMEM. */
INSIST_API insist_err insist_plan_set_body(insist_plan *plan, const void *data, size_t len);

/** Sets the body without copying it: the bytes must stay as they are until they are released.
 *  @param release  called once with ctx, on any thread, when the body has been replaced, or when the plan and the last
 *                  attempt that uses it are gone; an attempt that was given up may be the last, so this may be after
 *                  the call. May be NULL. Not called when this function fails
 *  @return INSIST_EINVAL (NULL with a length) or INSIST_EFROZEN */
INSIST_API insist_err insist_plan_set_body_ref(insist_plan *plan, const void *data, size_t len,
                                               insist_release_fn *release, void *ctx);

/** Where a body is read from while it is sent, on the thread that executes the call. A plan with a reader serves one
 *  call at a time (a second one is refused with INSIST_EINVAL) and is never raced. */
typedef struct insist_reader {
    /** Puts up to room bytes into buffer. Their number; 0 at the end; negative when it failed: the call ends with
     *  INSIST_EBODY. */
    int64_t (*read)(void *ctx, void *buffer, size_t room);
    /** Back to the beginning: 0, anything else ends the call with INSIST_EBODY. NULL: it cannot; then up to 1 MiB is
     *  kept in memory, and a body that is longer is sent once and not repeated once it has been read from. */
    int (*rewind)(void *ctx);
    /** Called once, when the plan and the last attempt that uses it are gone: by whoever lets go last, perhaps a worker
     *  and after the call has returned. May be NULL. */
    void (*close)(void *ctx);
    void *ctx;
    int64_t length; /* in bytes; -1: not known, sent in chunks. A reader that gives more or less: INSIST_EBODY */
} insist_reader;

/** Sets a body that is read when it is sent; the struct is copied. On failure close is not called.
 *  INSIST_EINVAL (NULL, no read, a length below -1), INSIST_EFROZEN. */
INSIST_API insist_err insist_plan_set_body_reader(insist_plan *plan, const insist_reader *reader);

/** Sets the rest of an open file, from where it stands, as the body; rewound for each attempt. The descriptor stays the
 *  caller's and must live as long as the plan. INSIST_EINVAL: it cannot be positioned (a pipe: give a reader).
 *  INSIST_EFROZEN, INSIST_ENOMEM. */
INSIST_API insist_err insist_plan_set_body_fd(insist_plan *plan, int fd);

/** A name and its value of a form. */
typedef struct insist_pair {
    const char *name;
    const char *value;
} insist_pair;

/** Sets a body of n pairs and its Content-Type, application/x-www-form-urlencoded. The pairs are sent in the order of
 *  their names; those of one name keep theirs. n 0: no body, but the type.
 *  INSIST_EINVAL (a NULL), INSIST_EFROZEN or INSIST_ENOMEM. */
INSIST_API insist_err insist_plan_set_form(insist_plan *plan, const insist_pair *pairs, size_t n);

/** Says that the request may be sent more than once without harm whatever its method. INSIST_EFROZEN. */
INSIST_API insist_err insist_plan_set_idempotent(insist_plan *plan, bool idempotent);

/** Says that each attempt takes a connection of its own and closes it ("Connection: close" is sent). INSIST_EFROZEN. */
INSIST_API insist_err insist_plan_set_close(insist_plan *plan, bool close);

/** Policies of this plan: they go before the client's, and behind those of a call's options. Counted, so the caller may
 *  free its own reference. NULL: the client's again. INSIST_EFROZEN. */
INSIST_API insist_err insist_plan_set_retry(insist_plan *plan, const insist_retry_policy *policy);
INSIST_API insist_err insist_plan_set_timeout(insist_plan *plan, const insist_timeout_policy *policy);
/** The same for a race. INSIST_EINVAL for a plan that may not be raced: mark it as idempotent first. Refused again when
 *  it is executed and may not be raced any more. NULL: the client's again. INSIST_EFROZEN. */
INSIST_API insist_err insist_plan_set_race(insist_plan *plan, const insist_race_policy *policy);

/** The first problem that a setter met, or NULL. Borrowed from the plan. */
INSIST_API const insist_problem *insist_plan_problem(const insist_plan *plan);

INSIST_END_DECLS

#endif
