/* Whole exchanges over libcurl's transport: what is sent, byte by byte, what comes back, and who carries it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/wire_fixture.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* ---- what is sent ------------------------------------------------------------------------------------------------ */

static const char *last_request(void) {
    return raw_server_request(server, raw_server_requests(server) - 1);
}

static bool asks(const char *line) {
    return strstr(last_request(), line) != NULL;
}

/* Each method after each other on one handle, so that nothing of one is left in the next. */
static void test_methods(void **state) {
    static const struct {
        const char *method, *body, *length;
    } rows[] = {
        {"GET", NULL, NULL},  {"POST", "abc", "3"},    {"GET", NULL, NULL},      {"POST", NULL, "0"},
        {"HEAD", NULL, NULL}, {"PUT", NULL, "0"},      {"DELETE", NULL, NULL},   {"PATCH", NULL, "0"},
        {"PUT", "x", "1"},    {"OPTIONS", NULL, NULL}, {"PATCH", "yz", "2"},     {"HEAD", NULL, NULL},
        {"DELETE", "q", "1"}, {"TRACE", NULL, NULL},   {"QUERY", "select", "6"}, {"POST", "", "0"},
        {"GET", "why", "3"},  {"GET", NULL, NULL},     {"PURGE", NULL, NULL},
    };
    char line[64];
    (void)state;
    fixture_serve(answer_always, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wire_attempt attempt;
        if (rows[i].body) {
            wire_attempt_init(&attempt, &host, rows[i].method, fixture_url("/p?q=1"));
            wire_attempt_body(&attempt, rows[i].body, strlen(rows[i].body));
            wire_attempt_start(&attempt);
            assert_true(wire_run(&attempt));
        } else {
            fixture_run(&attempt, rows[i].method, "/p?q=1");
        }
        fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
        snprintf(line, sizeof(line), "%s /p?q=1 HTTP/1.1\r\n", rows[i].method);
        assert_ptr_equal(strstr(last_request(), line), last_request());
        snprintf(line, sizeof(line), "Content-Length: %s\r\n", rows[i].length ? rows[i].length : "");
        assert_int_equal(asks(rows[i].length ? line : "Content-Length"), rows[i].length != NULL);
        snprintf(line, sizeof(line), "\r\n\r\n%s", rows[i].body ? rows[i].body : "");
        assert_string_equal(strstr(last_request(), "\r\n\r\n"), line);
        assert_false(asks("Content-Type") || asks("Expect") || asks("Transfer-Encoding"));
        wire_attempt_fini(&attempt);
    }
    assert_int_equal(raw_server_connections(server), 1);
}

static void test_usual_headers(void **state) {
    char line[64];
    (void)state;
    fixture_serve(answer_always, OK_ANSWER);
    fixture_get_ok("/");
    snprintf(line, sizeof(line), "\r\nHost: 127.0.0.1:%u\r\n", raw_server_port(server));
    assert_true(asks(line));
    assert_true(asks("\r\nUser-Agent: insist-test\r\n"));
    assert_true(asks("\r\nAccept: */*\r\n"));
    assert_true(asks("\r\nAccept-Encoding: gzip, deflate\r\n"));
    assert_false(asks("Authorization"));
}

static void test_no_user_agent_no_encodings(void **state) {
    (void)state;
    host.settings.user_agent = "";
    host.settings.decode = false;
    fixture_serve(answer_always, OK_ANSWER);
    fixture_get_ok("/");
    assert_false(asks("User-Agent"));
    assert_false(asks("Accept-Encoding"));
}

static void test_headers_of_plan_and_attempt(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(answer_always, OK_ANSWER);
    wire_attempt_init(&attempt, &host, "POST", fixture_url("/"));
    wire_attempt_body(&attempt, "abc", 3);
    struct headers *plan = &attempt.request.headers, *own = &attempt.job->own_headers;
    headers_add(plan, "X-Same", "plan");
    headers_add(plan, "x-same", "plan too");
    headers_add(plan, "X-Two", "1");
    headers_add(plan, "X-Two", "2");
    headers_add(plan, "X-Empty", "");
    headers_add(plan, "X-Blank", "  ");
    headers_add(plan, "User-Agent", "mine");
    headers_add(plan, "Content-Type", "text/plain");
    headers_add(plan, "Content-Length", "77");
    headers_add(plan, "Accept", "text/html");
    headers_add(own, "X-SAME", "own");
    headers_add(own, "X-New", "own");
    wire_attempt_start(&attempt);
    assert_true(wire_run(&attempt));
    assert_true(asks("\r\nX-SAME: own\r\n") && asks("\r\nX-New: own\r\n"));
    assert_false(asks("plan"));
    assert_true(asks("\r\nX-Two: 1\r\n") && asks("\r\nX-Two: 2\r\n"));
    assert_true(asks("\r\nX-Empty:\r\n") && asks("\r\nX-Blank:\r\n"));
    assert_true(asks("\r\nUser-Agent: mine\r\n") && !asks("insist-test"));
    assert_true(asks("\r\nContent-Type: text/plain\r\n"));
    assert_true(asks("\r\nContent-Length: 3\r\n") && !asks("Length: 77"));
    assert_true(asks("\r\nAccept: text/html\r\n") && !asks("*/*"));
    wire_attempt_fini(&attempt);
}

static void test_authorization(void **state) {
    struct wire_attempt attempt;
    char text[128];
    (void)state;
    fixture_serve(answer_always, OK_ANSWER);
    snprintf(text, sizeof(text), "http://ann:secret@127.0.0.1:%u/", raw_server_port(server));
    wire_attempt_init(&attempt, &host, "GET", text);
    wire_attempt_start(&attempt);
    assert_true(wire_run(&attempt));
    assert_true(asks("\r\nAuthorization: Basic YW5uOnNlY3JldA==\r\n"));
    wire_attempt_fini(&attempt);

    wire_attempt_init(&attempt, &host, "GET", text);
    headers_add(&attempt.request.headers, "Authorization", "Bearer t");
    wire_attempt_start(&attempt);
    assert_true(wire_run(&attempt));
    assert_true(asks("\r\nAuthorization: Bearer t\r\n") && !asks("Basic"));
    wire_attempt_fini(&attempt);
}

static void test_proxies_of_the_environment_are_not_asked(void **state) {
    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1/", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1/", 1);
    fixture_serve(answer_always, OK_ANSWER);
    fixture_get_ok("/");
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

static void test_large_body(void **state) {
    struct wire_attempt attempt;
    size_t length = 3 << 20;
    char *body = malloc(length + 1);
    (void)state;
    assert_non_null(body);
    memset(body, 'b', length);
    body[length] = '\0';
    fixture_serve(answer_always, OK_ANSWER);
    fixture_post(&attempt, "/", body);
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    assert_false(asks("Expect"));
    assert_string_equal(strstr(last_request(), "\r\n\r\n") + 4, body);
    wire_attempt_fini(&attempt);
    free(body);
}

static void answer_heads(struct raw_connection *connection, void *answer) {
    while (raw_read_head(connection))
        raw_send(connection, answer);
}

/* A server that wants it without Expect gets no second request: its 417 is the answer. */
static void test_expectation_failed(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(answer_heads, "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
    wire_attempt_init(&attempt, &host, "POST", fixture_url("/"));
    wire_attempt_body(&attempt, "abc", 3);
    headers_add(&attempt.request.headers, "Expect", "100-continue");
    wire_attempt_start(&attempt);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_OK, 417, INSIST_ANSWERED);
    assert_int_equal(atomic_load(&host.counters.resends_blocked), 1);
    wire_attempt_fini(&attempt);
}

/* ---- what comes back --------------------------------------------------------------------------------------------- */

static void end_after(struct raw_connection *connection, void *text) {
    if (raw_read_request(connection))
        raw_send(connection, text);
}

struct answered {
    const char *method, *answer;
    int status;
    const char *body;
    uint64_t bytes;
    bool ends; /* the server ends the connection behind it */
};

static void test_answers(void **state) {
    static const struct answered rows[] = {
        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", 5, false},
        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", 0, false},
        {"GET", "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", 200, "x", 1, false},
        {"GET", "HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, "until the end", 13, true},
        {"GET", "HTTP/1.0 200 OK\r\n\r\nold", 200, "old", 3, true},
        {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", 200, "", 0, false},
        {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", 200, "", 0, false},
        {"HEAD", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", 200, "", 0, false},
        {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, "", 0, false},
        {"GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", 0, false},
        {"GET", "HTTP/1.1 204 No Content\r\nContent-Encoding: br\r\n\r\n", 204, "", 0, false},
        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", 200, "ok", 2, false},
        {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 200, "", 0, false},
        {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 700\r\n\r\n", 304, "", 0, false},
        {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 70000000\r\n\r\n", 304, "", 0, false},
        {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", 200,
         "abcde", 5, false},
        {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, "", 0, false},
        {"GET",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n1\r\na\r\n0\r\nX: y\r\nZ: 1\r\n\r\n", 200,
         "a", 1, false},
        {"GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", 2, false},
        {"GET",
         "HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 102 P\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno",
         404, "no", 2, false},
        {"POST", "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\nContent-Encoding: identity\r\n\r\noops", 500, "oops", 4,
         false},
        {"GET", "HTTP/1.1 300 Choices\r\nLocation: /b\r\nContent-Length: 1\r\n\r\nc", 300, "c", 1, false},
        {"GET", "HTTP/1.1 302 Nowhere\r\nContent-Length: 1\r\n\r\nc", 302, "c", 1, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wire_attempt attempt;
        const struct answered *row = &rows[i];
        fixture_serve(row->ends ? end_after : answer_always, row->answer);
        for (int again = 0; again < 2; again++) {
            fixture_run(&attempt, row->method, "/");
            fixture_expect(&attempt, INSIST_OK, row->status, INSIST_ANSWERED);
            assert_string_equal(body_text(&attempt.job->outcome.body), row->body);
            assert_int_equal(attempt.job->progress.bytes, row->bytes);
            assert_int_equal(attempt.job->progress.status, row->status);
            assert_int_equal(attempt.job->progress.reused, again && !row->ends);
            assert_null(headers_get(&attempt.job->outcome.headers, "Link"));
            assert_null(headers_get(&attempt.job->outcome.headers, "X"));
            assert_null(attempt.job->outcome.url);
            wire_attempt_fini(&attempt);
        }
        raw_server_free(server);
        server = NULL;
    }
}

static void test_answers_that_are_none(void **state) {
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nX: a\rY: b\r\nContent-Length: 0\r\n\r\n", /* a CR that others may take for a line's end */
        "HTTP/x 0404 1994 No\r\nContent-Length: 0\r\n\r\n",
        "HTTP/x 404 No\r\nContent-Length: 0\r\n\r\n",
        "HTTP/x 4040\r\nContent-Length: 0\r\n\r\n",
        "HTTP/x No\r\nContent-Length: 0\r\n\r\n",
        "HTTP/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/ 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 20x OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 +20 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 2000\r\nContent-Length: 0\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct wire_attempt attempt;
        fixture_serve(end_after, answers[i]);
        fixture_run(&attempt, "GET", "/");
        if (attempt.job->outcome.err != INSIST_EPROTO)
            fail_msg("%s: %s", answers[i], insist_err_name(attempt.job->outcome.err));
        assert_true(attempt.job->outcome.status == 0 || i == 0);
        wire_attempt_fini(&attempt);
        raw_server_free(server);
        server = NULL;
    }
}

/* Where its body ends nobody can tell: it came, and is no answer. What it leads to is not asked for. */
static void test_answers_that_contradict_themselves(void **state) {
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 10\r\n\r\nhelloworld",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Length: 5\r\n\r\nhelloworld",
        "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 5x\r\n\r\nhello",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct wire_attempt attempt;
        fixture_serve(end_after, answers[i]);
        fixture_run(&attempt, "GET", "/");
        fixture_expect(&attempt, INSIST_EPROTO, i == 5 ? 302 : 200, INSIST_ANSWERED);
        assert_int_equal(attempt.job->outcome.body.length, 0);
        wire_attempt_fini(&attempt);
        raw_server_free(server);
        server = NULL;
    }
}

static void test_headers_of_the_answer(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(answer_always, "HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nset-cookie: b\r\nX-Trim: \t v \t\r\nX-Empty:\r\n"
                                 "X-Long: one\r\n two\r\n\tthree\r\nContent-Length: 0\r\n\r\n");
    fixture_run(&attempt, "GET", "/");
    const struct headers *headers = &attempt.job->outcome.headers;
    assert_int_equal(headers_count(headers), 6);
    assert_string_equal(headers_value_at(headers, 0), "a");
    assert_string_equal(headers_value_at(headers, 1), "b");
    assert_string_equal(headers_get(headers, "X-Trim"), "v");
    assert_string_equal(headers_get(headers, "X-Empty"), "");
    assert_string_equal(headers_get(headers, "X-Long"), "one two three");
    assert_string_equal(headers_get(headers, "Content-Length"), "0");
    wire_attempt_fini(&attempt);
}

static void test_progress(void **state) {
    struct wire_attempt attempt;
    char address[64];
    (void)state;
    fixture_serve(answer_always, OK_ANSWER);
    fixture_run(&attempt, "GET", "/");
    const struct progress *progress = &attempt.job->progress;
    snprintf(address, sizeof(address), "127.0.0.1:%u", raw_server_port(server));
    assert_string_equal(progress->address, address);
    assert_int_equal(progress->started_ns, VIRTUAL_ENV_NOW_NS);
    assert_int_equal(progress->connected_ns, VIRTUAL_ENV_NOW_NS);
    assert_int_equal(progress->sent_ns, VIRTUAL_ENV_NOW_NS);
    assert_int_equal(progress->first_byte_ns, VIRTUAL_ENV_NOW_NS);
    assert_int_equal(progress->ended_ns, VIRTUAL_ENV_NOW_NS);
    assert_int_equal(progress->connection, 1);
    assert_null(attempt.job->transfer);
    wire_attempt_fini(&attempt);
}

/* ---- content codings --------------------------------------------------------------------------------------------- */

struct coded {
    const char *encoding;
    unsigned char bytes[4096];
    size_t length;
    size_t sent;    /* of them */
    bool announced; /* the whole length is announced, else what is sent */
};

/* In one piece: a body that begins comes with the headers. */
static void serve_coded(struct raw_connection *connection, void *ctx) {
    const struct coded *coded = ctx;
    char answer[256 + sizeof(coded->bytes)];
    while (raw_read_request(connection)) {
        int head = snprintf(answer, 256, "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %zu\r\n\r\n",
                            coded->encoding, coded->announced ? coded->length : coded->sent);
        memcpy(answer + head, coded->bytes, coded->sent);
        raw_send_bytes(connection, answer, (size_t)head + coded->sent);
    }
}

static void deflate_text(struct coded *coded, int window, const void *text, size_t length) {
    z_stream stream = {.next_in = (unsigned char *)(uintptr_t)text,
                       .avail_in = (unsigned)length,
                       .next_out = coded->bytes,
                       .avail_out = sizeof(coded->bytes)};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, window, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    coded->length = coded->sent = sizeof(coded->bytes) - stream.avail_out;
    deflateEnd(&stream);
}

static const char text[] = "what is sent is less than what is read, what is read is more than what is sent";

static void expect_decoded(const struct coded *coded) {
    struct wire_attempt attempt;
    fixture_serve(serve_coded, coded);
    fixture_run(&attempt, "GET", "/");
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    assert_string_equal(body_text(&attempt.job->outcome.body), text);
    assert_int_equal(attempt.job->progress.bytes, coded->sent);
    assert_string_equal(headers_get(&attempt.job->outcome.headers, "Content-Encoding"), coded->encoding);
    wire_attempt_fini(&attempt);
}

static void test_gzip(void **state) {
    struct coded coded = {.encoding = "gzip"};
    (void)state;
    deflate_text(&coded, 15 + 16, text, sizeof(text) - 1);
    expect_decoded(&coded);
}

static void test_deflate(void **state) {
    struct coded coded = {.encoding = "deflate"};
    (void)state;
    deflate_text(&coded, 15, text, sizeof(text) - 1);
    expect_decoded(&coded);
}

static void expect_undecoded(const struct coded *coded, insist_err err) {
    struct wire_attempt attempt;
    fixture_serve(serve_coded, coded);
    fixture_run(&attempt, "GET", "/");
    fixture_expect(&attempt, err, 200, INSIST_ANSWERED);
    wire_attempt_fini(&attempt);
}

static void test_gzip_cut_in_a_whole_body(void **state) {
    struct coded coded = {.encoding = "gzip"};
    (void)state;
    deflate_text(&coded, 15 + 16, text, sizeof(text) - 1);
    coded.sent -= 9;
    expect_undecoded(&coded, INSIST_EEOF);
}

static void test_gzip_broken(void **state) {
    struct coded coded = {.encoding = "gzip"};
    (void)state;
    deflate_text(&coded, 15 + 16, text, sizeof(text) - 1);
    coded.bytes[coded.length - 5] ^= 1; /* of the check sum */
    expect_undecoded(&coded, INSIST_EDECODE);
}

static void test_coding_not_asked_for(void **state) {
    const struct coded coded = {.encoding = "br", .bytes = "abc", .length = 3, .sent = 3};
    (void)state;
    expect_undecoded(&coded, INSIST_EDECODE);
}

static void test_coding_the_user_asked_for(void **state) {
    const struct coded coded = {.encoding = "br", .bytes = "abc", .length = 3, .sent = 3};
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(serve_coded, &coded);
    wire_attempt_init(&attempt, &host, "GET", fixture_url("/"));
    headers_add(&attempt.request.headers, "accept-encoding", "br");
    wire_attempt_start(&attempt);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    assert_string_equal(body_text(&attempt.job->outcome.body), "abc");
    assert_true(asks("\r\naccept-encoding: br\r\n"));
    assert_false(asks("gzip"));
    wire_attempt_fini(&attempt);
}

/* ---- news -------------------------------------------------------------------------------------------------------- */

static void answer_on_release(struct raw_connection *connection, void *ctx) {
    while (raw_read_request(connection)) {
        raw_wait(connection);
        raw_send(connection, ctx);
    }
}

static void test_news_of_being_sent(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(answer_on_release, OK_ANSWER);
    wire_attempt_init(&attempt, &host, "GET", fixture_url("/"));
    attempt.job->wants_sent = true;
    wire_attempt_start(&attempt);
    assert_true(wire_run_until_news(&attempt, NEWS_SENT));
    assert_int_equal(attempt.finished, 0);
    raw_server_release(server);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    wire_attempt_fini(&attempt);
}

static void test_no_news_unless_wanted(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(answer_always, OK_ANSWER);
    fixture_run(&attempt, "GET", "/");
    assert_int_equal(attempt.news, NEWS_END);
    wire_attempt_fini(&attempt);
}

static void test_pause_at_the_headers(void **state) {
    struct wire_attempt attempt;
    struct coded coded = {.encoding = "gzip"};
    (void)state;
    deflate_text(&coded, 15 + 16, text, sizeof(text) - 1);
    fixture_serve(serve_coded, &coded);
    wire_attempt_init(&attempt, &host, "GET", fixture_url("/"));
    attempt.job->pauses_at_headers = true;
    wire_attempt_start(&attempt);
    assert_true(wire_run_until_news(&attempt, NEWS_HEADERS));
    assert_int_equal(attempt.job->outcome.status, 200);
    assert_string_equal(headers_get(&attempt.job->outcome.headers, "Content-Encoding"), "gzip");
    assert_int_equal(attempt.job->progress.bytes, 0);
    wire_turn(&host, false);
    assert_int_equal(attempt.finished, 0);
    assert_int_equal(attempt.job->outcome.body.length, 0);
    wire_attempt_read_on(&attempt);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    assert_string_equal(body_text(&attempt.job->outcome.body), text);
    wire_attempt_fini(&attempt);
}

/* Whoever hears the announced length as no length takes five bytes and an end for the whole. */
static void test_no_pause_at_a_length_beyond_measure(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(answer_always, "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nhello");
    wire_attempt_init(&attempt, &host, "GET", fixture_url("/"));
    attempt.job->pauses_at_headers = true;
    wire_attempt_start(&attempt);
    assert_true(wire_run(&attempt));
    assert_int_equal(attempt.news, NEWS_END);
    fixture_expect(&attempt, INSIST_ETOOLARGE, 200, INSIST_ANSWERED);
    fixture_expect_cause(&attempt, "its Content-Length is more than any length can be", INT64_MAX);
    wire_attempt_fini(&attempt);
}

static void test_no_pause_without_a_body(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(answer_always, "HTTP/1.1 204 No Content\r\n\r\n");
    wire_attempt_init(&attempt, &host, "GET", fixture_url("/"));
    attempt.job->pauses_at_headers = true;
    wire_attempt_start(&attempt);
    assert_true(wire_run(&attempt));
    assert_int_equal(attempt.news, NEWS_END);
    fixture_expect(&attempt, INSIST_OK, 204, INSIST_ANSWERED);
    wire_attempt_fini(&attempt);
}

/* What libcurl held back is refused from within curl_easy_pause(). */
static void test_refusal_after_a_pause(void **state) {
    struct coded coded = {.encoding = "gzip"};
    struct wire_attempt attempt;
    (void)state;
    deflate_text(&coded, 15 + 16, text, sizeof(text) - 1);
    coded.bytes[0] = 0; /* no gzip at all */
    fixture_serve(serve_coded, &coded);
    wire_attempt_init(&attempt, &host, "GET", fixture_url("/"));
    attempt.job->pauses_at_headers = true;
    wire_attempt_start(&attempt);
    assert_true(wire_run_until_news(&attempt, NEWS_HEADERS));
    wire_attempt_read_on(&attempt);
    assert_int_equal(attempt.finished, 1);
    fixture_expect(&attempt, INSIST_EDECODE, 200, INSIST_ANSWERED);
    wire_attempt_fini(&attempt);
}

/* ---- many, and idle ones ----------------------------------------------------------------------------------------- */

#define MANY 200

static void echo_on_release(struct raw_connection *connection, void *ctx) {
    (void)ctx;
    while (raw_read_request(connection)) {
        char answer[256], path[32];
        raw_wait(connection);
        sscanf(raw_request(connection), "GET %31s", path);
        snprintf(answer, sizeof(answer), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(path), path);
        raw_send(connection, answer);
    }
}

static bool all_sent(void *count) {
    return raw_server_requests(server) == *(unsigned *)count;
}

static void run_many(unsigned sent_in_all) {
    static struct wire_attempt attempts[MANY];
    char path[32];
    for (int i = 0; i < MANY; i++) {
        snprintf(path, sizeof(path), "/%d", i);
        wire_attempt_init(&attempts[i], &host, "GET", fixture_url(path));
        wire_attempt_start(&attempts[i]);
    }
    assert_true(wire_run_until(&host, all_sent, &sent_in_all)); /* nobody is answered before all have been read */
    for (int i = 0; i < MANY; i++)
        raw_server_release(server);
    for (int i = 0; i < MANY; i++) {
        assert_true(wire_run(&attempts[i]));
        fixture_expect(&attempts[i], INSIST_OK, 200, INSIST_ANSWERED);
        snprintf(path, sizeof(path), "/%d", i);
        assert_string_equal(body_text(&attempts[i].job->outcome.body), path);
        assert_int_equal(attempts[i].finished, 1);
        wire_attempt_fini(&attempts[i]);
    }
}

/* A second round finds every connection of the first one kept. */
static void test_many_at_once(void **state) {
    (void)state;
    host.settings.max_connections = MANY;
    fixture_serve(echo_on_release, NULL);
    run_many(MANY);
    run_many(2 * MANY);
    assert_int_equal(raw_server_connections(server), MANY);
}

static void test_none_kept(void **state) {
    struct wire_attempt attempt;
    (void)state;
    host.settings.max_connections = 0;
    fixture_serve(answer_always, OK_ANSWER);
    fixture_get_ok("/");
    fixture_run(&attempt, "GET", "/");
    assert_false(attempt.job->progress.reused);
    wire_attempt_fini(&attempt);
}

/* Every block of memory of ours fails once. The answer is too large for what a job brings along. */
static void test_no_memory(void **state) {
    char answer[4096];
    (void)state;
    snprintf(answer, sizeof(answer), "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nX-A: %01000d\r\n\r\n%01000d", 1, 2);
    fixture_serve(answer_always, answer);
    fixture_get_ok("/");
    unsigned failures = 0;
    for (size_t n = 1;; n++) {
        struct wire_attempt attempt;
        wire_attempt_init(&attempt, &host, "POST", fixture_url("/"));
        wire_attempt_body(&attempt, "abc", 3);
        attempt.job->fresh = n % 2;
        fail_alloc_at(&host.memory, n);
        wire_attempt_start(&attempt);
        assert_true(wire_run(&attempt));
        bool failed = fail_alloc_has_failed(&host.memory);
        fail_alloc_at(&host.memory, 0);
        insist_err err = attempt.job->outcome.err;
        assert_int_equal(attempt.finished, 1);
        assert_true(err == INSIST_OK || (failed && (err == INSIST_ENOMEM || err == INSIST_ESYSTEM)));
        failures += err != INSIST_OK;
        wire_attempt_fini(&attempt);
        if (!failed)
            break;
    }
    assert_true(failures > 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WIRE_TEST(test_methods),
        WIRE_TEST(test_usual_headers),
        WIRE_TEST(test_no_user_agent_no_encodings),
        WIRE_TEST(test_headers_of_plan_and_attempt),
        WIRE_TEST(test_authorization),
        WIRE_TEST(test_proxies_of_the_environment_are_not_asked),
        WIRE_TEST(test_large_body),
        WIRE_TEST(test_expectation_failed),
        WIRE_TEST(test_answers),
        WIRE_TEST(test_answers_that_are_none),
        WIRE_TEST(test_answers_that_contradict_themselves),
        WIRE_TEST(test_headers_of_the_answer),
        WIRE_TEST(test_progress),
        WIRE_TEST(test_gzip),
        WIRE_TEST(test_deflate),
        WIRE_TEST(test_gzip_cut_in_a_whole_body),
        WIRE_TEST(test_gzip_broken),
        WIRE_TEST(test_coding_not_asked_for),
        WIRE_TEST(test_coding_the_user_asked_for),
        WIRE_TEST(test_news_of_being_sent),
        WIRE_TEST(test_no_news_unless_wanted),
        WIRE_TEST(test_pause_at_the_headers),
        WIRE_TEST(test_no_pause_at_a_length_beyond_measure),
        WIRE_TEST(test_no_pause_without_a_body),
        WIRE_TEST(test_refusal_after_a_pause),
        WIRE_TEST(test_many_at_once),
        WIRE_TEST(test_none_kept),
        WIRE_TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
