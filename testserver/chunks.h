/* A body in the chunked transfer coding, readable from any position. Pure. */
#ifndef TESTSERVER_CHUNKS_H
#define TESTSERVER_CHUNKS_H

#include "answer.h"

struct chunks {
    uint64_t size;  /* of the body in them, or ENDLESS */
    uint64_t chunk; /* bytes of it a chunk */
};

/* Bytes that all of them take, without the last, empty one; ENDLESS. */
uint64_t chunks_total(const struct chunks *chunks);

/* Bytes that a chunk of `size` bytes takes, framing included. */
uint64_t chunks_one(uint64_t size);

/* Bytes that go by until `body` bytes of the body have been sent, no framing behind them. */
uint64_t chunks_until(const struct chunks *chunks, uint64_t body);

/* Copies at most `room` bytes of the coding from `position` on; how many. */
size_t chunks_read(const struct chunks *chunks, const struct answer *answer, uint64_t position, uint8_t *out,
                   size_t room);

#endif
