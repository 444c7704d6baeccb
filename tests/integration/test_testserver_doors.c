/* What befalls connections before their first request, as the curl program reports it by its exit code, and as sockets
 * see it: ports that refuse, drop, stall, reset and close, and handshakes that fail in every way there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "run_program.h"
#include "support/certificate_file.h"
#include "testserver_peer.h"
#include "testserver_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const int64_t patience_ms = 60000;

struct doors {
    insist_testserver *server;
    char certificate[64]; /* a file, for --cacert; empty without TLS */
};

static void doors_open(struct doors *doors, const insist_testserver_options *options) {
    insist_problem problem;
    *doors = (struct doors){0};
    if (insist_testserver_start(options, &problem, &doors->server) != INSIST_OK) {
        fail_msg("%s: %s", problem.field, problem.text);
    }
    if (insist_testserver_certificate(doors->server)) {
        assert_true(certificate_file_write(doors->certificate, doors->server));
    }
}

static void doors_close(struct doors *doors) {
    if (doors->certificate[0]) {
        unlink(doors->certificate);
    }
    insist_testserver_free(doors->server);
}

/* One run of curl, which gives up after a second where `brief`; words: what it says on standard error, where that
 * matters. */
static int curl_code(const struct doors *doors, const char *target, bool brief, const char *words) {
    char url[256];
    struct run run;
    snprintf(url, sizeof url, "%s%s", insist_testserver_url(doors->server), target);
    bool tls = doors->certificate[0] != '\0';
    const char *arguments[] = {"-sS",
                               "-m",
                               brief ? "1" : "60",
                               tls ? "--cacert" : "--http1.1",
                               tls ? doors->certificate : url,
                               tls ? url : NULL,
                               NULL};
    run_start(&run, CURL_PROGRAM, arguments, NULL);
    run_wait(&run);
    if (words && !strstr(run.err, words)) {
        fail_msg("%s: '%s' does not say '%s'", target, run.err, words);
    }
    int code = run.exit_status;
    run_fini(&run);
    return code;
}

static void curl_must(const struct doors *doors, const char *target, bool brief, int code, const char *words) {
    int got = curl_code(doors, target, brief, words);
    if (got != code) {
        fail_msg("%s: curl ended with %d, not %d", target, got, code);
    }
}

static insist_testserver_stats stats_of(const insist_testserver *server) {
    insist_testserver_stats stats = {.size = sizeof stats};
    assert_int_equal(insist_testserver_get_stats(server, &stats), INSIST_OK);
    return stats;
}

/* ---- by the curl program ---------------------------------------------------------------------------------------- */

struct row {
    const char *fault;
    int code;          /* curl's, http */
    int tls_code;      /* and https */
    const char *words; /* https; NULL: whatever it says */
};

static const struct row rows[] = {
    {"stall=connect", 28, 28, NULL},
    {"close@connect", 52, 35, NULL},
    {"tls-fault=stall", 0, 28, NULL},
    {"tls-fault=reset", 0, 35, "reset"},
    {"tls-fault=close", 0, 35, NULL},
    {"tls-fault=alert", 0, 35, "alert handshake failure"},
    {"tls-fault=plain", 0, 35, "wrong version number"},
    {"tls-fault=expired", 0, 60, "certificate has expired"},
    {"tls-fault=wrong-host", 0, 60, "subject name"},
    {"tls-fault=untrusted", 0, 60, "certificate"},
    {"tls-fault=old-version", 0, 35, NULL},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

/* The hit that carries the fault is answered; the next connection suffers it; the one after that is served. */
static void faults_of_the_next_connection(void **state) {
    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        struct doors doors;
        doors_open(&doors, INSIST_TESTSERVER_OPTIONS(.tls = tls));
        uint64_t faulted = 0;
        for (size_t i = 0; i < ROWS; i++) {
            char target[64];
            int code = tls ? rows[i].tls_code : rows[i].code;
            snprintf(target, sizeof target, "/carrier?do=%s", rows[i].fault);
            curl_must(&doors, target, false, 0, NULL);
            curl_must(&doors, "/victim", code == 28, code, tls ? rows[i].words : NULL);
            curl_must(&doors, "/after", false, 0, NULL);
            faulted += code != 0;
            assert_int_equal(stats_of(doors.server).connections_faulted, faulted);
        }
        assert_int_equal(insist_testserver_hits(doors.server, "/carrier"), ROWS);
        assert_int_equal(insist_testserver_hits(doors.server, "/after"), ROWS);
        assert_int_equal(insist_testserver_hits(doors.server, "/victim"), tls ? 0 : ROWS - 2);
        doors_close(&doors);
    }
}

/* An RST may come before curl has seen that it is connected (7), before it sends (55) or after (56, 35). */
static void reset_at_once(void **state) {
    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        struct doors doors;
        doors_open(&doors, INSIST_TESTSERVER_OPTIONS(.tls = tls));
        for (int i = 0; i < 5; i++) {
            curl_must(&doors, "/carrier?do=reset@connect:2", false, 0, NULL);
            for (int k = 0; k < 2; k++) {
                int code = curl_code(&doors, "/victim", false, NULL);
                assert_true(code == 7 || (tls ? code == 35 : code == 55 || code == 56));
            }
            curl_must(&doors, "/after", false, 0, NULL);
        }
        assert_int_equal(insist_testserver_hits(doors.server, "/victim"), 0);
        doors_close(&doors);
    }
}

static void handshakes_that_fail_from_the_beginning(void **state) {
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        const char *fault = strchr(rows[i].fault, '=') + 1;
        char counted[64];
        struct doors doors;
        if (strncmp(rows[i].fault, "tls-fault", 9) != 0) {
            continue;
        }
        doors_open(&doors, INSIST_TESTSERVER_OPTIONS(.tls = true, .tls_fault = fault));
        curl_must(&doors, "/", rows[i].tls_code == 28, rows[i].tls_code, rows[i].words);
        curl_must(&doors, "/", rows[i].tls_code == 28, rows[i].tls_code, rows[i].words);
        doors_close(&doors);

        snprintf(counted, sizeof counted, "%s:1", fault);
        doors_open(&doors, INSIST_TESTSERVER_OPTIONS(.tls = true, .tls_fault = counted));
        curl_must(&doors, "/", rows[i].tls_code == 28, rows[i].tls_code, rows[i].words);
        curl_must(&doors, "/", false, 0, NULL);
        doors_close(&doors);
    }
}

/* Ports that are closed or full, for longer than this test takes; how they come back is seen below. */
static void ports_that_take_nobody(void **state) {
    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        struct doors doors;
        doors_open(&doors, INSIST_TESTSERVER_OPTIONS(.tls = tls));
        assert_true(stats_of(doors.server).listening);
        curl_must(&doors, "/carrier?do=refuse=10m", false, 0, NULL);
        assert_false(stats_of(doors.server).listening);
        curl_must(&doors, "/", false, 7, NULL);
        doors_close(&doors);

        doors_open(&doors, INSIST_TESTSERVER_OPTIONS(.tls = tls));
        curl_must(&doors, "/carrier?do=drop=10m", false, 0, NULL);
        curl_must(&doors, "/", true, 28, NULL);
        assert_true(stats_of(doors.server).listening);
        assert_int_equal(stats_of(doors.server).requests, 1);
        doors_close(&doors);
    }
}

/* Whoever is refused and asks why is told: the port is not said to listen for a moment more. */
static void a_port_that_refuses_is_not_said_to_listen(void **state) {
    (void)state;
    for (int round = 0; round < 100; round++) {
        struct doors doors;
        struct peer order, other;
        doors_open(&doors, NULL);
        assert_true(peer_connect(&order, doors.server));
        assert_true(peer_get(&order, "/?do=refuse=10m"));
        while (peer_connect(&other, doors.server) || errno == ECONNRESET) { /* reset: it came just before the end */
            peer_close(&other);
        }
        bool listening = stats_of(doors.server).listening;
        assert_int_equal(errno, ECONNREFUSED);
        assert_false(listening);
        peer_close(&order);
        doors_close(&doors);
    }
}

static void without_tls_there_is_no_handshake_to_fail(void **state) {
    (void)state;
    struct doors doors;
    insist_problem problem;
    insist_testserver *server;
    doors_open(&doors, NULL);
    assert_int_equal(peer_status(doors.server, "/?do=200;tls-fault=reset"), 400);
    assert_int_equal(peer_status(doors.server, "/?do=200"), 200);
    doors_close(&doors);
    const struct {
        insist_testserver_options options;
        const char *words;
    } bad[] = {
        {{.size = sizeof bad[0].options, .tls_fault = "reset"}, "makes no sense without tls"},
        {{.size = sizeof bad[0].options, .tls = true, .tls_fault = "resets"}, "column 6: expected the end"},
        {{.size = sizeof bad[0].options, .tls = true, .tls_fault = ""}, "column 1: expected stall"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(insist_testserver_start(&bad[i].options, &problem, &server), INSIST_EINVAL);
        assert_string_equal(problem.field, "tls_fault");
        assert_non_null(strstr(problem.text, bad[i].words));
    }
}

/* ---- by sockets ------------------------------------------------------------------------------------------------- */

static void answer_must(struct peer *peer, int status, enum peer_end end) {
    struct peer_answer answer = peer_read(peer);
    assert_int_equal(answer.status, status);
    assert_int_equal(answer.end, end);
    peer_answer_free(&answer);
}

static void connect_and_get(struct peer *peer, insist_testserver *server, const char *target, int status) {
    assert_true(peer_connect(peer, server));
    assert_true(peer_get(peer, target));
    answer_must(peer, status, PEER_OPEN);
}

/* With an answer idle connections are closed, and those that are busy once they are idle; beside a fault whoever is
 * connected stays so. */
static void idle_connections_are_closed(void **state) {
    (void)state;
    const char *const scripts[] = {"201;refuse=10m", "201;drop=10m", "201;stall=connect:10m", "201;reset@connect"};
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        struct doors doors;
        struct peer silent, idle, held, carrier;
        char target[64], value[256];
        doors_open(&doors, NULL);
        assert_true(peer_connect(&silent, doors.server));
        connect_and_get(&idle, doors.server, "/", 200);
        assert_true(peer_connect(&held, doors.server));
        assert_true(peer_get(&held, "/held?do=202;hold=/go>=1"));
        assert_true(insist_testserver_wait_held(doors.server, 1, patience_ms));
        assert_true(peer_connect(&carrier, doors.server));
        snprintf(target, sizeof target, "/go?do=%s", scripts[i]);
        assert_true(peer_get(&carrier, target));
        struct peer_answer answer = peer_read(&carrier);
        assert_int_equal(answer.status, 201);
        assert_true(peer_answer_header(&answer, "Connection", value));
        assert_string_equal(value, "close");
        peer_answer_free(&answer);
        answer_must(&carrier, 0, PEER_FIN);
        answer_must(&silent, 0, PEER_FIN);
        answer_must(&idle, 0, PEER_FIN);
        answer_must(&held, 202, PEER_OPEN);
        answer_must(&held, 0, PEER_FIN);
        peer_close(&silent);
        peer_close(&idle);
        peer_close(&held);
        peer_close(&carrier);
        doors_close(&doors);
    }
}

static void beside_a_fault_whoever_is_connected_stays_so(void **state) {
    (void)state;
    struct doors doors;
    struct peer idle, carrier;
    doors_open(&doors, NULL);
    connect_and_get(&idle, doors.server, "/", 200);
    assert_true(peer_connect(&carrier, doors.server));
    assert_true(peer_get(&carrier, "/?do=truncate@5;refuse=10m"));
    answer_must(&carrier, 200, PEER_FIN);
    peer_close(&carrier);
    assert_false(peer_connect(&carrier, doors.server));
    assert_int_equal(errno, ECONNREFUSED);
    assert_true(peer_get(&idle, "/?do=203"));
    answer_must(&idle, 203, PEER_OPEN);
    peer_close(&idle);
    doors_close(&doors);
}

/* By time, and one fault in place of another: the last order counts. */
static void orders_end_and_follow_each_other(void **state) {
    (void)state;
    struct doors doors;
    struct peer order, other;
    doors_open(&doors, NULL);
    connect_and_get(&order, doors.server, "/", 200);
    const char *const scripts[] = {"hang;refuse=10m", "hang;drop=10m", "hang;stall=connect:10m", "hang;refuse=50ms"};
    enum { ORDERS = sizeof scripts / sizeof scripts[0] };
    struct peer orders[ORDERS];
    for (size_t i = 0; i < ORDERS; i++) { /* while the port is open */
        assert_true(peer_connect(&orders[i], doors.server));
    }
    for (size_t i = 0; i < ORDERS; i++) {
        char target[64];
        snprintf(target, sizeof target, "/o?do=%s", scripts[i]);
        assert_true(peer_get(&orders[i], target));
        assert_true(insist_testserver_wait_hits(doors.server, "/o", i + 1, patience_ms));
        assert_true(insist_testserver_wait_held(doors.server, i + 1, patience_ms));
        if (i == 0) {
            assert_false(peer_connect(&other, doors.server));
            assert_int_equal(errno, ECONNREFUSED);
        }
        if (i == 2) { /* connected, and not served */
            assert_true(peer_connect(&other, doors.server));
            assert_true(peer_get(&other, "/never"));
            while (stats_of(doors.server).connections_faulted == 0) {
                usleep(1000);
            }
        }
    }
    struct peer last;
    assert_true(peer_connect_when_open(&last, doors.server));
    assert_true(peer_get(&last, "/"));
    answer_must(&last, 200, PEER_OPEN);
    assert_int_equal(insist_testserver_hits(doors.server, "/never"), 0);
    for (size_t i = 0; i < ORDERS; i++) {
        peer_close(&orders[i]);
    }
    peer_close(&order);
    peer_close(&other);
    peer_close(&last);
    doors_close(&doors);
}

/* A connect that hangs comes through at its system's next try, once the queue is emptied again. */
static void a_full_queue_is_emptied_again(void **state) {
    (void)state;
    struct doors doors;
    doors_open(&doors, NULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(peer_status(doors.server, "/?do=drop=300ms"), 200);
        assert_int_equal(peer_status(doors.server, "/?do=201"), 201);
    }
    insist_testserver_stats stats = stats_of(doors.server);
    assert_int_equal(stats.connections_accepted, 6); /* what filled the queue is none */
    assert_int_equal(stats.connections_faulted, 0);
    doors_close(&doors);
}

/* The port comes back though there is not one descriptor left. */
static void a_refused_port_comes_back_without_a_free_descriptor(void **state) {
    (void)state;
    enum { MOST = 100000 };
    struct doors doors;
    struct rlimit limit, few;
    doors_open(&doors, NULL);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(peer_status(doors.server, "/?do=refuse=100ms"), 200);
        int spare[256];
        size_t count = 0;
        few = (struct rlimit){.rlim_cur = 64, .rlim_max = limit.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        while (count < 256 && (spare[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0) {
            count++;
        }
        int error = errno;
        int waited = 0;
        while (!stats_of(doors.server).listening && waited++ < MOST) {
            usleep(200);
        }
        while (count > 0) {
            close(spare[--count]);
        }
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        assert_int_equal(error, EMFILE);
        assert_true(waited < MOST);
        assert_int_equal(peer_status(doors.server, "/"), 200);
    }
    doors_close(&doors);
}

/* Nobody who had connected before the port was closed is lost: the server is stopped until more have come than it takes
 * in a turn, behind the request with the order. */
static void whoever_came_before_is_served(void **state) {
    (void)state;
    enum { EARLY = 600 };
    struct process server;
    struct peer early[EARLY], carrier;
    const char *arguments[] = {NULL};
    process_start_server(&server, arguments);
    assert_true(peer_connect_port(&carrier, server.port));
    assert_true(peer_get(&carrier, "/"));
    answer_must(&carrier, 200, PEER_OPEN);
    assert_int_equal(kill(server.pid, SIGSTOP), 0);
    int status = 0;
    assert_int_equal(waitpid(server.pid, &status, WUNTRACED), server.pid); /* all its threads have stopped */
    assert_true(WIFSTOPPED(status));
    assert_true(peer_get(&carrier, "/?do=201;refuse=10m"));
    for (size_t i = 0; i < EARLY; i++) {
        assert_true(peer_connect_port(&early[i], server.port));
        assert_true(peer_get(&early[i], "/"));
    }
    assert_int_equal(kill(server.pid, SIGCONT), 0);
    answer_must(&carrier, 201, PEER_OPEN);
    for (size_t i = 0; i < EARLY; i++) {
        answer_must(&early[i], 200, PEER_OPEN);
        peer_close(&early[i]);
    }
    peer_close(&carrier);
    assert_int_equal(process_end(&server), 0);
    process_fini(&server);
}

/* An image or a link of somebody else's page: the port goes on serving, and the page's own scripts do too. */
static void pages_of_others_do_not_order_faults(void **state) {
    (void)state;
    insist_testserver *server;
    const struct {
        const char *item;
        const char *header;
        int status;
    } pages[] = {
        {"refuse=1m", "Sec-Fetch-Site: cross-site", 403},     {"refuse=1m", "Sec-Fetch-Site: same-site", 403},
        {"drop=1m", "Origin: http://example.com", 403},       {"stall=connect", "Sec-Fetch-Site: cross-site", 403},
        {"reset@connect", "Sec-Fetch-Site: cross-site", 403}, {"close@connect", "Origin: null", 403},
        {"404", "Sec-Fetch-Site: cross-site", 404},           {"reset@connect:1", "Sec-Fetch-Site: none", 200},
    };
    assert_int_equal(insist_testserver_start(NULL, NULL, &server), INSIST_OK);
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        char text[256];
        struct peer peer;
        snprintf(text, sizeof text, "GET /p?do=%s HTTP/1.1\r\nHost: test\r\n%s\r\n\r\n", pages[i].item,
                 pages[i].header);
        assert_true(peer_connect(&peer, server));
        assert_true(peer_send(&peer, text));
        struct peer_answer answer = peer_read(&peer);
        if (answer.status != pages[i].status) {
            fail_msg("row %zu: status %d", i, answer.status);
        }
        peer_answer_free(&answer);
        peer_close(&peer);
    }
    insist_testserver_free(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_of_the_next_connection),
        cmocka_unit_test(reset_at_once),
        cmocka_unit_test(handshakes_that_fail_from_the_beginning),
        cmocka_unit_test(ports_that_take_nobody),
        cmocka_unit_test(a_port_that_refuses_is_not_said_to_listen),
        cmocka_unit_test(without_tls_there_is_no_handshake_to_fail),
        cmocka_unit_test(idle_connections_are_closed),
        cmocka_unit_test(beside_a_fault_whoever_is_connected_stays_so),
        cmocka_unit_test(orders_end_and_follow_each_other),
        cmocka_unit_test(a_full_queue_is_emptied_again),
        cmocka_unit_test(a_refused_port_comes_back_without_a_free_descriptor),
        cmocka_unit_test(whoever_came_before_is_served),
        cmocka_unit_test(pages_of_others_do_not_order_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
