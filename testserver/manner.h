/* In which manner an answer is sent: how fast, how it is framed, and what is wrong with its bytes. Zeroed, it is sent
 * as it should be, and libmicrohttpd does that; anything else goes out as raw bytes (tape.h). Pure. */
#ifndef TESTSERVER_MANNER_H
#define TESTSERVER_MANNER_H

#include "pace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENDLESS UINT64_MAX /* as a number of bytes, fields or interim answers */

/* The items that were written, each at most once. */
enum {
    MANNER_DRIP = 1 << 0,
    MANNER_HEAD_DRIP = 1 << 1,
    MANNER_BODY_DELAY = 1 << 2,
    MANNER_END_DELAY = 1 << 3,
    MANNER_CHUNKED = 1 << 4,
    MANNER_LENGTH = 1 << 5,
    MANNER_HTTP10 = 1 << 6,
    MANNER_INTERIM = 1 << 7,
    MANNER_FILLERS = 1 << 8,
    MANNER_TRAILER_FILLERS = 1 << 9,
    MANNER_LF = 1 << 10,
    MANNER_NO_BLANK_LINE = 1 << 11,
    MANNER_STATUS_LINE = 1 << 12,
    MANNER_UNREAD = 1 << 13,
    MANNER_READ = 1 << 16,
    MANNER_TRAILER = 1 << 14, /* this one and the next may be written again and again */
    MANNER_LINE = 1 << 15
};

/* Bytes of any kind. */
struct bytes {
    char *at;
    size_t size;
};

struct manner {
    unsigned given; /* MANNER_ bits */

    struct pace head_pace;
    struct pace body_pace;
    struct pace read_pace;  /* of the request's body */
    uint64_t unread_after;  /* with MANNER_UNREAD: bytes of the request's body that are read */
    uint64_t body_delay_ms; /* between the header block and the body */
    uint64_t end_delay_ms;  /* between the last byte and the end of the connection, or the fault */

    uint64_t chunk;           /* bytes a chunk; 0: as it comes */
    const char *bad_chunk;    /* static: what stands where the next chunk should begin; NULL: all chunks are sound */
    bool no_length;           /* no Content-Length: the body ends with the connection */
    uint64_t length;          /* with MANNER_LENGTH and not no_length: what Content-Length says */
    int interim_status;       /* of the answers before the answer */
    uint64_t interim_count;   /* of them, or ENDLESS */
    uint64_t fillers;         /* header fields of 64 bytes each, or ENDLESS */
    uint64_t trailer_fillers; /* the same behind the last chunk */
    struct bytes trailers;    /* lines */
    struct bytes lines;       /* of the header block, whatever they are */
    struct bytes raw;         /* in place of an answer */
    struct bytes status_line; /* in place of the proper one; without bytes there is none at all */
};

/* Whether libmicrohttpd could send it; interim answers may still come before. */
bool manner_is_plain(const struct manner *manner);

/* Whether the body is sent in chunks. */
bool manner_is_chunked(const struct manner *manner);

/* Appends text and a line's end. False: no memory. */
bool bytes_add_line(struct bytes *bytes, const char *text, size_t size);

void manner_fini(struct manner *manner);

#endif
