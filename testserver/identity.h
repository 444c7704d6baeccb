/* What makes two requests the same one delivered twice: method, path, and the Idempotency-Key or, without one, the
 * digest of the body. Without either nothing is known. Pure; allocates. */
#ifndef TESTSERVER_IDENTITY_H
#define TESTSERVER_IDENTITY_H

#include <insist/testserver.h>

/* The identity in one line of text, for the caller to free; *out is NULL where the request has none. False: no
 * memory. */
bool identity_make(const insist_testserver_entry *entry, char **out);

/* The parts of such a text. */
struct identity {
    const char *method; /* not NUL-terminated, as token */
    size_t method_length;
    bool by_key;       /* an Idempotency-Key; else the digest of a body */
    const char *token; /* that key or digest */
    size_t token_length;
    const char *path;
};

struct identity identity_split(const char *text);

/* A header of the request, without regard to case; NULL: it is not there. */
const char *identity_header(const insist_testserver_entry *entry, const char *name);

#endif
