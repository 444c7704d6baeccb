/* Content decoding with zlib. In: encoded bytes as they come. Out: decoded bytes at the end of a body, at most a step
 * beyond what was asked for is ever in memory. One thread at a time, no lock.
 *
 * gzip may have several members, one after the other (RFC 1952 section 2.2). What follows a complete stream and does
 * not begin another member is ignored, as browsers do. "deflate" is a zlib stream (RFC 9110 section 8.4.1.2), but
 * some servers send it bare: its first two bytes tell. */
#include "wire/decode.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#define WINDOW_ZLIB 15
#define WINDOW_BARE (-15)
#define WINDOW_GZIP (15 + 16)
#define FEED_BYTES (1U << 30) /* zlib counts in unsigned int */

enum part {
    BEFORE, /* the two bytes that tell what comes have not all come */
    INSIDE, /* a stream has begun */
    BEHIND  /* complete: what comes is ignored */
};

struct decode {
    const struct env *env;
    bool gzip;
    enum part part;
    unsigned char head[2];
    unsigned head_length;
    bool begun;     /* zlib's state exists */
    bool complete;  /* at least one stream has ended */
    bool pending;   /* zlib has more to give of the bytes that it took */
    insist_err err; /* the first failure stays */
    z_stream stream;
};

static void *take_memory(void *env, unsigned count, unsigned size) {
    size_t bytes;
    if (__builtin_mul_overflow((size_t)count, (size_t)size, &bytes))
        return NULL;
    return env_alloc(env, bytes);
}

static void give_back_memory(void *env, void *memory) {
    env_release(env, memory);
}

/* The one coding in a list, without "identity" and empty elements. False: there are several. */
static bool only_coding(const char *list, const char **coding, size_t *length) {
    *coding = NULL;
    *length = 0;
    while (*list != '\0') {
        list += strspn(list, " \t,");
        size_t size = strcspn(list, " \t,");
        bool counts = size > 0 && !(size == 8 && strncasecmp(list, "identity", size) == 0);
        if (counts && *coding)
            return false;
        if (counts) {
            *coding = list;
            *length = size;
        }
        list += size;
    }
    return true;
}

static bool coding_is(const char *name, const char *coding, size_t length) {
    return strlen(name) == length && strncasecmp(name, coding, length) == 0;
}

insist_err decode_new(const struct env *env, const char *encoding, struct decode **out) {
    const char *coding;
    size_t length;
    *out = NULL;
    if (!only_coding(encoding ? encoding : "", &coding, &length))
        return INSIST_EDECODE;
    if (!coding)
        return INSIST_OK;
    bool gzip = coding_is("gzip", coding, length) || coding_is("x-gzip", coding, length);
    if (!gzip && !coding_is("deflate", coding, length))
        return INSIST_EDECODE;

    struct decode *decode = env_alloc(env, sizeof(*decode));
    if (!decode)
        return INSIST_ENOMEM;
    decode->env = env;
    decode->gzip = gzip;
    decode->stream.zalloc = take_memory;
    decode->stream.zfree = give_back_memory;
    decode->stream.opaque = (void *)(uintptr_t)env; /* zlib hands it back; nobody writes through it */
    *out = decode;
    return INSIST_OK;
}

void decode_free(struct decode *decode) {
    if (!decode)
        return;
    if (decode->begun)
        inflateEnd(&decode->stream);
    env_release(decode->env, decode);
}

/* RFC 1950 section 2.2: method 8, a window of at most 32 KiB, and a check sum of the two bytes. */
static bool is_zlib_header(const unsigned char head[2]) {
    return (head[0] & 0x0f) == 8 && head[0] >> 4 <= 7 && (head[0] * 256 + head[1]) % 31 == 0;
}

static bool is_gzip_header(const unsigned char head[2]) {
    return head[0] == 0x1f && head[1] == 0x8b;
}

/* The head is there: begins a stream, or finds that none follows. */
static insist_err begin(struct decode *decode) {
    int window = decode->gzip ? WINDOW_GZIP : is_zlib_header(decode->head) ? WINDOW_ZLIB : WINDOW_BARE;
    if (decode->complete && !is_gzip_header(decode->head)) {
        decode->part = BEHIND;
        return INSIST_OK;
    }
    decode->part = INSIDE;
    if (decode->begun)
        return inflateReset(&decode->stream) == Z_OK ? INSIST_OK : INSIST_EDECODE;
    int code = inflateInit2(&decode->stream, window);
    decode->begun = code == Z_OK;
    return code == Z_OK ? INSIST_OK : INSIST_ENOMEM;
}

static void end(struct decode *decode) {
    decode->complete = true;
    decode->head_length = 0;
    decode->part = decode->gzip ? BEFORE : BEHIND;
}

/* Decodes the stream's input until it is used up, the stream ends or the body holds enough. */
static insist_err inflate_into(struct decode *decode, struct body *body, size_t enough) {
    unsigned char step[DECODE_STEP_BYTES];
    z_stream *stream = &decode->stream;
    do {
        stream->next_out = step;
        stream->avail_out = sizeof(step);
        int code = inflate(stream, Z_NO_FLUSH);
        insist_err err = body_append(body, step, sizeof(step) - stream->avail_out);
        decode->pending = stream->avail_out == 0 && code != Z_STREAM_END;
        if (err != INSIST_OK)
            return err;
        if (code == Z_STREAM_END) {
            end(decode);
            return INSIST_OK;
        }
        if (code == Z_MEM_ERROR)
            return INSIST_ENOMEM;
        if (code != Z_OK && code != Z_BUF_ERROR) /* the latter: it wants more input */
            return INSIST_EDECODE;
    } while (decode->pending && body->length < enough);
    return INSIST_OK;
}

static insist_err inflate_bytes(struct decode *decode, const unsigned char **data, size_t *length, struct body *body,
                                size_t enough) {
    unsigned size = *length < FEED_BYTES ? (unsigned)*length : FEED_BYTES;
    decode->stream.next_in = (unsigned char *)(uintptr_t)*data; /* zlib only reads it */
    decode->stream.avail_in = size;
    insist_err err = inflate_into(decode, body, enough);
    size_t used = size - decode->stream.avail_in;
    *data += used;
    *length -= used;
    return err;
}

static insist_err feed_head(struct decode *decode, const unsigned char **data, size_t *length, struct body *body) {
    while (decode->head_length < 2 && *length > 0) {
        decode->head[decode->head_length++] = *(*data)++;
        --*length;
    }
    if (decode->head_length < 2)
        return INSIST_OK;
    insist_err err = begin(decode);
    if (err != INSIST_OK || decode->part != INSIDE)
        return err;
    const unsigned char *head = decode->head;
    size_t left = 2;
    return inflate_bytes(decode, &head, &left, body, SIZE_MAX); /* two bytes decode to next to nothing */
}

static insist_err feed(struct decode *decode, const unsigned char **data, size_t *length, struct body *body,
                       size_t enough) {
    while ((*length > 0 || decode->pending) && decode->part != BEHIND && body->length < enough) {
        insist_err err = decode->part == BEFORE ? feed_head(decode, data, length, body)
                                                : inflate_bytes(decode, data, length, body, enough);
        if (err != INSIST_OK)
            return err;
    }
    return INSIST_OK;
}

insist_err decode_feed_some(struct decode *decode, const void *data, size_t length, struct body *body, size_t enough,
                            size_t *used) {
    const unsigned char *at = data;
    size_t left = length;
    if (decode->err == INSIST_OK)
        decode->err = feed(decode, &at, &left, body, enough);
    *used = decode->part == BEHIND ? length : length - left;
    return decode->err;
}

insist_err decode_feed(struct decode *decode, const void *data, size_t length, struct body *body) {
    size_t used;
    return decode_feed_some(decode, data, length, body, SIZE_MAX, &used);
}

bool decode_is_pending(const struct decode *decode) {
    return decode->pending;
}

insist_err decode_end(const struct decode *decode) {
    bool nothing_came = decode->part == BEFORE && decode->head_length == 0;
    bool ended = decode->complete && decode->part != INSIDE;
    return nothing_came || ended ? INSIST_OK : INSIST_EEOF;
}
