/* A thousand callers at once on two workers: the server answers nobody before all are in, so if a slow server
 * occupied a worker the test would hang. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/crowd.h"
#include "support/usage.h"
#include <insist/insist.h>
#include <insist/testserver.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define CALLERS 1000
#define WORKERS 2
#define PATIENCE_MS 60000

struct scene {
    insist_client *client;
    char url[128];
    atomic_size_t answered, failed;
};

static void call_gate(void *shared, size_t i) {
    struct scene *scene = shared;
    insist_result *result = NULL;
    (void)i;
    insist_err err = insist_get(scene->client, scene->url, &result);
    atomic_fetch_add(err == INSIST_OK && insist_result_status(result) == 200 ? &scene->answered : &scene->failed, 1);
    insist_result_free(result);
}

static void thousand_callers_on_two_workers(void **state) {
    (void)state;
    static struct scene scene;
    insist_testserver *server = NULL;
    insist_timeout_policy *timeout = NULL;
    insist_result *result = NULL;
    char other[128];
    usage_raise_descriptor_limit();
    assert_int_equal(insist_testserver_start(NULL, NULL, &server), INSIST_OK);
    assert_int_equal(insist_testserver_script(server, "/gate", "200;hold=/gate>=1000", NULL), INSIST_OK);
    assert_int_equal(insist_timeout_fixed_new(INSIST_FOREVER, NULL, &timeout), INSIST_OK);
    assert_int_equal(
        insist_client_new(INSIST_CLIENT_OPTIONS(.workers = WORKERS, .timeout = timeout, .deadline_ms = PATIENCE_MS),
                          NULL, &scene.client),
        INSIST_OK);
    insist_timeout_policy_free(timeout);
    snprintf(scene.url, sizeof scene.url, "%s/gate", insist_testserver_url(server));
    snprintf(other, sizeof other, "%s/other", insist_testserver_url(server));

    struct crowd *crowd = crowd_start(CALLERS - 1, call_gate, &scene);
    assert_true(insist_testserver_wait_hits(server, "/gate", CALLERS - 1, PATIENCE_MS));
    assert_int_equal(atomic_load(&scene.answered) + atomic_load(&scene.failed), 0);
    size_t threads = usage_threads(getpid());
    print_message("%zu threads with %d calls in flight\n", threads, CALLERS - 1);
    assert_true(threads <= CALLERS + WORKERS + 8);

    /* No worker is occupied: another call goes through meanwhile. */
    assert_int_equal(insist_get(scene.client, other, &result), INSIST_OK);
    assert_int_equal(insist_result_status(result), 200);
    insist_result_free(result);
    assert_int_equal(atomic_load(&scene.answered) + atomic_load(&scene.failed), 0);

    call_gate(&scene, CALLERS - 1);
    crowd_join(crowd);
    assert_int_equal(atomic_load(&scene.answered), CALLERS);
    assert_int_equal(atomic_load(&scene.failed), 0);
    insist_testserver_stats stats = {.size = sizeof stats};
    assert_int_equal(insist_testserver_get_stats(server, &stats), INSIST_OK);
    assert_int_equal(stats.held_peak, CALLERS - 1); /* the last one opens the gate */
    insist_client_free(scene.client);
    insist_testserver_free(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(thousand_callers_on_two_workers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
