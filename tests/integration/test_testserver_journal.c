/* What the test server tells of what has happened: the journal's filters, counts by status, duplicates, aborts, and what a
 * test asks in one line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver_peer.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const int64_t patience_ms = 60000;

/* One request to the control port; the answer as JSON, NULL where it is none. */
static json_t *ask(const insist_testserver *server, const char *target, int *status) {
    char text[1024];
    struct peer peer;
    snprintf(text, sizeof text, "GET %s HTTP/1.0\r\nHost: t\r\n\r\n", target);
    assert_true(peer_connect_port(&peer, insist_testserver_admin_port(server)));
    assert_true(peer_send(&peer, text));
    struct peer_answer answer = peer_read_bytes(&peer, 1 << 20);
    json_t *json = answer.body ? json_loads(answer.body, 0, NULL) : NULL;
    if (status) {
        *status = answer.status;
    }
    peer_answer_free(&answer);
    peer_close(&peer);
    return json;
}

/* One request on a connection of its own: method, target, header lines (each with its CRLF), body. */
static int request(const insist_testserver *server, const char *method, const char *target, const char *lines,
                   const char *body) {
    char text[1024];
    struct peer peer;
    snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: t\r\nContent-Length: %zu\r\n%s\r\n%s", method, target,
             strlen(body), lines, body);
    assert_true(peer_connect(&peer, server));
    assert_true(peer_send(&peer, text));
    struct peer_answer answer = peer_read(&peer);
    int status = answer.status;
    peer_answer_free(&answer);
    peer_close(&peer);
    return status;
}

static json_int_t number_at(const json_t *json, const char *name) {
    return json_integer_value(json_object_get(json, name));
}

/* The numbers of the entries that a query finds, as "1 3 4". */
static void numbers(const insist_testserver *server, const char *query, char out[128]) {
    char target[256];
    size_t size = 0;
    size_t i;
    json_t *entry;
    snprintf(target, sizeof target, "/__admin/journal%s", query);
    json_t *json = ask(server, target, NULL);
    out[0] = '\0';
    json_array_foreach(json_object_get(json, "requests"), i, entry) {
        size += (size_t)snprintf(out + size, 128 - size, "%s%d", i > 0 ? " " : "", (int)number_at(entry, "number"));
    }
    json_decref(json);
}

static void check_numbers(const insist_testserver *server, const char *query, const char *expected) {
    char found[128];
    numbers(server, query, found);
    assert_string_equal(found, expected);
}

static void the_journal_is_filtered(void **state) {
    insist_testserver *server = *state;
    const char *const targets[] = {"/users/1", "/orders/1?key=k", "/users/2", "/orders/2", "/users/1?key=k"};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(peer_status(server, targets[i]), 200);
    }
    assert_true(insist_testserver_wait_idle(server, patience_ms));
    check_numbers(server, "", "1 2 3 4 5");
    check_numbers(server, "?path=/users/1", "1 5");
    check_numbers(server, "?key=k", "2 5");
    check_numbers(server, "?contains=orders", "2 4");
    check_numbers(server, "?contains=orders&key=k", "2");
    check_numbers(server, "?contains=none", "");
    check_numbers(server, "?since=3", "4 5");
    check_numbers(server, "?since=5", "");
    check_numbers(server, "?since=18446744073709551615", "");
    check_numbers(server, "?limit=2", "4 5"); /* the newest */
    check_numbers(server, "?limit=2&contains=users", "3 5");
    check_numbers(server, "?limit=0", "");
    check_numbers(server, "?since=1&limit=2", "2 3"); /* the next: whoever polls misses none */
    check_numbers(server, "?since=1&limit=2&contains=users", "3 5");
    json_t *json = ask(server, "/__admin/journal?limit=0", NULL);
    assert_int_equal(number_at(json, "newest"), 5);
    json_decref(json);
}

static void bad_numbers_are_refused(void **state) {
    const char *const bad[] = {"since=", "since=x", "since=-1", "limit=1x", "limit=18446744073709551616", "contains=%"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char target[128];
        int status;
        snprintf(target, sizeof target, "/__admin/journal?%s", bad[i]);
        json_t *json = ask(*state, target, &status);
        assert_int_equal(status, 400);
        assert_non_null(json_object_get(json, "error"));
        json_decref(json);
    }
}

static void duplicates_by_key_and_by_body(void **state) {
    insist_testserver *server = *state;
    assert_int_equal(request(server, "POST", "/pay?key=1", "Idempotency-Key: a\r\n", "x"), 200);
    assert_int_equal(request(server, "POST", "/pay?key=2", "Idempotency-Key: b\r\n", "x"), 200);
    assert_int_equal(insist_testserver_duplicates(server, NULL), 0);
    assert_int_equal(request(server, "POST", "/pay?key=3", "idempotency-key: a\r\n", "another body"), 200);
    assert_int_equal(request(server, "PUT", "/note", "", "same"), 200);
    assert_int_equal(request(server, "PUT", "/note", "", "same"), 200);
    assert_int_equal(request(server, "PUT", "/note", "", "same"), 200);
    assert_int_equal(request(server, "PUT", "/note", "", "other"), 200);
    for (int i = 0; i < 2; i++) { /* not UTF-8 */
        assert_int_equal(request(server, "PAY", "/odd%e4", "Idempotency-Key: k\xe4\r\n", ""), 200);
    }
    assert_int_equal(insist_testserver_duplicates(server, "/odd\xe4"), 1);
    assert_int_equal(insist_testserver_duplicates(server, "/pay"), 1);
    assert_int_equal(insist_testserver_duplicates(server, "/note"), 2);
    assert_int_equal(insist_testserver_duplicates(server, NULL), 4);

    json_t *json = ask(server, "/__admin/duplicates", NULL);
    assert_int_equal(number_at(json, "duplicates"), 4);
    assert_int_equal(json_array_size(json_object_get(json, "requests")), 3);
    json_decref(json);
    json = ask(server, "/__admin/duplicates?path=/pay", NULL);
    assert_int_equal(number_at(json, "duplicates"), 1);
    const json_t *only = json_array_get(json_object_get(json, "requests"), 0);
    assert_string_equal(json_string_value(json_object_get(only, "method")), "POST");
    assert_string_equal(json_string_value(json_object_get(only, "path")), "/pay");
    assert_string_equal(json_string_value(json_object_get(only, "idempotency_key")), "a");
    assert_int_equal(number_at(only, "deliveries"), 2);
    json_decref(json);
    json = ask(server, "/__admin/journal?path=/note&limit=2", NULL);
    assert_int_equal(number_at(json_array_get(json_object_get(json, "requests"), 0), "delivery"), 3);
    assert_int_equal(number_at(json_array_get(json_object_get(json, "requests"), 1), "delivery"), 1);
    json_decref(json);
}

static void counts_by_status_are_told(void **state) {
    insist_testserver *server = *state;
    for (int i = 0; i < 3; i++) {
        peer_status(server, "/s?do=503x2,200");
    }
    peer_status(server, "/s?do=reset");
    assert_int_equal(insist_testserver_hits_by_status(server, "/s", 503), 2);
    assert_int_equal(insist_testserver_hits_by_status(server, "/s", 200), 1);
    assert_int_equal(insist_testserver_hits_by_status(server, "/s", 0), 1);
    assert_int_equal(insist_testserver_hits_by_status(server, NULL, 503), 2);
    assert_int_equal(insist_testserver_hits_by_status(server, "/", 503), 0);
    json_t *json = ask(server, "/__admin/counts?path=/s", NULL);
    assert_int_equal(number_at(json, "hits"), 4);
    assert_int_equal(number_at(json_object_get(json, "statuses"), "503"), 2);
    assert_int_equal(number_at(json_object_get(json, "statuses"), "0"), 1);
    assert_int_equal(json_object_size(json_object_get(json, "statuses")), 3);
    json_decref(json);
}

static void the_last_request_in_one_line(void **state) {
    insist_testserver *server = *state;
    assert_null(insist_testserver_last(server, NULL));
    assert_int_equal(request(server, "POST", "/l", "Authorization: Bearer x\r\n", "hello"), 200);
    assert_int_equal(request(server, "GET", "/m", "", ""), 200);
    insist_testserver_entry *last = insist_testserver_last(server, "/l");
    assert_non_null(last);
    assert_string_equal(last->method, "POST");
    assert_int_equal(last->body_bytes, 5);
    assert_string_equal(insist_testserver_entry_header(last, "authorization"), "Bearer x");
    assert_null(insist_testserver_entry_header(last, "Author"));
    insist_testserver_reset(server); /* the copy is the caller's */
    assert_string_equal(last->path, "/l");
    insist_testserver_entry_free(last);
    assert_null(insist_testserver_last(server, "/l"));
    assert_int_equal(request(server, "GET", "/m", "", ""), 200);
    assert_null(insist_testserver_last(server, "/l"));
    last = insist_testserver_last(server, NULL);
    assert_string_equal(last->path, "/m");
    insist_testserver_entry_free(last);
    insist_testserver_entry_free(NULL);
    assert_null(insist_testserver_entry_header(NULL, "Host"));
}

/* A journal of two has dropped what the counts still know. */
static void what_was_dropped_is_not_handed_out(void **state) {
    insist_testserver *server;
    (void)state;
    assert_int_equal(insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.journal_limit = 2), NULL, &server), INSIST_OK);
    assert_int_equal(peer_status(server, "/old"), 200);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(peer_status(server, "/new"), 200);
    }
    assert_null(insist_testserver_last(server, "/old"));
    assert_int_equal(insist_testserver_hits_by_status(server, "/old", 200), 1);
    json_t *json = ask(server, "/__admin/journal", NULL);
    assert_int_equal(number_at(json, "dropped"), 2);
    assert_int_equal(json_array_size(json_object_get(json, "requests")), 2);
    json_decref(json);
    json = ask(server, "/__admin/stats", NULL);
    assert_int_equal(number_at(json, "journal_dropped"), 2);
    assert_int_equal(number_at(json, "journal_entries"), 2);
    json_decref(json);
    insist_testserver_free(server);
}

/* One client leaves within the answer, one within its own request. */
static void aborts_and_incomplete_requests_are_counted(void **state) {
    insist_testserver *server = *state;
    insist_testserver_stats stats = {.size = sizeof stats};
    struct peer peer;
    assert_true(peer_connect(&peer, server));
    assert_true(peer_get(&peer, "/gone?do=hang"));
    assert_true(insist_testserver_wait_held(server, 1, patience_ms));
    peer_close(&peer);
    assert_true(insist_testserver_wait_idle(server, patience_ms));
    assert_true(peer_connect(&peer, server));
    assert_true(peer_send(&peer, "POST /half HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nten bytes."));
    peer_close(&peer);
    for (int i = 0; i < patience_ms && stats.incomplete == 0; i++) { /* nothing of it is in flight to be waited for */
        nanosleep(&(const struct timespec){.tv_nsec = 1000000}, NULL);
        assert_int_equal(insist_testserver_get_stats(server, &stats), INSIST_OK);
    }
    assert_int_equal(stats.client_aborts, 1);
    assert_int_equal(stats.incomplete, 1);
    assert_int_equal(stats.in_flight_peak, 1);
    assert_int_equal(insist_testserver_hits(server, "/half"), 0);
    json_t *json = ask(server, "/__admin/stats", NULL);
    assert_int_equal(number_at(json, "client_aborts"), 1);
    assert_int_equal(number_at(json, "incomplete"), 1);
    assert_int_equal(number_at(json, "in_flight_peak"), 1);
    json_decref(json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_journal_is_filtered, peer_start_server, peer_free_server),
        cmocka_unit_test_setup_teardown(bad_numbers_are_refused, peer_start_server, peer_free_server),
        cmocka_unit_test_setup_teardown(duplicates_by_key_and_by_body, peer_start_server, peer_free_server),
        cmocka_unit_test_setup_teardown(counts_by_status_are_told, peer_start_server, peer_free_server),
        cmocka_unit_test_setup_teardown(the_last_request_in_one_line, peer_start_server, peer_free_server),
        cmocka_unit_test(what_was_dropped_is_not_handed_out),
        cmocka_unit_test_setup_teardown(aborts_and_incomplete_requests_are_counted, peer_start_server,
                                        peer_free_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
