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

static const int64_t patience_ms = 60000;

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
    assert_int_equal(peer_status(server, "/x?do=reset;refuse=10m"), 0);
    assert_false(peer_connect(&peer, server));
    assert_int_equal(errno, ECONNREFUSED);
    assert_int_equal(ask(insist_testserver_admin_port(server), "GET", "/__admin/counts?path=/x", "", &json), 200);
    assert_int_equal(number_at(json, "hits"), 1);
    json_decref(json);
    assert_false(peer_connect(&peer, server));
}

/* Sends what it is given to the control port; the whole answer, for peer_answer_free(). */
static struct peer_answer ask_raw(const insist_testserver *server, const char *method, const char *target,
                                  const char *lines, const char *body) {
    char text[1024];
    struct peer peer;
    snprintf(text, sizeof text, "%s %s HTTP/1.0\r\nContent-Length: %zu\r\n%s\r\n%s", method, target, strlen(body),
             lines, body);
    assert_true(peer_connect_port(&peer, insist_testserver_admin_port(server)));
    assert_true(peer_send(&peer, text));
    struct peer_answer answer = strcmp(method, "HEAD") == 0 ? peer_read_head(&peer) : peer_read_bytes(&peer, 1 << 20);
    peer_close(&peer);
    return answer;
}

static void check_header(const struct peer_answer *answer, const char *name, const char *expected) {
    char value[256];
    bool there = peer_answer_header(answer, name, value);
    assert_int_equal(there, expected != NULL);
    if (expected) {
        assert_string_equal(value, expected);
    }
}

/* No answer lets a page of another origin read or do anything. */
static void pages_from_elsewhere_are_refused(void **state) {
    static const char *const tries[][3] = {
        {"PUT", "Host: 127.0.0.1\r\nOrigin: http://evil.example\r\n", "403"},
        {"PUT", "Host: evil.example\r\nOrigin: http://evil.example\r\n",
         "403"}, /* its name made to mean this machine */
        {"PUT", "Host: 127.0.0.1\r\nOrigin: null\r\n", "403"},
        {"DELETE", "Host: 127.0.0.1\r\nOrigin: http://evil.example\r\n", "403"},
        {"OPTIONS", "Host: 127.0.0.1\r\nOrigin: http://evil.example\r\nAccess-Control-Request-Method: PUT\r\n", "403"},
        {"POST", "Host: 127.0.0.1\r\n", "405"},
        {"GET", "Host: 127.0.0.1\r\nOrigin: http://evil.example\r\n", "200"},
    };
    insist_testserver *server = *state;
    assert_int_equal(insist_testserver_script(server, "/p", "201", NULL), INSIST_OK);
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        struct peer_answer answer = ask_raw(server, tries[i][0], "/__admin/scripts?path=/p", tries[i][1], "500");
        assert_int_equal(answer.status, atoi(tries[i][2]));
        check_header(&answer, "Access-Control-Allow-Origin", NULL);
        check_header(&answer, "Access-Control-Allow-Methods", NULL);
        peer_answer_free(&answer);
        assert_int_equal(peer_status(server, "/p"), 201);
    }
    struct peer_answer own = ask_raw(server, "PUT", "/__admin/scripts?path=/p",
                                     "Host: 127.0.0.1:81\r\nOrigin: http://127.0.0.1:81\r\n", "202");
    assert_int_equal(own.status, 200);
    peer_answer_free(&own);
    assert_int_equal(peer_status(server, "/p"), 202);
}

/* Methods other than PUT and DELETE, which no page can send elsewhere without being asked first, change nothing. */
static void only_put_and_delete_change_anything(void **state) {
    static const char *const methods[] = {"GET", "HEAD", "POST", "PATCH", "OPTIONS", "put"};
    static const char *const targets[] = {
        "/__admin/journal",         "/__admin/counts", "/__admin/stats", "/__admin/duplicates",
        "/__admin/scripts?path=/p", "/metrics",        "/__admin/"};
    insist_testserver *server = *state;
    insist_testserver_stats before = {.size = sizeof before};
    insist_testserver_stats after = {.size = sizeof after};
    assert_int_equal(insist_testserver_script(server, "/p", "201", NULL), INSIST_OK);
    assert_int_equal(peer_status(server, "/p"), 201);
    assert_true(insist_testserver_wait_idle(server, patience_ms));
    assert_int_equal(insist_testserver_get_stats(server, &before), INSIST_OK);
    for (size_t m = 0; m < sizeof methods / sizeof methods[0]; m++) {
        for (size_t t = 0; t < sizeof targets / sizeof targets[0]; t++) {
            struct peer_answer answer = ask_raw(server, methods[m], targets[t], "Host: 127.0.0.1\r\n", "500");
            assert_int_equal(answer.status, m < 2 ? 200 : 405);
            peer_answer_free(&answer);
        }
    }
    assert_int_equal(insist_testserver_get_stats(server, &after), INSIST_OK);
    after.connections_open = before.connections_open; /* the test's own may still have been open */
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(peer_status(server, "/p"), 201);
    insist_testserver_journal *journal;
    assert_int_equal(insist_testserver_journal_new(server, "/p", NULL, &journal), INSIST_OK);
    assert_true(insist_testserver_journal_count(journal) >= 2);
    insist_testserver_journal_free(journal);
}

static void the_page_and_its_files(void **state) {
    static const char *const files[][2] = {
        {"/__admin/", "text/html; charset=utf-8"},
        {"/__admin/page.css", "text/css; charset=utf-8"},
        {"/__admin/page.js", "text/javascript; charset=utf-8"},
        {"/__admin/icon.svg", "image/svg+xml"},
    };
    static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                                 "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    insist_testserver *server = *state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct peer_answer answer = ask_raw(server, "GET", files[i][0], "", "");
        assert_int_equal(answer.status, 200);
        assert_true(answer.body_size > 100);
        check_header(&answer, "Content-Type", files[i][1]);
        check_header(&answer, "Content-Security-Policy", policy);
        check_header(&answer, "X-Content-Type-Options", "nosniff");
        assert_null(strstr(answer.body, "https://")); /* nothing from elsewhere */
        assert_null(strstr(answer.body, "innerHTML"));
        peer_answer_free(&answer);
        assert_int_equal(ask(insist_testserver_port(server), "GET", files[i][0], "", NULL), 200);
        answer = ask_raw(server, "HEAD", files[i][0], "", "");
        assert_int_equal(answer.status, 200);
        assert_int_equal(answer.body_size, 0);
        peer_answer_free(&answer);
    }
    static const char *const to_the_page[] = {"/__admin", "/"};
    for (size_t i = 0; i < 2; i++) {
        struct peer_answer answer = ask_raw(server, "GET", to_the_page[i], "", "");
        assert_int_equal(answer.status, 302);
        check_header(&answer, "Location", "/__admin/");
        peer_answer_free(&answer);
    }
    assert_int_equal(ask(insist_testserver_admin_port(server), "GET", "/__admin/../page.js", "", NULL), 404);
    assert_int_equal(ask(insist_testserver_admin_port(server), "GET", "/__admin/page.json", "", NULL), 404);
    assert_int_equal(ask(insist_testserver_admin_port(server), "GET", "/nothing", "", NULL), 404);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts_are_set_read_and_removed),
        cmocka_unit_test(bad_requests_are_explained),
        cmocka_unit_test(a_body_that_is_too_large_is_refused),
        cmocka_unit_test_setup_teardown(counts_tell_path_key_and_totals, peer_start_server, peer_free_server),
        cmocka_unit_test(the_journal_as_json),
        cmocka_unit_test(pages_from_elsewhere_are_refused),
        cmocka_unit_test_setup_teardown(only_put_and_delete_change_anything, peer_start_server, peer_free_server),
        cmocka_unit_test(the_page_and_its_files),
        cmocka_unit_test_setup_teardown(the_control_port_answers_while_connections_are_refused, peer_start_server, peer_free_server),
    };
    return cmocka_run_group_tests(tests, peer_start_server, peer_free_server);
}
