/* Answers of the admin paths. Loop's thread. */
#ifndef TESTSERVER_REPLY_H
#define TESTSERVER_REPLY_H

#include <jansson.h>
#include <microhttpd.h>

struct reply {
    unsigned status;
    struct MHD_Response *response; /* NULL: no memory */
    const char *type;              /* its media type; NULL: it has no body */
    const char *allow;             /* for 405; else NULL */
    const char *location;          /* for 302; else NULL */
};

/* Consumes json; NULL as json: no memory. */
struct reply reply_json(unsigned status, json_t *json);

/* 204. */
struct reply reply_empty(void);

/* {"error": sentence} */
struct reply reply_error(unsigned status, const char *sentence);

/* 302, to a text that lives until the answer is sent. */
struct reply reply_redirect(const char *location);

/* 200. Consumes text; NULL as text: no memory. */
struct reply reply_text(const char *type, char *text, size_t size);

/* 200. Bytes that live for ever. */
struct reply reply_bytes(const char *type, const void *bytes, size_t size);

#endif
