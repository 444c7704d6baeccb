/* Timeout policies: the fixed one, what it refuses, who frees it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "policy/timeout.h"
#include "support/fail_alloc.h"
#include "view/execution.h"

static insist_execution execution;

static int64_t ask(const insist_timeout_policy *policy) {
    return policy->timeout(policy->ctx, &execution);
}

/* H65, H67: the same for every attempt, whatever has happened. */
static void test_fixed(void **state) {
    insist_timeout_policy *policy = NULL;
    (void)state;
    assert_int_equal(insist_timeout_fixed_new(250, NULL, &policy), INSIST_OK);
    assert_int_equal(ask(policy), 250000);
    execution.attempt_timeouts = 7;
    assert_int_equal(ask(policy), 250000);
    assert_false(policy->takes_the_rest);
    insist_timeout_policy_free(policy);
    insist_timeout_policy_free(NULL);
}

/* H68 */
static void test_forever(void **state) {
    const int64_t long_ms[] = {INSIST_FOREVER, INSIST_FOREVER - 1, INT64_MAX / 999};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        insist_timeout_policy *policy = NULL;
        assert_int_equal(insist_timeout_fixed_new(long_ms[i], NULL, &policy), INSIST_OK);
        assert_int_equal(ask(policy), INSIST_FOREVER); /* saturates */
        insist_timeout_policy_free(policy);
    }
}

/* H67: 0 would end every attempt at once, and is refused. */
static void test_no_time_at_all_is_refused(void **state) {
    const int64_t bad_ms[] = {0, -1, INT64_MIN};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        insist_timeout_policy *policy = (void *)1;
        insist_problem problem = {.err = INSIST_OK};
        assert_int_equal(insist_timeout_fixed_new(bad_ms[i], &problem, &policy), INSIST_EINVAL);
        assert_null(policy);
        assert_int_equal(problem.err, INSIST_EINVAL);
        assert_string_equal(problem.field, "ms");
        assert_true(strlen(problem.text) > 10);
    }
    insist_problem problem;
    assert_int_equal(insist_timeout_fixed_new(1, &problem, NULL), INSIST_EINVAL);
    assert_string_equal(problem.field, "out");
}

static void test_counted(void **state) {
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    insist_timeout_policy *policy = NULL;
    (void)state;
    assert_int_equal(timeout_policy_fixed_new(&env, 5, true, NULL, &policy), INSIST_OK);
    assert_true(policy->takes_the_rest);
    assert_ptr_equal(timeout_policy_retain(policy), policy);
    insist_timeout_policy_free(policy);
    assert_int_equal(ask(policy), 5000);
    insist_timeout_policy_free(policy);
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
}

static unsigned released;

static void release(void *ctx) {
    assert_ptr_equal(ctx, &released);
    released++;
}

/* A policy of another kind may have a context of its own. */
static void test_a_context_is_released(void **state) {
    insist_timeout_policy *policy = env_alloc(&env_standard, sizeof *policy);
    (void)state;
    assert_non_null(policy);
    atomic_init(&policy->references, 2);
    policy->env = &env_standard;
    policy->ctx = &released;
    policy->release = release;
    insist_timeout_policy_free(policy);
    assert_int_equal(released, 0);
    insist_timeout_policy_free(policy);
    assert_int_equal(released, 1);
}

static void test_every_allocation_may_fail(void **state) {
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    insist_timeout_policy *policy = NULL;
    insist_problem problem;
    (void)state;
    fail_alloc_at(&memory, 1);
    assert_int_equal(timeout_policy_fixed_new(&env, 5, false, &problem, &policy), INSIST_ENOMEM);
    assert_int_equal(problem.err, INSIST_ENOMEM);
    assert_null(policy);
    fail_alloc_at(&memory, 2);
    assert_int_equal(timeout_policy_fixed_new(&env, 5, false, NULL, &policy), INSIST_OK);
    insist_timeout_policy_free(policy);
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed),
        cmocka_unit_test(test_forever),
        cmocka_unit_test(test_no_time_at_all_is_refused),
        cmocka_unit_test(test_counted),
        cmocka_unit_test(test_a_context_is_released),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
