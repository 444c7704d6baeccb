/* Content codings: whole and in pieces, broken, cut, doubled, and larger than allowed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/fail_alloc.h"
#include "wire/decode.h"
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define GZIP 31
#define ZLIB 15
#define BARE (-15)

struct bytes {
    unsigned char *data;
    size_t length;
};

/* Adds what the text encodes to, at the end of bytes. */
static void encode(struct bytes *bytes, int window, const void *text, size_t length) {
    z_stream stream = {.next_in = (unsigned char *)(uintptr_t)text, .avail_in = (unsigned)length};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, window, 9, Z_DEFAULT_STRATEGY), Z_OK);
    size_t bound = deflateBound(&stream, length);
    bytes->data = realloc(bytes->data, bytes->length + bound);
    assert_non_null(bytes->data);
    stream.next_out = bytes->data + bytes->length;
    stream.avail_out = (unsigned)bound;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    bytes->length += stream.total_out;
    deflateEnd(&stream);
}

static void add(struct bytes *bytes, const void *data, size_t length) {
    bytes->data = realloc(bytes->data, bytes->length + length);
    assert_non_null(bytes->data);
    memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
}

/* Decodes in pieces of the given size; returns the first failure, or what decode_end() says. */
static insist_err decode_pieces(const struct env *env, const char *encoding, const struct bytes *bytes, size_t piece,
                                struct body *body) {
    struct decode *decode;
    insist_err err = decode_new(env, encoding, &decode);
    if (err != INSIST_OK)
        return err;
    assert_non_null(decode);
    for (size_t at = 0; at < bytes->length && err == INSIST_OK; at += piece) {
        size_t left = bytes->length - at;
        err = decode_feed(decode, bytes->data + at, left < piece ? left : piece, body);
    }
    if (err == INSIST_OK)
        err = decode_end(decode);
    decode_free(decode);
    return err;
}

static void expect(const char *encoding, const struct bytes *bytes, const char *text) {
    for (size_t piece = 1; piece <= bytes->length + 1; piece++) {
        struct body body;
        body_init(&body, &env_standard, 1000000);
        assert_int_equal(decode_pieces(&env_standard, encoding, bytes, piece, &body), INSIST_OK);
        assert_int_equal(body.length, strlen(text));
        assert_string_equal(body_text(&body), text);
        body_fini(&body);
    }
}

static void expect_failure(const char *encoding, const struct bytes *bytes, insist_err err) {
    for (size_t piece = 1; piece <= bytes->length + 1; piece++) {
        struct body body;
        body_init(&body, &env_standard, 1000000);
        assert_int_equal(decode_pieces(&env_standard, encoding, bytes, piece, &body), err);
        body_fini(&body);
    }
}

static const char text[] = "to insist, to insist, to insist and to insist once more";

static void every_coding_in_pieces_of_every_size(void **state) {
    (void)state;
    static const struct {
        const char *encoding;
        int window;
    } codings[] = {{"gzip", GZIP},    {"x-gzip", GZIP}, {"GZip", GZIP},           {"deflate", ZLIB}, {"DEFLATE", BARE},
                   {"deflate", BARE}, {" gzip ", GZIP}, {"identity, gzip", GZIP}, {",gzip,", GZIP}};
    for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++) {
        struct bytes bytes = {NULL, 0};
        encode(&bytes, codings[i].window, text, sizeof(text) - 1);
        expect(codings[i].encoding, &bytes, text);
        free(bytes.data);
    }
}

static void an_encoded_nothing_is_nothing(void **state) {
    (void)state;
    const int windows[] = {GZIP, ZLIB, BARE};
    for (size_t i = 0; i < 3; i++) {
        struct bytes bytes = {NULL, 0};
        encode(&bytes, windows[i], "", 0);
        expect(windows[i] == GZIP ? "gzip" : "deflate", &bytes, "");
        free(bytes.data);
    }
}

static void an_empty_body_is_complete(void **state) {
    (void)state;
    struct bytes none = {NULL, 0};
    expect("gzip", &none, "");
    expect("deflate", &none, "");
}

static void gzip_members_follow_each_other(void **state) {
    (void)state;
    struct bytes bytes = {NULL, 0};
    encode(&bytes, GZIP, "one, ", 5);
    encode(&bytes, GZIP, "", 0);
    encode(&bytes, GZIP, "two, ", 5);
    encode(&bytes, GZIP, "three", 5);
    expect("gzip", &bytes, "one, two, three");
    bytes.length -= 1;
    expect_failure("gzip", &bytes, INSIST_EEOF);
    free(bytes.data);
}

static void what_follows_a_complete_stream_is_ignored(void **state) {
    (void)state;
    static const char *const garbage[] = {"x", "\x1f", "\x1f\x8c", "\0\0\0", "<html>"};
    const int windows[] = {GZIP, ZLIB, BARE};
    for (size_t w = 0; w < 3; w++)
        for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
            struct bytes bytes = {NULL, 0};
            encode(&bytes, windows[w], text, sizeof(text) - 1);
            add(&bytes, garbage[i], i == 3 ? 3 : strlen(garbage[i]));
            expect(windows[w] == GZIP ? "gzip" : "deflate", &bytes, text);
            free(bytes.data);
        }
}

static void a_stream_cut_anywhere_has_not_ended(void **state) {
    (void)state;
    const int windows[] = {GZIP, ZLIB, BARE};
    for (size_t w = 0; w < 3; w++) {
        struct bytes bytes = {NULL, 0};
        encode(&bytes, windows[w], text, sizeof(text) - 1);
        while (bytes.length-- > 1)
            expect_failure(windows[w] == GZIP ? "gzip" : "deflate", &bytes, INSIST_EEOF);
        free(bytes.data);
    }
}

static void broken_streams_are_noticed(void **state) {
    (void)state;
    struct bytes bytes = {NULL, 0};
    add(&bytes, "this is no gzip", 15);
    expect_failure("gzip", &bytes, INSIST_EDECODE);
    free(bytes.data);

    bytes = (struct bytes){NULL, 0};
    add(&bytes, "\xff\xff\xff\xff", 4);
    expect_failure("deflate", &bytes, INSIST_EDECODE);
    free(bytes.data);

    const int windows[] = {GZIP, ZLIB};
    for (size_t w = 0; w < 2; w++) { /* the check sum */
        bytes = (struct bytes){NULL, 0};
        encode(&bytes, windows[w], text, sizeof(text) - 1);
        bytes.data[bytes.length - (w == 0 ? 5 : 1)] ^= 1;
        expect_failure(w == 0 ? "gzip" : "deflate", &bytes, INSIST_EDECODE);
        free(bytes.data);
    }

    bytes = (struct bytes){NULL, 0}; /* the second member */
    encode(&bytes, GZIP, "one", 3);
    add(&bytes, "\x1f\x8b\x08\xff-------------------", 20);
    encode(&bytes, GZIP, "two", 3);
    bytes.data[bytes.length - 5] ^= 1;
    struct body body;
    body_init(&body, &env_standard, 1000);
    assert_int_not_equal(decode_pieces(&env_standard, "gzip", &bytes, bytes.length, &body), INSIST_OK);
    body_fini(&body);
    free(bytes.data);
}

static void a_zlib_stream_with_a_dictionary_is_broken(void **state) {
    (void)state;
    struct bytes bytes = {NULL, 0};
    add(&bytes, "\x78\xbb\x00\x00\x00\x01zzzz", 10);
    expect_failure("deflate", &bytes, INSIST_EDECODE);
    free(bytes.data);
}

static void a_failure_stays(void **state) {
    (void)state;
    struct decode *decode;
    struct body body;
    struct bytes bytes = {NULL, 0};
    encode(&bytes, GZIP, text, sizeof(text) - 1);
    body_init(&body, &env_standard, 10);
    assert_int_equal(decode_new(&env_standard, "gzip", &decode), INSIST_OK);
    assert_int_equal(decode_feed(decode, bytes.data, bytes.length, &body), INSIST_ETOOLARGE);
    body.limit = 1000;
    assert_int_equal(decode_feed(decode, bytes.data, bytes.length, &body), INSIST_ETOOLARGE);
    assert_int_equal(body.length, 0);
    decode_free(decode);
    body_fini(&body);
    free(bytes.data);
}

static void no_coding_needs_no_decoder(void **state) {
    (void)state;
    static const char *const none[] = {NULL, "", "identity", "Identity", " identity , identity", ","};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        struct decode *decode = (struct decode *)state;
        assert_int_equal(decode_new(&env_standard, none[i], &decode), INSIST_OK);
        assert_null(decode);
    }
    decode_free(NULL);
}

static void codings_that_were_not_asked_for_are_refused(void **state) {
    (void)state;
    static const char *const others[] = {"br",       "zstd",          "compress",     "gzi",       "gzipp",
                                         "gzip;q=1", "gzip, deflate", "deflate,gzip", "gzip gzip", "none"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct decode *decode = (struct decode *)state;
        assert_int_equal(decode_new(&env_standard, others[i], &decode), INSIST_EDECODE);
        assert_null(decode);
    }
}

/* Memory in use and its peak, in bytes. */
struct meter {
    size_t in_use, peak;
};

static void *metered_resize(void *ctx, void *old, size_t size) {
    struct meter *meter = ctx;
    size_t *block = old ? (size_t *)old - 2 : NULL;
    size_t before = block ? block[0] : 0;
    size_t *grown = realloc(block, size + 2 * sizeof(size_t));
    if (!grown)
        return NULL;
    grown[0] = size;
    meter->in_use += size - before;
    if (meter->in_use > meter->peak)
        meter->peak = meter->in_use;
    return grown + 2;
}

static void metered_release(void *ctx, void *old) {
    struct meter *meter = ctx;
    if (!old)
        return;
    meter->in_use -= ((size_t *)old)[-2];
    free((size_t *)old - 2);
}

static void a_bomb_stops_at_the_limit(void **state) {
    (void)state;
    const size_t whole = 50000000, limit = 1000000;
    struct meter meter = {0, 0};
    struct env env = env_standard;
    env.allocator = (struct allocator){&meter, metered_resize, metered_release};
    char *zeros = calloc(1, whole);
    assert_non_null(zeros);
    struct bytes bytes = {NULL, 0};
    encode(&bytes, GZIP, zeros, whole);
    const size_t pieces[] = {1000, 16384, bytes.length};
    for (size_t i = 0; i < 3; i++) {
        struct body body;
        body_init(&body, &env, limit);
        assert_int_equal(decode_pieces(&env, "gzip", &bytes, pieces[i], &body), INSIST_ETOOLARGE);
        assert_true(body.length <= limit);
        assert_true(body.length > limit - 16384);
        body_fini(&body);
    }
    assert_true(meter.peak <= limit + 65536);
    assert_int_equal(meter.in_use, 0);
    free(bytes.data);
    free(zeros);
}

static void a_body_of_exactly_the_limit_fits(void **state) {
    (void)state;
    struct body body;
    struct bytes bytes = {NULL, 0};
    encode(&bytes, GZIP, text, sizeof(text) - 1);
    body_init(&body, &env_standard, sizeof(text) - 1);
    assert_int_equal(decode_pieces(&env_standard, "gzip", &bytes, 7, &body), INSIST_OK);
    body_fini(&body);
    body_init(&body, &env_standard, sizeof(text) - 2);
    assert_int_equal(decode_pieces(&env_standard, "gzip", &bytes, 7, &body), INSIST_ETOOLARGE);
    body_fini(&body);
    free(bytes.data);
}

static void large_bodies_come_out_whole(void **state) {
    (void)state;
    const size_t length = 1000000;
    unsigned char *data = malloc(length);
    assert_non_null(data);
    uint32_t x = 1;
    for (size_t i = 0; i < length; i++) {
        x = x * 1664525 + 1013904223;
        data[i] = (unsigned char)(x >> 29);
    }
    struct bytes bytes = {NULL, 0};
    encode(&bytes, BARE, data, length);
    struct body body;
    body_init(&body, &env_standard, length);
    assert_int_equal(decode_pieces(&env_standard, "deflate", &bytes, 1460, &body), INSIST_OK);
    assert_int_equal(body.length, length);
    assert_memory_equal(body.data, data, length);
    body_fini(&body);
    free(bytes.data);
    free(data);
}

static void memory_may_run_out_anywhere(void **state) {
    (void)state;
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    struct bytes bytes = {NULL, 0};
    encode(&bytes, GZIP, text, sizeof(text) - 1);
    encode(&bytes, GZIP, text, sizeof(text) - 1);
    size_t n = 1;
    for (;; n++) {
        struct body body;
        fail_alloc_at(&memory, n);
        body_init(&body, &env, 1000);
        insist_err err = decode_pieces(&env, "gzip", &bytes, 10, &body);
        body_fini(&body);
        assert_int_equal(fail_alloc_outstanding(&memory), 0);
        if (!fail_alloc_has_failed(&memory)) {
            assert_int_equal(err, INSIST_OK);
            break;
        }
        assert_int_equal(err, INSIST_ENOMEM);
    }
    assert_true(n > 3); /* the decoder, zlib's state and the body come from env */
    free(bytes.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_coding_in_pieces_of_every_size),
        cmocka_unit_test(an_encoded_nothing_is_nothing),
        cmocka_unit_test(an_empty_body_is_complete),
        cmocka_unit_test(gzip_members_follow_each_other),
        cmocka_unit_test(what_follows_a_complete_stream_is_ignored),
        cmocka_unit_test(a_stream_cut_anywhere_has_not_ended),
        cmocka_unit_test(broken_streams_are_noticed),
        cmocka_unit_test(a_zlib_stream_with_a_dictionary_is_broken),
        cmocka_unit_test(a_failure_stays),
        cmocka_unit_test(no_coding_needs_no_decoder),
        cmocka_unit_test(codings_that_were_not_asked_for_are_refused),
        cmocka_unit_test(a_bomb_stops_at_the_limit),
        cmocka_unit_test(a_body_of_exactly_the_limit_fits),
        cmocka_unit_test(large_bodies_come_out_whole),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
