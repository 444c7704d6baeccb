/* /metrics: Prometheus' text format, checked line by line, and the figures in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver_peer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t patience_ms = 60000;

static struct peer_answer get(uint16_t port, const char *target) {
    char text[256];
    struct peer peer;
    snprintf(text, sizeof text, "GET %s HTTP/1.0\r\nHost: t\r\n\r\n", target);
    assert_true(peer_connect_port(&peer, port));
    assert_true(peer_send(&peer, text));
    struct peer_answer answer = peer_read_bytes(&peer, 1 << 20);
    peer_close(&peer);
    return answer;
}

/* The metrics as one text, for free(). */
static char *metrics(const insist_testserver *server) {
    char type[256];
    struct peer_answer answer = get(insist_testserver_admin_port(server), "/metrics");
    assert_int_equal(answer.status, 200);
    assert_true(peer_answer_header(&answer, "Content-Type", type));
    assert_string_equal(type, "text/plain; version=0.0.4; charset=utf-8");
    char *text = strdup(answer.body);
    assert_non_null(text);
    peer_answer_free(&answer);
    return text;
}

/* ---- the syntax ------------------------------------------------------------------------------------------------- */

static size_t name_length(const char *at) {
    size_t length = 0;
    while (isalpha((unsigned char)at[length]) || at[length] == '_' || at[length] == ':' ||
           (length > 0 && isdigit((unsigned char)at[length]))) {
        length++;
    }
    return length;
}

/* Behind the labels {name="value",...}; at points to the brace. NULL: they are malformed. */
static const char *skip_labels(const char *at) {
    for (at++; *at != '}'; at += *at == ',') {
        size_t length = name_length(at);
        at += length;
        if (length == 0 || at[0] != '=' || at[1] != '"') {
            return NULL;
        }
        for (at += 2; *at != '"'; at++) {
            if (*at == '\0' || *at == '\n' || (*at == '\\' && !strchr("\\\"n", *++at))) {
                return NULL;
            }
        }
        at++;
        if (*at != ',' && *at != '}') {
            return NULL;
        }
    }
    return at + 1;
}

/* Whether line is a sample of the family. */
static bool is_sample(const char *line, const char *family) {
    size_t length = name_length(line);
    if (length != strlen(family) || strncmp(line, family, length) != 0) {
        return false;
    }
    const char *at = line + length;
    at = *at == '{' ? skip_labels(at) : at;
    if (!at || *at != ' ') {
        return false;
    }
    char *end;
    strtod(at + 1, &end);
    return end > at + 1 && *end == '\0';
}

/* Takes the next line out of *rest; NULL at the end. Each has to end in a line feed. */
static char *next_line(char **rest) {
    char *line = *rest;
    if (*line == '\0') {
        return NULL;
    }
    char *end = strchr(line, '\n');
    assert_non_null(end);
    *end = '\0';
    *rest = end + 1;
    return line;
}

enum { MOST_FAMILIES = 64 };

/* HELP, TYPE, then nothing but samples of that family, each family once and each series once. */
static void the_format_is_prometheus(void **state) {
    char family[128] = "";
    char seen[MOST_FAMILIES][128];
    char last_series[256] = "";
    size_t count = 0;
    for (int i = 0; i < 3; i++) {
        peer_status(*state, "/a?do=503,200,reset");
    }
    peer_status(*state, "/a?do=truncate@3");
    assert_true(insist_testserver_wait_idle(*state, patience_ms));
    char *text = metrics(*state);
    char *rest = text;
    for (char *line = next_line(&rest); line; line = next_line(&rest)) {
        if (strncmp(line, "# HELP ", 7) == 0) {
            size_t length = name_length(line + 7);
            assert_int_equal(line[7 + length], ' ');
            snprintf(family, sizeof family, "%.*s", (int)length, line + 7);
            for (size_t i = 0; i < count; i++) {
                assert_string_not_equal(seen[i], family);
            }
            assert_true(count < MOST_FAMILIES);
            strcpy(seen[count++], family);
            char type[160];
            char *second = next_line(&rest);
            assert_non_null(second);
            bool total = strlen(family) > 6 && strcmp(family + strlen(family) - 6, "_total") == 0;
            snprintf(type, sizeof type, "# TYPE %s %s", family, total ? "counter" : "gauge");
            assert_string_equal(second, type);
            continue;
        }
        assert_true(is_sample(line, family));
        *strrchr(line, ' ') = '\0';
        assert_string_not_equal(line, last_series);
        snprintf(last_series, sizeof last_series, "%s", line);
    }
    assert_true(count > 15);
    free(text);
}

/* ---- the figures ------------------------------------------------------------------------------------------------ */

static void check_line(const char *text, const char *line) {
    char whole[256];
    snprintf(whole, sizeof whole, "\n%s\n", line);
    if (!strstr(text, whole)) {
        fail_msg("\"%s\" is not in:\n%s", line, text);
    }
}

static void the_figures_are_what_happened(void **state) {
    insist_testserver *server = *state;
    struct peer peer;
    assert_int_equal(insist_testserver_script(server, "/x", "503x2,200", NULL), INSIST_OK);
    for (int i = 0; i < 3; i++) {
        peer_status(server, "/x");
    }
    peer_status(server, "/y?do=reset");
    peer_status(server, "/y?do=truncate@3");
    for (int i = 0; i < 2; i++) {
        assert_true(peer_connect(&peer, server));
        assert_true(peer_post(&peer, "/z?do=204", "the same"));
        struct peer_answer answer = peer_read(&peer);
        peer_answer_free(&answer);
        peer_close(&peer);
    }
    assert_true(peer_connect(&peer, server));
    assert_true(peer_get(&peer, "/w?do=hang"));
    assert_true(insist_testserver_wait_held(server, 1, patience_ms));
    char *text = metrics(server);
    check_line(text, "insist_testserver_requests_total{status=\"503\"} 2");
    check_line(text, "insist_testserver_requests_total{status=\"200\"} 2");
    check_line(text, "insist_testserver_requests_total{status=\"204\"} 2");
    check_line(text, "insist_testserver_requests_total{status=\"0\"} 2");
    check_line(text, "insist_testserver_faults_total{fault=\"reset\"} 1");
    check_line(text, "insist_testserver_faults_total{fault=\"truncate\"} 1");
    check_line(text, "insist_testserver_faults_total{fault=\"hang\"} 1");
    check_line(text, "insist_testserver_duplicates_total 1");
    check_line(text, "insist_testserver_requests_in_flight 1");
    check_line(text, "insist_testserver_requests_held 1");
    check_line(text, "insist_testserver_connections_accepted_total 8");
    check_line(text, "insist_testserver_client_aborts_total 0");
    check_line(text, "insist_testserver_journal_entries 8");
    check_line(text, "insist_testserver_journal_dropped_total 0");
    check_line(text, "insist_testserver_scripts 1");
    check_line(text, "insist_testserver_listening 1");
    free(text);
    peer_close(&peer);
    assert_true(insist_testserver_wait_idle(server, patience_ms));
    text = metrics(server);
    check_line(text, "insist_testserver_requests_in_flight 0");
    check_line(text, "insist_testserver_requests_in_flight_peak 1");
    check_line(text, "insist_testserver_client_aborts_total 1");
    free(text);
}

/* On the service's port too, uncounted; but whoever tests what reads metrics can script that path like any other. */
static void a_script_has_precedence(void **state) {
    insist_testserver *server = *state;
    uint16_t port = insist_testserver_port(server);
    const char *const targets[] = {"/metrics", "/__admin/metrics"};
    for (size_t i = 0; i < 2; i++) {
        struct peer_answer answer = get(port, targets[i]);
        assert_int_equal(answer.status, 200);
        assert_memory_equal(answer.body, "# HELP ", 7);
        peer_answer_free(&answer);
    }
    assert_int_equal(insist_testserver_hits(server, "/metrics"), 0);
    assert_int_equal(peer_status(server, "/metrics?do=503"), 503);
    assert_int_equal(insist_testserver_script(server, "/metrics", "404", NULL), INSIST_OK);
    assert_int_equal(peer_status(server, "/metrics"), 404);
    assert_int_equal(insist_testserver_hits(server, "/metrics"), 2);
    struct peer_answer answer = get(insist_testserver_admin_port(server), "/metrics");
    assert_int_equal(answer.status, 200);
    peer_answer_free(&answer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_format_is_prometheus, peer_start_server, peer_free_server),
        cmocka_unit_test_setup_teardown(the_figures_are_what_happened, peer_start_server, peer_free_server),
        cmocka_unit_test_setup_teardown(a_script_has_precedence, peer_start_server, peer_free_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
