/* The test server with many of everything: a thousand held requests, a thousand dying connections of each kind, ten
 * thousand pending delays, two hundred starts and stops. Nothing may leak and nobody may be forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver_peer.h"
#include "testserver_process.h"
#include "support/usage.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const int64_t patience_ms = 60000;

static insist_testserver *start(bool tls) {
    insist_testserver *server;
    assert_int_equal(insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.tls = tls), NULL, &server), INSIST_OK);
    return server;
}

/* A request is over a moment before its connection is closed, and a refused port comes back by itself: both within
 * this time, or something has leaked. */
static void descriptors_must_become(size_t expected) {
    for (int i = 0; i < 60000 && usage_descriptors(getpid()) != expected; i++) {
        usleep(1000);
    }
    assert_int_equal(usage_descriptors(getpid()), expected);
}

/* ---- a barrier
 * ------------------------------------------------------------------------------------------------------- */

static void hold_many(bool tls, size_t count) {
    insist_testserver *server = start(tls);
    char target[64];
    struct peer *peers = calloc(count, sizeof *peers);
    assert_non_null(peers);
    snprintf(target, sizeof target, "/gate?do=hold=/gate>=%zu", count);
    for (size_t i = 0; i + 1 < count; i++) {
        assert_true(peer_connect(&peers[i], server));
        assert_true(peer_get(&peers[i], target));
    }
    assert_true(insist_testserver_wait_held(server, count - 1, patience_ms));
    for (size_t i = 0; i + 1 < count; i++) { /* nobody has been answered */
        struct pollfd readable = {.fd = peers[i].fd, .events = POLLIN};
        bool silent = tls || poll(&readable, 1, 0) == 0; /* under TLS there may be session tickets to read */
        assert_true(silent);
    }
    assert_true(peer_connect(&peers[count - 1], server));
    assert_true(peer_get(&peers[count - 1], target));
    for (size_t i = 0; i < count; i++) {
        struct peer_answer answer = peer_read(&peers[i]);
        assert_int_equal(answer.status, 200);
        peer_answer_free(&answer);
    }
    insist_testserver_stats stats = {.size = sizeof stats};
    assert_int_equal(insist_testserver_get_stats(server, &stats), INSIST_OK);
    assert_int_equal(stats.held_peak, count - 1); /* the last one opens the gate and is not held */
    assert_int_equal(stats.connections_open, count);
    assert_int_equal(insist_testserver_hits(server, "/gate"), count);
    for (size_t i = 0; i < count; i++) {
        peer_close(&peers[i]);
    }
    free(peers);
    insist_testserver_free(server);
}

static void a_thousand_are_held_and_let_go_together(void **state) {
    (void)state;
    hold_many(false, 1500);
    hold_many(true, 300);
}

static void a_hold_on_another_path(void **state) {
    (void)state;
    insist_testserver *server = start(false);
    struct peer first, second;
    assert_true(peer_connect(&first, server));
    assert_true(peer_connect(&second, server));
    assert_true(peer_get(&first, "/waits?do=201;hold=/b>=1"));
    assert_true(insist_testserver_wait_held(server, 1, patience_ms));
    assert_true(peer_get(&second, "/waits?do=202;hold=/b>=2;delay=1ms"));
    assert_true(insist_testserver_wait_held(server, 2, patience_ms));
    assert_int_equal(peer_status(server, "/b"), 200);
    struct peer_answer answer = peer_read(&first);
    assert_int_equal(answer.status, 201);
    peer_answer_free(&answer);
    assert_false(insist_testserver_wait_idle(server, 0));
    assert_int_equal(peer_status(server, "/b"), 200);
    answer = peer_read(&second);
    assert_int_equal(answer.status, 202);
    peer_answer_free(&answer);
    assert_int_equal(peer_status(server, "/waits?do=203;hold=/b>=2"), 203); /* long since reached */
    peer_close(&first);
    peer_close(&second);
    insist_testserver_free(server);
}

/* ---- connections that die when they are used again
 * ------------------------------------------------------------------- */

static void die_on_reuse(bool tls, const char *script, enum peer_end end) {
    enum { TIMES = 1000 };
    insist_testserver *server = start(tls);
    size_t descriptors = usage_descriptors(getpid());
    char target[64];
    snprintf(target, sizeof target, "/post?do=%s", script);
    for (size_t i = 1; i <= TIMES; i++) {
        struct peer peer;
        assert_true(peer_connect_when_open(&peer, server));
        assert_true(peer_get(&peer, "/warm"));
        struct peer_answer answer = peer_read(&peer);
        assert_int_equal(answer.status, 200);
        peer_answer_free(&answer);
        assert_true(peer_post(&peer, target, "once"));
        answer = peer_read(&peer);
        assert_int_equal(answer.size, 0);
        assert_int_equal(answer.end, end);
        peer_answer_free(&answer);
        peer_close(&peer);
        if (insist_testserver_hits(server, "/post") != i) {
            fail_msg("%s: %zu hits after %zu requests", script, insist_testserver_hits(server, "/post"), i);
        }
    }
    assert_true(insist_testserver_wait_idle(server, patience_ms));
    insist_testserver_journal *journal;
    assert_int_equal(insist_testserver_journal_new(server, "/post", NULL, &journal), INSIST_OK);
    assert_int_equal(insist_testserver_journal_count(journal), TIMES);
    for (size_t i = 0; i < TIMES; i++) {
        const insist_testserver_entry *entry = insist_testserver_journal_at(journal, i);
        assert_int_equal(entry->place, 2);
        assert_int_equal(entry->body_bytes, 4);
        assert_false(entry->client_gone);
    }
    insist_testserver_journal_free(journal);
    descriptors_must_become(descriptors);
    insist_testserver_free(server);
}

static void a_thousand_of_each_death_on_reuse(void **state) {
    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        die_on_reuse(tls, "reset", PEER_RESET);
        die_on_reuse(tls, "close", PEER_FIN);
        die_on_reuse(tls, "reset;refuse=1ms", PEER_RESET);
        die_on_reuse(tls, "close;refuse=1ms", PEER_FIN);
    }
}

/* ---- faults of all kinds, and nothing left behind
 * -------------------------------------------------------------------- */

static void every_fault_many_times_leaves_nothing(void **state) {
    (void)state;
    const char *scripts[] = {"200",
                             "404;delay=1ms",
                             "reset",
                             "close",
                             "reset@headers",
                             "reset@body:5000",
                             "close@body:5000",
                             "truncate@5000",
                             "size=100KB",
                             "hang",
                             "stall=headers",
                             "stall=body@10",
                             "200;delay=1m",
                             "size=100MB",
                             "hold=/none>=1"};
    enum { KINDS = sizeof scripts / sizeof scripts[0], FIRST_SILENT = 9, TIMES = 40 };
    for (int tls = 0; tls < 2; tls++) {
        insist_testserver *server = start(tls);
        size_t descriptors = usage_descriptors(getpid());
        for (size_t i = 0; i < (size_t)TIMES * KINDS; i++) {
            char target[64];
            struct peer peer;
            snprintf(target, sizeof target, "/?do=%s", scripts[i % KINDS]);
            assert_true(peer_connect(&peer, server));
            assert_true(peer_get(&peer, target));
            if (i % KINDS < FIRST_SILENT) {
                struct peer_answer answer = peer_read(&peer);
                assert_int_not_equal(answer.end, PEER_TIMEOUT);
                peer_answer_free(&answer);
            } else { /* a client that leaves once it has been heard */
                assert_true(insist_testserver_wait_hits(server, "/", i + 1, patience_ms));
            }
            peer_close(&peer);
        }
        assert_true(insist_testserver_wait_idle(server, patience_ms));
        assert_int_equal(insist_testserver_hits(server, "/"), TIMES * KINDS);
        descriptors_must_become(descriptors);
        insist_testserver_free(server);
    }
}

/* ---- start and stop
 * -------------------------------------------------------------------------------------------------- */

static void two_hundred_starts_and_stops(void **state) {
    (void)state;
    size_t descriptors = usage_descriptors(getpid());
    for (int i = 0; i < 200; i++) {
        const char *targets[] = {"/?do=hang", "/?do=200;delay=1m", "/?do=hold=/b>=1", "/?do=stall=body@3", "/"};
        struct peer peers[5];
        insist_testserver *server = start(i % 2 == 1);
        for (size_t k = 0; k < 5; k++) {
            assert_true(peer_connect(&peers[k], server));
            assert_true(peer_get(&peers[k], targets[k]));
        }
        assert_true(insist_testserver_wait_held(server, 4, patience_ms));
        insist_testserver_stop(server);
        insist_testserver_stop(server);
        assert_true(insist_testserver_hits(server, "/") >= 4); /* still there to be read */
        assert_false(insist_testserver_wait_hits(server, "/", 1000, patience_ms));
        insist_testserver_free(server);
        for (size_t k = 0; k < 5; k++) {
            peer_close(&peers[k]);
        }
    }
    descriptors_must_become(descriptors);
    insist_testserver_free(NULL);
}

/* ---- any thread ------------------------------------------------------------------------------------------------------ */

struct meddler {
    insist_testserver *server;
    atomic_bool enough;
    size_t seen;
};

/* Calls everything that may be called from any thread, until it is enough. */
static void *meddle(void *argument) {
    struct meddler *meddler = argument;
    insist_testserver *server = meddler->server;
    while (!atomic_load(&meddler->enough)) {
        insist_testserver_stats stats = {.size = sizeof stats};
        insist_testserver_journal *journal = NULL;
        meddler->seen += insist_testserver_script(server, "/m", "200,404,...", NULL) == INSIST_OK;
        meddler->seen += insist_testserver_hits(server, "/m") + insist_testserver_hits_by_key(server, "k");
        meddler->seen += insist_testserver_get_stats(server, &stats) == INSIST_OK;
        if (insist_testserver_journal_new(server, NULL, NULL, &journal) == INSIST_OK) {
            meddler->seen += insist_testserver_journal_count(journal);
            insist_testserver_journal_free(journal);
        }
        insist_testserver_wait_hits(server, "/m", 5, 1);
        insist_testserver_wait_held(server, 1, 1);
        insist_testserver_wait_idle(server, 1);
        insist_testserver_script(server, "/m", NULL, NULL);
        insist_testserver_reset(server);
    }
    return NULL;
}

static void any_thread_may_call_while_requests_come(void **state) {
    (void)state;
    enum { THREADS = 3 };
    insist_testserver *server = start(false);
    struct meddler meddlers[THREADS];
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        meddlers[i].server = server;
        meddlers[i].seen = 0;
        atomic_init(&meddlers[i].enough, false);
        assert_int_equal(pthread_create(&threads[i], NULL, meddle, &meddlers[i]), 0);
    }
    int wrong = 0;
    for (int i = 0; i < 1000; i++) {
        int status = peer_status(server, i % 2 ? "/m?key=k" : "/m?do=200;delay=1ms");
        wrong += status != 200 && status != 404;
    }
    insist_testserver_stop(server); /* while the others still ask */
    for (size_t i = 0; i < THREADS; i++) {
        atomic_store(&meddlers[i].enough, true);
        pthread_join(threads[i], NULL);
        assert_true(meddlers[i].seen > 0);
    }
    assert_int_equal(wrong, 0);
    insist_testserver_free(server);
}

/* ---- ten thousand at once, in a process of its own
 * ------------------------------------------------------------------- */

static void ten_thousand_pending_delays(void **state) {
    (void)state;
    enum { COUNT = 9500 }; /* and a few descriptors more, within a limit of 10,000 */
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    size_t count = limit.rlim_cur > COUNT + 500 ? COUNT : (size_t)limit.rlim_cur / 2;
    struct process server;
    const char *arguments[] = {NULL};
    process_start_server(&server, arguments);
    struct peer *peers = calloc(count, sizeof *peers);
    assert_non_null(peers);
    for (size_t i = 0; i < count; i++) {
        char target[64];
        assert_true(peer_connect_port(&peers[i], server.port));
        /* all are pending together: the earliest ends long after the last has come in */
        snprintf(target, sizeof target, "/wait?do=200;hold=/wait>=%zu;delay=%zums", count, 1 + i % 500);
        assert_true(peer_get(&peers[i], target));
    }
    for (size_t i = 0; i < count; i++) {
        struct peer_answer answer = peer_read(&peers[i]);
        if (answer.status != 200) {
            fail_msg("request %zu: status %d, end %d", i, answer.status, (int)answer.end);
        }
        peer_answer_free(&answer);
        peer_close(&peers[i]);
    }
    free(peers);
    assert_int_equal(process_end(&server), 0);
    process_fini(&server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_are_held_and_let_go_together),
        cmocka_unit_test(a_hold_on_another_path),
        cmocka_unit_test(a_thousand_of_each_death_on_reuse),
        cmocka_unit_test(every_fault_many_times_leaves_nothing),
        cmocka_unit_test(two_hundred_starts_and_stops),
        cmocka_unit_test(any_thread_may_call_while_requests_come),
        cmocka_unit_test(ten_thousand_pending_delays),
    };
    usage_raise_descriptor_limit();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
