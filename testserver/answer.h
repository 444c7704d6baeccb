/* What is sent to one hit: the choice of its script, worked out for this request into a status, header fields and body
 * bytes. Pure; allocates. */
#ifndef TESTSERVER_ANSWER_H
#define TESTSERVER_ANSWER_H

#include "choice.h"

/* What an answer may depend on. */
struct asked {
    bool head;                /* method HEAD: no body is sent, its length is told */
    const char *content_type; /* of the request, or NULL */
    const uint8_t *body;      /* for echo: the request's, or what is told of it */
    size_t body_size;
    int64_t wall_s; /* seconds since 1970, for dates */
    uint64_t draw;  /* where a random fill without a seed starts */
};

struct MHD_Response;

struct answer {
    int status;
    struct MHD_Response *ready; /* made before, and not owned: then there is nothing else but the status; NULL: none */
    enum insist_testserver_fault fault;
    struct field *fields; /* without Content-Length, Date and Connection */
    size_t field_count;
    uint8_t *bytes; /* the body, owned; NULL: a fill, or empty */
    struct fill fill;
    bool chunked;       /* sent in chunks, its size not announced */
    uint64_t size;      /* of the body that exists */
    uint64_t announced; /* the Content-Length; above size for truncate@ beyond the end */
    uint64_t limit;     /* bytes of the body that a fault lets through; size without one */
};

/* False: no memory; answer is empty then. */
bool answer_make(struct answer *answer, const struct choice *choice, const struct asked *asked);

/* A plain text answer, for refusals: status and one line. */
bool answer_make_text(struct answer *answer, int status, const char *line);

void answer_fini(struct answer *answer);

/* Copies body bytes from `position` on, at most `room`; how many. */
size_t answer_read(const struct answer *answer, uint64_t position, uint8_t *out, size_t room);

/* The header block as raw bytes, for answers that libmicrohttpd would not send. NULL: no memory. */
char *answer_head(const struct answer *answer, int64_t wall_s, size_t *length);

#endif
