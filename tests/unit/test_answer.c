/* From a script's choice to the bytes of an answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver/head.h"
#include "testserver/script.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const struct asked plain = {.wall_s = 784111777};

/* The answer that the script's first choice makes. */
static struct answer make(const char *text, const struct asked *asked) {
    struct script *script;
    size_t column;
    char expected[160];
    struct answer answer;
    assert_int_equal(script_parse(text, &script, &column, expected), INSIST_OK);
    assert_true(answer_make(&answer, &script->steps[0].choices[0], asked));
    script_free(script); /* an answer keeps nothing of its script */
    return answer;
}

static const char *field(const struct answer *answer, const char *name) {
    for (size_t i = 0; i < answer->field_count; i++) {
        if (strcmp(answer->fields[i].name, name) == 0) {
            return answer->fields[i].value;
        }
    }
    return NULL;
}

static void a_status_alone_says_its_name(void **state) {
    (void)state;
    struct answer answer = make("404", &plain);
    assert_int_equal(answer.status, 404);
    assert_int_equal(answer.size, 14);
    assert_memory_equal(answer.bytes, "404 Not Found\n", 14);
    assert_string_equal(field(&answer, "Content-Type"), "text/plain; charset=utf-8");
    answer_fini(&answer);
    answer = make("204", &plain);
    assert_int_equal(answer.size, 0);
    assert_null(field(&answer, "Content-Type"));
    answer_fini(&answer);
    answer = make("299", &plain);
    assert_memory_equal(answer.bytes, "299 Unknown\n", 12);
    answer_fini(&answer);
}

static void a_size_is_a_pattern(void **state) {
    (void)state;
    struct answer answer = make("size=1000", &plain);
    uint8_t piece[10];
    assert_int_equal(answer.size, 1000);
    assert_null(answer.bytes);
    assert_int_equal(answer_read(&answer, 25, piece, 3), 3);
    assert_memory_equal(piece, "zab", 3);
    assert_int_equal(answer_read(&answer, 995, piece, 10), 5);
    assert_int_equal(answer_read(&answer, 1000, piece, 10), 0);
    assert_string_equal(field(&answer, "Content-Type"), "application/octet-stream");
    answer_fini(&answer);
}

static void retry_after_is_worked_out(void **state) {
    (void)state;
    const char *rows[][2] = {
        {"503;retry-after=7", "7"},
        {"503;retry-after=date+1", "Sun, 06 Nov 1994 08:49:38 GMT"},
        {"503;retry-after=date-7", "Sun, 06 Nov 1994 08:49:30 GMT"},
        {"503;retry-after=\"soon, maybe\"", "soon, maybe"},
        {"503", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct answer answer = make(rows[i][0], &plain);
        const char *value = field(&answer, "Retry-After");
        if (rows[i][1]) {
            assert_non_null(value);
            assert_string_equal(value, rows[i][1]);
        } else {
            assert_null(value);
        }
        answer_fini(&answer);
    }
}

static void headers_type_and_place(void **state) {
    (void)state;
    struct answer answer = make("307=/x;h:X-A=1;type=text/css", &plain);
    assert_string_equal(field(&answer, "Location"), "/x");
    assert_string_equal(field(&answer, "X-A"), "1");
    assert_string_equal(field(&answer, "Content-Type"), "text/css");
    answer_fini(&answer);
}

static void echo_gives_back_body_and_type(void **state) {
    (void)state;
    struct asked asked = plain;
    uint8_t *body = malloc(3);
    assert_non_null(body);
    memcpy(body, "a\0b", 3);
    const uint8_t *given = body;
    asked.body = &body;
    asked.body_size = 3;
    asked.content_type = "image/png";
    struct answer answer = make("201;echo", &asked);
    assert_int_equal(answer.size, 3);
    assert_memory_equal(answer.bytes, "a\0b", 3);
    assert_ptr_equal(answer.bytes, given); /* taken over, not copied */
    assert_null(body);
    assert_string_equal(field(&answer, "Content-Type"), "image/png");
    answer_fini(&answer);
    answer = make("echo", &plain);
    assert_int_equal(answer.size, 0);
    answer_fini(&answer);
}

static void gzip_can_be_unpacked(void **state) {
    (void)state;
    static uint8_t unpacked[300001];
    struct answer answer = make("size=300000;gzip", &plain);
    assert_string_equal(field(&answer, "Content-Encoding"), "gzip");
    assert_true(answer.size < 10000);
    static uint8_t packed[10000];
    assert_int_equal(answer_read(&answer, 0, packed, sizeof packed), answer.size);
    z_stream stream = {.next_in = packed, .avail_in = (uInt)answer.size};
    stream.next_out = unpacked;
    stream.avail_out = sizeof unpacked;
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.total_out, 300000);
    inflateEnd(&stream);
    for (size_t i = 0; i < 300000; i++) {
        if (unpacked[i] != 'a' + i % 26) {
            fail_msg("byte %zu is wrong", i);
        }
    }
    answer_fini(&answer);
}

static void cuts_lie_within_what_is_announced(void **state) {
    (void)state;
    const struct {
        const char *text;
        uint64_t announced, limit;
        bool head;
    } rows[] = {
        {"200", 7, 7, false},
        {"truncate@100", 1100, 100, false},
        {"truncate@100;size=101", 101, 100, false},
        {"reset@body:100;size=100", 100, 100, false},
        {"close@body:0;body=abc", 3, 0, false},
        {"truncate@5;echo", 1, 0, false}, /* nothing to echo, and still less than announced */
        {"reset@body:5;echo", 0, 0, false},
        {"truncate@100", 1100, 0, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct asked asked = plain;
        asked.head = rows[i].head;
        struct answer answer = make(rows[i].text, &asked);
        assert_int_equal(answer.announced, rows[i].announced);
        assert_int_equal(answer.limit, rows[i].limit);
        answer_fini(&answer);
    }
}

static void a_raw_header_block(void **state) {
    (void)state;
    const struct manner manner = {0};
    struct bytes head = {0};
    struct answer answer = make("503;truncate@10;h:X-A=1", &plain);
    const char *expected = "HTTP/1.1 503 Service Unavailable\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                           "Content-Type: text/plain; charset=utf-8\r\nX-A: 1\r\nContent-Length: 1010\r\n";
    assert_true(head_write(&answer, &manner, plain.wall_s, &head));
    assert_int_equal(head.size, strlen(expected));
    assert_memory_equal(head.at, expected, head.size);
    free(head.at);
    answer_fini(&answer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_alone_says_its_name),      cmocka_unit_test(a_size_is_a_pattern),
        cmocka_unit_test(retry_after_is_worked_out),         cmocka_unit_test(headers_type_and_place),
        cmocka_unit_test(echo_gives_back_body_and_type),     cmocka_unit_test(gzip_can_be_unpacked),
        cmocka_unit_test(cuts_lie_within_what_is_announced), cmocka_unit_test(a_raw_header_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
