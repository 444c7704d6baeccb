/* Connections that carry nothing: closed when asked, and when their server has ended them, whatever else goes on, with
 * no request that comes across them and without a tick. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/wire_fixture.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#define IDLE 20

/* The client's sockets are those that are connected to the server. */
static bool is_ours(int fd) {
    struct sockaddr_in peer;
    socklen_t size = sizeof(peer);
    memset(&peer, 0, sizeof(peer));
    return getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && ntohs(peer.sin_port) == raw_server_port(server);
}

static int tcp_state(int fd) {
    struct tcp_info info;
    socklen_t size = sizeof(info);
    memset(&info, 0, sizeof(info));
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_state : -1;
}

/* In that state; what was shut down has no peer any more. */
static int sockets_in(int state) {
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += tcp_state(fd) == state && is_ours(fd);
    return count;
}

static int descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += tcp_state(fd) >= 0;
    return count;
}

struct wanted {
    int descriptors, close_wait;
};

/* libcurl sweeps at most once in a second of its own clock; the world's is allowed to run ahead. */
static bool are_left(void *ctx) {
    const struct wanted *wanted = ctx;
    virtual_env_advance_ns(&host.world, 1010 * MS_NS);
    return descriptors() <= wanted->descriptors && sockets_in(TCP_CLOSE_WAIT) <= wanted->close_wait;
}

struct leaving {
    bool tls, goodbye, live;
};

static void answer_then_leave(struct raw_connection *connection, void *ctx) {
    const struct leaving *leaving = ctx;
    if (!raw_read_request(connection))
        return;
    if (strstr(raw_request(connection), "/live")) {
        raw_hold(connection);
        return;
    }
    raw_send(connection, OK_ANSWER);
    raw_wait(connection);
    if (leaving->goodbye)
        raw_say_goodbye(connection);
    raw_end(connection);
    raw_signal(connection);
}

static void start_live(struct wire_attempt *live) {
    wire_attempt_init(live, &host, "GET", fixture_url("/live"));
    live->job->wants_sent = true;
    wire_attempt_start(live);
    assert_true(wire_run_until_news(live, NEWS_SENT));
}

static void fill_pool(void) {
    struct wire_attempt attempts[IDLE];
    for (int i = 0; i < IDLE; i++) {
        wire_attempt_init(&attempts[i], &host, "GET", fixture_url("/"));
        wire_attempt_start(&attempts[i]);
    }
    for (int i = 0; i < IDLE; i++) {
        assert_true(wire_run(&attempts[i]));
        fixture_expect(&attempts[i], INSIST_OK, 200, INSIST_ANSWERED);
        wire_attempt_fini(&attempts[i]);
    }
}

static void server_leaves(const struct leaving *leaving) {
    struct wire_attempt live;
    (leaving->tls ? fixture_serve_tls : fixture_serve)(answer_then_leave, leaving);
    if (leaving->live)
        start_live(&live);
    fill_pool();
    assert_int_equal(sockets_in(TCP_ESTABLISHED), IDLE + leaving->live);
    struct wanted wanted = {.descriptors = descriptors() - 2 * IDLE}; /* both ends */
    for (int i = 0; i < IDLE; i++)
        raw_server_release(server);
    assert_true(raw_server_wait_signals(server, IDLE));
    assert_true(wire_run_until(&host, are_left, &wanted));
    assert_int_equal(sockets_in(TCP_ESTABLISHED), leaving->live);
    wire_turn(&host, false);
    assert_true(host.next_ns - env_now_ns(&host.env) >
                3600 * 1000 * MS_NS); /* and no timer is left but libcurl's own */
    if (!leaving->live)
        return;
    assert_int_equal(live.finished, 0);
    wire_attempt_stop(&live);
    wire_attempt_fini(&live);
}

#define SERVER_LEAVES(name, ...)                                                                                       \
    static void name(void **state) {                                                                                   \
        static const struct leaving leaving = {__VA_ARGS__};                                                           \
        (void)state;                                                                                                   \
        server_leaves(&leaving);                                                                                       \
    }

SERVER_LEAVES(ended_all, .live = false)
SERVER_LEAVES(ended_beside_a_live_one, .live = true)
SERVER_LEAVES(tls_ended_beside_a_live_one, .tls = true, .live = true)
SERVER_LEAVES(tls_goodbye_and_end_beside_a_live_one, .tls = true, .goodbye = true, .live = true)

/* Something came while it was paused, so that its socket was not watched; what came was the end. */
static void test_end_behind_a_pause(void **state) {
    static const struct leaving leaving = {.live = false};
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(answer_then_leave, &leaving);
    wire_attempt_init(&attempt, &host, "GET", fixture_url("/"));
    attempt.job->pauses_at_headers = true;
    wire_attempt_start(&attempt);
    assert_true(wire_run_until_news(&attempt, NEWS_HEADERS));
    struct wanted wanted = {.descriptors = descriptors() - 2};
    raw_server_release(server);
    assert_true(raw_server_wait_signals(server, 1));
    wire_turn(&host, false);
    wire_attempt_read_on(&attempt);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    wire_attempt_fini(&attempt);
    assert_true(wire_run_until(&host, are_left, &wanted));
}

/* ---- when asked -------------------------------------------------------------------------------------------------- */

static void wait_then_tell_when_left(struct raw_connection *connection, void *ctx) {
    while (raw_read_request(connection)) {
        if (strstr(raw_request(connection), "/slow"))
            raw_wait(connection);
        raw_send(connection, ctx);
    }
    raw_signal(connection);
}

/* The other side is told at once; the descriptor follows. */
static void test_close_idle(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(wait_then_tell_when_left, OK_ANSWER);
    struct wanted wanted = {.descriptors = descriptors()};
    fixture_get_ok("/");
    host.transport->class->close_idle(host.transport);
    assert_true(raw_server_wait_signals(server, 1));
    assert_true(wire_run_until(&host, are_left, &wanted));
    fixture_run(&attempt, "POST", "/");
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    assert_int_equal(attempt.job->progress.connection, 2);
    wire_attempt_fini(&attempt);
}

static void test_request_right_after_close_idle(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(wait_then_tell_when_left, OK_ANSWER);
    for (int i = 1; i < 4; i++) {
        fixture_run(&attempt, "POST", "/");
        fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
        assert_int_equal(attempt.job->progress.connection, i);
        wire_attempt_fini(&attempt);
        host.transport->class->close_idle(host.transport);
    }
}

/* One in use is left alone, the idle one beside it goes. */
static void test_close_idle_beside_a_busy_one(void **state) {
    struct wire_attempt slow, quick;
    (void)state;
    fixture_serve(wait_then_tell_when_left, OK_ANSWER);
    wire_attempt_init(&slow, &host, "GET", fixture_url("/slow"));
    slow.job->wants_sent = true;
    wire_attempt_start(&slow);
    assert_true(wire_run_until_news(&slow, NEWS_SENT));
    fixture_get_ok("/quick");
    host.transport->class->close_idle(host.transport);
    assert_true(raw_server_wait_signals(server, 1));
    fixture_run(&quick, "POST", "/quick");
    fixture_expect(&quick, INSIST_OK, 200, INSIST_ANSWERED);
    assert_int_equal(quick.job->progress.connection, 3);
    wire_attempt_fini(&quick);
    raw_server_release(server);
    assert_true(wire_run(&slow));
    fixture_expect(&slow, INSIST_OK, 200, INSIST_ANSWERED);
    wire_attempt_fini(&slow);
}

/* A burst's handles are kept for the next one, until then. */
static void test_close_idle_frees_what_was_kept(void **state) {
    (void)state;
    fixture_serve(wait_then_tell_when_left, OK_ANSWER);
    struct wanted wanted = {.descriptors = descriptors()};
    fixture_get_ok("/");
    host.transport->class->close_idle(host.transport);
    assert_true(wire_run_until(&host, are_left, &wanted));
    long long before = fail_alloc_outstanding(&host.memory);
    fill_pool();
    assert_true(fail_alloc_outstanding(&host.memory) >= before + IDLE);
    host.transport->class->close_idle(host.transport);
    assert_true(wire_run_until(&host, are_left, &wanted));
    assert_int_equal(fail_alloc_outstanding(&host.memory), before);
    fixture_get_ok("/");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WIRE_TEST(ended_all),
        WIRE_TEST(ended_beside_a_live_one),
        WIRE_TEST(tls_ended_beside_a_live_one),
        WIRE_TEST(tls_goodbye_and_end_beside_a_live_one),
        WIRE_TEST(test_end_behind_a_pause),
        WIRE_TEST(test_close_idle),
        WIRE_TEST(test_request_right_after_close_idle),
        WIRE_TEST(test_close_idle_beside_a_busy_one),
        WIRE_TEST(test_close_idle_frees_what_was_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
