/* What a plan holds, read-only and counted: shared by any number of calls, attempts and threads. */
#ifndef VIEW_REQUEST_H
#define VIEW_REQUEST_H

#include "base/headers.h"
#include <stdatomic.h>

struct url; /* wire/url.h */

struct request {
    atomic_uint references;
    void (*release)(struct request *request); /* called with the last reference, on any thread */

    const char *method;
    const struct url *url;
    const char *shown_url; /* without user and password */
    const char *origin;    /* "https://host:port" */
    struct headers headers;
    struct headers sensitive; /* only their names count: what does not follow a redirect to another origin */
    const void *body;
    size_t body_length;
    uint64_t *opened_on; /* takes no used connection, and leaves its own behind: bits of the leaders' reactors that have
                            one already, its calling thread's. NULL: a request like others */
    bool has_body;
    bool body_is_read;   /* from a reader, by the call, while it is sent: body is NULL, body_length means nothing */
    int64_t read_length; /* then; -1: not known */
    bool repeatable;     /* by its method, its mark or an Idempotency-Key (semantics: May be repeated) */
    bool raceable;       /* safe by its method, or marked */
    bool closes;         /* each attempt has a connection of its own */
    bool makes_key;      /* each call makes an Idempotency-Key, unless the headers have one */
};

struct request *request_retain(const struct request *request);
void request_release(const struct request *request); /* NULL is fine */

bool request_is_sensitive(const struct request *request, const char *header);

bool request_method_is_repeatable(const char *method); /* RFC 9110 section 9.2.2, and QUERY of RFC 10008 */
bool request_method_is_raceable(const char *method);   /* GET HEAD OPTIONS QUERY */

#endif
