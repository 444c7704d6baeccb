/* Overload as clients meet it: slots, a queue, 503 beyond. Service is held or far longer than the test, so that every
 * number is exact; the only times compared are the journal's own, and only for what may not be earlier. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int64_t patience_ms = 60000;

static insist_testserver *start(bool tls) {
    insist_testserver *server;
    assert_int_equal(insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.tls = tls, .seed = 9), NULL, &server),
                     INSIST_OK);
    return server;
}

static void script(insist_testserver *server, const char *path, const char *text) {
    insist_problem problem;
    if (insist_testserver_script(server, path, text, &problem) != INSIST_OK) {
        fail_msg("%s: %s", text, problem.text);
    }
}

static void stats_become(const insist_testserver *server, uint64_t in_service, uint64_t queued, uint64_t refused) {
    insist_testserver_stats stats = {.size = sizeof stats};
    for (int i = 0; i < 60000; i++) {
        assert_int_equal(insist_testserver_get_stats(server, &stats), INSIST_OK);
        if (stats.in_service == in_service && stats.queued == queued && stats.refused == refused) {
            return;
        }
        usleep(1000);
    }
    fail_msg("%llu in service, %llu queued, %llu refused", (unsigned long long)stats.in_service,
             (unsigned long long)stats.queued, (unsigned long long)stats.refused);
}

/* A request on a connection of its own, counted when this returns. */
static void come(insist_testserver *server, struct peer *peer, const char *path, const char *target) {
    size_t hits = insist_testserver_hits(server, path);
    assert_true(peer_connect(peer, server));
    assert_true(peer_get(peer, target));
    assert_true(insist_testserver_wait_hits(server, path, hits + 1, patience_ms));
}

static int status_of(struct peer *peer) {
    struct peer_answer answer = peer_read(peer);
    int status = answer.status;
    peer_answer_free(&answer);
    return status;
}

/* One request to the control port; what it answers, to be freed. */
static char *control(const insist_testserver *server, const char *method, const char *target, const char *body) {
    char text[512];
    struct peer peer;
    snprintf(text, sizeof text, "%s %s HTTP/1.0\r\nHost: t\r\nContent-Length: %zu\r\n\r\n%s", method, target,
             strlen(body), body);
    assert_true(peer_connect_port(&peer, insist_testserver_admin_port(server)));
    assert_true(peer_send(&peer, text));
    struct peer_answer answer = peer_read_bytes(&peer, 1 << 20);
    assert_true(answer.status == 200 || answer.status == 204);
    peer_close(&peer);
    return answer.bytes;
}

/* ---- numbers ---------------------------------------------------------------------------------------------------- */

static void exactly_those_beyond_slots_and_queue_are_refused(bool tls) {
    enum { COUNT = 100, SLOTS = 8, QUEUE = 50 };
    insist_testserver *server = start(tls);
    struct peer peers[COUNT];
    script(server, "/p", "slots=8,queue=50,service=1m");
    for (size_t i = 0; i < COUNT; i++) {
        come(server, &peers[i], "/p", "/p");
    }
    stats_become(server, SLOTS, QUEUE, COUNT - SLOTS - QUEUE);
    for (size_t i = SLOTS + QUEUE; i < COUNT; i++) {
        assert_int_equal(status_of(&peers[i]), 503);
    }
    assert_true(insist_testserver_wait_held(server, SLOTS + QUEUE, patience_ms));
    assert_int_equal(peer_status(server, "/other"), 200); /* other paths have nothing to do with it */

    script(server, "/p", "slots=20,queue=50,service=1m"); /* it grows: twelve more are let in at once */
    stats_become(server, 20, SLOTS + QUEUE - 20, COUNT - SLOTS - QUEUE);
    script(server, "/p", "slots=1,queue=0,service=1m"); /* it shrinks: nobody is thrown out */
    assert_int_equal(peer_status(server, "/p"), 503);
    stats_become(server, 20, SLOTS + QUEUE - 20, COUNT - SLOTS - QUEUE + 1);
    for (size_t i = 20; i < SLOTS + QUEUE; i++) { /* those who wait leave, and with them their places */
        peer_close(&peers[i]);
    }
    stats_become(server, 20, 0, COUNT - SLOTS - QUEUE + 1);
    peer_close(&peers[0]); /* the work for this one goes on */
    assert_true(insist_testserver_wait_idle(server, 0) == false);
    for (size_t i = 1; i < 20; i++) {
        peer_close(&peers[i]);
    }
    assert_true(insist_testserver_wait_idle(server, patience_ms));
    stats_become(server, 20, 0, COUNT - SLOTS - QUEUE + 1);
    for (size_t i = SLOTS + QUEUE; i < COUNT; i++) {
        peer_close(&peers[i]);
    }
    insist_testserver_reset(server);
    stats_become(server, 20, 0, 0);
    insist_testserver_free(server);
}

static void numbers_are_exact(void **state) {
    (void)state;
    exactly_those_beyond_slots_and_queue_are_refused(false);
    exactly_those_beyond_slots_and_queue_are_refused(true);
}

static void the_journal_tells_who_was_refused(void **state) {
    (void)state;
    insist_testserver *server = start(false);
    struct peer first;
    script(server, "/p", "201;slots=1,queue=0,service=1m;h:X-Answer=yes;delay=1s");
    come(server, &first, "/p", "/p");
    struct peer second;
    come(server, &second, "/p", "/p");
    struct peer_answer answer = peer_read(&second);
    char value[256];
    assert_int_equal(answer.status, 503);
    assert_false(peer_answer_header(&answer, "X-Answer", value)); /* nothing of the script's answer */
    assert_non_null(strstr(answer.body, "overloaded"));
    peer_answer_free(&answer);
    peer_close(&first);
    peer_close(&second);
    assert_true(insist_testserver_wait_idle(server, patience_ms));
    insist_testserver_journal *journal;
    assert_int_equal(insist_testserver_journal_new(server, "/p", NULL, &journal), INSIST_OK);
    assert_int_equal(insist_testserver_journal_at(journal, 0)->status, 201);
    assert_int_equal(insist_testserver_journal_at(journal, 1)->status, 503);
    insist_testserver_journal_free(journal);
    insist_testserver_free(server);
}

/* ---- a hold lies within the service ------------------------------------------------------------------------------ */

static void held_in_service_then_let_go(void **state) {
    (void)state;
    insist_testserver *server = start(false);
    struct peer peers[6];
    script(server, "/p", "slots=2,queue=3;hold=/go>=1");
    for (size_t i = 0; i < 6; i++) {
        come(server, &peers[i], "/p", "/p");
    }
    stats_become(server, 2, 3, 1);
    assert_int_equal(status_of(&peers[5]), 503);
    peer_close(&peers[3]);
    stats_become(server, 2, 2, 1);
    peer_close(&peers[1]); /* in service, without a service time that would have to pass: its slot is free */
    stats_become(server, 2, 1, 1);
    assert_int_equal(peer_status(server, "/go"), 200);
    assert_int_equal(status_of(&peers[0]), 200);
    assert_int_equal(status_of(&peers[2]), 200);
    assert_int_equal(status_of(&peers[4]), 200);
    assert_true(insist_testserver_wait_idle(server, patience_ms));
    stats_become(server, 0, 0, 1);
    peer_close(&peers[0]);
    peer_close(&peers[2]);
    peer_close(&peers[4]);
    peer_close(&peers[5]);
    insist_testserver_free(server);
}

/* The hit that opens the gate comes to the station itself, and finds it full: those whom it sets free make room. */
static void the_hit_that_makes_room_waits_for_it(void **state) {
    (void)state;
    insist_testserver *server = start(false);
    struct peer peers[3];
    script(server, "/p", "slots=1,queue=2;hold=/p>=3");
    for (size_t i = 0; i < 3; i++) {
        come(server, &peers[i], "/p", "/p");
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(status_of(&peers[i]), 200);
        peer_close(&peers[i]);
    }
    assert_true(insist_testserver_wait_idle(server, patience_ms));
    stats_become(server, 0, 0, 0);
    insist_testserver_free(server);
}

/* ---- first come, first served, for as long as was drawn ---------------------------------------------------------- */

static void one_after_the_other_as_long_as_foretold(void **state) {
    (void)state;
    enum { COUNT = 20 };
    static const char text[] = "slots=1,queue=100,service=mix(0.5:uniform(1ms,2ms),ln(3ms,1ms));hold=/go>=1";
    insist_testserver *server = start(false);
    struct peer peers[COUNT];
    script(server, "/p", text);
    for (size_t i = 0; i < COUNT; i++) {
        come(server, &peers[i], "/p", "/p");
    }
    stats_become(server, 1, COUNT - 1, 0);
    assert_int_equal(peer_status(server, "/go"), 200);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(status_of(&peers[i]), 200);
        peer_close(&peers[i]);
    }
    assert_true(insist_testserver_wait_idle(server, patience_ms));
    insist_testserver_journal *all;
    insist_testserver_journal *go;
    assert_int_equal(insist_testserver_journal_new(server, "/p", NULL, &all), INSIST_OK);
    assert_int_equal(insist_testserver_journal_new(server, "/go", NULL, &go), INSIST_OK);
    int64_t earliest_us = insist_testserver_journal_at(go, 0)->read_us;
    for (size_t i = 0; i < COUNT; i++) {
        insist_testserver_step step = {.size = sizeof step};
        assert_int_equal(insist_testserver_foretell(9, text, "/p", i, &step), INSIST_OK);
        assert_true(step.service_us > 500);
        assert_int_equal(step.delay_us, 0);
        earliest_us += (int64_t)step.service_us;
        assert_true(insist_testserver_journal_at(all, i)->ended_us >= earliest_us - 1);
    }
    insist_testserver_journal_free(all);
    insist_testserver_journal_free(go);
    insist_testserver_free(server);
}

/* ---- other ways in ----------------------------------------------------------------------------------------------- */

static void by_the_admin_interface_and_by_the_query(void **state) {
    (void)state;
    insist_testserver *server = start(false);
    struct peer peers[4];
    free(control(server, "PUT", "/__admin/scripts?path=/p", "slots=1;queue=1;service=1m"));
    for (size_t i = 0; i < 3; i++) {
        come(server, &peers[i], "/p", "/p");
    }
    stats_become(server, 1, 1, 1);
    char *text = control(server, "GET", "/__admin/counts?path=/p", "");
    assert_non_null(strstr(text, "\"in_service\": 1"));
    assert_non_null(strstr(text, "\"queued\": 1"));
    assert_non_null(strstr(text, "\"refused\": 1"));
    assert_non_null(strstr(text, "\"slots\": 1"));
    free(text);
    free(control(server, "PUT", "/__admin/scripts?path=/p", "slots=2,queue=1,service=1m"));
    stats_become(server, 2, 0, 1);
    text = control(server, "GET", "/__admin/counts", "");
    assert_non_null(strstr(text, "\"in_service\": 2"));
    assert_non_null(strstr(text, "\"refused\": 1"));
    free(text);
    free(control(server, "DELETE", "/__admin/counts", ""));
    stats_become(server, 2, 0, 0);
    come(server, &peers[3], "/q", "/q?do=slots=0,queue=1,service=1s"); /* nobody serves */
    stats_become(server, 2, 1, 0);
    assert_int_equal(peer_status(server, "/q?do=slots=0,queue=1,service=1s"), 503);
    assert_int_equal(peer_status(server, "/q"), 200); /* without a station */
    for (size_t i = 0; i < 4; i++) {
        peer_close(&peers[i]);
    }
    insist_testserver_free(server);
}

/* A request whose header block was read under the old script, and its body after it was replaced. */
static void a_late_body_does_not_bring_the_old_numbers_back(void **state) {
    (void)state;
    insist_testserver *server = start(false);
    struct peer first, late;
    script(server, "/p", "slots=2,queue=0,service=1m");
    come(server, &first, "/p", "/p");
    assert_true(peer_connect(&late, server));
    assert_true(peer_send(&late, "POST /p HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"));
    struct peer_answer interim = peer_read_bytes(&late, strlen("HTTP/1.1 100 Continue\r\n\r\n"));
    assert_int_equal(interim.status, 100);
    peer_answer_free(&interim);
    script(server, "/p", "slots=1,queue=0,service=1m");
    assert_true(peer_send(&late, "x"));
    assert_int_equal(status_of(&late), 503);
    stats_become(server, 1, 0, 1);
    peer_close(&first);
    peer_close(&late);
    insist_testserver_free(server);
}

static void paths_share_a_station_by_its_name(void **state) {
    (void)state;
    insist_testserver *server = start(false);
    struct peer peers[2];
    script(server, "/a", "slots=1,queue=1,service=1m,station=db");
    script(server, "/b", "slots=1,queue=1,service=1m;station=db");
    come(server, &peers[0], "/a", "/a");
    come(server, &peers[1], "/b", "/b");
    stats_become(server, 1, 1, 0);
    assert_int_equal(peer_status(server, "/a"), 503);
    assert_int_equal(peer_status(server, "/b"), 503);
    script(server, "/b", "slots=2,queue=1,service=1m;station=db");
    stats_become(server, 2, 0, 2);
    peer_close(&peers[0]);
    peer_close(&peers[1]);
    insist_testserver_free(server);
}

static void a_stop_in_the_midst_of_it(void **state) {
    (void)state;
    for (int i = 0; i < 20; i++) {
        insist_testserver *server = start(i % 2 == 1);
        struct peer peers[6];
        script(server, "/p", i % 3 == 0 ? "slots=2,queue=3;hold=/go>=1" : "slots=2,queue=3,service=1m");
        for (size_t k = 0; k < 6; k++) {
            come(server, &peers[k], "/p", "/p");
        }
        insist_testserver_free(server);
        for (size_t k = 0; k < 6; k++) {
            peer_close(&peers[k]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_exact),
        cmocka_unit_test(the_journal_tells_who_was_refused),
        cmocka_unit_test(held_in_service_then_let_go),
        cmocka_unit_test(the_hit_that_makes_room_waits_for_it),
        cmocka_unit_test(one_after_the_other_as_long_as_foretold),
        cmocka_unit_test(by_the_admin_interface_and_by_the_query),
        cmocka_unit_test(a_late_body_does_not_bring_the_old_numbers_back),
        cmocka_unit_test(paths_share_a_station_by_its_name),
        cmocka_unit_test(a_stop_in_the_midst_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
