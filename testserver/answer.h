/* What is sent to one hit: the choice of its script, worked out for this request into a status, header fields and body
 * bytes. Pure; allocates. */
#ifndef TESTSERVER_ANSWER_H
#define TESTSERVER_ANSWER_H

#include "choice.h"
#include "packed.h"

/* What an answer may depend on. */
struct asked {
    bool head;                /* method HEAD: no body is sent, its length is told */
    const char *target;       /* as sent */
    const char *content_type; /* of the request, or NULL */
    uint8_t **body; /* for echo: allocated, the request's or what is told of it; the answer takes it and leaves NULL */
    size_t body_size;
    int64_t wall_s;   /* seconds since 1970, for dates */
    uint64_t draw;    /* where a random fill without a seed starts */
    bool old_http;    /* before HTTP/1.1: knows no chunks */
    size_t head_size; /* what the request's header block takes of the room for the answer's */
};

struct MHD_Response;

struct answer {
    int status;
    struct MHD_Response *ready; /* made before, and not owned: then there is nothing else but the status; NULL: none */
    enum insist_testserver_fault fault;
    bool cut_given;
    uint64_t cut;         /* N of the faults that have one */
    struct field *fields; /* without Content-Length, Date and Connection */
    size_t field_count;
    bool head_only;        /* no body, whatever is announced */
    uint8_t *bytes;        /* the body, owned; NULL: packed, a fill, or empty */
    struct packed *packed; /* the body, owned; NULL: not compressed */
    struct fill fill;
    bool chunked;       /* sent in chunks, its size not announced */
    bool long_head;     /* libmicrohttpd might have no room for the header block: it goes out as raw bytes */
    uint64_t size;      /* of the body that exists, or ENDLESS */
    uint64_t announced; /* the Content-Length; above size for truncate@ beyond the end */
    uint64_t limit;     /* bytes of the body that a fault lets through; size without one */
};

/* False: no memory; answer is empty then. */
bool answer_make(struct answer *answer, const struct choice *choice, const struct asked *asked);

/* A plain text answer, for refusals: status and one line. */
bool answer_make_text(struct answer *answer, int status, const char *line);

void answer_fini(struct answer *answer);

bool answer_has_field(const struct answer *answer, const char *name);

/* Copies body bytes from `position` on, at most `room`; how many. */
size_t answer_read(const struct answer *answer, uint64_t position, uint8_t *out, size_t room);

#endif
