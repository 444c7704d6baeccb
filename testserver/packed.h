/* A body compressed. A pattern of any size, endless included, takes a few kilobytes of memory: it repeats, and so do its
 * compressed bytes. What the client unpacks is a stream like any other. Pure; allocates. */
#ifndef TESTSERVER_PACKED_H
#define TESTSERVER_PACKED_H

#include "fill.h"

struct packed;

enum packed_flaw { PACKED_CRC, PACKED_LENGTH };

/* The stream of `size` bytes, in gzip's format or in zlib's; of a pattern where bytes is NULL, whose size may be ENDLESS.
 * NULL: no memory. */
struct packed *packed_new(const uint8_t *bytes, const struct fill *pattern, uint64_t size, bool zlib_format);

/* Makes what stands at the stream's end wrong. */
void packed_break(struct packed *packed, enum packed_flaw flaw);
void packed_free(struct packed *packed);

/* Bytes of the stream; ENDLESS. */
uint64_t packed_size(const struct packed *packed);

/* Copies bytes of the stream from `position` on, at most `room`; how many. */
size_t packed_read(const struct packed *packed, uint64_t position, uint8_t *out, size_t room);

#endif
