/* Raw answers of the test server, byte by byte: what a script's answer looks like on the wire, from whatever position and
 * in whatever pieces it is read; and bodies that are compressed without ever being there as a whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver/script.h"
#include "testserver/tape.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const struct asked plain = {.wall_s = 784111777, .target = "/p?do=x"};
static struct asked asked = {.wall_s = 784111777, .target = "/p?do=x"};

/* The first choice of a script, as it goes out. */
struct stage {
    struct script *script;
    struct answer answer;
    struct tape tape;
};

static void begin(struct stage *stage, const char *text) {
    size_t column;
    char expected[160];
    if (script_parse(text, &stage->script, &column, expected) != INSIST_OK) {
        fail_msg("%s: column %zu: %s", text, column, expected);
    }
    const struct choice *choice = &stage->script->steps[0].choices[0];
    assert_true(answer_make(&stage->answer, choice, &asked));
    assert_true(tape_init(&stage->tape, &stage->answer, &choice->manner, plain.wall_s));
}

static void end(struct stage *stage) {
    tape_fini(&stage->tape);
    answer_fini(&stage->answer);
    script_free(stage->script);
}

/* All that the script's answer is, at most room - 1 bytes, read in pieces of that size. */
static size_t play(const char *text, char *out, size_t room, size_t piece) {
    struct stage stage;
    size_t size = 0;
    begin(&stage, text);
    while (!tape_at_end(&stage.tape) && size + 1 < room) {
        size_t left = room - 1 - size;
        size += tape_read(&stage.tape, (uint8_t *)out + size, piece < left ? piece : left);
    }
    out[size] = '\0';
    end(&stage);
    return size;
}

#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
#define TEXT "Content-Type: text/plain; charset=utf-8\r\n"
#define BINARY "Content-Type: application/octet-stream\r\n"

static void answers_are_these_bytes(void **state) {
    (void)state;
    const struct {
        const char *script;
        const char *bytes;
    } rows[] = {
        {"body=hello;drip=1ms/1",
         "HTTP/1.1 200 OK\r\n" DATE TEXT "Content-Length: 5\r\nConnection: close\r\n\r\nhello"},
        {"404;http10;length=none;body=x", "HTTP/1.0 404 Not Found\r\n" DATE TEXT "Connection: close\r\n\r\nx"},
        {"chunked=4;size=10",
         "HTTP/1.1 200 OK\r\n" DATE BINARY "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
         "4\r\nabcd\r\n4\r\nefgh\r\n2\r\nij\r\n0\r\n\r\n"},
        {"chunked=4;size=10;close@body:6",
         "HTTP/1.1 200 OK\r\n" DATE BINARY "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n4\r\nef"},
        {"chunked=4;size=10;close@body:4",
         "HTTP/1.1 200 OK\r\n" DATE BINARY "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd"},
        {"chunked=4;size=10;close@body:10",
         "HTTP/1.1 200 OK\r\n" DATE BINARY "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n4\r\nefgh\r\n2\r\nij"},
        {"size=10;chunked;drip=1ms/4;reset@end", "HTTP/1.1 200 OK\r\n" DATE BINARY "Transfer-Encoding: chunked\r\n\r\n"
                                                 "4\r\nabcd\r\n4\r\nefgh\r\n2\r\nij\r\n0\r\n\r\n"},
        {"badchunk@6;size=10;chunked=4",
         "HTTP/1.1 200 OK\r\n" DATE BINARY "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n2\r\nef\r\nno number\r\n"},
        {"body=a;trailer:X-A=1;trailer:X-B=2",
         "HTTP/1.1 200 OK\r\n" DATE TEXT "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
         "1\r\na\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n"},
        {"body=a;trailers=1",
         "HTTP/1.1 200 OK\r\n" DATE TEXT "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\na\r\n0\r\n"
         "X-Filler-0000000000: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n"},
        {"1xx=100x2;http10;body=a", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
                                    "HTTP/1.0 200 OK\r\n" DATE TEXT "Content-Length: 1\r\nConnection: close\r\n\r\na"},
        {"1xx=100;body=a", "HTTP/1.1 100 Continue\r\n\r\n"}, /* the rest is libmicrohttpd's */
        {"1xx=100;hang", "HTTP/1.1 100 Continue\r\n\r\n"},
        {"length=9;body=a", "HTTP/1.1 200 OK\r\n" DATE TEXT "Content-Length: 9\r\nConnection: close\r\n\r\na"},
        {"line=\"X\\x01\";line=y;body=a",
         "HTTP/1.1 200 OK\r\n" DATE TEXT "Content-Length: 1\r\nConnection: close\r\nX\x01\r\ny\r\n\r\na"},
        {"lf;body=\"a\\r\\n\"",
         "HTTP/1.1 200 OK\nDate: Sun, 06 Nov 1994 08:49:37 GMT\n"
         "Content-Type: text/plain; charset=utf-8\nContent-Length: 3\nConnection: close\n\na\r\n"},
        {"no-blank-line;body=a", "HTTP/1.1 200 OK\r\n" DATE TEXT "Content-Length: 1\r\nConnection: close\r\na"},
        {"status-line=\"HTTP/9 x\";body=a", "HTTP/9 x\r\n" DATE TEXT "Content-Length: 1\r\nConnection: close\r\n\r\na"},
        {"status-line=\"\";body=a", DATE TEXT "Content-Length: 1\r\nConnection: close\r\n\r\na"},
        {"close@headers:12", "HTTP/1.1 200"},
        {"raw=\"\\xff\\r\\n\"", "\xff\r\n"},
        {"204;drip@headers=1ms/1", "HTTP/1.1 204 No Content\r\n" DATE "Connection: close\r\n\r\n"},
        {"redirect;drip=1ms/9;body=a",
         "HTTP/1.1 302 Found\r\n" DATE TEXT "Location: /p?do=x\r\nContent-Length: 1\r\nConnection: close\r\n\r\na"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t piece = 1; piece < 200; piece += 1 + piece / 4) {
            char out[1024];
            size_t size = play(rows[i].script, out, sizeof out, piece);
            if (size != strlen(rows[i].bytes) || memcmp(out, rows[i].bytes, size) != 0) {
                fail_msg("%s, in pieces of %zu:\n%s", rows[i].script, piece, out);
            }
        }
    }
}

/* In HTTP/1.0 there are no chunks, except where bad ones are the fault; what is longer than libmicrohttpd has room for is
 * on the tape. */
static void what_the_request_decides(void **state) {
    (void)state;
    const struct {
        const char *script;
        size_t head_size;
        const char *bytes;
    } rows[] = {
        {"chunked=4;size=10", 0,
         "HTTP/1.1 200 OK\r\n" DATE BINARY "Content-Length: 10\r\nConnection: close\r\n\r\nabcdefghij"},
        {"chunked;size=5;drip=1ms/4", 0,
         "HTTP/1.1 200 OK\r\n" DATE BINARY "Content-Length: 5\r\nConnection: close\r\n\r\nabcde"},
        {"body=a;trailer:X-A=1", 0, "HTTP/1.1 200 OK\r\n" DATE TEXT "Content-Length: 1\r\nConnection: close\r\n\r\na"},
        {"badchunk@1;body=ab", 0,
         "HTTP/1.1 200 OK\r\n" DATE TEXT "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\nno number\r\n"},
        {"body=a", 0, ""},
        {"body=a", 12288, "HTTP/1.1 200 OK\r\n" DATE TEXT "Content-Length: 1\r\nConnection: close\r\n\r\na"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[1024];
        asked = (struct asked){.wall_s = plain.wall_s, .old_http = true, .head_size = rows[i].head_size};
        size_t size = play(rows[i].script, out, sizeof out, sizeof out);
        asked = plain;
        if (size != strlen(rows[i].bytes) || memcmp(out, rows[i].bytes, size) != 0) {
            fail_msg("%s:\n%s", rows[i].script, out);
        }
    }
}

static void chunks_have_a_size_of_their_own(void **state) {
    (void)state;
    static char out[16384];
    play("size=5000;chunked;reset@end", out, sizeof out, 1000);
    assert_non_null(strstr(out, "\r\n\r\n1000\r\nabc"));
    play("size=5000;chunked;drip=1ms/255;reset@end", out, sizeof out, 1000);
    assert_non_null(strstr(out, "\r\n\r\nff\r\nabc"));
}

static void half_of_the_headers_is_half_with_fillers_too(void **state) {
    (void)state;
    static char whole[8192];
    static char half[8192];
    size_t all = play("headers=100;length=none;body=\"\"", whole, sizeof whole, 1000);
    size_t cut = play("headers=100;length=none;body=\"\";h:Connection=close;stall=headers", half, sizeof half, 1000);
    assert_int_equal(cut, all / 2);
    size_t most = play("headers=1;body=\"\";h:Connection=close;stall=headers@1000000000", half, sizeof half, 1000);
    assert_null(strstr(half, "\r\n\r\n")); /* never all of it */
    assert_int_equal(half[most - 1], '\r');
}

static void endless_things_go_on(void **state) {
    (void)state;
    const char *scripts[] = {"endless",          "endless;chunked", "headers=endless", "1xx=103xendless",
                             "trailers=endless", "endless;gzip",    "endless;deflate", "endless;chunked=1;drip=1ms/1"};
    static uint8_t piece[65536];
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        struct stage stage;
        begin(&stage, scripts[i]);
        for (size_t turn = 0; turn < 100; turn++) {
            assert_true(tape_read(&stage.tape, piece, sizeof piece) > 0);
        }
        stage.tape.position += UINT64_C(1) << 60; /* and for a long time */
        assert_true(tape_read(&stage.tape, piece, sizeof piece) > 0);
        assert_false(tape_at_end(&stage.tape));
        end(&stage);
    }
}

/* Unpacks everything and compares it with the pattern from byte `first` on. */
static void unpack(const struct packed *packed, uint64_t size, unsigned first, int window) {
    static uint8_t in[4096];
    static uint8_t out[65536];
    uint64_t position = 0;
    uint64_t unpacked = 0;
    z_stream stream = {0};
    int code = Z_OK;
    assert_int_equal(inflateInit2(&stream, window), Z_OK);
    while (code == Z_OK) {
        if (stream.avail_in == 0) {
            stream.next_in = in;
            stream.avail_in = (uInt)packed_read(packed, position, in, 1 + position % sizeof in);
            position += stream.avail_in;
        }
        stream.next_out = out;
        stream.avail_out = sizeof out;
        code = inflate(&stream, Z_NO_FLUSH);
        for (size_t i = 0; i < sizeof out - stream.avail_out; i++, unpacked++) {
            if (out[i] != 'a' + (first + unpacked) % 26) {
                fail_msg("byte %llu is wrong", (unsigned long long)unpacked);
            }
        }
    }
    assert_int_equal(code, Z_STREAM_END); /* checksum and size are right */
    assert_int_equal(unpacked, size);
    assert_int_equal(position, packed_size(packed));
    inflateEnd(&stream);
}

static void a_pattern_of_any_size_is_packed(void **state) {
    (void)state;
    const uint64_t sizes[] = {0, 1, 25, 26, 100000, 262079, 262080, 262081, 3000000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (int zlib_format = 0; zlib_format < 2; zlib_format++) {
            const struct fill pattern = {.start = i};
            struct packed *packed = packed_new(NULL, &pattern, sizes[i], zlib_format);
            assert_non_null(packed);
            unpack(packed, sizes[i], (unsigned)i, zlib_format ? 15 : 15 + 16);
            assert_true(packed_size(packed) < 1000 + sizes[i] / 300);
            packed_free(packed);
        }
    }
}

static int inflate_all(const struct packed *packed) {
    static uint8_t in[10000];
    static uint8_t out[400000];
    z_stream stream = {.next_in = in, .next_out = out, .avail_out = sizeof out};
    stream.avail_in = (uInt)packed_read(packed, 0, in, sizeof in);
    assert_int_equal(inflateInit2(&stream, 15 + 32), Z_OK);
    int code = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    return code;
}

static void broken_ends_are_noticed(void **state) {
    (void)state;
    const struct fill pattern = {0};
    for (int zlib_format = 0; zlib_format < 2; zlib_format++) {
        struct packed *packed = packed_new(NULL, &pattern, 300000, zlib_format);
        assert_non_null(packed);
        assert_int_equal(inflate_all(packed), Z_STREAM_END);
        packed_break(packed, PACKED_CRC);
        assert_int_equal(inflate_all(packed), Z_DATA_ERROR);
        packed_free(packed);
    }
    struct packed *packed = packed_new((const uint8_t *)"hello", NULL, 5, false);
    assert_non_null(packed);
    assert_int_equal(inflate_all(packed), Z_STREAM_END);
    packed_break(packed, PACKED_LENGTH);
    assert_int_equal(inflate_all(packed), Z_DATA_ERROR);
    packed_free(packed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_these_bytes),
        cmocka_unit_test(what_the_request_decides),
        cmocka_unit_test(chunks_have_a_size_of_their_own),
        cmocka_unit_test(half_of_the_headers_is_half_with_fillers_too),
        cmocka_unit_test(endless_things_go_on),
        cmocka_unit_test(a_pattern_of_any_size_is_packed),
        cmocka_unit_test(broken_ends_are_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
