/* Limits on what a server may send: never more than was asked for, never a part that passes for the whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/wire_fixture.h"
#include "wire/decode.h"
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

static void too_large(insist_sent sent, int status, const char *sentence, uint64_t limit) {
    struct wire_attempt attempt;
    fixture_run(&attempt, "GET", "/");
    fixture_expect(&attempt, INSIST_ETOOLARGE, status, sent);
    fixture_expect_cause(&attempt, sentence, limit);
    assert_int_equal(attempt.job->outcome.transience, INSIST_NOT_TRANSIENT);
    assert_true(attempt.job->outcome.body.length <= host.settings.max_body_bytes);
    assert_true(attempt.job->progress.bytes <= host.settings.max_body_bytes + 16384);
    wire_attempt_fini(&attempt);
}

static void test_announced(void **state) {
    (void)state;
    host.settings.max_body_bytes = 10;
    fixture_serve(answer_always, "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n"); /* and not a byte of it */
    too_large(INSIST_ANSWERED, 200, "its body is longer than max_body_bytes", host.settings.max_body_bytes);
}

static void test_announced_beyond_numbers(void **state) {
    (void)state;
    fixture_serve(answer_always, "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n");
    too_large(INSIST_ANSWERED, 200, "its body is longer than max_body_bytes", host.settings.max_body_bytes);
    raw_server_free(server);
    fixture_serve(answer_always, "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n");
    too_large(INSIST_ANSWERED, 200, "its Content-Length is more than any length can be", INT64_MAX);
}

static void test_exactly_the_limit(void **state) {
    (void)state;
    host.settings.max_body_bytes = 2;
    fixture_serve(answer_always, OK_ANSWER);
    fixture_get_ok("/");
}

static void test_not_announced(void **state) {
    (void)state;
    host.settings.max_body_bytes = 10;
    fixture_serve(answer_always, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nghijkl\r\n");
    too_large(INSIST_ANSWERED, 200, "its body is longer than max_body_bytes", host.settings.max_body_bytes);
}

static void talk_for_ever(struct raw_connection *connection, void *ctx) {
    static char block[65536];
    memset(block, 'x', sizeof(block));
    if (!raw_read_request(connection))
        return;
    raw_send(connection, ctx);
    for (int i = 0; i < 64; i++) /* 4 MiB at most */
        raw_send_bytes(connection, block, sizeof(block));
}

static void test_endless_body(void **state) {
    (void)state;
    fixture_serve(talk_for_ever, "HTTP/1.1 200 OK\r\n\r\n");
    too_large(INSIST_ANSWERED, 200, "its body is longer than max_body_bytes", host.settings.max_body_bytes);
}

static void test_endless_body_of_a_redirect(void **state) {
    (void)state;
    fixture_serve(talk_for_ever, "HTTP/1.1 302 Go\r\nLocation: /x\r\n\r\n");
    too_large(INSIST_ANSWERED, 302, "its body is longer than max_body_bytes", host.settings.max_body_bytes);
    assert_int_equal(raw_server_requests(server), 1);
}

/* ---- headers ----------------------------------------------------------------------------------------------------- */

struct lines_sent {
    const char *before, *line, *after;
    unsigned times;
};

static void send_lines(struct raw_connection *connection, void *ctx) {
    const struct lines_sent *sent = ctx;
    if (!raw_read_request(connection))
        return;
    raw_send(connection, sent->before);
    for (unsigned i = 0; i < sent->times; i++)
        raw_send(connection, sent->line);
    raw_send(connection, sent->after);
    raw_hold(connection);
}

static void test_many_lines(void **state) {
    static const struct lines_sent sent = {"HTTP/1.1 200 OK\r\n", "X-Header: 0123456789\r\n",
                                           "Content-Length: 0\r\n\r\n", 4000};
    (void)state;
    fixture_serve(send_lines, &sent);
    too_large(INSIST_MAYBE_SENT, 200, "its headers are longer than max_header_bytes", host.settings.max_header_bytes);
}

static void test_many_interim_answers(void **state) {
    static const struct lines_sent sent = {"", "HTTP/1.1 103 Early Hints\r\n\r\n", OK_ANSWER, 4000};
    (void)state;
    fixture_serve(send_lines, &sent);
    too_large(INSIST_MAYBE_SENT, 0, "its interim answers are longer than max_header_bytes",
              host.settings.max_header_bytes);
}

static void test_many_trailers(void **state) {
    static const struct lines_sent sent = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
                                           "X-Trailer: 0123456789\r\n", "\r\n", 4000};
    (void)state;
    fixture_serve(send_lines, &sent);
    too_large(INSIST_ANSWERED, 200, "its headers and trailers are longer than max_header_bytes",
              host.settings.max_header_bytes);
}

static void test_a_few_are_fine(void **state) {
    static const struct lines_sent sent = {"HTTP/1.1 200 OK\r\n", "X-Header: 0123456789\r\n",
                                           "Content-Length: 0\r\n\r\n", 2000};
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(send_lines, &sent);
    fixture_run(&attempt, "GET", "/");
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    assert_int_equal(headers_count(&attempt.job->outcome.headers), 2001);
    wire_attempt_fini(&attempt);
}

static void test_one_endless_line(void **state) {
    static const struct lines_sent sent = {"HTTP/1.1 200 OK\r\nX: ", "0123456789abcdef0123456789abcdef", "\r\n\r\n",
                                           6000};
    (void)state;
    host.settings.max_header_bytes = 1 << 20; /* beyond libcurl's own limit for a line */
    fixture_serve(send_lines, &sent);
    too_large(INSIST_MAYBE_SENT, 200, "one of its header lines is longer than libcurl takes", CURL_MAX_HTTP_HEADER);
}

/* Of all lines together libcurl takes 300 KiB. */
static void test_more_lines_than_libcurl_takes(void **state) {
    static const struct lines_sent sent = {"HTTP/1.1 200 OK\r\n", "X-Header: 0123456789\r\n",
                                           "Content-Length: 0\r\n\r\n", 40000};
    (void)state;
    host.settings.max_header_bytes = 1 << 20;
    fixture_serve(send_lines, &sent);
    too_large(INSIST_MAYBE_SENT, 200, "its headers are longer than libcurl takes", 300 << 10);
}

/* And of a trailer line 4 KiB. */
static void test_one_long_trailer(void **state) {
    static const struct lines_sent sent = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
                                           "0123456789abcdef0123456789abcdef", "\r\n\r\n", 300};
    (void)state;
    fixture_serve(send_lines, &sent);
    too_large(INSIST_ANSWERED, 200, "one of its trailer lines is longer than libcurl takes", 0);
}

static void test_status_of_nothing(void **state) {
    static const struct lines_sent sent = {"", "x", "", 200000};
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(send_lines, &sent);
    fixture_run(&attempt, "GET", "/");
    assert_int_not_equal(attempt.job->outcome.err, INSIST_OK);
    assert_int_equal(attempt.job->outcome.sent, INSIST_MAYBE_SENT);
    wire_attempt_fini(&attempt);
}

/* ---- a bomb ------------------------------------------------------------------------------------------------------ */

struct bomb {
    unsigned char *bytes;
    size_t length;
};

static void throw_bomb(struct raw_connection *connection, void *ctx) {
    const struct bomb *bomb = ctx;
    char head[128];
    if (!raw_read_request(connection))
        return;
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
             bomb->length);
    raw_send(connection, head);
    raw_send_bytes(connection, bomb->bytes, bomb->length);
    raw_signal(connection);
    raw_hold(connection);
}

/* Zeros, and where `every` is not 0 something else among them: then it decodes to some 90 times its size, not to 1,000 times. */
static struct bomb make_bomb(size_t length, size_t every) {
    const size_t room = 1 << 20;
    struct bomb bomb = {.bytes = malloc(room)};
    static unsigned char block[1 << 16];
    unsigned random = 1;
    z_stream stream = {.next_out = bomb.bytes, .avail_out = (unsigned)room};
    assert_non_null(bomb.bytes);
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    memset(block, 0, sizeof(block));
    for (size_t done = 0; done < length; done += sizeof(block)) {
        for (size_t i = 0; every > 0 && i < sizeof(block); i += every)
            block[i] = (unsigned char)((random = random * 1103515245 + 12345) >> 16);
        stream.next_in = block;
        stream.avail_in = sizeof(block);
        assert_int_equal(deflate(&stream, Z_NO_FLUSH), Z_OK);
    }
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    bomb.length = room - stream.avail_out;
    deflateEnd(&stream);
    return bomb;
}

/* The server's thread reads it. */
static void free_bomb(struct bomb *bomb) {
    raw_server_free(server);
    server = NULL;
    free(bomb->bytes);
}

static void test_bomb(void **state) {
    struct bomb bomb = make_bomb(200 << 20, 0);
    (void)state;
    fixture_serve(throw_bomb, &bomb);
    too_large(INSIST_ANSWERED, 200, "its body decodes to more than max_body_bytes", host.settings.max_body_bytes);
    assert_true(fail_alloc_largest(&host.memory) <= 2 * host.settings.max_body_bytes);
    free_bomb(&bomb);
}

static bool has_been_sent(void *ctx) {
    (void)ctx;
    return raw_server_has_signals(server, 1);
}

/* All of it is there, and each turn takes a part, at most. */
static void expect_turns(size_t length, size_t every) {
    const size_t most = (2 << 20) + DECODE_STEP_BYTES;
    struct bomb bomb = make_bomb(length, every);
    struct wire_attempt attempt;
    host.settings.max_body_bytes = length;
    fixture_serve(throw_bomb, &bomb);
    wire_attempt_init(&attempt, &host, "GET", fixture_url("/"));
    attempt.job->pauses_at_headers = true; /* then it has the largest buffer, too */
    wire_attempt_start(&attempt);
    assert_true(wire_run_until_news(&attempt, NEWS_HEADERS));
    assert_true(wire_run_until(&host, has_been_sent, NULL));
    wire_attempt_read_on(&attempt);
    const struct body *body = &attempt.job->outcome.body;
    assert_true(body->length <= most);
    for (size_t before = body->length; attempt.finished == 0; before = body->length) {
        virtual_env_advance_ns(&host.world, MS_NS);
        wire_turn(&host, true);
        assert_true(body->length - before <= most);
    }
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    assert_int_equal(body->length, length);
    wire_attempt_fini(&attempt);
    free_bomb(&bomb);
}

/* Deadlines, cancels and others wait for so much, and no more. */
static void test_bomb_turn_by_turn(void **state) {
    (void)state;
    expect_turns(32 << 20, 0);
}

/* A buffer comes in pieces, none of which is too much. */
static void test_several_pieces_a_turn(void **state) {
    (void)state;
    expect_turns(8 << 20, 256);
}

/* ---- descriptors ------------------------------------------------------------------------------------------------- */

static void test_no_descriptor(void **state) {
    struct rlimit usual, none;
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(answer_always, OK_ANSWER);
    wire_attempt_init(&attempt, &host, "GET", fixture_url("/"));
    wire_attempt_start(&attempt);
    int next = dup(0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    none = (struct rlimit){(rlim_t)next, usual.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    bool ran = wire_run(&attempt);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    assert_true(ran);
    fixture_expect(&attempt, INSIST_ESYSTEM, 0, INSIST_NOT_SENT);
    assert_int_equal(attempt.job->outcome.os_errno, 24 /* EMFILE */);
    wire_attempt_fini(&attempt);
    fixture_get_ok("/");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WIRE_TEST(test_announced),
        WIRE_TEST(test_announced_beyond_numbers),
        WIRE_TEST(test_exactly_the_limit),
        WIRE_TEST(test_not_announced),
        WIRE_TEST(test_endless_body),
        WIRE_TEST(test_endless_body_of_a_redirect),
        WIRE_TEST(test_many_lines),
        WIRE_TEST(test_many_interim_answers),
        WIRE_TEST(test_many_trailers),
        WIRE_TEST(test_a_few_are_fine),
        WIRE_TEST(test_one_endless_line),
        WIRE_TEST(test_more_lines_than_libcurl_takes),
        WIRE_TEST(test_one_long_trailer),
        WIRE_TEST(test_status_of_nothing),
        WIRE_TEST(test_bomb),
        WIRE_TEST(test_bomb_turn_by_turn),
        WIRE_TEST(test_several_pieces_a_turn),
        WIRE_TEST(test_no_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
