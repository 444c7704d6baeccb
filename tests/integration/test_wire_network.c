/* The network's options on the wire: limits of an attempt's stages and ages of connections, in a clock that only the test
 * moves, and where requests go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/time_math.h"
#include "support/wire_fixture.h"
#include "wire/network.h"
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIMIT_MS 1000
#define LIST(...) ((const char *const[]){__VA_ARGS__})

static struct network *network;

static int set_up(void **state) {
    network = NULL;
    return fixture_set_up(state);
}

static int tear_down(void **state) {
    network_free(network);
    network = NULL;
    return fixture_tear_down(state);
}

/* Before the first attempt. */
static void use(const insist_net_options *net) {
    insist_problem problem = {0};
    if (network_new(&env_standard, NULL, net, &problem, &network) != INSIST_OK)
        fail_msg("%s: %s", problem.field, problem.text);
    host.settings.network = network;
}

static const char *named(const char *scheme, unsigned port) {
    static char text[64];
    snprintf(text, sizeof text, "%s://name.test:%u/x", scheme, port);
    return text;
}

static void start(struct wire_attempt *attempt, const char *method, const char *url) {
    wire_attempt_init(attempt, &host, method, url);
    wire_attempt_start(attempt);
}

/* It has not ended a millisecond before its limit, and has at it. */
static void expect_timeout_after(struct wire_attempt *attempt, int64_t ms, insist_sent sent, const char *cause) {
    wire_pass_ms(&host, ms - 1);
    wire_turn(&host, false);
    assert_int_equal(attempt->finished, 0);
    wire_pass_ms(&host, 1);
    assert_true(wire_run(attempt));
    assert_int_equal(attempt->finished, 1);
    assert_int_equal(attempt->job->outcome.err, INSIST_ETIMEOUT);
    assert_int_equal(attempt->job->outcome.transience, INSIST_TIMEOUT);
    assert_int_equal(attempt->job->outcome.sent, sent);
    fixture_expect_cause(attempt, cause, (uint64_t)ms);
}

static bool has_signal(void *count) {
    return raw_server_has_signals(server, *(unsigned *)count);
}

/* ---- connect ---- */

static void read_hello(struct raw_connection *connection, void *ctx) {
    (void)ctx;
    if (raw_read_some(connection))
        raw_signal(connection);
    raw_hold(connection);
}

static void lookup_counts_as_connecting(void **state) {
    struct wire_attempt attempt;
    (void)state;
    use(INSIST_NET_OPTIONS(.connect_timeout_ms = LIMIT_MS));
    host.hold_lookups = true;
    start(&attempt, "GET", "http://name.test:1/");
    expect_timeout_after(&attempt, LIMIT_MS, INSIST_NOT_SENT, "no connection was ready within connect_timeout_ms");
    sem_post(&host.lookup_gate);
    wire_attempt_fini(&attempt);
}

/* Under TLS: the handshake is never answered. */
static void handshake_counts_as_connecting(void **state) {
    struct wire_attempt attempt;
    unsigned once = 1;
    char url[64];
    (void)state;
    use(INSIST_NET_OPTIONS(.connect_timeout_ms = LIMIT_MS, .first_byte_timeout_ms = 1));
    fixture_serve(read_hello, NULL);
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", raw_server_port(server));
    start(&attempt, "POST", url);
    assert_true(wire_run_until(&host, has_signal, &once));
    wire_turn(&host, false);
    expect_timeout_after(&attempt, LIMIT_MS, INSIST_NOT_SENT, "no connection was ready within connect_timeout_ms");
    wire_attempt_fini(&attempt);
}

static void read_and_signal(struct raw_connection *connection, void *answer) {
    while (raw_read_request(connection)) {
        raw_signal(connection);
        raw_wait(connection);
        raw_send(connection, answer);
    }
}

static void connecting_is_over_once_it_is_sent(void **state) {
    struct wire_attempt attempt;
    unsigned once = 1;
    (void)state;
    use(INSIST_NET_OPTIONS(.connect_timeout_ms = LIMIT_MS));
    fixture_serve(read_and_signal, OK_ANSWER);
    start(&attempt, "GET", fixture_url("/"));
    assert_true(wire_run_until(&host, has_signal, &once));
    wire_pass_ms(&host, (int64_t)LIMIT_MS * 10);
    raw_server_release(server);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    wire_attempt_fini(&attempt);
}

/* ---- the first byte ---- */

static void first_byte_is_waited_for_so_long(void **state) {
    (void)state;
    use(INSIST_NET_OPTIONS(.first_byte_timeout_ms = LIMIT_MS, .connect_timeout_ms = 1));
    fixture_serve(read_and_signal, OK_ANSWER);
    for (unsigned i = 0; i < 2; i++) {
        struct wire_attempt attempt;
        unsigned requests = i + 1;
        wire_attempt_init(&attempt, &host, i == 0 ? "GET" : "POST", fixture_url("/"));
        if (i == 1)
            wire_attempt_body(&attempt, "body", 4);
        wire_attempt_start(&attempt);
        assert_true(wire_run_until(&host, has_signal, &requests));
        wire_turn(&host, false); /* whatever libcurl still has to notice */
        expect_timeout_after(&attempt, LIMIT_MS, INSIST_MAYBE_SENT,
                             "the answer did not begin within first_byte_timeout_ms");
        wire_attempt_fini(&attempt);
    }
}

static bool is_read_by_the_server(void *ctx) {
    wire_attempt_feed(ctx);
    return raw_server_has_signals(server, 1);
}

/* libcurl does not ask for more than was announced: that all of it is out shows in what it has sent. */
static void start_with_a_reader(struct wire_attempt *attempt) {
    wire_attempt_init(attempt, &host, "POST", fixture_url("/"));
    wire_attempt_reader(attempt, 1000);
    wire_attempt_start(attempt);
    assert_true(wire_run_until(&host, is_read_by_the_server, attempt));
    wire_turn(&host, false); /* whatever libcurl still has to notice */
}

static void first_byte_is_waited_for_behind_a_body_that_was_read(void **state) {
    struct wire_attempt attempt;
    (void)state;
    use(INSIST_NET_OPTIONS(.first_byte_timeout_ms = LIMIT_MS));
    fixture_serve(read_and_signal, OK_ANSWER);
    start_with_a_reader(&attempt);
    expect_timeout_after(&attempt, LIMIT_MS, INSIST_MAYBE_SENT,
                         "the answer did not begin within first_byte_timeout_ms");
    wire_attempt_fini(&attempt);
}

static void send_early_and_wait(struct raw_connection *connection, void *ctx) {
    (void)ctx;
    if (!raw_read_request(connection))
        return;
    raw_send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
    raw_signal(connection);
    raw_wait(connection);
    raw_send(connection, "ok");
    raw_hold(connection);
}

static bool has_begun(void *ctx) {
    const struct wire_attempt *attempt = ctx;
    return attempt->job->progress.first_byte_ns > 0;
}

static void first_byte_is_enough(void **state) {
    struct wire_attempt attempt;
    (void)state;
    use(INSIST_NET_OPTIONS(.first_byte_timeout_ms = LIMIT_MS));
    fixture_serve(send_early_and_wait, NULL);
    start(&attempt, "GET", fixture_url("/"));
    assert_true(wire_run_until(&host, has_begun, &attempt));
    wire_pass_ms(&host, (int64_t)LIMIT_MS * 10);
    raw_server_release(server);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    wire_attempt_fini(&attempt);
}

/* The body is larger than all buffers, and its reader waits: the answer is not due before it is out. */
static void read_late(struct raw_connection *connection, void *answer) {
    if (!raw_read_head(connection))
        return;
    raw_signal(connection);
    raw_wait(connection);
    while (raw_read_some(connection)) {
    }
    (void)answer;
}

static char large[32 << 20];

static void uploading_is_no_waiting(void **state) {
    struct wire_attempt attempt;
    unsigned once = 1;
    (void)state;
    use(INSIST_NET_OPTIONS(.first_byte_timeout_ms = LIMIT_MS));
    fixture_serve(read_late, NULL);
    wire_attempt_init(&attempt, &host, "PUT", fixture_url("/"));
    wire_attempt_body(&attempt, large, sizeof large);
    wire_attempt_start(&attempt);
    assert_true(wire_run_until(&host, has_signal, &once));
    for (int i = 0; i < 20; i++)
        wire_pass_ms(&host, LIMIT_MS);
    assert_int_equal(attempt.finished, 0);
    wire_attempt_stop(&attempt);
    raw_server_release(server);
    wire_attempt_fini(&attempt);
}

/* ---- stalls ---- */

static void stalled_upload_ends(void **state) {
    struct wire_attempt attempt;
    unsigned once = 1;
    (void)state;
    use(INSIST_NET_OPTIONS(.stall_ms = LIMIT_MS, .stall_bytes_per_s = 1));
    fixture_serve(read_late, NULL);
    wire_attempt_init(&attempt, &host, "PUT", fixture_url("/"));
    wire_attempt_body(&attempt, large, sizeof large);
    wire_attempt_start(&attempt);
    assert_true(wire_run_until(&host, has_signal, &once));
    for (int i = 0; i < 10000 && attempt.finished == 0; i++) /* the buffers between them fill up first */
        wire_pass_ms(&host, LIMIT_MS);
    assert_int_equal(attempt.finished, 1);
    assert_int_equal(attempt.job->outcome.err, INSIST_ETIMEOUT);
    assert_int_equal(attempt.job->outcome.sent, INSIST_MAYBE_SENT);
    fixture_expect_cause(&attempt, "too few bytes moved within stall_ms", LIMIT_MS);
    raw_server_release(server);
    wire_attempt_fini(&attempt);
}

/* Neither of them is a body under way. */
static void waiting_for_an_answer_is_no_stall(void **state) {
    struct wire_attempt attempt;
    (void)state;
    use(INSIST_NET_OPTIONS(.stall_ms = LIMIT_MS));
    fixture_serve(read_and_signal, OK_ANSWER);
    start_with_a_reader(&attempt);
    for (int i = 0; i < 10; i++)
        wire_pass_ms(&host, LIMIT_MS);
    assert_int_equal(attempt.finished, 0);
    raw_server_release(server);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    wire_attempt_fini(&attempt);
}

static void send_interim_and_wait(struct raw_connection *connection, void *ctx) {
    (void)ctx;
    if (!raw_read_request(connection))
        return;
    raw_send(connection, "HTTP/1.1 102 Processing\r\n\r\n");
    raw_signal(connection);
    raw_wait(connection);
    raw_send(connection, OK_ANSWER);
    raw_hold(connection);
}

static void start_and_read_the_interim(struct wire_attempt *attempt) {
    fixture_serve(send_interim_and_wait, NULL);
    start(attempt, "GET", fixture_url("/"));
    assert_true(wire_run_until(&host, has_begun, attempt));
    wire_turn(&host, false);
}

static void waiting_behind_an_interim_answer_is_no_stall(void **state) {
    struct wire_attempt attempt;
    (void)state;
    use(INSIST_NET_OPTIONS(.stall_ms = LIMIT_MS));
    start_and_read_the_interim(&attempt);
    for (int i = 0; i < 10; i++)
        wire_pass_ms(&host, LIMIT_MS);
    assert_int_equal(attempt.finished, 0);
    raw_server_release(server);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    wire_attempt_fini(&attempt);
}

static void first_byte_is_waited_for_behind_an_interim_answer(void **state) {
    struct wire_attempt attempt;
    (void)state;
    use(INSIST_NET_OPTIONS(.first_byte_timeout_ms = LIMIT_MS));
    start_and_read_the_interim(&attempt);
    expect_timeout_after(&attempt, LIMIT_MS, INSIST_MAYBE_SENT,
                         "the answer did not begin within first_byte_timeout_ms");
    wire_attempt_fini(&attempt);
}

/* 100 bytes each time it is released. */
static void drip(struct raw_connection *connection, void *ctx) {
    char bytes[101];
    (void)ctx;
    memset(bytes, 'x', 100);
    bytes[100] = '\0';
    if (!raw_read_request(connection))
        return;
    raw_send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < 10; i++) {
        raw_wait(connection);
        raw_send(connection, bytes);
    }
    raw_hold(connection);
}

static uint64_t wanted_bytes;

static bool has_bytes(void *ctx) {
    const struct wire_attempt *attempt = ctx;
    return attempt->job->progress.bytes >= wanted_bytes;
}

static void slow_body_ends_and_steady_body_does_not(void **state) {
    struct wire_attempt attempt;
    (void)state;
    use(INSIST_NET_OPTIONS(.stall_ms = LIMIT_MS, .stall_bytes_per_s = 100, .first_byte_timeout_ms = 1));
    fixture_serve(drip, NULL);
    start(&attempt, "GET", fixture_url("/"));
    assert_true(wire_run_until(&host, has_begun, &attempt));
    for (int i = 0; i < 5; i++) { /* 100 bytes a second: enough */
        wanted_bytes = (uint64_t)(i + 1) * 100;
        raw_server_release(server);
        assert_true(wire_run_until(&host, has_bytes, &attempt));
        wire_pass_ms(&host, LIMIT_MS);
        assert_int_equal(attempt.finished, 0);
    }
    expect_timeout_after(&attempt, LIMIT_MS, INSIST_ANSWERED,
                         "too few bytes moved within stall_ms"); /* none at all: not enough */
    wire_attempt_fini(&attempt);
}

static void time_of_a_pause_does_not_count(void **state) {
    struct wire_attempt attempt;
    (void)state;
    use(INSIST_NET_OPTIONS(.stall_ms = LIMIT_MS, .stall_bytes_per_s = 100));
    fixture_serve(drip, NULL);
    wire_attempt_init(&attempt, &host, "GET", fixture_url("/"));
    attempt.job->pauses_at_headers = true;
    wire_attempt_start(&attempt);
    assert_true(wire_run_until(&host, has_begun, &attempt));
    raw_server_release(server);
    assert_true(wire_run_until_news(&attempt, NEWS_HEADERS));
    for (int i = 0; i < 5; i++)
        wire_pass_ms(&host, LIMIT_MS - 1);
    assert_int_equal(attempt.finished, 0);
    wire_attempt_read_on(&attempt);
    wanted_bytes = 100;
    assert_true(wire_run_until(&host, has_bytes, &attempt));
    wire_pass_ms(&host, LIMIT_MS); /* the window began anew, and has its 100 bytes */
    assert_int_equal(attempt.finished, 0);
    expect_timeout_after(&attempt, LIMIT_MS, INSIST_ANSWERED, "too few bytes moved within stall_ms");
    wire_attempt_fini(&attempt);
}

/* ---- ages of connections ---- */

static bool next_reuses_after(const char *method, int64_t ms) {
    struct wire_attempt attempt;
    fixture_get_ok("/");
    wire_pass_ms(&host, ms);
    fixture_run(&attempt, method, "/");
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    bool reused = attempt.job->progress.reused;
    wire_attempt_fini(&attempt);
    return reused;
}

static void idle_connection_is_used_up_to_its_limit(void **state) {
    (void)state;
    use(INSIST_NET_OPTIONS(.idle_ms = 700));
    fixture_serve(answer_always, OK_ANSWER);
    assert_true(next_reuses_after("GET", 700));
    assert_false(next_reuses_after("GET", 701));
    assert_false(next_reuses_after("POST", 701)); /* which may take one that was idle for 2 s, but for this option */
}

static void idle_connection_is_used_for_118_seconds_by_default(void **state) {
    (void)state;
    fixture_serve(answer_always, OK_ANSWER);
    assert_true(next_reuses_after("GET", 118000));
    assert_false(next_reuses_after("GET", 118001));
}

static void old_connection_is_not_used(void **state) {
    (void)state;
    use(INSIST_NET_OPTIONS(.life_ms = 700));
    fixture_serve(answer_always, OK_ANSWER);
    assert_true(next_reuses_after("GET", 700));
    assert_false(next_reuses_after("GET", 1)); /* of the same connection */
}

/* ---- where to ---- */

static void pinned_name_is_not_looked_up(void **state) {
    struct wire_attempt attempt;
    char pin[64];
    (void)state;
    fixture_serve(answer_always, OK_ANSWER);
    snprintf(pin, sizeof pin, "name.test:%u:127.0.0.2,127.0.0.1", raw_server_port(server));
    use(INSIST_NET_OPTIONS(.resolve = LIST(pin), .resolve_count = 1)); /* the resolver knows no address */
    start(&attempt, "GET", named("http", raw_server_port(server)));
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    snprintf(pin, sizeof pin, "127.0.0.1:%u", raw_server_port(server)); /* nobody listens at the other */
    assert_string_equal(attempt.job->progress.address, pin);
    wire_attempt_fini(&attempt);
}

static void detour_leaves_the_host_as_it_is(void **state) {
    struct wire_attempt attempt;
    char detour[64];
    (void)state;
    fixture_serve(answer_always, OK_ANSWER);
    snprintf(detour, sizeof detour, "name.test:81:127.0.0.1:%u", raw_server_port(server));
    use(INSIST_NET_OPTIONS(.connect_to = LIST(detour), .connect_to_count = 1));
    start(&attempt, "GET", "http://name.test:81/x");
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    assert_non_null(strstr(raw_server_request(server, 0), "\r\nHost: name.test:81\r\n"));
    wire_attempt_fini(&attempt);
}

static void addresses_of_the_other_family_are_left_out(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(answer_always, OK_ANSWER);
    use(INSIST_NET_OPTIONS(.ip_version = INSIST_IPV4));
    host.addresses[0] = "::1";
    host.addresses[1] = "127.0.0.1";
    start(&attempt, "GET", named("http", raw_server_port(server)));
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    assert_int_equal(attempt.job->progress.connection, 1); /* the first that was opened */
    wire_attempt_fini(&attempt);
    start(&attempt, "GET", "http://[::1]:1/");
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_ERESOLVE, 0, INSIST_NOT_SENT);
    wire_attempt_fini(&attempt);
}

/* ---- proxies ---- */

static const char *proxy_at(const char *name) {
    static char text[96];
    snprintf(text, sizeof text, "http://user:secret@%s:%u", name, raw_server_port(server));
    return text;
}

static void proxy_is_resolved_by_us_and_asked_for_the_whole_url(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(answer_always, OK_ANSWER);
    use(INSIST_NET_OPTIONS(.proxy = proxy_at("proxy.test"), .no_proxy = "direct.test"));
    host.addresses[0] = "127.0.0.2"; /* nobody there: the next one is tried */
    host.addresses[1] = "127.0.0.1";
    for (unsigned i = 0; i < 2; i++) {
        start(&attempt, "GET", "http://name.test:81/x?a=b");
        attempt.job->attempt_index = 0;
        assert_true(wire_run(&attempt));
        fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
        assert_int_equal(attempt.job->progress.reused, i == 1);
        const char *head = raw_server_request(server, i);
        assert_int_equal(strncmp(head, "GET http://name.test:81/x?a=b HTTP/1.1\r\n", 40), 0);
        assert_non_null(strstr(head, "\r\nHost: name.test:81\r\n"));
        assert_non_null(strstr(head, "\r\nProxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n"));
        wire_attempt_fini(&attempt);
    }
    char url[64];
    snprintf(url, sizeof url, "http://direct.test:%u/y?c=d", raw_server_port(server));
    start(&attempt, "GET", url);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    const char *head = raw_server_request(server, 2);
    assert_int_equal(strncmp(head, "GET /y?c=d HTTP/1.1\r\n", 21), 0);
    assert_null(strstr(head, "Proxy-Authorization"));
    wire_attempt_fini(&attempt);
}

static void tunnel_that_is_refused(const char *answer, insist_transience transience) {
    struct wire_attempt attempt;
    fixture_serve(answer_always, answer);
    use(INSIST_NET_OPTIONS(.proxy = proxy_at("127.0.0.1")));
    wire_attempt_init(&attempt, &host, "POST", "https://name.test:81/x?a=b");
    wire_attempt_body(&attempt, "secret body", 11);
    assert_int_equal(headers_add(&attempt.request.headers, "X-Key", "mine"), INSIST_OK);
    wire_attempt_start(&attempt);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_ECONNECT, 0, INSIST_NOT_SENT);
    assert_int_equal(attempt.job->outcome.transience, transience);
    assert_int_equal(headers_count(&attempt.job->outcome.headers), 0);
    const char *head = raw_server_request(server, 0);
    assert_int_equal(strncmp(head, "CONNECT name.test:81 HTTP/1.1\r\n", 31), 0);
    assert_null(strstr(head, "X-Key"));
    assert_non_null(strstr(head, "\r\nUser-Agent: insist-test\r\n"));
    headers_fini(&attempt.request.headers);
    wire_attempt_fini(&attempt);
}

static void tunnel_forbidden(void **state) {
    (void)state;
    tunnel_that_is_refused("HTTP/1.1 407 No\r\nContent-Length: 0\r\nX-Proxy: y\r\n\r\n", INSIST_NOT_TRANSIENT);
}

static void tunnel_unavailable(void **state) {
    (void)state;
    tunnel_that_is_refused("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", INSIST_CONN_REFUSED);
}

#define NETWORK_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        NETWORK_TEST(lookup_counts_as_connecting),
        NETWORK_TEST(handshake_counts_as_connecting),
        NETWORK_TEST(connecting_is_over_once_it_is_sent),
        NETWORK_TEST(first_byte_is_waited_for_so_long),
        NETWORK_TEST(first_byte_is_enough),
        NETWORK_TEST(uploading_is_no_waiting),
        NETWORK_TEST(stalled_upload_ends),
        NETWORK_TEST(first_byte_is_waited_for_behind_a_body_that_was_read),
        NETWORK_TEST(first_byte_is_waited_for_behind_an_interim_answer),
        NETWORK_TEST(waiting_for_an_answer_is_no_stall),
        NETWORK_TEST(waiting_behind_an_interim_answer_is_no_stall),
        NETWORK_TEST(slow_body_ends_and_steady_body_does_not),
        NETWORK_TEST(time_of_a_pause_does_not_count),
        NETWORK_TEST(idle_connection_is_used_up_to_its_limit),
        NETWORK_TEST(idle_connection_is_used_for_118_seconds_by_default),
        NETWORK_TEST(old_connection_is_not_used),
        NETWORK_TEST(pinned_name_is_not_looked_up),
        NETWORK_TEST(detour_leaves_the_host_as_it_is),
        NETWORK_TEST(addresses_of_the_other_family_are_left_out),
        NETWORK_TEST(proxy_is_resolved_by_us_and_asked_for_the_whole_url),
        NETWORK_TEST(tunnel_forbidden),
        NETWORK_TEST(tunnel_unavailable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
