/* Every allocation of the library may fail: the n-th does, for every n, while a client is made, a plan built and a
 * call executed. Each must end with an error that says so, or without one, and leave nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "call/client.h"
#include "call/plan.h"
#include "support/fail_alloc.h"
#include <insist/insist.h>
#include <insist/testserver.h>
#include <stdio.h>

static insist_testserver *server;
static char url[128];

static int begin(void **state) {
    (void)state;
    if (insist_testserver_start(NULL, NULL, &server) != INSIST_OK)
        return -1;
    snprintf(url, sizeof url, "%s/x?do=503;retry-after=0,redirect=/y", insist_testserver_url(server));
    return 0;
}

static int end(void **state) {
    (void)state;
    insist_testserver_free(server);
    return 0;
}

static void drop(void *ctx, insist_log_level level, const char *message, const insist_log_pair *pairs, size_t n) {
    (void)ctx;
    (void)level;
    (void)message;
    (void)pairs;
    (void)n;
}

static const insist_logger logger = {.log = drop};
static const insist_client_options options = {.size = sizeof options,
                                              .seed = 1,
                                              .logger = &logger,
                                              .failures_kept = 4,
                                              .hidden_query_keys = (const char *const[]){"do", NULL}};

static void released(void *ctx) {
    --*(int *)ctx;
}

static int keep_a_value(void *ctx, insist_event event, insist_execution *execution) {
    (void)event;
    if (insist_execution_set_value(execution, "kept", ctx, released) == INSIST_OK)
        ++*(int *)ctx;
    return 0;
}

static int set_a_header(void *ctx, insist_execution *execution, unsigned next_attempt) {
    (void)ctx;
    (void)next_attempt;
    (void)insist_execution_set_header(execution, "X-Signature", "1");
    return 0;
}

static const insist_preparer preparer = {.prepare = set_a_header};

static void client_can_run_out_anywhere(void **state) {
    (void)state;
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    size_t n = 1;
    for (;; n++) {
        insist_problem problem = {0};
        insist_client *client = NULL;
        fail_alloc_at(&memory, n);
        insist_err err = client_new(&env, &options, &problem, &client);
        if (err != INSIST_OK) {
            assert_true(err == INSIST_ENOMEM || err == INSIST_ESYSTEM);
            assert_null(client);
            assert_true(problem.text[0] != '\0');
        }
        bool failed = fail_alloc_has_failed(&memory);
        insist_client_free(client);
        assert_int_equal(fail_alloc_outstanding(&memory), 0);
        if (!failed)
            break;
    }
    print_message("%zu allocations\n", n - 1);
    assert_true(n > 5);
}

/* With a header and a body, a retry and a redirect: plan, attempts, redirected URL and result all need memory. */
static insist_err build_and_execute(const struct env *env, insist_client *client, const insist_handlers *handlers,
                                    insist_result **result) {
    insist_plan *plan = NULL;
    insist_err err = plan_new(env, "PUT", url, NULL, &plan);
    if (err != INSIST_OK)
        return err;
    err = insist_plan_set_header(plan, "X-Test", "value");
    if (err == INSIST_OK)
        err = insist_plan_set_body(plan, "body", 4);
    if (err == INSIST_OK)
        err = insist_plan_set_form(plan, &(insist_pair){"name", "value"}, 1);
    if (err == INSIST_OK)
        err = insist_plan_add_cookie(plan, "name", "value");
    if (err == INSIST_OK)
        err = insist_plan_set_basic_auth(plan, "user", "password");
    if (err == INSIST_OK)
        err = insist_plan_set_sensitive(plan, "X-Test");
    if (err == INSIST_OK)
        err = insist_plan_set_idempotency_key(plan, NULL);
    if (err == INSIST_OK)
        err =
            insist_execute(client, plan, INSIST_CALL_OPTIONS(.handlers = handlers, .prepare_retry = &preparer), result);
    insist_plan_free(plan);
    return err;
}

static void call_can_run_out_anywhere(void **state) {
    (void)state;
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    size_t n = 1, well = 0;
    int values = 0;
    insist_handlers *handlers = NULL;
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    assert_int_equal(insist_handlers_push(handlers, INSIST_BEFORE_EXECUTION_START, keep_a_value, &values), INSIST_OK);
    for (;; n++) {
        insist_client *client = NULL;
        insist_result *result = NULL;
        fail_alloc_at(&memory, 0);
        assert_int_equal(client_new(&env, &options, NULL, &client), INSIST_OK);
        insist_testserver_reset(server);
        fail_alloc_at(&memory, n);
        insist_err err = build_and_execute(&env, client, handlers, &result);
        bool failed = fail_alloc_has_failed(&memory);
        fail_alloc_at(&memory, 0);
        assert_true(err == INSIST_OK || err == INSIST_ENOMEM || err == INSIST_ESYSTEM);
        well += err == INSIST_OK;
        insist_result_free(result);
        insist_client_free(client);
        assert_int_equal(fail_alloc_outstanding(&memory), 0);
        assert_int_equal(values, 0);
        if (!failed)
            break;
    }
    insist_handlers_free(handlers);
    print_message("%zu allocations, %zu calls ended well all the same\n", n - 1, well);
    assert_true(n > 15);
}

/* A failure ends one call, or all before they are begun; what was not met by it ends well. */
static size_t count_well(insist_result *const *results, size_t n, insist_err err) {
    size_t well = 0;
    insist_err first = INSIST_OK;
    for (size_t i = 0; i < n; i++) {
        insist_err its = results[i] == NULL ? INSIST_ENOMEM : insist_result_error(results[i]);
        first = first != INSIST_OK ? first : its;
        well += its == INSIST_OK;
    }
    assert_int_equal(err, first);
    return well;
}

static void calls_together_can_run_out_anywhere(void **state) {
    (void)state;
    enum { PLANS = 4, REFUSED = 3 };
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    static const char *const tails[PLANS] = {"/a", "/b?do=200;body=text", "/c?do=reset,200", "/d"};
    insist_plan *plans[PLANS];
    size_t n = 1, ends_of[PLANS + 1] = {0};
    for (size_t i = 0; i < PLANS; i++) {
        char where[128];
        snprintf(where, sizeof where, "%s%s", insist_testserver_url(server), tails[i]);
        assert_int_equal(insist_plan_new("GET", where, NULL, &plans[i]), INSIST_OK);
    }
    assert_int_equal(insist_plan_set_header(plans[REFUSED], "X", "\n"), INSIST_EINVAL);
    for (;; n++) {
        insist_client *client = NULL;
        insist_result *results[PLANS];
        fail_alloc_at(&memory, 0);
        assert_int_equal(client_new(&env, &options, NULL, &client), INSIST_OK);
        insist_testserver_reset(server);
        fail_alloc_at(&memory, n);
        insist_err err = insist_execute_all(client, (const insist_plan *const *)plans, PLANS, NULL, results);
        bool failed = fail_alloc_has_failed(&memory);
        fail_alloc_at(&memory, 0);
        ends_of[count_well(results, PLANS, err)]++;
        for (size_t i = 0; i < PLANS; i++)
            insist_result_free(results[i]);
        insist_client_free(client);
        assert_int_equal(fail_alloc_outstanding(&memory), 0);
        if (!failed)
            break;
    }
    for (size_t i = 0; i < PLANS; i++)
        insist_plan_free(plans[i]);
    print_message("%zu allocations; calls that ended well all the same: none %zu, one %zu, two %zu, three %zu times\n",
                  n - 1, ends_of[0], ends_of[1], ends_of[2], ends_of[3]);
    assert_in_range(ends_of[0], 1, 4); /* what all of them need: little */
    assert_true(ends_of[2] > 15);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_can_run_out_anywhere),
        cmocka_unit_test(call_can_run_out_anywhere),
        cmocka_unit_test(calls_together_can_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
