/* How the test server ends, and who may tell it what: draining, signals, where the admin paths are, who is warned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver_peer.h"
#include "testserver_process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int64_t patience_ms = 60000;

static insist_testserver *start(const insist_testserver_options *options) {
    insist_testserver *server;
    assert_int_equal(insist_testserver_start(options, NULL, &server), INSIST_OK);
    return server;
}

static void answer_must(struct peer *peer, int status, enum peer_end end) {
    struct peer_answer answer = peer_read(peer);
    assert_int_equal(answer.status, status);
    assert_int_equal(answer.end, end);
    peer_answer_free(&answer);
}

/* ---- draining --------------------------------------------------------------------------------------------------- */

static void what_is_under_way_comes_to_its_end(void **state) {
    (void)state;
    insist_testserver *server = start(NULL);
    struct peer idle, half, delayed, large, hung, stalled, held, late;
    assert_true(peer_connect(&idle, server));
    assert_true(peer_connect(&half, server));
    assert_true(peer_send(&half, "GET / HTTP/1.1\r\nHost: te"));
    assert_true(peer_connect(&hung, server));
    assert_true(peer_get(&hung, "/?do=hang"));
    assert_true(peer_connect(&stalled, server));
    assert_true(peer_get(&stalled, "/?do=stall=body@5"));
    assert_true(peer_connect(&held, server));
    assert_true(peer_get(&held, "/?do=hold=/never>=1"));
    assert_true(insist_testserver_wait_held(server, 3, patience_ms));
    assert_true(peer_connect(&delayed, server));
    assert_true(peer_get(&delayed, "/?do=201;delay=1s"));
    assert_true(peer_connect(&large, server));
    assert_true(peer_get(&large, "/?do=202;size=30MB"));
    assert_true(insist_testserver_wait_hits(server, "/", 5, patience_ms));

    assert_false(insist_testserver_drain(server, 0)); /* there is one that nobody reads */
    answer_must(&idle, 0, PEER_FIN);
    answer_must(&half, 0, PEER_FIN);
    assert_false(peer_connect(&late, server));
    assert_int_equal(errno, ECONNREFUSED);
    struct peer_answer answer = peer_read(&large);
    assert_int_equal(answer.status, 202);
    assert_int_equal(answer.body_size, 30000000);
    peer_answer_free(&answer);
    answer_must(&delayed, 201, PEER_OPEN);
    assert_true(insist_testserver_drain(server, patience_ms));
    assert_true(insist_testserver_drain(server, 0));
    insist_testserver_stop(server);
    answer_must(&delayed, 0, PEER_FIN);
    assert_true(insist_testserver_drain(server, 0)); /* there is nothing left to wait for */
    peer_close(&idle);
    peer_close(&half);
    peer_close(&hung);
    peer_close(&stalled);
    peer_close(&held);
    peer_close(&delayed);
    peer_close(&large);
    insist_testserver_free(server);
}

/* A connection that is used again and again is closed after the answer that is under way, and a fault that would close
 * or open the port has no say any more. */
static void draining_is_for_good(void **state) {
    (void)state;
    insist_testserver *server = NULL;
    struct peer busy, late;
    bool drained = true;
    for (int delay_ms = 200; delay_ms < 60000 && drained; delay_ms *= 2) { /* a busy machine may be later than that */
        char target[80];
        if (server) {
            peer_close(&busy);
            insist_testserver_free(server);
        }
        server = start(NULL);
        snprintf(target, sizeof target, "/?do=200;delay=%dms;h:Connection=close;refuse=1ms", delay_ms);
        assert_true(peer_connect(&busy, server));
        assert_true(peer_get(&busy, target));
        assert_true(insist_testserver_wait_hits(server, "/", 1, patience_ms));
        drained = insist_testserver_drain(server, 0);
    }
    assert_false(drained);
    answer_must(&busy, 200, PEER_OPEN);
    assert_true(insist_testserver_drain(server, patience_ms));
    answer_must(&busy, 0, PEER_FIN);
    usleep(20000); /* a port that refuses for a millisecond would be back */
    assert_false(peer_connect(&late, server));
    peer_close(&busy);
    insist_testserver_free(server);
}

/* ---- the program ------------------------------------------------------------------------------------------------ */

/* Waits until the first request has been read. Whether it is still under way a busy machine cannot say in time. */
static void wait_read(uint16_t admin_port) {
    bool reached = false;
    while (!reached) {
        struct peer peer;
        assert_true(peer_connect_port(&peer, admin_port));
        assert_true(peer_get(&peer, "/__admin/stats"));
        struct peer_answer answer = peer_read(&peer);
        assert_int_equal(answer.status, 200);
        reached = strstr(answer.body, "\"requests\": 1,") != NULL;
        peer_answer_free(&answer);
        peer_close(&peer);
    }
}

static void wait_refused(uint16_t port) {
    struct peer peer;
    while (peer_connect_port(&peer, port)) {
        peer_close(&peer);
        usleep(1000);
    }
    assert_int_equal(errno, ECONNREFUSED);
}

static void hold_one(struct process *server, struct peer *peer, const char *const *arguments, const char *target) {
    process_start_server(server, arguments);
    assert_true(peer_connect_port(peer, server->port));
    assert_true(peer_get(peer, target));
    wait_read(server->admin_port);
}

static void end_must(struct process *server, struct peer *peer) {
    assert_int_equal(process_wait(server), 0);
    peer_close(peer);
    process_fini(server);
}

static void a_signal_drains(void **state) {
    (void)state;
    const int signals[] = {SIGTERM, SIGINT};
    const char *arguments[] = {"--drain", "3600", NULL};
    for (size_t i = 0; i < 2; i++) {
        struct process server;
        struct peer peer;
        hold_one(&server, &peer, arguments, "/?do=201;delay=1s;size=3MB");
        assert_int_equal(kill(server.pid, signals[i]), 0);
        wait_refused(server.port);
        struct peer_answer answer = peer_read(&peer);
        assert_int_equal(answer.status, 201);
        assert_int_equal(answer.body_size, 3000000);
        peer_answer_free(&answer);
        end_must(&server, &peer);
    }
}

static void what_hangs_does_not_keep_it(void **state) {
    (void)state;
    struct process server;
    struct peer peer;
    const char *arguments[] = {"--drain", "3600", NULL};
    hold_one(&server, &peer, arguments, "/?do=hang");
    assert_int_equal(kill(server.pid, SIGTERM), 0);
    end_must(&server, &peer);
}

static void draining_has_its_time(void **state) {
    (void)state;
    const char *times[] = {"0", "1"};
    for (size_t i = 0; i < 2; i++) {
        struct process server;
        struct peer peer;
        const char *arguments[] = {"--drain", times[i], NULL};
        hold_one(&server, &peer, arguments, "/?do=200;delay=60m");
        assert_int_equal(kill(server.pid, SIGTERM), 0);
        end_must(&server, &peer);
    }
}

static void a_second_signal_ends_it(void **state) {
    (void)state;
    struct process server;
    struct peer peer;
    const char *arguments[] = {"--drain", "3600", NULL};
    hold_one(&server, &peer, arguments, "/?do=200;delay=60m");
    assert_int_equal(kill(server.pid, SIGTERM), 0);
    wait_refused(server.port);
    assert_int_equal(kill(server.pid, SIGTERM), 0);
    end_must(&server, &peer);
}

/* ---- the admin paths -------------------------------------------------------------------------------------------- */

static bool is_json_at(uint16_t port, const char *target) {
    struct peer peer;
    assert_true(peer_connect_port(&peer, port));
    assert_true(peer_get(&peer, target));
    struct peer_answer answer = peer_read(&peer);
    bool json = answer.status == 200 && answer.body && answer.body[0] == '{';
    peer_answer_free(&answer);
    peer_close(&peer);
    return json;
}

static void admin_paths_where_they_are_wanted(void **state) {
    (void)state;
    insist_testserver *server = start(NULL);
    assert_true(is_json_at(insist_testserver_port(server), "/__admin/counts"));
    assert_true(is_json_at(insist_testserver_admin_port(server), "/__admin/counts"));
    assert_int_equal(insist_testserver_hits(server, "/__admin/counts"), 0);
    insist_testserver_free(server);

    server = start(INSIST_TESTSERVER_OPTIONS(.admin_prefix = "/-/manage"));
    assert_true(is_json_at(insist_testserver_port(server), "/-/manage/counts"));
    assert_true(is_json_at(insist_testserver_admin_port(server), "/-/manage/counts"));
    assert_false(is_json_at(insist_testserver_port(server), "/__admin/counts"));
    assert_false(is_json_at(insist_testserver_port(server), "/-/managers/counts"));
    assert_int_equal(insist_testserver_hits(server, "/__admin/counts"), 1); /* a path like any other */
    insist_testserver_free(server);

    server = start(INSIST_TESTSERVER_OPTIONS(.admin = INSIST_TESTSERVER_ADMIN_PORT));
    assert_false(is_json_at(insist_testserver_port(server), "/__admin/counts"));
    assert_true(is_json_at(insist_testserver_admin_port(server), "/__admin/counts"));
    assert_int_equal(peer_status(server, "/metrics"), 200);
    assert_int_equal(insist_testserver_hits(server, "/metrics"), 1);
    insist_testserver_free(server);

    server = start(INSIST_TESTSERVER_OPTIONS(.admin = INSIST_TESTSERVER_ADMIN_NONE));
    assert_false(is_json_at(insist_testserver_port(server), "/__admin/counts"));
    assert_int_equal(insist_testserver_hits(server, "/__admin/counts"), 1);
    assert_null(insist_testserver_admin_url(server));
    assert_int_equal(insist_testserver_admin_port(server), 0);
    insist_testserver_free(server);
}

static void bad_admin_options_are_refused(void **state) {
    (void)state;
    const char *prefixes[] = {
        "",     "admin", "/",    "/a/",
        "/a b", "/a?b",  "/%41", "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    insist_problem problem;
    insist_testserver *server;
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        assert_int_equal(
            insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.admin_prefix = prefixes[i]), &problem, &server),
            INSIST_EINVAL);
        assert_string_equal(problem.field, "admin_prefix");
    }
    assert_int_equal(
        insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.admin = (insist_testserver_admin)3), &problem, &server),
        INSIST_EINVAL);
    assert_string_equal(problem.field, "admin");
}

/* ---- what the program says -------------------------------------------------------------------------------------- */

/* Runs it until it listens, ends it, and gives what it has printed. */
static void run(const char *const *arguments, char out[1024], char err[1024]) {
    struct process process;
    char name[] = "/tmp/insist-port-XXXXXX";
    const char *all[16] = {"--port-file", name};
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    close(fd);
    unlink(name);
    for (size_t i = 0; arguments[i]; i++) {
        all[i + 2] = arguments[i];
    }
    process_start(&process, all, 0);
    while (access(name, R_OK) != 0) { /* it appears once connections are accepted */
        usleep(1000);
    }
    assert_int_equal(process_end(&process), 0);
    process_read(process.out, out, 1024);
    process_read(process.err, err, 1024);
    process_fini(&process);
    unlink(name);
}

static void who_can_be_reached_says_so(void **state) {
    (void)state;
    const struct {
        const char *arguments[6];
        const char *err; /* how it begins; NULL: nothing is said */
    } rows[] = {
        {{"--bind", "127.0.0.1"}, NULL},
        {{"--bind", "127.8.9.10"}, NULL},
        {{"--bind", "::ffff:127.0.0.1"}, NULL},
        {{"--bind", "::FFFF:7f08:090a"}, NULL},
        {{"--bind", "::ffff:0.0.0.0"}, "insist-testserver: bound to ::ffff:0.0.0.0: whoever can reach"},
        {{"--bind", "0.0.0.0"}, "insist-testserver: bound to 0.0.0.0: whoever can reach that address can set faults"},
        {{"--bind", "0.0.0.0", "--quiet"}, "insist-testserver: bound to 0.0.0.0: whoever can reach"},
        {{"--bind", "0.0.0.0", "--admin", "none"}, "insist-testserver: bound to 0.0.0.0: whoever can reach"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[1024], err[1024];
        run(rows[i].arguments, out, err);
        if (rows[i].err ? strncmp(err, rows[i].err, strlen(rows[i].err)) != 0 : err[0] != '\0') {
            fail_msg("row %zu: '%s'", i, err);
        }
    }
}

static void without_admin_there_is_one_line(void **state) {
    (void)state;
    char out[1024], err[1024];
    const char *arguments[] = {"--admin", "none", NULL};
    run(arguments, out, err);
    assert_memory_equal(out, "listening on http://127.0.0.1:", 30);
    assert_ptr_equal(strchr(out, '\n'), out + strlen(out) - 1);
}

static void bad_usage_is_explained(void **state) {
    (void)state;
    const struct {
        const char *arguments[4];
        const char *words;
    } rows[] = {
        {{"--tls-fault", "stall"}, "--tls-fault makes no sense without --tls"},
        {{"--tls", "--tls-fault", "stale"}, "--tls-fault: column 1: expected stall, reset, close"},
        {{"--connections", "0"}, "--connections must be a whole number from 1 to"},
        {{"--idle-timeout", "0"}, "--idle-timeout must be a whole number from 1 to 86400, not '0'"},
        {{"--max-body", "1MB"}, "--max-body must be a whole number from 1 to"},
        {{"--drain", "5s"}, "--drain must be a whole number from 0 to 86400, not '5s'"},
        {{"--admin", "off"}, "--admin must be both, port or none, not 'off'"},
        {{"--admin-prefix", "x"}, "--admin-prefix: must begin with '/'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct process process;
        char text[1024];
        process_start(&process, rows[i].arguments, 0);
        process_read(process.err, text, sizeof text);
        int status = process_wait(&process);
        process_fini(&process);
        if (status != 2 || !strstr(text, rows[i].words)) {
            fail_msg("status %d: %s", status, text);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_under_way_comes_to_its_end),
        cmocka_unit_test(draining_is_for_good),
        cmocka_unit_test(a_signal_drains),
        cmocka_unit_test(what_hangs_does_not_keep_it),
        cmocka_unit_test(draining_has_its_time),
        cmocka_unit_test(a_second_signal_ends_it),
        cmocka_unit_test(admin_paths_where_they_are_wanted),
        cmocka_unit_test(bad_admin_options_are_refused),
        cmocka_unit_test(who_can_be_reached_says_so),
        cmocka_unit_test(without_admin_there_is_one_line),
        cmocka_unit_test(bad_usage_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
