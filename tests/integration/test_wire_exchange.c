/* Whole exchanges over libcurl's transport: methods, bodies, headers, reuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/raw_server.h"
#include "support/wire_host.h"
#include <stdio.h>
#include <string.h>

static struct wire_host host;
static struct raw_server *server;
static char url[64];

static void serve(raw_script *script, void *ctx) {
    server = raw_server_start(NULL, script, ctx);
    assert_non_null(server);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/a", raw_server_port(server));
}

static int set_up(void **state) {
    (void)state;
    wire_host_init(&host);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    wire_host_fini(&host);
    raw_server_free(server);
    server = NULL;
    assert_int_equal(fail_alloc_outstanding(&host.memory), 0);
    return 0;
}

/* Answers every request with the text it was given. */
static void answer_always(struct raw_connection *connection, void *ctx) {
    while (raw_read_request(connection))
        raw_send(connection, ctx);
}

static void test_get(void **state) {
    struct wire_attempt attempt;
    (void)state;
    serve(answer_always, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One:  1 \r\n\r\nhello");
    wire_attempt_init(&attempt, &host, "GET", url);
    wire_attempt_start(&attempt);
    assert_true(wire_run(&attempt));
    const struct outcome *outcome = &attempt.job->outcome;
    assert_int_equal(outcome->err, INSIST_OK);
    assert_int_equal(outcome->status, 200);
    assert_int_equal(outcome->sent, INSIST_ANSWERED);
    assert_string_equal(body_text(&outcome->body), "hello");
    assert_string_equal(headers_get(&outcome->headers, "x-one"), "1");
    assert_int_equal(attempt.finished, 1);
    wire_attempt_fini(&attempt);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_get, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
