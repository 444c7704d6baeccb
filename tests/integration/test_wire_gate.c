/* A request goes out at most once, and what became of it is told by the gate: deaths of used and of new connections,
 * plain and over TLS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/wire_fixture.h"
#include <errno.h>
#include <poll.h>
#include <string.h>

/* How the server treats a connection once it has read the request that it kills. */
struct killing {
    unsigned after;     /* how many requests of the first connection are answered before */
    const char *saying; /* before the end */
    enum { BY_END, BY_RESET, BY_GOODBYE } how;
    bool deaf; /* the listener is closed first */
};

static void kill_script(struct raw_connection *connection, void *ctx) {
    const struct killing *killing = ctx;
    for (unsigned place = 0; raw_read_request(connection); place++) {
        if (raw_number(connection) > 1 || place < killing->after) {
            raw_send(connection, OK_ANSWER);
            continue;
        }
        if (killing->deaf)
            raw_server_close_listener(raw_server_of(connection));
        if (killing->saying)
            raw_send(connection, killing->saying);
        if (killing->how == BY_GOODBYE)
            raw_say_goodbye(connection);
        if (killing->how == BY_RESET)
            raw_reset(connection);
        return;
    }
}

static uint64_t blocked(void) {
    return atomic_load(&host.counters.resends_blocked);
}

static uint64_t stale(void) {
    return atomic_load(&host.counters.stale_connections);
}

/* The second request of a connection is read, then the connection dies: delivered once, whoever would send it again. */
static void kill_used(bool tls, const struct killing *killing, const char *method, insist_err err) {
    struct wire_attempt attempt;
    (tls ? fixture_serve_tls : fixture_serve)(kill_script, killing);
    fixture_get_ok("/first");
    if (strcmp(method, "POST") == 0)
        fixture_post(&attempt, "/second", "charge=100");
    else
        fixture_run(&attempt, method, "/second");
    fixture_expect(&attempt, err, 0, INSIST_MAYBE_SENT);
    assert_true(attempt.job->outcome.stale);
    assert_true(attempt.job->progress.reused);
    assert_int_equal(attempt.job->progress.connection, 1);
    assert_int_equal(attempt.job->outcome.transience, err == INSIST_ERESET ? INSIST_CONN_RESET : INSIST_UNEXPECTED_EOF);
    assert_int_equal(attempt.job->outcome.os_errno, err == INSIST_ERESET ? ECONNRESET : 0);
    assert_int_equal(raw_server_requests(server), 2);
    assert_int_equal(raw_server_connections(server), 1);
    assert_int_equal(blocked(), 1);
    wire_attempt_fini(&attempt);
}

#define KILLED_USED(name, tls, method, err, ...)                                                                       \
    static void name(void **state) {                                                                                   \
        static const struct killing killing = {.after = 1, __VA_ARGS__};                                               \
        (void)state;                                                                                                   \
        kill_used(tls, &killing, method, err);                                                                         \
    }

KILLED_USED(post_used_reset, false, "POST", INSIST_ERESET, .how = BY_RESET)
KILLED_USED(post_used_end, false, "POST", INSIST_EEOF, .how = BY_END)
KILLED_USED(post_used_reset_deaf, false, "POST", INSIST_ERESET, .how = BY_RESET, .deaf = true)
KILLED_USED(post_used_end_deaf, false, "POST", INSIST_EEOF, .how = BY_END, .deaf = true)
KILLED_USED(post_used_half_a_status_reset, false, "POST", INSIST_ERESET, .how = BY_RESET, .saying = "HTTP/1.1 2")
KILLED_USED(post_used_half_a_status_end, false, "POST", INSIST_EEOF, .how = BY_END, .saying = "HTTP/1.1 2")
KILLED_USED(get_used_reset, false, "GET", INSIST_ERESET, .how = BY_RESET)
KILLED_USED(get_used_end, false, "GET", INSIST_EEOF, .how = BY_END)
KILLED_USED(tls_post_used_reset, true, "POST", INSIST_ERESET, .how = BY_RESET)
KILLED_USED(tls_post_used_end, true, "POST", INSIST_EEOF, .how = BY_END)
KILLED_USED(tls_post_used_goodbye, true, "POST", INSIST_EEOF, .how = BY_GOODBYE)
KILLED_USED(tls_post_used_reset_deaf, true, "POST", INSIST_ERESET, .how = BY_RESET, .deaf = true)

/* With other idle connections in the pool a second sending would not even need a new one. */
static void test_pooled_neighbours_are_not_used(void **state) {
    static const struct killing killing = {.after = 1, .how = BY_RESET};
    struct wire_attempt first[3], attempt;
    (void)state;
    fixture_serve(kill_script, &killing);
    for (int i = 0; i < 3; i++) {
        wire_attempt_init(&first[i], &host, "GET", fixture_url("/first"));
        wire_attempt_start(&first[i]);
    }
    for (int i = 0; i < 3; i++) {
        assert_true(wire_run(&first[i]));
        wire_attempt_fini(&first[i]);
    }
    for (unsigned requests = 4; blocked() == 0 && requests < 8; requests++) { /* until it gets the one that dies */
        fixture_post(&attempt, "/second", "charge=100");
        assert_int_equal(raw_server_requests(server), requests);
        if (blocked())
            fixture_expect(&attempt, INSIST_ERESET, 0, INSIST_MAYBE_SENT);
        wire_attempt_fini(&attempt);
    }
    assert_int_equal(blocked(), 1);
    assert_int_equal(raw_server_connections(server), 3);
}

/* A complete line of the answer, an interim one included, stops libcurl by itself; the request is as much on the
 * wire. */
static void kill_late(const struct killing *killing, insist_err err, int status) {
    struct wire_attempt attempt;
    fixture_serve(kill_script, killing);
    fixture_get_ok("/first");
    fixture_post(&attempt, "/second", "charge=100");
    fixture_expect(&attempt, err, status, INSIST_MAYBE_SENT);
    assert_false(attempt.job->outcome.stale);
    assert_int_equal(raw_server_requests(server), 2);
    wire_attempt_fini(&attempt);
}

static void test_interim_then_reset(void **state) {
    static const struct killing killing = {.after = 1, .how = BY_RESET, .saying = "HTTP/1.1 103 Early Hints\r\n\r\n"};
    (void)state;
    kill_late(&killing, INSIST_ERESET, 0);
}

static void test_status_line_then_end(void **state) {
    static const struct killing killing = {.after = 1, .how = BY_END, .saying = "HTTP/1.1 200 OK\r\n"};
    (void)state;
    kill_late(&killing, INSIST_EEOF, 200);
}

static void test_header_block_cut_by_reset(void **state) {
    static const struct killing killing = {
        .after = 1, .how = BY_RESET, .saying = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"};
    (void)state;
    kill_late(&killing, INSIST_ERESET, 200);
}

/* On a new connection. */
static void kill_new(bool tls, const struct killing *killing, insist_err err, int status, insist_sent sent) {
    struct wire_attempt attempt;
    (tls ? fixture_serve_tls : fixture_serve)(kill_script, killing);
    fixture_post(&attempt, "/", "charge=100");
    fixture_expect(&attempt, err, status, sent);
    assert_false(attempt.job->outcome.stale);
    assert_false(attempt.job->progress.reused);
    assert_int_equal(raw_server_requests(server), 1);
    wire_attempt_fini(&attempt);
}

#define KILLED_NEW(name, tls, err, status, sent, ...)                                                                  \
    static void name(void **state) {                                                                                   \
        static const struct killing killing = {__VA_ARGS__};                                                           \
        (void)state;                                                                                                   \
        kill_new(tls, &killing, err, status, sent);                                                                    \
    }

KILLED_NEW(post_new_reset, false, INSIST_ERESET, 0, INSIST_MAYBE_SENT, .how = BY_RESET)
KILLED_NEW(post_new_end, false, INSIST_EEOF, 0, INSIST_MAYBE_SENT, .how = BY_END)
KILLED_NEW(post_new_half_a_status_end, false, INSIST_EEOF, 0, INSIST_MAYBE_SENT, .how = BY_END, .saying = "HTTP/1.1 2")
KILLED_NEW(post_new_half_a_status_reset, false, INSIST_ERESET, 0, INSIST_MAYBE_SENT, .how = BY_RESET,
           .saying = "HTTP/1.1 2")
KILLED_NEW(post_new_block_end, false, INSIST_EEOF, 200, INSIST_MAYBE_SENT, .saying = "HTTP/1.1 200 OK\r\nA: b\r\n")
KILLED_NEW(post_new_body_end, false, INSIST_EEOF, 200, INSIST_ANSWERED,
           .saying = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
KILLED_NEW(post_new_body_reset, false, INSIST_ERESET, 200, INSIST_ANSWERED, .how = BY_RESET,
           .saying = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
KILLED_NEW(post_new_chunk_end, false, INSIST_EEOF, 200, INSIST_ANSWERED,
           .saying = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")
KILLED_NEW(post_new_chunk_broken, false, INSIST_EPROTO, 200, INSIST_ANSWERED,
           .saying = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab")
KILLED_NEW(post_new_garbage, false, INSIST_EPROTO, 0, INSIST_MAYBE_SENT, .saying = "what is this?\r\n\r\n")
KILLED_NEW(tls_post_new_reset, true, INSIST_ERESET, 0, INSIST_MAYBE_SENT, .how = BY_RESET)
KILLED_NEW(tls_post_new_end, true, INSIST_EEOF, 0, INSIST_MAYBE_SENT, .how = BY_END)
KILLED_NEW(tls_post_new_goodbye, true, INSIST_EEOF, 0, INSIST_MAYBE_SENT, .how = BY_GOODBYE)
KILLED_NEW(tls_post_new_body_end, true, INSIST_EEOF, 200, INSIST_ANSWERED,
           .saying = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")

/* What one connection died of is not told of the next, though libcurl never resets its errno. */
static void reset_and_end_by_turns(struct raw_connection *connection, void *ctx) {
    (void)ctx;
    if (raw_read_request(connection) && raw_number(connection) % 2)
        raw_reset(connection);
}

static void test_each_dies_of_its_own(void **state) {
    (void)state;
    fixture_serve(reset_and_end_by_turns, NULL);
    for (int i = 0; i < 6; i++) {
        struct wire_attempt attempt;
        fixture_post(&attempt, "/", "x");
        fixture_expect(&attempt, i % 2 ? INSIST_EEOF : INSIST_ERESET, 0, INSIST_MAYBE_SENT);
        assert_int_equal(attempt.job->outcome.os_errno, i % 2 ? 0 : ECONNRESET);
        wire_attempt_fini(&attempt);
    }
}

static void answer_then_reset_or_end(struct raw_connection *connection, void *ctx) {
    (void)ctx;
    if (!raw_read_request(connection))
        return;
    raw_send(connection, OK_ANSWER);
    if (raw_read_request(connection) && raw_number(connection) % 2 == 1)
        raw_reset(connection);
}

/* What libcurl knows of the one before, on the same handle, is forgotten. */
static void test_each_used_one_dies_of_its_own(void **state) {
    (void)state;
    fixture_serve(answer_then_reset_or_end, NULL);
    for (int i = 0; i < 6; i++) {
        struct wire_attempt attempt;
        fixture_get_ok("/first");
        fixture_post(&attempt, "/second", "x");
        fixture_expect(&attempt, i % 2 ? INSIST_EEOF : INSIST_ERESET, 0, INSIST_MAYBE_SENT);
        assert_int_equal(attempt.job->outcome.os_errno, i % 2 ? 0 : ECONNRESET);
        wire_attempt_fini(&attempt);
    }
}

/* Answers once, then gives the idle connection up. */
struct leaving {
    const char *answer; /* before it does; NULL: the usual one */
    const char *saying;
    enum { LEAVE_END, LEAVE_RESET, LEAVE_GOODBYE, LEAVE_NOT } how; /* NOT: only says something */
};

static void leave_script(struct raw_connection *connection, void *ctx) {
    const struct leaving *leaving = ctx;
    if (!raw_read_request(connection))
        return;
    raw_send(connection, leaving->answer && raw_number(connection) == 1 ? leaving->answer : OK_ANSWER);
    if (raw_number(connection) > 1) {
        raw_hold(connection);
        return;
    }
    raw_wait(connection); /* until the answer has been taken */
    if (leaving->saying)
        raw_send(connection, leaving->saying);
    if (leaving->how == LEAVE_GOODBYE)
        raw_say_goodbye(connection);
    if (leaving->how == LEAVE_RESET)
        raw_reset(connection);
    if (leaving->how == LEAVE_END)
        raw_end(connection);
    raw_signal(connection);
    raw_hold(connection);
}

/* Until what the server did has reached the idle connection. */
static void await_leaving(void) {
    struct pollfd epoll = {.fd = host.epoll, .events = POLLIN};
    raw_server_release(server);
    assert_true(raw_server_wait_signals(server, 1));
    assert_int_equal(poll(&epoll, 1, 60000), 1);
}

/* noticed: the reactor has been told already, else the request goes out in the turn in which it would be. */
static void meet_stale(bool tls, const struct leaving *leaving, bool noticed) {
    struct wire_attempt attempt;
    (tls ? fixture_serve_tls : fixture_serve)(leave_script, leaving);
    fixture_get_ok("/first");
    await_leaving();
    wire_attempt_init(&attempt, &host, "POST", fixture_url("/second"));
    wire_attempt_body(&attempt, "charge=100", 10);
    if (noticed)
        wire_turn(&host, false);
    wire_attempt_start(&attempt);
    host.transport->class->run(host.transport, env_now_ns(&host.env));
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    if (noticed)
        assert_int_equal(stale(), 0);
    else if (leaving->how != LEAVE_RESET && leaving->how != LEAVE_END && !leaving->answer) /* which libcurl may see first */
        assert_int_equal(stale(), 1);
    assert_int_equal(blocked(), 0);
    assert_false(attempt.job->progress.reused);
    assert_int_equal(attempt.job->progress.connection, 2);
    assert_int_equal(raw_server_requests(server), 2);
    assert_int_equal(raw_server_connections(server), 2);
    wire_attempt_fini(&attempt);
}

#define STALE(name, tls, ...)                                                                                          \
    static void name(void **state) {                                                                                   \
        static const struct leaving leaving = {__VA_ARGS__};                                                           \
        (void)state;                                                                                                   \
        meet_stale(tls, &leaving, false);                                                                              \
    }                                                                                                                  \
    static void name##_noticed(void **state) {                                                                         \
        static const struct leaving leaving = {__VA_ARGS__};                                                           \
        (void)state;                                                                                                   \
        meet_stale(tls, &leaving, true);                                                                               \
    }

STALE(stale_end, false, .how = LEAVE_END)
STALE(stale_tls_end, true, .how = LEAVE_END)
STALE(stale_reset, false, .how = LEAVE_RESET)
STALE(stale_bytes, false, .how = LEAVE_NOT, .saying = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
/* Frames that come in between are usual with HTTP/2, which this is not, whatever it says. */
STALE(stale_bytes_of_who_calls_it_http2, false, .how = LEAVE_NOT, .answer = "HTTP/2 200\r\nContent-Length: 2\r\n\r\nok",
      .saying = "HTTP/2 200\r\nContent-Length: 4\r\n\r\nevil")
STALE(stale_tls_bytes_of_who_calls_it_http2, true, .how = LEAVE_NOT,
      .answer = "HTTP/2 200\r\nContent-Length: 2\r\n\r\nok", .saying = "HTTP/2 200\r\nContent-Length: 4\r\n\r\nevil")
STALE(stale_tls_goodbye, true, .how = LEAVE_GOODBYE)
STALE(stale_tls_reset, true, .how = LEAVE_RESET)

/* Two dead ones: the first that is found makes way for a fresh connection, not for the other. */
static void spoil_both(struct raw_connection *connection, void *ctx) {
    if (!raw_read_request(connection))
        return;
    if (raw_number(connection) > 2) {
        raw_send(connection, OK_ANSWER);
        raw_hold(connection);
        return;
    }
    raw_wait(connection); /* so that the second request needs a connection of its own */
    raw_send(connection, OK_ANSWER);
    raw_signal(connection);
    raw_server_wait_signals(raw_server_of(connection), 2);
    raw_wait(connection);
    raw_send(connection, ctx);
    raw_signal(connection);
    raw_hold(connection);
}

static void test_two_stale_ones(void **state) {
    struct wire_attempt attempts[3];
    (void)state;
    fixture_serve(spoil_both, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
    for (int i = 0; i < 2; i++) {
        wire_attempt_init(&attempts[i], &host, "GET", fixture_url("/"));
        attempts[i].job->wants_sent = true;
        wire_attempt_start(&attempts[i]);
        assert_true(wire_run_until_news(&attempts[i], NEWS_SENT));
    }
    raw_server_release(server);
    raw_server_release(server);
    for (int i = 0; i < 2; i++) {
        assert_true(wire_run(&attempts[i]));
        wire_attempt_fini(&attempts[i]);
    }
    raw_server_release(server);
    raw_server_release(server);
    assert_true(raw_server_wait_signals(server, 4));
    fixture_post(&attempts[2], "/", "x");
    fixture_expect(&attempts[2], INSIST_OK, 200, INSIST_ANSWERED);
    assert_int_equal(attempts[2].job->progress.connection, 3);
    assert_true(stale() <= 1);
    wire_attempt_fini(&attempts[2]);
}

static void test_healthy_connection_is_used_again(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(answer_always, OK_ANSWER);
    for (int i = 0; i < 5; i++) {
        fixture_run(&attempt, i % 2 ? "POST" : "GET", "/");
        fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
        assert_int_equal(attempt.job->progress.connection, 1);
        assert_int_equal(attempt.job->progress.reused, i > 0);
        wire_attempt_fini(&attempt);
    }
    assert_int_equal(raw_server_connections(server), 1);
    assert_int_equal(stale(), 0);
}

static void test_healthy_tls_connection_is_used_again(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve_tls(answer_always, OK_ANSWER);
    for (int i = 0; i < 5; i++) {
        fixture_post(&attempt, "/", "x");
        fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
        assert_int_equal(attempt.job->progress.reused, i > 0);
        wire_attempt_fini(&attempt);
    }
    assert_int_equal(raw_server_connections(server), 1);
    assert_int_equal(stale(), 0);
}

static void test_fresh_takes_no_used_connection(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(answer_always, OK_ANSWER);
    fixture_get_ok("/");
    wire_attempt_init(&attempt, &host, "GET", fixture_url("/"));
    attempt.job->fresh = true;
    wire_attempt_start(&attempt);
    assert_true(wire_run(&attempt));
    assert_int_equal(attempt.job->progress.connection, 2);
    assert_false(attempt.job->progress.reused);
    wire_attempt_fini(&attempt);
}

static void test_no_idle_connection_for_the_unsafe(void **state) {
    struct wire_attempt attempt;
    (void)state;
    host.settings.idle_unsafe_s = 0;
    fixture_serve(answer_always, OK_ANSWER);
    fixture_get_ok("/");
    fixture_post(&attempt, "/", "x"); /* may not be repeated */
    assert_int_equal(attempt.job->progress.connection, 2);
    wire_attempt_fini(&attempt);
    fixture_run(&attempt, "PUT", "/"); /* may */
    assert_true(attempt.job->progress.reused);
    wire_attempt_fini(&attempt);
}

/* Two seconds of idleness are fine, a millisecond more is not; what may be repeated does not mind. */
static void test_idle_for_too_long(void **state) {
    struct wire_attempt attempt;
    (void)state;
    host.settings.idle_unsafe_s = 2;
    fixture_serve(answer_always, OK_ANSWER);
    fixture_get_ok("/");
    wire_pass_ms(&host, 2000);
    fixture_post(&attempt, "/", "x");
    assert_true(attempt.job->progress.reused);
    wire_attempt_fini(&attempt);
    wire_pass_ms(&host, 2001);
    fixture_run(&attempt, "PUT", "/");
    assert_true(attempt.job->progress.reused);
    wire_attempt_fini(&attempt);
    wire_pass_ms(&host, 2001);
    fixture_post(&attempt, "/", "x");
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    assert_false(attempt.job->progress.reused);
    assert_int_equal(attempt.job->progress.connection, 2);
    assert_int_equal(raw_server_requests(server), 4);
    assert_int_equal(stale(), 0);
    wire_attempt_fini(&attempt);
}

/* Nothing goes out behind a gate that was shut, or for a job that was given up. */
static void test_shut_gate(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(answer_always, OK_ANSWER);
    wire_attempt_init(&attempt, &host, "POST", fixture_url("/"));
    assert_true(job_shut_gate(attempt.job));
    wire_attempt_start(&attempt);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_ECANCELED, 0, INSIST_NOT_SENT);
    assert_int_equal(raw_server_requests(server), 0);
    wire_attempt_fini(&attempt);
}

static void test_stop_flag(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(answer_always, OK_ANSWER);
    wire_attempt_init(&attempt, &host, "POST", fixture_url("/"));
    wire_attempt_start(&attempt);
    atomic_store(&attempt.job->stop, true);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_ECANCELED, 0, INSIST_NOT_SENT);
    assert_int_equal(atomic_load(&attempt.job->gate), GATE_OPEN);
    assert_int_equal(raw_server_requests(server), 0);
    wire_attempt_fini(&attempt);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WIRE_TEST(post_used_reset),
        WIRE_TEST(post_used_end),
        WIRE_TEST(post_used_reset_deaf),
        WIRE_TEST(post_used_end_deaf),
        WIRE_TEST(post_used_half_a_status_reset),
        WIRE_TEST(post_used_half_a_status_end),
        WIRE_TEST(get_used_reset),
        WIRE_TEST(get_used_end),
        WIRE_TEST(tls_post_used_reset),
        WIRE_TEST(tls_post_used_end),
        WIRE_TEST(tls_post_used_goodbye),
        WIRE_TEST(tls_post_used_reset_deaf),
        WIRE_TEST(test_pooled_neighbours_are_not_used),
        WIRE_TEST(test_interim_then_reset),
        WIRE_TEST(test_status_line_then_end),
        WIRE_TEST(test_header_block_cut_by_reset),
        WIRE_TEST(post_new_reset),
        WIRE_TEST(post_new_end),
        WIRE_TEST(post_new_half_a_status_end),
        WIRE_TEST(post_new_half_a_status_reset),
        WIRE_TEST(post_new_block_end),
        WIRE_TEST(post_new_body_end),
        WIRE_TEST(post_new_body_reset),
        WIRE_TEST(post_new_chunk_end),
        WIRE_TEST(post_new_chunk_broken),
        WIRE_TEST(post_new_garbage),
        WIRE_TEST(tls_post_new_reset),
        WIRE_TEST(tls_post_new_end),
        WIRE_TEST(tls_post_new_goodbye),
        WIRE_TEST(tls_post_new_body_end),
        WIRE_TEST(test_each_dies_of_its_own),
        WIRE_TEST(test_each_used_one_dies_of_its_own),
        WIRE_TEST(stale_reset),
        WIRE_TEST(stale_reset_noticed),
        WIRE_TEST(stale_bytes),
        WIRE_TEST(stale_bytes_noticed),
        WIRE_TEST(stale_bytes_of_who_calls_it_http2),
        WIRE_TEST(stale_bytes_of_who_calls_it_http2_noticed),
        WIRE_TEST(stale_tls_bytes_of_who_calls_it_http2),
        WIRE_TEST(stale_tls_bytes_of_who_calls_it_http2_noticed),
        WIRE_TEST(stale_tls_goodbye),
        WIRE_TEST(stale_tls_goodbye_noticed),
        WIRE_TEST(stale_tls_reset),
        WIRE_TEST(stale_tls_reset_noticed),
        WIRE_TEST(stale_end),
        WIRE_TEST(stale_end_noticed),
        WIRE_TEST(stale_tls_end),
        WIRE_TEST(stale_tls_end_noticed),
        WIRE_TEST(test_two_stale_ones),
        WIRE_TEST(test_healthy_connection_is_used_again),
        WIRE_TEST(test_healthy_tls_connection_is_used_again),
        WIRE_TEST(test_fresh_takes_no_used_connection),
        WIRE_TEST(test_no_idle_connection_for_the_unsafe),
        WIRE_TEST(test_idle_for_too_long),
        WIRE_TEST(test_shut_gate),
        WIRE_TEST(test_stop_flag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
