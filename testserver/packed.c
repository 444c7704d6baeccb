/* See packed.h. A block of the pattern that ends in a full flush ends at a byte and refers to nothing before it: its
 * compressed bytes may stand as often as one likes. RFC 1952 (gzip) or 1950 (zlib) is the frame around them. */
#include "packed.h"

#include "manner.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { BLOCK_SIZE = 26 * 10080, GZIP_HEAD_SIZE = 10, ZLIB_HEAD_SIZE = 2, TAIL_SIZE = 8 };

struct packed {
    bool zlib_format;
    size_t tail_size;
    uint64_t blocks; /* or ENDLESS */
    uint8_t *block;
    size_t block_size;
    uint8_t *rest; /* what is left of the pattern behind the blocks, and the stream's tail */
    size_t rest_size;
};

/* Compresses bytes, with room for `extra` more behind them. NULL: no memory. What is left over is given back. */
static uint8_t *compress_bytes(const uint8_t *bytes, size_t size, int flush, size_t extra, size_t *packed_bytes) {
    z_stream stream = {0};
    const int raw_window = -15;
    if (deflateInit2(&stream, 9, Z_DEFLATED, raw_window, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
        return NULL;
    }
    size_t room = deflateBound(&stream, (uLong)size) + 16; /* and a flush */
    uint8_t *packed = malloc(room + extra);
    int code = Z_MEM_ERROR;
    if (packed) {
        stream.next_in = (Bytef *)(uintptr_t)bytes; /* zlib does not write there */
        stream.avail_in = (uInt)size;
        stream.next_out = packed;
        stream.avail_out = (uInt)room;
        code = deflate(&stream, flush);
    }
    *packed_bytes = stream.total_out;
    deflateEnd(&stream);
    if (code != Z_OK && code != Z_STREAM_END) {
        free(packed);
        return NULL;
    }
    uint8_t *shrunk = realloc(packed, *packed_bytes + extra); /* the room was for bytes that cannot be compressed */
    if (shrunk) {
        packed = shrunk;
    }
    return packed;
}

/* The first `size` bytes of the pattern. NULL: no memory. */
static uint8_t *compress_pattern(const struct fill *pattern, size_t size, int flush, size_t extra,
                                 size_t *packed_bytes) {
    uint8_t *plain = malloc(size + 1);
    if (!plain) {
        return NULL;
    }
    fill_read(pattern, 0, plain, size);
    uint8_t *packed = compress_bytes(plain, size, flush, extra, packed_bytes);
    free(plain);
    return packed;
}

/* ---- checksums -------------------------------------------------------------------------------------------------- */

struct sum {
    uLong (*of)(uLong sum, const Bytef *bytes, z_size_t size);
    uLong (*combine)(uLong first, uLong second, z_off_t second_size);
};

static const struct sum gzip_sum = {crc32_z, crc32_combine};
static const struct sum zlib_sum = {adler32_z, adler32_combine};

static uint32_t pattern_sum(const struct sum *sum, const struct fill *pattern, uint64_t size) {
    uint8_t piece[26 * 40]; /* a block is a multiple of it */
    uLong nothing = sum->of(0, NULL, 0);
    uLong block = nothing;
    uLong all = nothing;
    fill_read(pattern, 0, piece, sizeof piece);
    for (size_t i = 0; i < BLOCK_SIZE / sizeof piece; i++) {
        block = sum->of(block, piece, sizeof piece);
    }
    for (uint64_t i = 0; i < size / BLOCK_SIZE; i++) {
        all = sum->combine(all, block, BLOCK_SIZE);
    }
    for (uint64_t left = size % BLOCK_SIZE; left > 0;) {
        size_t count = left < sizeof piece ? (size_t)left : sizeof piece;
        all = sum->of(all, piece, count);
        left -= count;
    }
    return (uint32_t)all;
}

/* The stream's end: gzip's is checksum and size, least significant byte first; zlib's is the checksum the other way
 * round. */
static void put_tail(struct packed *packed, uint32_t sum, uint64_t size) {
    uint8_t *tail = packed->rest + packed->rest_size;
    for (int i = 0; i < 4; i++) {
        tail[i] = (uint8_t)(packed->zlib_format ? sum >> (24 - 8 * i) : sum >> (8 * i));
        tail[4 + i] = (uint8_t)(size >> (8 * i));
    }
    packed->tail_size = packed->zlib_format ? 4 : TAIL_SIZE;
    packed->rest_size += packed->tail_size;
}

/* ---- the stream ------------------------------------------------------------------------------------------------- */

static bool fill_from_bytes(struct packed *packed, const uint8_t *bytes, size_t size) {
    packed->rest = compress_bytes(bytes, size, Z_FINISH, TAIL_SIZE, &packed->rest_size);
    return packed->rest != NULL;
}

static bool fill_from_pattern(struct packed *packed, const struct fill *pattern, uint64_t size) {
    packed->blocks = size == ENDLESS ? ENDLESS : size / BLOCK_SIZE;
    if (packed->blocks > 0) {
        packed->block = compress_pattern(pattern, BLOCK_SIZE, Z_FULL_FLUSH, 0, &packed->block_size);
        if (!packed->block || size == ENDLESS) {
            return packed->block != NULL;
        }
    }
    packed->rest = compress_pattern(pattern, (size_t)(size % BLOCK_SIZE), Z_FINISH, TAIL_SIZE, &packed->rest_size);
    return packed->rest != NULL;
}

struct packed *packed_new(const uint8_t *bytes, const struct fill *pattern, uint64_t size, bool zlib_format) {
    const struct sum *sum = zlib_format ? &zlib_sum : &gzip_sum;
    struct packed *packed = calloc(1, sizeof *packed);
    if (!packed) {
        return NULL;
    }
    packed->zlib_format = zlib_format;
    if (bytes ? !fill_from_bytes(packed, bytes, (size_t)size) : !fill_from_pattern(packed, pattern, size)) {
        packed_free(packed);
        return NULL;
    }
    if (size != ENDLESS) {
        uLong nothing = sum->of(0, NULL, 0);
        uint32_t all = bytes ? (uint32_t)sum->of(nothing, bytes, (size_t)size) : pattern_sum(sum, pattern, size);
        put_tail(packed, all, size);
    }
    return packed;
}

void packed_break(struct packed *packed, enum packed_flaw flaw) {
    if (packed->rest) {
        packed->rest[packed->rest_size - (flaw == PACKED_CRC ? packed->tail_size : 4)] ^= 0x55;
    }
}

void packed_free(struct packed *packed) {
    if (packed) {
        free(packed->block);
        free(packed->rest);
        free(packed);
    }
}

static size_t head_size(const struct packed *packed) {
    return packed->zlib_format ? ZLIB_HEAD_SIZE : GZIP_HEAD_SIZE;
}

uint64_t packed_size(const struct packed *packed) {
    return packed->blocks == ENDLESS ? ENDLESS
                                     : head_size(packed) + packed->blocks * packed->block_size + packed->rest_size;
}

/* The stretch that the position lies in, and how far within it. */
static const uint8_t *stretch(const struct packed *packed, uint64_t *position, size_t *size) {
    static const uint8_t gzip_head[GZIP_HEAD_SIZE] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3};
    static const uint8_t zlib_head[ZLIB_HEAD_SIZE] = {0x78, 0xda};
    *size = head_size(packed);
    if (*position < *size) {
        return packed->zlib_format ? zlib_head : gzip_head;
    }
    *position -= *size;
    *size = packed->block_size;
    if (packed->block_size > 0 && *position / packed->block_size < packed->blocks) {
        *position %= packed->block_size;
        return packed->block;
    }
    *position -= packed->blocks * packed->block_size;
    *size = packed->rest_size;
    return packed->rest;
}

size_t packed_read(const struct packed *packed, uint64_t position, uint8_t *out, size_t room) {
    size_t done = 0;
    while (done < room) {
        uint64_t within = position + done;
        size_t size;
        const uint8_t *from = stretch(packed, &within, &size);
        if (within >= size) {
            break;
        }
        size_t left = size - (size_t)within;
        size_t count = left < room - done ? left : room - done;
        memcpy(out + done, from + within, count);
        done += count;
    }
    return done;
}
