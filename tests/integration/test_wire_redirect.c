/* Redirects over the wire: each hop a request of its own in the same attempt. The rules themselves:
 * unit/test_redirect.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/wire_fixture.h"
#include "wire/mailbox.h"
#include <stdio.h>
#include <string.h>

struct road {
    const char *from; /* path */
    int status;
    const char *to; /* Location; NULL: none */
};

/* Leads along the roads; whatever has none is answered with 200. */
static void lead(struct raw_connection *connection, void *ctx) {
    char method[16], path[256], answer[512];
    while (raw_read_request(connection)) {
        const struct road *road = ctx;
        sscanf(raw_request(connection), "%15s %255s", method, path);
        while (road->from && strcmp(road->from, path) != 0)
            road++;
        if (road->from)
            snprintf(answer, sizeof(answer),
                     "HTTP/1.1 %d Go\r\nLocation: %s\r\nX-Hop: %s\r\nContent-Length: 4\r\n\r\ngone", road->status,
                     road->to, path);
        else
            snprintf(answer, sizeof(answer), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(path), path);
        raw_send(connection, answer);
    }
}

static const char *request(unsigned i) {
    return raw_server_request(server, i);
}

static bool begins(const char *text, const char *beginning) {
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

static void test_chain(void **state) {
    static const struct road roads[] = {{"/a", 301, "/b"}, {"/b", 302, "c?x=1"}, {"/c?x=1", 303, "/d/../e"},
                                        {"/e", 307, "/f"}, {"/f", 308, "?g"},    {0}};
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(lead, roads);
    fixture_run(&attempt, "GET", "/a");
    const struct outcome *outcome = &attempt.job->outcome;
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    assert_string_equal(body_text(&outcome->body), "/f?g");
    assert_string_equal(outcome->url, fixture_url("/f?g"));
    assert_null(headers_get(&outcome->headers, "X-Hop"));
    assert_int_equal(attempt.job->progress.bytes, 4);
    assert_int_equal(raw_server_requests(server), 6);
    assert_int_equal(raw_server_connections(server), 1);
    wire_attempt_fini(&attempt);
}

static void test_post_turns_into_get(void **state) {
    static const int statuses[] = {301, 302, 303};
    (void)state;
    for (int i = 0; i < 3; i++) {
        const struct road roads[] = {{"/a", statuses[i], "/b"}, {0}};
        struct wire_attempt attempt;
        fixture_serve(lead, roads);
        wire_attempt_init(&attempt, &host, "POST", fixture_url("/a"));
        wire_attempt_body(&attempt, "abc", 3);
        headers_add(&attempt.request.headers, "Content-Type", "text/plain");
        headers_add(&attempt.request.headers, "content-language", "en");
        headers_add(&attempt.request.headers, "X-Kept", "yes");
        wire_attempt_start(&attempt);
        assert_true(wire_run(&attempt));
        fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
        assert_true(begins(request(0), "POST /a ") && strstr(request(0), "Content-Type: text/plain"));
        assert_true(begins(request(1), "GET /b ") && strstr(request(1), "X-Kept: yes"));
        assert_null(strstr(request(1), "ontent-"));
        wire_attempt_fini(&attempt);
        raw_server_free(server);
        server = NULL;
    }
}

static void test_put_is_repeated(void **state) {
    static const struct road roads[] = {{"/a", 307, "/b"}, {"/b", 308, "/c"}, {0}};
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(lead, roads);
    wire_attempt_init(&attempt, &host, "PUT", fixture_url("/a"));
    wire_attempt_body(&attempt, "abc", 3);
    wire_attempt_start(&attempt);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(begins(request(i), "PUT /"));
        assert_non_null(strstr(request(i), "\r\n\r\nabc"));
    }
    wire_attempt_fini(&attempt);
}

#define BACK "the redirect leads back to where the attempt has been"

static void expect_unfollowed(const char *method, bool may_repeat, const char *path, insist_err err, int status,
                              const char *sentence) {
    struct wire_attempt attempt;
    unsigned before = raw_server_requests(server);
    wire_attempt_init(&attempt, &host, method, fixture_url(path));
    attempt.job->may_repeat = may_repeat;
    wire_attempt_start(&attempt);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, err, status, INSIST_ANSWERED);
    fixture_expect_cause(&attempt, sentence, 0);
    assert_int_equal(attempt.job->outcome.transience, INSIST_NOT_TRANSIENT);
    assert_string_equal(body_text(&attempt.job->outcome.body), "gone");
    assert_string_equal(headers_get(&attempt.job->outcome.headers, "X-Hop"), path);
    assert_null(attempt.job->outcome.url);
    assert_int_equal(raw_server_requests(server), before + 1);
    wire_attempt_fini(&attempt);
}

static void test_not_followed(void **state) {
    static const struct road roads[] = {{"/a", 307, "/b"},
                                        {"/again", 302, "/again"},
                                        {"/ftp", 302, "ftp://127.0.0.1/"},
                                        {"/bad", 302, "http://:bad:/"},
                                        {0}};
    (void)state;
    fixture_serve(lead, roads);
    expect_unfollowed("POST", false, "/a", INSIST_OK, 307,
                      "the redirect is not followed, for the request may not be sent twice");
    expect_unfollowed("GET", true, "/again", INSIST_EREDIRECT, 302, BACK);
    expect_unfollowed("GET", true, "/ftp", INSIST_EREDIRECT, 302, "the redirect's Location cannot be used");
    expect_unfollowed("GET", true, "/bad", INSIST_EREDIRECT, 302, "the redirect's Location cannot be used");
}

static void test_following_off(void **state) {
    static const struct road roads[] = {{"/a", 301, "/b"}, {0}};
    (void)state;
    host.settings.follow = false;
    fixture_serve(lead, roads);
    expect_unfollowed("GET", true, "/a", INSIST_OK, 301, NULL);
}

static void test_too_many(void **state) {
    static const struct road roads[] = {{"/a", 301, "/b"}, {"/b", 301, "/c"}, {"/c", 301, "/d"}, {0}};
    struct wire_attempt attempt;
    (void)state;
    host.settings.max_redirects = 2;
    fixture_serve(lead, roads);
    fixture_run(&attempt, "GET", "/a");
    fixture_expect(&attempt, INSIST_EREDIRECT, 301, INSIST_ANSWERED);
    fixture_expect_cause(&attempt, "there are more redirects than max_redirects", 2);
    assert_string_equal(attempt.job->outcome.url, fixture_url("/c"));
    assert_string_equal(headers_get(&attempt.job->outcome.headers, "Location"), "/d");
    assert_int_equal(raw_server_requests(server), 3);
    wire_attempt_fini(&attempt);
}

static void test_loop(void **state) {
    static const struct road roads[] = {{"/a", 302, "/b"}, {"/b", 302, "/a"}, {0}};
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(lead, roads);
    fixture_run(&attempt, "GET", "/a");
    fixture_expect(&attempt, INSIST_EREDIRECT, 302, INSIST_ANSWERED);
    fixture_expect_cause(&attempt, BACK, 0);
    assert_string_equal(attempt.job->outcome.url, fixture_url("/b"));
    assert_int_equal(raw_server_requests(server), 2);
    wire_attempt_fini(&attempt);
}

/* To another port, which is another origin, and back again: what was meant for the first origin stays there. */
static void test_credentials_stay(void **state) {
    static struct road there[] = {{"/a", 302, NULL}, {0}}, back[] = {{"/b", 302, NULL}, {0}};
    static char to_other[64], to_first[64];
    struct wire_attempt attempt;
    char text_url[96];
    (void)state;
    fixture_serve(lead, there);
    struct raw_server *other = raw_server_start(NULL, lead, back);
    assert_non_null(other);
    snprintf(to_other, sizeof(to_other), "http://127.0.0.1:%u/b", raw_server_port(other));
    snprintf(to_first, sizeof(to_first), "%s", fixture_url("/c"));
    there[0].to = to_other;
    back[0].to = to_first;
    snprintf(text_url, sizeof(text_url), "http://ann:secret@127.0.0.1:%u/a", raw_server_port(server));
    wire_attempt_init(&attempt, &host, "GET", text_url);
    headers_add(&attempt.request.headers, "Cookie", "id=1");
    headers_add(&attempt.request.headers, "Proxy-Authorization", "Basic eDp5");
    headers_add(&attempt.request.headers, "Host", "first.test");
    headers_add(&attempt.request.headers, "X-Kept", "yes");
    wire_attempt_start(&attempt);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    const char *const seen[3] = {request(0), raw_server_request(other, 0), request(1)};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(strstr(seen[i], "Authorization: Basic YW5uOnNlY3JldA==") != NULL, i == 0);
        assert_int_equal(strstr(seen[i], "Cookie: id=1") != NULL, i == 0);
        assert_int_equal(strstr(seen[i], "Proxy-Authorization") != NULL, i == 0);
        assert_int_equal(strstr(seen[i], "Host: first.test") != NULL, i == 0);
        assert_non_null(strstr(seen[i], "X-Kept: yes"));
    }
    wire_attempt_fini(&attempt);
    raw_server_free(other);
}

static void test_credentials_go_along_at_home(void **state) {
    static const struct road roads[] = {{"/a", 302, "/b"}, {0}};
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(lead, roads);
    wire_attempt_init(&attempt, &host, "GET", fixture_url("/a"));
    headers_add(&attempt.job->own_headers, "Authorization", "Bearer t");
    wire_attempt_start(&attempt);
    assert_true(wire_run(&attempt));
    assert_non_null(strstr(request(1), "Authorization: Bearer t"));
    wire_attempt_fini(&attempt);
}

static void test_from_https_to_http(void **state) {
    static struct road roads[] = {{"/a", 302, NULL}, {0}};
    static char to[64];
    (void)state;
    fixture_serve_tls(lead, roads);
    snprintf(to, sizeof(to), "http://127.0.0.1:%u/b", raw_server_port(server));
    roads[0].to = to;
    expect_unfollowed("GET", true, "/a", INSIST_EREDIRECT, 302, "the redirect leads from https to http");
}

/* The gate's highest value is kept: once the first hop was answered, nothing that happens to the second makes it
 * less. */
static void test_second_hop_fails(void **state) {
    static struct road roads[] = {{"/a", 303, NULL}, {0}};
    static char to[64];
    struct wire_attempt attempt;
    (void)state;
    struct raw_server *gone = raw_server_start(NULL, lead, roads);
    assert_non_null(gone);
    snprintf(to, sizeof(to), "http://127.0.0.1:%u/b", raw_server_port(gone));
    raw_server_free(gone);
    roads[0].to = to;
    fixture_serve(lead, roads);
    fixture_post(&attempt, "/a", "abc");
    fixture_expect(&attempt, INSIST_ECONNECT, 0, INSIST_ANSWERED);
    assert_int_equal(attempt.job->outcome.transience, INSIST_CONN_REFUSED);
    assert_string_equal(attempt.job->outcome.url, to);
    wire_attempt_fini(&attempt);
}

/* Of the redirect nothing stays: neither its status nor its headers belong to where it leads. */
static void test_second_name_is_not_there(void **state) {
    static const struct road roads[] = {{"/a", 302, "http://nowhere.test/b"}, {0}};
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(lead, roads);
    host.addresses[0] = NULL;
    fixture_run(&attempt, "GET", "/a");
    fixture_expect(&attempt, INSIST_ERESOLVE, 0, INSIST_ANSWERED);
    assert_int_equal(headers_count(&attempt.job->outcome.headers), 0);
    assert_int_equal(attempt.job->progress.bytes, 0);
    wire_attempt_fini(&attempt);
}

static bool looks_up_the_next(void *ctx) {
    const struct wire_attempt *attempt = ctx;
    return attempt->job->progress.answered && attempt->job->progress.status == 0;
}

static void test_given_up_behind_a_redirect(void **state) {
    static const struct road roads[] = {{"/a", 302, "http://elsewhere.test/b"}, {0}};
    struct wire_attempt attempt;
    struct progress known;
    (void)state;
    fixture_serve(lead, roads);
    host.hold_lookups = true;
    wire_attempt_init(&attempt, &host, "GET", fixture_url("/a"));
    wire_attempt_start(&attempt);
    assert_true(wire_run_until(&host, looks_up_the_next, &attempt));
    mailbox_detach(attempt.mailbox, attempt.job, &known);
    assert_int_equal(known.status, 0); /* what the call knows */
    wire_attempt_stop(&attempt);
    sem_post(&host.lookup_gate);
    assert_true(wire_run(&attempt));
    wire_attempt_fini(&attempt);
}

/* Nobody wants the body of a redirect that is followed, so nobody minds that it cannot be decoded. */
static void redirect_in_brotli(struct raw_connection *connection, void *ctx) {
    (void)ctx;
    if (raw_read_request(connection))
        raw_send(connection, "HTTP/1.1 302 Go\r\nLocation: /b\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc");
    if (raw_read_request(connection))
        raw_send(connection, OK_ANSWER);
}

static void test_body_of_a_redirect(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(redirect_in_brotli, NULL);
    fixture_run(&attempt, "GET", "/a");
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    assert_string_equal(body_text(&attempt.job->outcome.body), "ok");
    wire_attempt_fini(&attempt);
}

/* To where headers have no end. */
static void lead_to_endless_headers(struct raw_connection *connection, void *ctx) {
    static char line[30000];
    (void)ctx;
    if (!raw_read_request(connection))
        return;
    raw_send(connection, "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");
    if (!raw_read_request(connection))
        return;
    raw_send(connection, "HTTP/1.1 200 OK\r\n");
    memset(line, 'x', sizeof(line) - 1);
    memcpy(line, "X: ", 3);
    for (int i = 0; i < 100; i++) {
        raw_send(connection, line);
        raw_send(connection, "\r\n");
    }
}

static void test_which_limit_behind_a_redirect(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(lead_to_endless_headers, NULL);
    fixture_run(&attempt, "GET", "/a");
    fixture_expect(&attempt, INSIST_ETOOLARGE, 200, INSIST_ANSWERED);
    fixture_expect_cause(&attempt, "its headers are longer than max_header_bytes", host.settings.max_header_bytes);
    assert_false(outcome_has_headers(&attempt.job->outcome)); /* the redirect's are none of its */
    wire_attempt_fini(&attempt);
}

static void test_no_pause_at_a_redirect(void **state) {
    static const struct road roads[] = {{"/a", 302, "/b"}, {0}};
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(lead, roads);
    wire_attempt_init(&attempt, &host, "GET", fixture_url("/a"));
    attempt.job->pauses_at_headers = true;
    wire_attempt_start(&attempt);
    assert_true(wire_run_until_news(&attempt, NEWS_HEADERS));
    assert_int_equal(attempt.job->outcome.status, 200);
    wire_attempt_read_on(&attempt);
    assert_true(wire_run(&attempt));
    assert_string_equal(body_text(&attempt.job->outcome.body), "/b");
    wire_attempt_fini(&attempt);
}

/* Answers when the test lets it, with a redirect to the URL. */
static void lead_when_let(struct raw_connection *connection, void *url) {
    char answer[256];
    if (!raw_read_request(connection))
        return;
    raw_signal(connection);
    raw_wait(connection);
    snprintf(answer, sizeof(answer), "HTTP/1.1 307 Go\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", (char *)url);
    raw_send(connection, answer);
    raw_hold(connection);
}

static void never_answer(struct raw_connection *connection, void *ctx) {
    (void)ctx;
    if (raw_read_request(connection))
        raw_signal(connection);
    raw_hold(connection);
}

static bool has_signalled(void *one) {
    return raw_server_has_signals(one, 1);
}

/* What is told of an attempt that hangs behind a redirect is of one request, and nothing is of the one before but when
 * it was sent. */
static void test_record_of_the_last_hop(void **state) {
    struct wire_attempt attempt;
    struct progress record;
    char url[64];
    (void)state;
    struct raw_server *last = raw_server_start(NULL, never_answer, NULL);
    assert_non_null(last);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", raw_server_port(last));
    fixture_serve(lead_when_let, url);
    wire_attempt_init(&attempt, &host, "GET", fixture_url("/"));
    wire_attempt_start(&attempt);
    assert_true(wire_run_until(&host, has_signalled, server));
    virtual_env_advance_ns(&host.world, 100 * MS_NS);
    raw_server_release(server);
    assert_true(wire_run_until(&host, has_signalled, last));
    assert_false(mailbox_detach(attempt.mailbox, attempt.job, &record));
    snprintf(url, sizeof(url), "127.0.0.1:%u", raw_server_port(last));
    assert_string_equal(record.address, url);
    assert_int_equal(record.connection, 2);
    assert_false(record.reused);
    assert_int_equal(record.sent_ns, VIRTUAL_ENV_NOW_NS);
    assert_int_equal(record.connected_ns, VIRTUAL_ENV_NOW_NS + 100 * MS_NS);
    assert_int_equal(record.first_byte_ns, 0);
    assert_int_equal(record.status, 0);
    wire_attempt_stop(&attempt);
    assert_true(wire_run(&attempt));
    wire_attempt_fini(&attempt);
    raw_server_free(last);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WIRE_TEST(test_chain),
        WIRE_TEST(test_post_turns_into_get),
        WIRE_TEST(test_second_name_is_not_there),
        WIRE_TEST(test_given_up_behind_a_redirect),
        WIRE_TEST(test_put_is_repeated),
        WIRE_TEST(test_not_followed),
        WIRE_TEST(test_following_off),
        WIRE_TEST(test_too_many),
        WIRE_TEST(test_loop),
        WIRE_TEST(test_credentials_stay),
        WIRE_TEST(test_credentials_go_along_at_home),
        WIRE_TEST(test_from_https_to_http),
        WIRE_TEST(test_second_hop_fails),
        WIRE_TEST(test_body_of_a_redirect),
        WIRE_TEST(test_which_limit_behind_a_redirect),
        WIRE_TEST(test_no_pause_at_a_redirect),
        WIRE_TEST(test_record_of_the_last_hop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
