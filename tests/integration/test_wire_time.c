/* Names, addresses, deadlines and giving up: every phase of an attempt, in a clock that only the test moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/wire_fixture.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIMIT_MS 1000

/* ---- addresses that are silent ----------------------------------------------------------------------------------- */

/* Listens and never accepts, its queue full: a connection to it hangs. */
struct silence {
    int listener, fillers[3];
    unsigned port;
};

static struct sockaddr_in place(const char *address, unsigned port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, address, &at.sin_addr);
    return at;
}

static void silence_begin(struct silence *silence, const char *address, unsigned port) {
    struct sockaddr_in at = place(address, port);
    socklen_t size = sizeof(at);
    silence->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(silence->listener, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(silence->listener, 0), 0);
    getsockname(silence->listener, (struct sockaddr *)&at, &size);
    silence->port = ntohs(at.sin_port);
    for (int i = 0; i < 3; i++) {
        silence->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        connect(silence->fillers[i], (struct sockaddr *)&at, sizeof(at));
    }
    struct pollfd first = {.fd = silence->fillers[0], .events = POLLOUT};
    assert_int_equal(poll(&first, 1, 60000), 1);
}

static void silence_end(struct silence *silence) {
    for (int i = 0; i < 3; i++)
        close(silence->fillers[i]);
    close(silence->listener);
}

static void resolve_to(const char *a, const char *b, const char *c) {
    host.addresses[0] = a;
    host.addresses[1] = b;
    host.addresses[2] = c;
}

static const char *named(unsigned port) {
    static char text[64];
    snprintf(text, sizeof(text), "http://name.test:%u/", port);
    return text;
}

static void limit(struct wire_attempt *attempt) {
    attempt->job->deadline_ns = attempt->job->deadline_once_sent_ns = VIRTUAL_ENV_NOW_NS + LIMIT_MS * MS_NS;
}

static void init_named(struct wire_attempt *attempt, const char *method, unsigned port) {
    wire_attempt_init(attempt, &host, method, named(port));
    limit(attempt);
}

static bool is_at(void *ctx) {
    const struct wire_attempt *attempt = ctx;
    return attempt->job->progress.address[0] != '\0' && attempt->job->progress.connection > 0;
}

/* ---- which address ----------------------------------------------------------------------------------------------- */

static void expect_answer_from(struct wire_attempt *attempt, const char *address) {
    char text[64];
    fixture_expect(attempt, INSIST_OK, 200, INSIST_ANSWERED);
    snprintf(text, sizeof(text), "%s:%u", address, raw_server_port(server));
    assert_string_equal(attempt->job->progress.address, text);
    assert_int_equal(raw_server_requests(server), 1);
    assert_non_null(strstr(raw_server_request(server, 0), "\r\nHost: name.test:"));
}

static void test_first_refused(void **state) {
    struct wire_attempt attempt;
    (void)state;
    resolve_to("127.0.0.2", "127.0.0.1", NULL);
    fixture_serve(answer_always, OK_ANSWER);
    init_named(&attempt, "POST", raw_server_port(server));
    wire_attempt_start(&attempt);
    assert_true(wire_run(&attempt)); /* not a millisecond passes */
    expect_answer_from(&attempt, "127.0.0.1");
    wire_attempt_fini(&attempt);
}

static void hold_request(struct raw_connection *connection, void *ctx) {
    if (!raw_read_request(connection))
        return;
    raw_send(connection, ctx);
    raw_hold(connection);
}

/* The attempt's index chooses where to begin, modulo the number of addresses. */
static void test_index_chooses(void **state) {
    struct silence second;
    char text[64];
    (void)state;
    resolve_to("127.0.0.1", "127.0.0.2", NULL);
    fixture_serve(hold_request, "");
    silence_begin(&second, "127.0.0.2", raw_server_port(server));
    for (unsigned i = 0; i < 4; i++) {
        struct wire_attempt attempt;
        init_named(&attempt, "GET", raw_server_port(server));
        attempt.job->attempt_index = i;
        wire_attempt_start(&attempt);
        assert_true(wire_run_until(&host, is_at, &attempt));
        snprintf(text, sizeof(text), "127.0.0.%u:%u", i % 2 + 1, raw_server_port(server));
        assert_string_equal(attempt.job->progress.address, text);
        wire_attempt_stop(&attempt);
        wire_attempt_fini(&attempt);
    }
    silence_end(&second);
}

static void answer_once_then_end(struct raw_connection *connection, void *answer) {
    if (raw_read_request(connection))
        raw_send(connection, answer);
    raw_read_request(connection);
}

/* The errno of the address that failed before is not the errno of the exchange on the used connection. */
static void test_first_refused_second_ends(void **state) {
    struct wire_attempt attempts[2];
    (void)state;
    resolve_to("127.0.0.2", "127.0.0.1", NULL);
    fixture_serve(answer_once_then_end, OK_ANSWER);
    for (unsigned i = 0; i < 2; i++) {
        init_named(&attempts[i], "POST", raw_server_port(server));
        attempts[i].job->attempt_index = 1 - i;
        wire_attempt_start(&attempts[i]);
        assert_true(wire_run(&attempts[i]));
    }
    fixture_expect(&attempts[0], INSIST_OK, 200, INSIST_ANSWERED);
    fixture_expect(&attempts[1], INSIST_EEOF, 0, INSIST_MAYBE_SENT);
    assert_true(attempts[1].job->outcome.stale);
    assert_int_equal(attempts[1].job->outcome.os_errno, 0);
    assert_int_equal(raw_server_requests(server), 2);
    wire_attempt_fini(&attempts[0]);
    wire_attempt_fini(&attempts[1]);
}

/* The certificate is checked against the name, whatever the address. */
static void test_certificate_of_the_name(void **state) {
    static const char *const names[] = {"localhost", "name.test"};
    char text[64];
    (void)state;
    resolve_to("127.0.0.1", NULL, NULL);
    fixture_serve_tls(answer_always, OK_ANSWER);
    for (int i = 0; i < 2; i++) {
        struct wire_attempt attempt;
        snprintf(text, sizeof(text), "https://%s:%u/", names[i], raw_server_port(server));
        wire_attempt_init(&attempt, &host, "GET", text);
        wire_attempt_start(&attempt);
        assert_true(wire_run(&attempt));
        if (i == 0)
            fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
        else
            fixture_expect(&attempt, INSIST_ECERT, 0, INSIST_NOT_SENT);
        wire_attempt_fini(&attempt);
    }
}

static void test_all_refused(void **state) {
    struct wire_attempt attempt;
    (void)state;
    resolve_to("127.0.0.2", "127.0.0.3", "127.0.0.4");
    fixture_serve(answer_always, OK_ANSWER);
    init_named(&attempt, "POST", raw_server_port(server));
    wire_attempt_start(&attempt);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_ECONNECT, 0, INSIST_NOT_SENT);
    assert_int_equal(attempt.job->outcome.transience, INSIST_CONN_REFUSED);
    assert_int_equal(attempt.job->outcome.os_errno, ECONNREFUSED);
    assert_int_equal(attempt.job->progress.connection, 3);
    wire_attempt_fini(&attempt);
}

static void test_first_silent(void **state) {
    struct wire_attempt attempt;
    struct silence silence;
    (void)state;
    resolve_to("127.0.0.2", "127.0.0.1", NULL);
    fixture_serve(answer_always, OK_ANSWER);
    silence_begin(&silence, "127.0.0.2", raw_server_port(server));
    init_named(&attempt, "POST", raw_server_port(server));
    wire_attempt_start(&attempt);
    assert_true(wire_run_until(&host, is_at, &attempt));
    wire_pass_ms(&host, 249);
    assert_int_equal(attempt.job->progress.connection, 1);
    wire_pass_ms(&host, 1);
    assert_true(wire_run(&attempt));
    expect_answer_from(&attempt, "127.0.0.1");
    assert_int_equal(attempt.job->progress.connection, 2);
    wire_attempt_fini(&attempt);
    silence_end(&silence);
}

/* The last one keeps the rest of the time; the gate was never passed. */
static void test_all_silent(void **state) {
    struct wire_attempt attempt;
    struct silence first, second;
    (void)state;
    silence_begin(&first, "127.0.0.2", 0);
    silence_begin(&second, "127.0.0.3", first.port);
    resolve_to("127.0.0.2", "127.0.0.3", NULL);
    init_named(&attempt, "POST", first.port);
    wire_attempt_start(&attempt);
    assert_true(wire_run_until(&host, is_at, &attempt));
    wire_pass_ms(&host, 250);
    assert_int_equal(attempt.job->progress.connection, 2);
    wire_pass_ms(&host, LIMIT_MS - 251);
    assert_int_equal(attempt.job->progress.connection, 2);
    assert_int_equal(attempt.finished, 0);
    wire_pass_ms(&host, 1);
    assert_int_equal(attempt.finished, 1);
    fixture_expect(&attempt, INSIST_ETIMEOUT, 0, INSIST_NOT_SENT);
    assert_int_equal(attempt.job->outcome.transience, INSIST_TIMEOUT);
    assert_int_equal(atomic_load(&attempt.job->gate), GATE_SHUT);
    wire_attempt_fini(&attempt);
    silence_end(&first);
    silence_end(&second);
}

/* One that was only slow is tried again when the others have failed. */
static void test_silent_then_refused(void **state) {
    struct wire_attempt attempt;
    struct silence silence;
    (void)state;
    silence_begin(&silence, "127.0.0.2", 0);
    resolve_to("127.0.0.2", "127.0.0.1", NULL);
    init_named(&attempt, "POST", silence.port);
    wire_attempt_start(&attempt);
    assert_true(wire_run_until(&host, is_at, &attempt));
    wire_pass_ms(&host, 250);
    while (attempt.job->progress.connection < 3)
        wire_turn(&host, true);
    assert_int_equal(strncmp(attempt.job->progress.address, "127.0.0.2:", 10), 0);
    wire_pass_ms(&host, LIMIT_MS - 250);
    fixture_expect(&attempt, INSIST_ETIMEOUT, 0, INSIST_NOT_SENT);
    wire_attempt_fini(&attempt);
    silence_end(&silence);
}

/* A connection that is there is not left for another address, however slow what follows is. */
static void test_patience_ends_with_the_connection(void **state) {
    struct wire_attempt attempt;
    (void)state;
    resolve_to("127.0.0.1", "127.0.0.2", NULL);
    fixture_serve(hold_request, "");
    init_named(&attempt, "POST", raw_server_port(server));
    attempt.job->wants_sent = true;
    wire_attempt_start(&attempt);
    assert_true(wire_run_until_news(&attempt, NEWS_SENT));
    wire_pass_ms(&host, 300);
    wire_pass_ms(&host, 300);
    assert_int_equal(attempt.finished, 0);
    assert_int_equal(attempt.job->progress.connection, 1);
    wire_attempt_stop(&attempt);
    wire_attempt_fini(&attempt);
}

static void read_then_reset(struct raw_connection *connection, void *ctx) {
    (void)ctx;
    raw_read_request(connection);
    raw_reset(connection);
    raw_signal(connection);
}

/* A connection that has died is not connected either; but what went out on it goes out nowhere else. */
static void test_patience_ends_with_the_gate(void **state) {
    struct wire_attempt attempt;
    (void)state;
    resolve_to("127.0.0.1", "127.0.0.2", NULL);
    fixture_serve(read_then_reset, NULL);
    init_named(&attempt, "POST", raw_server_port(server));
    attempt.job->wants_sent = true;
    wire_attempt_start(&attempt);
    assert_true(wire_run_until_news(&attempt, NEWS_SENT));
    assert_true(raw_server_wait_signals(server, 1));
    struct pollfd epoll = {.fd = host.epoll, .events = POLLIN};
    if (attempt.finished == 0)
        assert_int_equal(poll(&epoll, 1, 60000), 1);
    virtual_env_advance_ns(&host.world, 300 * MS_NS);
    host.transport->class->run(host.transport, env_now_ns(&host.env)); /* before the socket's events are read */
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_ERESET, 0, INSIST_MAYBE_SENT);
    assert_int_equal(attempt.job->progress.connection, 1);
    wire_attempt_fini(&attempt);
}

static void hold_silently(struct raw_connection *connection, void *ctx) {
    (void)ctx;
    raw_signal(connection);
    raw_hold(connection);
}

static bool is_accepted(void *ctx) {
    (void)ctx;
    return raw_server_has_signals(server, 1);
}

/* A handshake that hangs: connected, so the address is kept; nothing sent, so the gate can be shut. */
static void test_handshake_hangs(void **state) {
    struct wire_attempt attempt;
    char text[64];
    (void)state;
    resolve_to("127.0.0.1", "127.0.0.2", NULL);
    fixture_serve(hold_silently, NULL);
    snprintf(text, sizeof(text), "https://name.test:%u/", raw_server_port(server));
    wire_attempt_init(&attempt, &host, "POST", text);
    limit(&attempt);
    attempt.job->deadline_once_sent_ns = attempt.job->deadline_ns + LIMIT_MS * MS_NS;
    wire_attempt_start(&attempt);
    assert_true(wire_run_until(&host, is_accepted, NULL));
    wire_pass_ms(&host, 300);
    assert_int_equal(attempt.job->progress.connection, 1);
    wire_pass_ms(&host, 700);
    fixture_expect(&attempt, INSIST_ETIMEOUT, 0, INSIST_NOT_SENT);
    wire_attempt_fini(&attempt);
}

/* ---- handshakes that fail ---------------------------------------------------------------------------------------- */

static void read_some_then_end(struct raw_connection *connection, void *ctx) {
    (void)ctx;
    raw_read_some(connection);
}

static void read_some_then_reset(struct raw_connection *connection, void *ctx) {
    (void)ctx;
    raw_read_some(connection);
    raw_reset(connection);
}

static void say_nonsense(struct raw_connection *connection, void *ctx) {
    raw_send(connection, ctx);
    raw_hold(connection);
}

static void expect_tls_failure(raw_script *script, const void *ctx, insist_err err, insist_transience transience) {
    struct wire_attempt attempt;
    char text[64];
    fixture_serve(script, ctx);
    snprintf(text, sizeof(text), "https://127.0.0.1:%u/", raw_server_port(server));
    wire_attempt_init(&attempt, &host, "POST", text);
    wire_attempt_start(&attempt);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, err, 0, INSIST_NOT_SENT);
    assert_int_equal(attempt.job->outcome.transience, transience);
    assert_int_equal(attempt.job->progress.sent_ns, 0);
    wire_attempt_fini(&attempt);
}

static void test_handshake_reset(void **state) {
    (void)state;
    expect_tls_failure(read_some_then_reset, NULL, INSIST_ETLS, INSIST_TLS_INTERRUPTED);
}

static void test_handshake_ended(void **state) {
    (void)state;
    expect_tls_failure(read_some_then_end, NULL, INSIST_ETLS, INSIST_TLS_INTERRUPTED);
}

static void test_handshake_nonsense(void **state) {
    (void)state;
    expect_tls_failure(say_nonsense, "HTTP/1.1 400 Bad Request\r\n\r\n", INSIST_ETLS, INSIST_NOT_TRANSIENT);
}

static void test_certificate_not_trusted(void **state) {
    struct wire_attempt attempt;
    (void)state;
    server = raw_server_start(&(const struct raw_options){.tls = true}, answer_always, OK_ANSWER);
    char text[64];
    snprintf(text, sizeof(text), "https://127.0.0.1:%u/", raw_server_port(server));
    wire_attempt_init(&attempt, &host, "POST", text);
    wire_attempt_start(&attempt);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_ECERT, 0, INSIST_NOT_SENT);
    wire_attempt_fini(&attempt);
    assert_int_equal(raw_server_requests(server), 0);
}

static void test_insecure(void **state) {
    struct wire_attempt attempt;
    char text[64];
    (void)state;
    host.settings.insecure = true;
    server = raw_server_start(&(const struct raw_options){.tls = true}, answer_always, OK_ANSWER);
    snprintf(text, sizeof(text), "https://127.0.0.1:%u/", raw_server_port(server));
    wire_attempt_init(&attempt, &host, "GET", text);
    wire_attempt_start(&attempt);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    wire_attempt_fini(&attempt);
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static void test_no_such_name(void **state) {
    struct wire_attempt attempt;
    (void)state;
    init_named(&attempt, "POST", 80);
    wire_attempt_start(&attempt);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_ERESOLVE, 0, INSIST_NOT_SENT);
    assert_int_equal(attempt.job->outcome.transience, INSIST_NOT_TRANSIENT);
    assert_string_equal(attempt.job->progress.address, "");
    wire_attempt_fini(&attempt);
}

static void test_lookup_hangs(void **state) {
    struct wire_attempt attempt;
    (void)state;
    host.hold_lookups = true;
    init_named(&attempt, "POST", 80);
    wire_attempt_start(&attempt);
    wire_turn(&host, false);
    wire_pass_ms(&host, LIMIT_MS - 1);
    assert_int_equal(attempt.finished, 0);
    wire_pass_ms(&host, 1);
    fixture_expect(&attempt, INSIST_ETIMEOUT, 0, INSIST_NOT_SENT);
    assert_int_equal(attempt.finished, 1);
    wire_attempt_fini(&attempt);
    sem_post(&host.lookup_gate);
}

static bool has_command(void *ctx) {
    struct wire_host *reactor = ctx;
    pthread_mutex_lock(&reactor->lock);
    bool here = reactor->commands > 0;
    pthread_mutex_unlock(&reactor->lock);
    return here;
}

static void wait_for_command(void) {
    struct pollfd wake = {.fd = host.wake, .events = POLLIN};
    assert_int_equal(poll(&wake, 1, 60000), 1);
    assert_true(has_command(&host));
}

/* The answer is in the inbox when the attempt is given up: it ends when that is read, not before and not twice. */
static void test_stop_while_the_lookup_answers(void **state) {
    struct wire_attempt attempt;
    (void)state;
    resolve_to("127.0.0.1", NULL, NULL);
    init_named(&attempt, "POST", 80);
    wire_attempt_start(&attempt);
    wait_for_command();
    wire_attempt_stop(&attempt);
    assert_int_equal(attempt.finished, 0);
    wire_turn(&host, false);
    assert_int_equal(attempt.finished, 1);
    fixture_expect(&attempt, INSIST_ECANCELED, 0, INSIST_NOT_SENT);
    wire_attempt_fini(&attempt);
}

static void test_deadline_while_the_lookup_answers(void **state) {
    struct wire_attempt attempt;
    (void)state;
    resolve_to("127.0.0.1", NULL, NULL);
    init_named(&attempt, "POST", 80);
    wire_attempt_start(&attempt);
    wait_for_command();
    virtual_env_advance_ns(&host.world, LIMIT_MS * MS_NS);
    host.transport->class->run(host.transport, env_now_ns(&host.env)); /* before the inbox is read */
    assert_int_equal(attempt.finished, 0);
    wire_turn(&host, false);
    assert_int_equal(attempt.finished, 1);
    fixture_expect(&attempt, INSIST_ETIMEOUT, 0, INSIST_NOT_SENT);
    wire_attempt_fini(&attempt);
}

static void test_stop_while_looking_up(void **state) {
    struct wire_attempt attempt;
    (void)state;
    host.hold_lookups = true;
    init_named(&attempt, "POST", 80);
    wire_attempt_start(&attempt);
    wire_turn(&host, false);
    wire_attempt_stop(&attempt);
    assert_int_equal(attempt.finished, 1);
    fixture_expect(&attempt, INSIST_ECANCELED, 0, INSIST_NOT_SENT);
    wire_attempt_fini(&attempt);
    sem_post(&host.lookup_gate);
}

/* ---- deadlines once it is sent ----------------------------------------------------------------------------------- */

static bool has_status(void *ctx) {
    const struct wire_attempt *attempt = ctx;
    return attempt->job->progress.status != 0;
}

static bool has_bytes(void *ctx) {
    const struct wire_attempt *attempt = ctx;
    return attempt->job->progress.bytes > 0;
}

static void start_held(struct wire_attempt *attempt, const char *said) {
    fixture_serve(hold_request, said);
    wire_attempt_init(attempt, &host, "POST", fixture_url("/"));
    limit(attempt);
    attempt->job->wants_sent = true;
    wire_attempt_start(attempt);
    assert_true(wire_run_until_news(attempt, NEWS_SENT));
}

static void test_no_answer(void **state) {
    struct wire_attempt attempt;
    (void)state;
    start_held(&attempt, "");
    wire_pass_ms(&host, LIMIT_MS);
    assert_int_equal(attempt.finished, 1);
    fixture_expect(&attempt, INSIST_ETIMEOUT, 0, INSIST_MAYBE_SENT);
    fixture_expect_cause(&attempt, NULL, 0);
    assert_int_equal(attempt.job->progress.ended_ns, VIRTUAL_ENV_NOW_NS + LIMIT_MS * MS_NS);
    wire_attempt_fini(&attempt);
}

static void test_half_the_headers(void **state) {
    struct wire_attempt attempt;
    (void)state;
    start_held(&attempt, "HTTP/1.1 200 OK\r\nContent-");
    assert_true(wire_run_until(&host, has_status, &attempt));
    wire_pass_ms(&host, LIMIT_MS);
    fixture_expect(&attempt, INSIST_ETIMEOUT, 200, INSIST_MAYBE_SENT);
    wire_attempt_fini(&attempt);
}

static void test_half_the_body(void **state) {
    struct wire_attempt attempt;
    (void)state;
    start_held(&attempt, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    assert_true(wire_run_until(&host, has_bytes, &attempt));
    wire_pass_ms(&host, LIMIT_MS);
    fixture_expect(&attempt, INSIST_ETIMEOUT, 200, INSIST_ANSWERED);
    assert_int_equal(attempt.job->progress.bytes, 4);
    wire_attempt_fini(&attempt);
}

static void test_more_time_once_sent(void **state) {
    struct wire_attempt attempt;
    (void)state;
    start_held(&attempt, "");
    attempt.job->deadline_once_sent_ns = attempt.job->deadline_ns + LIMIT_MS * MS_NS;
    wire_pass_ms(&host, LIMIT_MS);
    assert_int_equal(attempt.finished, 0);
    wire_pass_ms(&host, LIMIT_MS - 1);
    assert_int_equal(attempt.finished, 0);
    wire_pass_ms(&host, 1);
    assert_int_equal(attempt.finished, 1);
    fixture_expect(&attempt, INSIST_ETIMEOUT, 0, INSIST_MAYBE_SENT);
    wire_attempt_fini(&attempt);
}

static void test_deadline_while_paused(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(answer_always, OK_ANSWER);
    wire_attempt_init(&attempt, &host, "GET", fixture_url("/"));
    limit(&attempt);
    attempt.job->pauses_at_headers = true;
    wire_attempt_start(&attempt);
    assert_true(wire_run_until_news(&attempt, NEWS_HEADERS));
    wire_pass_ms(&host, LIMIT_MS);
    fixture_expect(&attempt, INSIST_ETIMEOUT, 200, INSIST_ANSWERED);
    wire_attempt_fini(&attempt);
}

static void test_deadline_has_passed(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(answer_always, OK_ANSWER);
    wire_attempt_init(&attempt, &host, "GET", fixture_url("/"));
    attempt.job->deadline_ns = VIRTUAL_ENV_NOW_NS - 1;
    wire_attempt_start(&attempt);
    wire_turn(&host, false);
    assert_int_equal(attempt.finished, 1);
    fixture_expect(&attempt, INSIST_ETIMEOUT, 0, INSIST_NOT_SENT);
    assert_int_equal(raw_server_requests(server), 0);
    wire_attempt_fini(&attempt);
}

/* ---- what is recorded -------------------------------------------------------------------------------------------- */

/* A job that was handed over after the turn's look at the clock, and whose connection was there at once. */
static void test_connected_after_started(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve_tls(answer_always, OK_ANSWER);
    wire_attempt_init(&attempt, &host, "GET", fixture_url("/"));
    attempt.job->progress.started_ns = VIRTUAL_ENV_NOW_NS + 900 * MS_NS;
    wire_attempt_start(&attempt);
    virtual_env_advance_ns(&host.world, 1000 * MS_NS);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    const struct progress *progress = &attempt.job->progress;
    assert_int_equal(progress->started_ns, VIRTUAL_ENV_NOW_NS + 900 * MS_NS);
    assert_true(progress->connected_ns >= progress->started_ns);
    assert_true(progress->sent_ns >= progress->connected_ns);
    wire_attempt_fini(&attempt);
}

/* No later than it was sent, however long the connection took by libcurl's clock. */
static void test_connected_before_sent(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve_tls(answer_always, OK_ANSWER);
    fixture_run(&attempt, "GET", "/"); /* the world's clock stands still */
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    assert_int_equal(attempt.job->progress.connected_ns, VIRTUAL_ENV_NOW_NS);
    wire_attempt_fini(&attempt);
}

/* ---- connections that hang ---------------------------------------------------------------------------------------- */

/* Over HTTP/2 many wait until one has connected, for it may serve them all; but what is raced waits for nobody. */
static void test_raced_waits_for_no_connection(void **state) {
    struct wire_attempt attempts[3];
    struct silence silence;
    char url[64];
    (void)state;
    host.settings.http2 = true;
    silence_begin(&silence, "127.0.0.2", 0);
    snprintf(url, sizeof(url), "https://127.0.0.2:%u/", silence.port);
    for (size_t i = 0; i < 3; i++) {
        wire_attempt_init(&attempts[i], &host, "GET", url);
        attempts[i].job->races = i == 2;
        wire_attempt_start(&attempts[i]);
        assert_true(i == 1 || wire_run_until(&host, is_at, &attempts[i]));
    }
    assert_int_equal(attempts[0].job->progress.connection, 1);
    assert_int_equal(attempts[1].job->progress.connection, 0);
    assert_int_equal(attempts[2].job->progress.connection, 2);
    wire_attempt_stop(&attempts[0]);
    wire_attempt_stop(&attempts[2]);
    assert_true(wire_run_until(&host, is_at, &attempts[1])); /* who waited for them begins a connection */
    assert_int_equal(attempts[1].job->progress.connection, 3);
    wire_attempt_stop(&attempts[1]);
    for (size_t i = 0; i < 3; i++)
        wire_attempt_fini(&attempts[i]);
    silence_end(&silence);
}

/* ---- given up in each phase -------------------------------------------------------------------------------------- */

/* What a call that gives an attempt up finds: its last posted progress. */
static void expect_snapshot(struct wire_attempt *attempt, bool sent, int status) {
    struct progress snapshot;
    assert_false(mailbox_detach(attempt->mailbox, attempt->job, &snapshot));
    assert_string_not_equal(snapshot.address, "");
    assert_int_equal(snapshot.sent_ns != 0, sent);
    assert_int_equal(snapshot.first_byte_ns != 0, status != 0);
    assert_int_equal(snapshot.status, status);
    assert_int_equal(snapshot.bytes, attempt->job->progress.bytes);
}

static void expect_stopped(struct wire_attempt *attempt) {
    assert_int_equal(attempt->finished, 0);
    wire_attempt_stop(attempt);
    assert_int_equal(attempt->finished, 1);
    assert_int_equal(attempt->job->outcome.err, INSIST_ECANCELED);
    assert_null(attempt->job->transfer);
    wire_attempt_fini(attempt);
    wire_turn(&host, false);
}

static void test_stop_at_once(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(answer_always, OK_ANSWER);
    wire_attempt_init(&attempt, &host, "GET", fixture_url("/"));
    wire_attempt_start(&attempt);
    expect_stopped(&attempt);
    fixture_get_ok("/");
    assert_int_equal(raw_server_requests(server), 1);
}

static void test_stop_while_connecting(void **state) {
    struct wire_attempt attempt;
    struct silence silence;
    (void)state;
    silence_begin(&silence, "127.0.0.2", 0);
    resolve_to("127.0.0.2", NULL, NULL);
    init_named(&attempt, "GET", silence.port);
    wire_attempt_start(&attempt);
    assert_true(wire_run_until(&host, is_at, &attempt));
    expect_snapshot(&attempt, false, 0);
    expect_stopped(&attempt);
    silence_end(&silence);
}

static void test_stop_before_the_answer(void **state) {
    struct wire_attempt attempt;
    (void)state;
    start_held(&attempt, "");
    expect_snapshot(&attempt, true, 0);
    expect_stopped(&attempt);
}

static void test_stop_in_the_headers(void **state) {
    struct wire_attempt attempt;
    (void)state;
    start_held(&attempt, "HTTP/1.1 200 OK\r\nContent-");
    assert_true(wire_run_until(&host, has_status, &attempt));
    expect_stopped(&attempt);
}

static void test_stop_in_the_body(void **state) {
    struct wire_attempt attempt;
    (void)state;
    start_held(&attempt, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    assert_true(wire_run_until(&host, has_bytes, &attempt));
    expect_snapshot(&attempt, true, 200);
    expect_stopped(&attempt);
}

static void test_stop_while_paused(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(answer_always, OK_ANSWER);
    wire_attempt_init(&attempt, &host, "GET", fixture_url("/"));
    attempt.job->pauses_at_headers = true;
    wire_attempt_start(&attempt);
    assert_true(wire_run_until_news(&attempt, NEWS_HEADERS));
    expect_snapshot(&attempt, true, 200);
    expect_stopped(&attempt);
    fixture_get_ok("/");
}

static void test_stop_many(void **state) {
    static struct wire_attempt attempts[100];
    (void)state;
    fixture_serve(hold_request, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 100; i++) {
        wire_attempt_init(&attempts[i], &host, "GET", fixture_url("/"));
        wire_attempt_start(&attempts[i]);
        if (i % 3 == 0)
            wire_turn(&host, false);
    }
    for (int i = 99; i >= 0; i--)
        expect_stopped(&attempts[i]);
}

/* ---- answered before the body is out ------------------------------------------------------------------------------ */

static void answer_head_and_read_no_more(struct raw_connection *connection, void *ctx) {
    if (!raw_read_head(connection))
        return;
    raw_send(connection, ctx);
    raw_wait(connection);
}

static bool is_complete(void *ctx) {
    const struct wire_attempt *attempt = ctx;
    struct progress progress;
    mailbox_look(attempt->mailbox, attempt->job, &progress);
    return progress.answered && progress.bytes == 2;
}

static void send_large(struct wire_attempt *attempt, const char *answer) {
    static char body[8 << 20]; /* more than the system takes unread */
    fixture_serve(answer_head_and_read_no_more, answer);
    wire_attempt_init(attempt, &host, "POST", fixture_url("/"));
    wire_attempt_body(attempt, body, sizeof body);
    limit(attempt);
    wire_attempt_start(attempt);
}

/* Nobody reads the rest, and the connection stays open. From 300 on libcurl lets the rest be … */
static void test_early_refusal_is_the_answer(void **state) {
    struct wire_attempt attempt;
    (void)state;
    send_large(&attempt, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_OK, 413, INSIST_ANSWERED);
    wire_attempt_fini(&attempt);
}

static void test_early_success_that_announces_the_end_is_the_answer(void **state) {
    struct wire_attempt attempt;
    (void)state;
    send_large(&attempt, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    wire_attempt_fini(&attempt);
}

/* … and below it does not: the limits end what the server does not. */
static void early_success(const char *answer) {
    struct wire_attempt attempt;
    send_large(&attempt, answer);
    assert_true(wire_run_until(&host, is_complete, &attempt));
    wire_pass_ms(&host, LIMIT_MS - 1);
    assert_int_equal(attempt.finished, 0);
    wire_pass_ms(&host, 1);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_ETIMEOUT, 200, INSIST_ANSWERED);
    wire_attempt_fini(&attempt);
}

static void test_early_success_waits_for_the_rest_to_be_read(void **state) {
    (void)state;
    early_success("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

static void test_early_success_in_chunks_waits_for_the_rest_to_be_read(void **state) {
    (void)state;
    early_success("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WIRE_TEST(test_first_refused),
        WIRE_TEST(test_index_chooses),
        WIRE_TEST(test_first_refused_second_ends),
        WIRE_TEST(test_certificate_of_the_name),
        WIRE_TEST(test_all_refused),
        WIRE_TEST(test_first_silent),
        WIRE_TEST(test_all_silent),
        WIRE_TEST(test_silent_then_refused),
        WIRE_TEST(test_patience_ends_with_the_connection),
        WIRE_TEST(test_patience_ends_with_the_gate),
        WIRE_TEST(test_handshake_hangs),
        WIRE_TEST(test_handshake_reset),
        WIRE_TEST(test_handshake_ended),
        WIRE_TEST(test_handshake_nonsense),
        WIRE_TEST(test_certificate_not_trusted),
        WIRE_TEST(test_insecure),
        WIRE_TEST(test_no_such_name),
        WIRE_TEST(test_lookup_hangs),
        WIRE_TEST(test_stop_while_the_lookup_answers),
        WIRE_TEST(test_deadline_while_the_lookup_answers),
        WIRE_TEST(test_stop_while_looking_up),
        WIRE_TEST(test_no_answer),
        WIRE_TEST(test_half_the_headers),
        WIRE_TEST(test_half_the_body),
        WIRE_TEST(test_more_time_once_sent),
        WIRE_TEST(test_deadline_while_paused),
        WIRE_TEST(test_deadline_has_passed),
        WIRE_TEST(test_connected_after_started),
        WIRE_TEST(test_connected_before_sent),
        WIRE_TEST(test_raced_waits_for_no_connection),
        WIRE_TEST(test_stop_at_once),
        WIRE_TEST(test_stop_while_connecting),
        WIRE_TEST(test_stop_before_the_answer),
        WIRE_TEST(test_stop_in_the_headers),
        WIRE_TEST(test_stop_in_the_body),
        WIRE_TEST(test_stop_while_paused),
        WIRE_TEST(test_stop_many),
        WIRE_TEST(test_early_refusal_is_the_answer),
        WIRE_TEST(test_early_success_that_announces_the_end_is_the_answer),
        WIRE_TEST(test_early_success_waits_for_the_rest_to_be_read),
        WIRE_TEST(test_early_success_in_chunks_waits_for_the_rest_to_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
