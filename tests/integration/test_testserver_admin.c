/* The admin paths of the test server, on its own port and on the control port. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver_peer.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t patience_ms = 20000;

static int start_server(void **state) {
    insist_testserver *server;
    if (insist_testserver_start(NULL, NULL, &server) != INSIST_OK) {
        return -1;
    }
    *state = server;
    return 0;
}

static int free_server(void **state) {
    insist_testserver_free(*state);
    return 0;
}

/* One request to a port; the status, and the answer's body as JSON in *json (NULL: it is none). */
static int ask(uint16_t port, const char *method, const char *target, const char *body, json_t **json) {
    char text[2048];
    struct peer peer;
    snprintf(text, sizeof text, "%s %s HTTP/1.0\r\nHost: t\r\nContent-Length: %zu\r\n\r\n%s", method, target,
             strlen(body), body);
    assert_true(peer_connect_port(&peer, port));
    assert_true(peer_send(&peer, text));
    struct peer_answer answer = peer_read_bytes(&peer, 1 << 20);
    int status = answer.status;
    json_t *parsed = answer.body ? json_loads(answer.body, 0, NULL) : NULL;
    if (json) {
        *json = parsed;
    } else {
        json_decref(parsed);
    }
    peer_answer_free(&answer);
    peer_close(&peer);
    return status;
}

static const char *text_at(const json_t *json, const char *name) {
    const char *text = json_string_value(json_object_get(json, name));
    return text ? text : "(none)";
}

static json_int_t number_at(const json_t *json, const char *name) {
    return json_integer_value(json_object_get(json, name));
}

static void scripts_are_set_read_and_removed(void **state) {
    insist_testserver *server = *state;
    uint16_t port = insist_testserver_admin_port(server);
    json_t *json;
    assert_int_equal(ask(port, "PUT", "/__admin/scripts?path=/p%20q", "404x2,200", &json), 200);
    assert_string_equal(text_at(json, "path"), "/p q");
    assert_string_equal(text_at(json, "script"), "404x2,200");
    json_decref(json);
    assert_int_equal(peer_status(server, "/p%20q"), 404);
    assert_int_equal(ask(port, "GET", "/__admin/scripts?path=/p%20q", "", &json), 200);
    assert_string_equal(text_at(json, "script"), "404x2,200");
    json_decref(json);
    assert_int_equal(ask(insist_testserver_port(server), "GET", "/__admin/scripts", "", &json), 200);
    assert_string_equal(text_at(json_object_get(json, "scripts"), "/p q"), "404x2,200");
    json_decref(json);
    assert_int_equal(ask(port, "DELETE", "/__admin/scripts?path=/p%20q", "", NULL), 204);
    assert_int_equal(ask(port, "GET", "/__admin/scripts?path=/p%20q", "", &json), 404);
    json_decref(json);
    assert_int_equal(peer_status(server, "/p%20q"), 200);
}

static void bad_requests_are_explained(void **state) {
    insist_testserver *server = *state;
    uint16_t port = insist_testserver_admin_port(server);
    json_t *json;
    assert_int_equal(ask(port, "PUT", "/__admin/scripts?path=/p", "404,rezet", &json), 400);
    assert_int_equal(number_at(json, "column"), 5);
    assert_non_null(strstr(text_at(json, "error"), "expected a status such as 200"));
    json_decref(json);
    assert_int_equal(ask(port, "PUT", "/__admin/scripts", "200", NULL), 400);
    assert_int_equal(ask(port, "PUT", "/__admin/scripts?path=p", "200", NULL), 400);
    assert_int_equal(ask(port, "DELETE", "/__admin/scripts", "", NULL), 400);
    assert_int_equal(ask(port, "GET", "/__admin/counts?path=%zz", "", NULL), 400);
    assert_int_equal(ask(port, "POST", "/__admin/journal", "", NULL), 405);
    assert_int_equal(ask(port, "PUT", "/__admin/counts", "", NULL), 405);
    assert_int_equal(ask(port, "GET", "/__admin/nothing", "", &json), 404);
    assert_non_null(strstr(text_at(json, "error"), "/__admin/journal"));
    json_decref(json);
    assert_int_equal(ask(port, "GET", "/users/7", "", NULL), 404); /* the control port serves nothing else */
    assert_int_equal(insist_testserver_hits(server, "/users/7"), 0);
}

static void a_body_that_is_too_large_is_refused(void **state) {
    insist_testserver *server = *state;
    struct peer peer;
    enum { SIZE = 70000 };
    char *body = malloc(SIZE + 1);
    assert_non_null(body);
    memset(body, 'x', SIZE);
    body[SIZE] = '\0';
    assert_true(peer_connect_port(&peer, insist_testserver_admin_port(server)));
    assert_true(peer_send(&peer, "PUT /__admin/scripts?path=/p HTTP/1.1\r\nHost: t\r\nContent-Length: 70000\r\n\r\n"));
    assert_true(peer_send(&peer, body));
    struct peer_answer answer = peer_read(&peer);
    assert_int_equal(answer.status, 413);
    peer_answer_free(&answer);
    peer_close(&peer);
    free(body);
}

static void counts_tell_path_key_and_totals(void **state) {
    insist_testserver *server = *state;
    uint16_t port = insist_testserver_admin_port(server);
    json_t *json;
    assert_int_equal(peer_status(server, "/c?key=k"), 200);
    assert_int_equal(peer_status(server, "/c"), 200);
    assert_true(insist_testserver_wait_idle(server, patience_ms));
    assert_int_equal(ask(port, "GET", "/__admin/counts?path=/c", "", &json), 200);
    assert_int_equal(number_at(json, "hits"), 2);
    json_decref(json);
    assert_int_equal(ask(port, "GET", "/__admin/counts?key=k", "", &json), 200);
    assert_int_equal(number_at(json, "hits"), 1);
    json_decref(json);
    assert_int_equal(ask(insist_testserver_port(server), "GET", "/__admin/counts", "", &json), 200);
    assert_int_equal(number_at(json, "requests"), 2); /* admin requests are not counted */
    assert_int_equal(number_at(json, "in_flight"), 0);
    assert_int_equal(number_at(json_object_get(json, "paths"), "/c"), 2);
    assert_int_equal(number_at(json_object_get(json, "keys"), "k"), 1);
    json_decref(json);
    assert_int_equal(ask(port, "DELETE", "/__admin/counts", "", NULL), 204);
    assert_int_equal(insist_testserver_hits(server, "/c"), 0);
}

static void the_journal_as_json(void **state) {
    insist_testserver *server = *state;
    uint16_t port = insist_testserver_admin_port(server);
    json_t *json;
    assert_int_equal(ask(port, "DELETE", "/__admin/journal", "", NULL), 204);
    assert_int_equal(peer_status(server, "/j%e4?do=404&key=\"k"), 404); /* Latin-1, and a quote */
    assert_int_equal(peer_status(server, "/other?do=reset"), 0);
    assert_true(insist_testserver_wait_idle(server, patience_ms));
    assert_int_equal(ask(port, "GET", "/__admin/journal", "", &json), 200);
    const json_t *requests = json_object_get(json, "requests");
    assert_int_equal(json_array_size(requests), 2);
    assert_int_equal(number_at(json, "dropped"), 0);
    const json_t *first = json_array_get(requests, 0);
    assert_string_equal(text_at(first, "method"), "GET");
    assert_string_equal(text_at(first, "path"), "/j\xc3\xa4");
    assert_string_equal(text_at(first, "query"), "do=404&key=\"k");
    assert_string_equal(text_at(first, "key"), "\"k");
    assert_string_equal(text_at(first, "fault"), "none");
    assert_int_equal(number_at(first, "status"), 404);
    assert_int_equal(number_at(first, "place"), 1);
    assert_string_equal(json_string_value(json_array_get(json_array_get(json_object_get(first, "headers"), 0), 0)),
                        "Host");
    assert_true(json_is_false(json_object_get(first, "client_gone")));
    assert_true(number_at(first, "ended_us") >= number_at(first, "read_us"));
    const json_t *second = json_array_get(requests, 1);
    assert_string_equal(text_at(second, "fault"), "reset");
    assert_int_equal(number_at(second, "connection"), number_at(first, "connection") + 1);
    json_decref(json);

    assert_int_equal(ask(port, "GET", "/__admin/journal?path=/other", "", &json), 200);
    assert_int_equal(json_array_size(json_object_get(json, "requests")), 1);
    json_decref(json);
    assert_int_equal(ask(port, "GET", "/__admin/journal?key=%22k", "", &json), 200);
    assert_int_equal(json_array_size(json_object_get(json, "requests")), 1);
    json_decref(json);
    assert_int_equal(ask(port, "DELETE", "/__admin/journal", "", NULL), 204);
    assert_int_equal(ask(port, "GET", "/__admin/journal", "", &json), 200);
    assert_int_equal(json_array_size(json_object_get(json, "requests")), 0);
    json_decref(json);
}

static void the_control_port_answers_while_connections_are_refused(void **state) {
    insist_testserver *server = *state;
    struct peer peer;
    json_t *json;
    assert_int_equal(peer_status(server, "/x?do=reset;refuse=300ms"), 0);
    assert_false(peer_connect(&peer, server));
    assert_int_equal(errno, ECONNREFUSED);
    assert_int_equal(ask(insist_testserver_admin_port(server), "GET", "/__admin/counts?path=/x", "", &json), 200);
    assert_int_equal(number_at(json, "hits"), 1);
    json_decref(json);
    assert_true(peer_connect_when_open(&peer, server));
    peer_close(&peer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts_are_set_read_and_removed),
        cmocka_unit_test(bad_requests_are_explained),
        cmocka_unit_test(a_body_that_is_too_large_is_refused),
        cmocka_unit_test_setup_teardown(counts_tell_path_key_and_totals, start_server, free_server),
        cmocka_unit_test(the_journal_as_json),
        cmocka_unit_test(the_control_port_answers_while_connections_are_refused),
    };
    return cmocka_run_group_tests(tests, start_server, free_server);
}
