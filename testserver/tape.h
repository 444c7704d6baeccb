/* Everything that is sent to one hit as raw bytes, in order: interim answers, header block, body, trailers; up to where
 * its fault cuts. It is made while it is read, and may be endless: memory does not grow with it. Pure; allocates. */
#ifndef TESTSERVER_TAPE_H
#define TESTSERVER_TAPE_H

#include "answer.h"
#include "chunks.h"

enum stretch_kind {
    STRETCH_TEXT,    /* a text, again and again until the size is reached */
    STRETCH_FILLERS, /* header fields of 64 bytes */
    STRETCH_BODY,
    STRETCH_CHUNKS,
    STRETCH_GARBAGE
};

struct stretch {
    enum stretch_kind kind;
    const char *text;
    size_t text_size;
    uint64_t size; /* or ENDLESS */
};

enum { STRETCHES = 10 };

struct tape {
    /* fixed */
    const struct answer *answer;
    const struct manner *manner;
    struct bytes interim;
    struct bytes head;
    struct pace body_pace;
    struct chunks chunks;
    struct stretch stretches[STRETCHES];
    size_t count;
    size_t body_begins; /* the first that is not of the header block */

    /* own */
    size_t index;
    uint64_t position; /* within the stretch */
};

/* Both must outlive it. False: no memory; tape_fini() may follow in both cases. */
bool tape_init(struct tape *tape, const struct answer *answer, const struct manner *manner, int64_t wall_s);
void tape_fini(struct tape *tape);

/* Copies at most `room` bytes of what comes next, header block and body never together; how many, 0 at the end. */
size_t tape_read(struct tape *tape, uint8_t *out, size_t room);

/* Whether all that comes now is body, or the end; whether it is the end. */
bool tape_in_body(const struct tape *tape);
bool tape_at_end(const struct tape *tape);

/* Whether the answer itself is not on it, but left to libmicrohttpd. */
bool tape_hands_over(const struct tape *tape);

#endif
