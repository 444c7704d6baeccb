/* What may not be repeated is delivered once: POSTs on kept-alive connections that the server cuts after it has read
 * them, in every way that makes libcurl send again by itself; and POSTs whose timeout falls about the moment at
 * which they go on the wire. The server counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/certificate_file.h"
#include "support/crowd.h"
#include <insist/insist.h>
#include <insist/testserver.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define POSTS 1000

struct scene {
    insist_testserver *server;
    insist_client *client;
    char certificate[64];
};

static void begin(struct scene *scene, bool tls) {
    insist_retry_policy *retry = NULL;
    memset(scene, 0, sizeof *scene);
    assert_int_equal(insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.tls = tls), NULL, &scene->server), INSIST_OK);
    if (tls)
        assert_true(certificate_file_write(scene->certificate, scene->server));
    insist_tls_options trust = {.size = sizeof trust, .ca_file = tls ? scene->certificate : NULL};
    /* Patient with refused connections: the server closes its door for a moment. */
    assert_int_equal(insist_retry_policy_new(insist_retry_and(insist_retry_times(100000), insist_retry_standard()),
                                             insist_wait_constant_ms(2), NULL, &retry),
                     INSIST_OK);
    assert_int_equal(
        insist_client_new(INSIST_CLIENT_OPTIONS(.retry = retry, .tls = &trust, .budget = insist_budget_none(),
                                                .idle_unsafe_ms = 60000, .deadline_ms = 60000),
                          NULL, &scene->client),
        INSIST_OK);
    insist_retry_policy_free(retry);
}

static void end(struct scene *scene) {
    insist_client_free(scene->client);
    insist_testserver_free(scene->server);
    if (scene->certificate[0] != '\0')
        remove(scene->certificate);
}

static void keep_a_connection(struct scene *scene) {
    char url[128];
    insist_result *result = NULL;
    snprintf(url, sizeof url, "%s/warm", insist_testserver_url(scene->server));
    insist_err err = insist_get(scene->client, url, &result);
    if (err != INSIST_OK)
        print_error("%s\n", insist_result_explain(result));
    assert_int_equal(err, INSIST_OK);
    insist_result_free(result);
}

static void cut_posts_are_delivered_once(bool tls, const char *script, insist_err expected, insist_err or_else) {
    struct scene scene;
    begin(&scene, tls);
    for (int i = 0; i < POSTS; i++) {
        char url[160], key[16];
        insist_result *result = NULL;
        keep_a_connection(&scene);
        snprintf(key, sizeof key, "k%d", i);
        snprintf(url, sizeof url, "%s/charge?do=%s&key=%s", insist_testserver_url(scene.server), script, key);
        insist_err err = insist_post(scene.client, url, "text/plain", "amount=100", 10, &result);
        if (insist_testserver_hits_by_key(scene.server, key) != 1 || (err != expected && err != or_else))
            print_error("%s: %zu deliveries\n", insist_result_explain(result),
                        insist_testserver_hits_by_key(scene.server, key));
        assert_true(err == expected || err == or_else);
        assert_int_equal(insist_result_reason(result), INSIST_NOT_REPEATABLE);
        assert_int_equal(insist_result_attempts(result), 1);
        const insist_attempt_record *record = insist_result_attempt(result, 0);
        assert_true(record->reused);
        assert_int_equal(record->sent, INSIST_MAYBE_SENT);
        assert_int_equal(insist_testserver_hits_by_key(scene.server, key), 1);
        insist_result_free(result);
    }
    assert_int_equal(insist_testserver_hits(scene.server, "/charge"), POSTS);
    insist_stats stats = {.size = sizeof stats};
    assert_int_equal(insist_client_stats(scene.client, &stats), INSIST_OK);
    print_message("%d POSTs, %zu deliveries, %llu resends blocked\n", POSTS,
                  insist_testserver_hits(scene.server, "/charge"), (unsigned long long)stats.resends_blocked);
    assert_true(stats.resends_blocked > 0);
    end(&scene);
}

static void rst_http(void **state) {
    (void)state;
    cut_posts_are_delivered_once(false, "reset", INSIST_ERESET, INSIST_ERESET);
}

static void rst_https(void **state) {
    (void)state;
    cut_posts_are_delivered_once(true, "reset", INSIST_ERESET, INSIST_ERESET);
}

static void fin_http(void **state) {
    (void)state;
    cut_posts_are_delivered_once(false, "close", INSIST_EEOF, INSIST_EEOF);
}

static void fin_https(void **state) {
    (void)state;
    cut_posts_are_delivered_once(true, "close", INSIST_EEOF, INSIST_EEOF);
}

static void rst_with_the_door_closed_http(void **state) {
    (void)state;
    cut_posts_are_delivered_once(false, "reset;refuse=10ms", INSIST_ERESET, INSIST_ERESET);
}

static void rst_with_the_door_closed_https(void **state) {
    (void)state;
    cut_posts_are_delivered_once(true, "reset;refuse=10ms", INSIST_ERESET, INSIST_ERESET);
}

/* ---- timeouts about the moment of sending ---- */

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* An attempt's timeout runs already when this is called: what it takes moves the sending towards the timeout, or
 * beyond it. */
static int take_time(void *ctx, insist_event event, insist_execution *execution) {
    int64_t until_us = now_us() + *(const int64_t *)ctx;
    (void)event;
    (void)execution;
    while (now_us() < until_us)
        ;
    return 0;
}

/* How many attempts were on the wire. */
static size_t post_about_the_timeout(int64_t timeout_ms) {
    struct scene scene;
    insist_retry_policy *retry = NULL;
    insist_timeout_policy *timeout = NULL;
    insist_handlers *handlers = NULL;
    int64_t taken_us = 0;
    size_t sent = 0, unsent = 0;
    begin(&scene, false);
    assert_int_equal(insist_retry_policy_new(insist_retry_and(insist_retry_times(1), insist_retry_standard()),
                                             insist_wait_constant_ms(0), NULL, &retry),
                     INSIST_OK);
    assert_int_equal(insist_timeout_fixed_new(timeout_ms, NULL, &timeout), INSIST_OK);
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    assert_int_equal(insist_handlers_push(handlers, INSIST_BEFORE_ATTEMPT, take_time, &taken_us), INSIST_OK);
    assert_int_equal(insist_testserver_script(scene.server, "/late", "200;delay=20ms", NULL), INSIST_OK);
    for (int i = 0; i < POSTS; i++) {
        char url[160], key[16];
        insist_plan *plan = NULL;
        insist_result *result = NULL;
        keep_a_connection(&scene);
        taken_us = timeout_ms * (500 + (i * 7919) % 550); /* sent from half of the timeout before it to just after it */
        snprintf(key, sizeof key, "k%d", i);
        snprintf(url, sizeof url, "%s/late?key=%s", insist_testserver_url(scene.server), key);
        assert_int_equal(insist_plan_new("POST", url, NULL, &plan), INSIST_OK);
        insist_err err = insist_execute(
            scene.client, plan, INSIST_CALL_OPTIONS(.retry = retry, .timeout = timeout, .handlers = handlers), &result);
        assert_true(err == INSIST_OK || err == INSIST_ETIMEOUT);
        size_t maybe = 0, attempts = insist_result_attempts(result);
        for (size_t j = 0; j < attempts; j++)
            maybe += insist_result_attempt(result, j)->sent != INSIST_NOT_SENT;
        assert_true(maybe <= 1);
        assert_true(insist_testserver_hits_by_key(scene.server, key) <= maybe);
        sent += maybe;
        unsent += attempts - maybe;
        insist_result_free(result);
        insist_plan_free(plan);
    }
    assert_true(insist_testserver_wait_idle(scene.server, 30000));
    assert_true(insist_testserver_hits(scene.server, "/late") <= sent);
    for (int i = 0; i < POSTS; i++) { /* nothing arrives late either */
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        assert_true(insist_testserver_hits_by_key(scene.server, key) <= 1);
    }
    print_message("%zu attempts on the wire, %zu proven not to be, %zu deliveries\n", sent, unsent,
                  insist_testserver_hits(scene.server, "/late"));
    insist_handlers_free(handlers);
    insist_timeout_policy_free(timeout);
    insist_retry_policy_free(retry);
    end(&scene);
    return sent;
}

/* A machine too slow to send one in a millisecond has more time. */
static void timeout_about_the_moment_of_sending(void **state) {
    (void)state;
    size_t sent = 0;
    for (int64_t timeout_ms = 2; timeout_ms < 64 && sent == 0; timeout_ms *= 2)
        sent = post_about_the_timeout(timeout_ms);
    assert_true(sent > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rst_http),
        cmocka_unit_test(rst_https),
        cmocka_unit_test(fin_http),
        cmocka_unit_test(fin_https),
        cmocka_unit_test(rst_with_the_door_closed_http),
        cmocka_unit_test(rst_with_the_door_closed_https),
        cmocka_unit_test(timeout_about_the_moment_of_sending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
