/* Any bytes as a compressed body, in any pieces, below any limit; with a bit set they are compressed first, so that what
 * follows a right head is reached. What comes out is what zlib makes of the whole, and never more than the limit. */
#include "fuzz.h"
#include "input.h"
#include "wire/decode.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { MOST = 1 << 20 };

/* What the first byte says. */
enum { GZIP = 1, COMPRESS = 2, SPOIL = 4, BARE = 8, TWICE = 16, STEPWISE = 32 };

struct bytes {
    uint8_t *data;
    size_t length;
};

static void add(struct bytes *bytes, const void *data, size_t length) {
    bytes->data = realloc(bytes->data, bytes->length + length + 1);
    must(bytes->data != NULL, "there is memory");
    if (length > 0) {
        memcpy(bytes->data + bytes->length, data, length);
    }
    bytes->length += length;
}

static void add_compressed(struct bytes *bytes, int window, const struct input *input) {
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)input->at, .avail_in = (unsigned)input->left};
    must(deflateInit2(&stream, 1, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) == Z_OK, "there is memory");
    struct bytes out = {malloc(deflateBound(&stream, input->left)), 0};
    must(out.data != NULL, "there is memory");
    stream.next_out = out.data;
    stream.avail_out = (unsigned)deflateBound(&stream, input->left);
    must(deflate(&stream, Z_FINISH) == Z_STREAM_END, "it can be compressed");
    add(bytes, out.data, stream.total_out);
    deflateEnd(&stream);
    free(out.data);
}

/* The bytes that are decoded. where: the one that is spoilt, with `by`. */
static struct bytes encoded(unsigned flags, size_t where, uint8_t by, const struct input *input) {
    struct bytes bytes = {0};
    int window = flags & GZIP ? 31 : flags & BARE ? -15 : 15;
    if (!(flags & COMPRESS)) {
        add(&bytes, input->at, input->left);
        return bytes;
    }
    add_compressed(&bytes, window, input);
    if (flags & TWICE) {
        add_compressed(&bytes, window, input);
    }
    if (flags & SPOIL && by == 0) {
        bytes.length -= where % bytes.length; /* cut */
    } else if (flags & SPOIL) {
        bytes.data[where % bytes.length] ^= by;
    }
    return bytes;
}

/* All in one go, by zlib: INSIST_OK, EEOF or EDECODE, or ETOOLARGE as soon as it is more than the limit. */
static insist_err reference(bool gzip, const struct bytes *in, size_t limit, struct bytes *out) {
    size_t at = 0;
    bool zlib_head = in->length >= 2 && (in->data[0] & 15) == 8 && in->data[0] >> 4 <= 7 &&
                     (in->data[0] << 8 | in->data[1]) % 31 == 0;
    bool complete = in->length == 0;
    while (at < in->length) {
        bool gzip_head = in->length - at >= 2 && in->data[at] == 0x1f && in->data[at + 1] == 0x8b;
        if (complete && !(gzip && gzip_head)) {
            return INSIST_OK; /* what follows a whole stream is none of it */
        }
        if (in->length - at < 2) {
            return INSIST_EEOF;
        }
        z_stream stream = {.next_in = in->data + at, .avail_in = (unsigned)(in->length - at)};
        must(inflateInit2(&stream, gzip ? 31 : zlib_head ? 15 : -15) == Z_OK, "there is memory");
        int code = Z_OK;
        while (code == Z_OK && out->length <= limit) {
            uint8_t step[4096];
            stream.next_out = step;
            stream.avail_out = sizeof step;
            code = inflate(&stream, Z_NO_FLUSH);
            add(out, step, sizeof step - stream.avail_out);
        }
        at = in->length - stream.avail_in;
        inflateEnd(&stream);
        if (out->length > limit) {
            return INSIST_ETOOLARGE;
        }
        if (code == Z_BUF_ERROR) {
            return INSIST_EEOF;
        }
        if (code != Z_STREAM_END) {
            return INSIST_EDECODE;
        }
        complete = true;
    }
    return complete ? INSIST_OK : INSIST_EEOF;
}

static insist_err feed_all(struct decode *decode, const uint8_t *piece, size_t length, struct body *body) {
    size_t used = 0;
    insist_err err = INSIST_OK;
    while (err == INSIST_OK && (length > 0 || decode_is_pending(decode))) {
        err = decode_feed_some(decode, piece, length, body, body->length + 1, &used);
        must(used <= length, "no more is used than was given");
        piece += used;
        length -= used;
    }
    return err;
}

/* Pieces of 1 to 16 bytes, as the pattern says, or all at once. */
static insist_err decode_pieces(unsigned flags, uint64_t pattern, const struct bytes *in, struct body *body) {
    struct decode *decode;
    must(decode_new(&env_standard, flags & GZIP ? "gzip" : "deflate", &decode) == INSIST_OK && decode != NULL,
         "both encodings are known");
    insist_err err = INSIST_OK;
    for (size_t at = 0; at < in->length && err == INSIST_OK;) {
        size_t piece = pattern == 0 ? in->length : 1 + (pattern >> at % 15 * 4 & 15);
        piece = piece < in->length - at ? piece : in->length - at;
        err = flags & STEPWISE ? feed_all(decode, in->data + at, piece, body)
                               : decode_feed(decode, in->data + at, piece, body);
        must(body->length <= body->limit, "the limit is kept");
        at += piece;
    }
    if (err == INSIST_OK) {
        err = decode_end(decode);
    }
    decode_free(decode);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = {data, size};
    unsigned flags = input_byte(&input);
    size_t limit = (size_t)input_byte(&input) << (input_byte(&input) % 13);
    size_t where = input_byte(&input) | (size_t)input_byte(&input) << 8;
    uint8_t by = input_byte(&input);
    uint64_t pattern = input_number(&input);
    if (limit > MOST) {
        return 0;
    }

    struct bytes in = encoded(flags, where, by, &input);
    struct bytes expected = {0};
    insist_err expected_err = reference(flags & GZIP, &in, limit, &expected);
    struct body body;
    body_init(&body, &env_standard, limit);
    insist_err err = decode_pieces(flags, pattern, &in, &body);

    must(err == expected_err || (err == INSIST_ETOOLARGE && expected_err == INSIST_EDECODE) ||
             (err == INSIST_EDECODE && expected_err == INSIST_ETOOLARGE),
         "it ends as zlib does");
    if (err == INSIST_OK) {
        must(body.length == expected.length, "it is as long as what zlib makes of it");
        must(body.length == 0 || memcmp(body.data, expected.data, body.length) == 0, "and the same");
    }
    body_fini(&body);
    free(in.data);
    free(expected.data);
    return 0;
}
