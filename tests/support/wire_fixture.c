/* One reactor and one server a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/wire_fixture.h"
#include <poll.h>
#include <stdio.h>
#include <string.h>

struct wire_host host;
struct raw_server *server;
static bool tls;

int fixture_set_up(void **state) {
    (void)state;
    server = NULL;
    tls = false;
    wire_host_init(&host);
    return 0;
}

/* A resolver's thread that hung outlives its resolver: it ends by itself, and gives back what it owns. */
static void wait_for_stragglers(void) {
    for (int i = 0; i < 2000 && fail_alloc_outstanding(&host.memory) > 0; i++)
        poll(NULL, 0, 1);
}

int fixture_tear_down(void **state) {
    (void)state;
    wire_host_fini(&host);
    raw_server_free(server);
    wait_for_stragglers();
    assert_int_equal(fail_alloc_outstanding(&host.memory), 0);
    return 0;
}

void fixture_serve(raw_script *script, const void *ctx) {
    server = raw_server_start(NULL, script, (void *)(uintptr_t)ctx);
    assert_non_null(server);
}

void fixture_serve_tls(raw_script *script, const void *ctx) {
    server = raw_server_start(&(const struct raw_options){.tls = true}, script, (void *)(uintptr_t)ctx);
    assert_non_null(server);
    wire_host_trust(&host, raw_server_certificate(server));
    tls = true;
}

const char *fixture_url(const char *path) {
    static char urls[2][256];
    static unsigned turn;
    char *text = urls[turn++ % 2];
    snprintf(text, sizeof(urls[0]), "%s://127.0.0.1:%u%s", tls ? "https" : "http", raw_server_port(server), path);
    return text;
}

void fixture_run(struct wire_attempt *attempt, const char *method, const char *path) {
    wire_attempt_init(attempt, &host, method, fixture_url(path));
    wire_attempt_start(attempt);
    assert_true(wire_run(attempt));
    assert_int_equal(attempt->finished, 1);
}

void fixture_post(struct wire_attempt *attempt, const char *path, const char *body) {
    wire_attempt_init(attempt, &host, "POST", fixture_url(path));
    wire_attempt_body(attempt, body, strlen(body));
    wire_attempt_start(attempt);
    assert_true(wire_run(attempt));
    assert_int_equal(attempt->finished, 1);
}

void fixture_get_ok(const char *path) {
    struct wire_attempt attempt;
    fixture_run(&attempt, "GET", path);
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    wire_attempt_fini(&attempt);
}

void fixture_expect(const struct wire_attempt *attempt, insist_err err, int status, insist_sent sent) {
    const struct outcome *outcome = &attempt->job->outcome;
    assert_string_equal(insist_err_name(outcome->err), insist_err_name(err));
    assert_int_equal(outcome->status, status);
    assert_int_equal(outcome->sent, sent);
}

void fixture_expect_cause(const struct wire_attempt *attempt, const char *sentence, uint64_t limit) {
    const struct cause *cause = &attempt->job->outcome.cause;
    assert_string_equal(cause->sentence ? cause->sentence : "", sentence ? sentence : "");
    assert_int_equal(cause->limit, limit);
}

void answer_always(struct raw_connection *connection, void *text) {
    while (raw_read_request(connection))
        raw_send(connection, text);
}
