/* Every allocation of the library may fail. For n = 1, 2, … the n-th of a scenario does, or it and all that follow, on
 * whichever thread it is made: the scenario ends with INSIST_ENOMEM or without an error, the client goes on to work, and
 * nothing is left behind. What libcurl allocates by itself is test_failing_malloc's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "call/client.h"
#include "out_of_memory.h"
#include "support/certificate_file.h"
#include "support/fail_alloc.h"
#include <stdio.h>

#define QUIET 3 /* so often nothing failed: the threads' order differs from time to time */

typedef void arm_fn(struct fail_alloc *memory, size_t n);

static insist_testserver *server, *secure;
static char ca_file[64];
static insist_retry_policy *retry; /* not of the memory that runs out */
static char plain_url[128];

static int begin(void **state) {
    (void)state;
    if (insist_testserver_start(NULL, NULL, &server) != INSIST_OK)
        return -1;
    if (insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.tls = true), NULL, &secure) != INSIST_OK ||
        !certificate_file_write(ca_file, secure))
        return -1;
    if (insist_retry_policy_new(insist_retry_standard(), insist_wait_constant_ms(1), NULL, &retry) != INSIST_OK)
        return -1;
    snprintf(plain_url, sizeof plain_url, "%s/afterwards", insist_testserver_url(server));
    return 0;
}

static int end(void **state) {
    (void)state;
    insist_retry_policy_free(retry);
    insist_testserver_free(server);
    insist_testserver_free(secure);
    remove(ca_file);
    return 0;
}

static void assert_works(insist_client *client) {
    insist_result *result = NULL;
    assert_int_equal(insist_get(client, plain_url, &result), INSIST_OK);
    assert_int_equal(insist_result_status(result), 200);
    insist_result_free(result);
}

/* Whether the n-th came, and what it led to. */
static bool fails(const struct memory_scenario *scenario, arm_fn *arm, size_t n, insist_err *err) {
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    struct memory_scene scene = {.env = &env, .server = server, .secure = secure, .ca_file = ca_file, .retry = retry};
    const insist_client_options options = memory_client_options(&scene);
    assert_int_equal(client_new(&env, &options, NULL, &scene.client), INSIST_OK);
    insist_testserver_reset(server);
    insist_testserver_reset(secure);
    if (scenario->prepare != NULL)
        scenario->prepare(&scene);
    arm(&memory, n);
    *err = scenario->run(&scene);
    bool failed = fail_alloc_has_failed(&memory);
    fail_alloc_at(&memory, 0);
    assert_works(scene.client);
    insist_client_free(scene.client);
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
    return failed;
}

static void run_out(const struct memory_scenario *scenario, arm_fn *arm) {
    size_t n = 1, largest = 0, well = 0;
    for (unsigned quiet = 0; quiet < QUIET; n++) {
        insist_err err;
        bool failed = fails(scenario, arm, n, &err);
        if (err != INSIST_ENOMEM)
            assert_int_equal(err, INSIST_OK);
        assert_true(failed || err == INSIST_OK);
        well += failed && err == INSIST_OK;
        largest = failed ? n : largest;
        quiet = failed ? 0 : quiet + 1;
    }
    print_message("%s: %zu allocations, %zu of them did without\n", scenario->name, largest, well);
    assert_true(largest >= scenario->allocations);
}

static void each_alone_calls(void **state) {
    (void)state;
    for (size_t i = 0; i < MEMORY_CALLS; i++)
        run_out(&memory_of_calls[i], fail_alloc_at);
}

static void each_alone_clients(void **state) {
    (void)state;
    for (size_t i = 0; i < MEMORY_CLIENTS; i++)
        run_out(&memory_of_clients[i], fail_alloc_at);
}

static void each_alone_parts(void **state) {
    (void)state;
    for (size_t i = 0; i < MEMORY_PARTS; i++)
        run_out(&memory_of_parts[i], fail_alloc_at);
}

static void all_from_one_on_calls(void **state) {
    (void)state;
    for (size_t i = 0; i < MEMORY_CALLS; i++)
        run_out(&memory_of_calls[i], fail_alloc_from);
}

static void all_from_one_on_clients(void **state) {
    (void)state;
    for (size_t i = 0; i < MEMORY_CLIENTS; i++)
        run_out(&memory_of_clients[i], fail_alloc_from);
}

static void all_from_one_on_parts(void **state) {
    (void)state;
    for (size_t i = 0; i < MEMORY_PARTS; i++)
        run_out(&memory_of_parts[i], fail_alloc_from);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_alone_parts),        cmocka_unit_test(each_alone_clients),
        cmocka_unit_test(each_alone_calls),        cmocka_unit_test(all_from_one_on_parts),
        cmocka_unit_test(all_from_one_on_clients), cmocka_unit_test(all_from_one_on_calls),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
