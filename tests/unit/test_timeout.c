/* Timeout policies: fixed, infinite, adaptive, split and a user's own; what they refuse, who frees them. */
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

static int set_up(void **state) {
    (void)state;
    memset(&execution, 0, sizeof execution);
    return 0;
}

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

/* H68 */
static void test_infinite(void **state) {
    insist_timeout_policy *policy = NULL;
    (void)state;
    assert_int_equal(insist_timeout_infinite_new(NULL, &policy), INSIST_OK);
    assert_int_equal(ask(policy), INSIST_FOREVER);
    assert_false(policy->takes_the_rest);
    assert_int_equal(timeout_policy_fixed_us(policy), INSIST_FOREVER);
    insist_timeout_policy_free(policy);
}

static void check_refused(insist_err err, const insist_problem *problem, const insist_timeout_policy *policy,
                          const char *field) {
    assert_int_equal(err, INSIST_EINVAL);
    assert_null(policy);
    assert_int_equal(problem->err, INSIST_EINVAL);
    assert_string_equal(problem->field, field);
    assert_true(strlen(problem->text) > 10);
}

/* ---- adaptive ---------------------------------------------------------------------------------------------------- */

/* H69: usual, then the rung of the number of waves in a row that timed out; the last repeats, and the way back is one
 * step. H88: every attempt of a wave gets the same, whatever its siblings did. */
static void test_adaptive(void **state) {
    int64_t after_ms[] = {400, 800, INSIST_FOREVER};
    const int64_t expected_us[] = {250000, 400000, 800000, INSIST_FOREVER, INSIST_FOREVER};
    insist_timeout_policy *policy = NULL;
    (void)state;
    assert_int_equal(insist_timeout_adaptive_new(250, after_ms, 3, NULL, &policy), INSIST_OK);
    memset(after_ms, 0, sizeof after_ms); /* it was copied */
    for (unsigned waves = 0; waves < 5; waves++) {
        execution.waves_timed_out = waves;
        for (unsigned timeouts = 0; timeouts < 9; timeouts++) {
            execution.attempt_timeouts = timeouts; /* of no consequence: two in one wave skip no rung */
            assert_int_equal(ask(policy), expected_us[waves]);
        }
    }
    execution.waves_timed_out = UINT32_MAX;
    assert_int_equal(ask(policy), INSIST_FOREVER);
    execution.waves_timed_out = 0;
    assert_int_equal(ask(policy), 250000);
    assert_false(policy->takes_the_rest);
    assert_int_equal(timeout_policy_fixed_us(policy), -1);
    insist_timeout_policy_free(policy);
}

static void test_adaptive_with_one_rung(void **state) {
    const int64_t after_ms[] = {100}; /* may be shorter */
    insist_timeout_policy *policy = NULL;
    (void)state;
    assert_int_equal(insist_timeout_adaptive_new(250, after_ms, 1, NULL, &policy), INSIST_OK);
    execution.waves_timed_out = 1;
    assert_int_equal(ask(policy), 100000);
    execution.waves_timed_out = 2;
    assert_int_equal(ask(policy), 100000);
    insist_timeout_policy_free(policy);
}

static void test_adaptive_refuses(void **state) {
    static const struct {
        int64_t usual_ms, after_ms[2];
        size_t n;
        const char *field;
    } bad[] = {{0, {5, 5}, 2, "usual_ms"},        {-1, {5, 5}, 2, "usual_ms"}, {INT64_MIN, {5, 5}, 2, "usual_ms"},
               {5, {5, 5}, 0, "after_ms"},        {5, {0, 5}, 2, "after_ms"},  {5, {5, -1}, 2, "after_ms"},
               {5, {5, INT64_MIN}, 2, "after_ms"}};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        insist_timeout_policy *policy = (void *)1;
        insist_problem problem;
        const insist_err err =
            insist_timeout_adaptive_new(bad[i].usual_ms, bad[i].after_ms, bad[i].n, &problem, &policy);
        check_refused(err, &problem, policy, bad[i].field);
    }
    insist_timeout_policy *policy = (void *)1;
    insist_problem problem;
    insist_err err = insist_timeout_adaptive_new(5, NULL, 1, &problem, &policy);
    check_refused(err, &problem, policy, "after_ms");
    err = insist_timeout_adaptive_new(5, bad[0].after_ms, 1, &problem, NULL);
    check_refused(err, &problem, NULL, "out");
}

/* ---- split ------------------------------------------------------------------------------------------------------- */

static int64_t split(int64_t remaining_ms, unsigned attempts_left) {
    insist_timeout_policy *policy = NULL;
    assert_int_equal(insist_timeout_split_new(NULL, &policy), INSIST_OK);
    execution.now_ns = 7000000;
    execution.deadline_ns = remaining_ms == INSIST_FOREVER ? INT64_MAX : execution.now_ns + remaining_ms * 1000000;
    execution.attempts_left = attempts_left;
    const int64_t us = ask(policy);
    insist_timeout_policy_free(policy);
    return us;
}

/* M49: what remains, over the attempts that remain; the last takes all. */
static void test_split(void **state) {
    (void)state;
    assert_int_equal(split(10000, 4), 2500000);
    assert_int_equal(split(7400, 3), 2466666);
    assert_int_equal(split(10000, 2), 5000000);
    assert_int_equal(split(10000, 1), INSIST_FOREVER);
    assert_int_equal(split(10000, RETRY_UNBOUNDED), INSIST_FOREVER);
    assert_int_equal(split(10000, 0), INSIST_FOREVER);
    assert_int_equal(split(INSIST_FOREVER, 4), INSIST_FOREVER);
    assert_int_equal(split(-5, 4), 0);
    insist_problem problem;
    check_refused(insist_timeout_split_new(&problem, NULL), &problem, NULL, "out");
}

/* ---- a user's own ------------------------------------------------------------------------------------------------ */

static unsigned released;

static void release(void *ctx) {
    assert_ptr_equal(ctx, &released);
    released++;
}

static int64_t by_timeouts(void *ctx, const insist_execution *about) {
    assert_ptr_equal(ctx, &released);
    return 1000 * (1 + (int64_t)insist_execution_attempt_timeouts(about));
}

/* H65, H64: asked about the execution, with its context, which is released at the end. */
static void test_custom(void **state) {
    insist_timeout_policy *policy = NULL;
    (void)state;
    released = 0;
    assert_int_equal(insist_timeout_custom_new(by_timeouts, &released, release, NULL, &policy), INSIST_OK);
    execution.attempt_timeouts = 4;
    assert_int_equal(ask(policy), 5000);
    assert_false(policy->takes_the_rest);
    assert_int_equal(timeout_policy_fixed_us(policy), -1);
    assert_ptr_equal(timeout_policy_retain(policy), policy);
    insist_timeout_policy_free(policy);
    assert_int_equal(released, 0);
    insist_timeout_policy_free(policy);
    assert_int_equal(released, 1);
    assert_int_equal(insist_timeout_custom_new(by_timeouts, &released, NULL, NULL, &policy), INSIST_OK);
    insist_timeout_policy_free(policy);
}

/* Consumed also when it fails. */
static void test_custom_refuses(void **state) {
    insist_timeout_policy *policy = (void *)1;
    insist_problem problem;
    (void)state;
    released = 0;
    insist_err err = insist_timeout_custom_new(NULL, &released, release, &problem, &policy);
    check_refused(err, &problem, policy, "fn");
    err = insist_timeout_custom_new(by_timeouts, &released, release, &problem, NULL);
    check_refused(err, &problem, NULL, "out");
    assert_int_equal(released, 2);
    err = insist_timeout_custom_new(NULL, NULL, NULL, &problem, &policy);
    check_refused(err, &problem, policy, "fn");
}

/* ---- what all of them share -------------------------------------------------------------------------------------- */

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

static insist_err make(const struct env *env, int kind, insist_problem *problem, insist_timeout_policy **out) {
    const int64_t after_ms[] = {5, 6};
    switch (kind) {
    case 0: return timeout_policy_fixed_new(env, 5, false, problem, out);
    case 1: return timeout_policy_adaptive_new(env, 5, after_ms, 2, problem, out);
    case 2: return timeout_policy_split_new(env, problem, out);
    default: return timeout_policy_custom_new(env, by_timeouts, &released, release, problem, out);
    }
}

static void test_every_allocation_may_fail(void **state) {
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    (void)state;
    released = 0;
    for (int kind = 0; kind < 4; kind++) {
        insist_timeout_policy *policy = (void *)1;
        insist_problem problem;
        fail_alloc_at(&memory, 1);
        assert_int_equal(make(&env, kind, &problem, &policy), INSIST_ENOMEM);
        assert_int_equal(problem.err, INSIST_ENOMEM);
        assert_null(policy);
        fail_alloc_at(&memory, 2);
        assert_int_equal(make(&env, kind, NULL, &policy), INSIST_OK);
        insist_timeout_policy_free(policy);
        assert_int_equal(fail_alloc_outstanding(&memory), 0);
    }
    assert_int_equal(released, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_fixed, set_up),
        cmocka_unit_test_setup(test_forever, set_up),
        cmocka_unit_test_setup(test_infinite, set_up),
        cmocka_unit_test_setup(test_adaptive, set_up),
        cmocka_unit_test_setup(test_adaptive_with_one_rung, set_up),
        cmocka_unit_test_setup(test_adaptive_refuses, set_up),
        cmocka_unit_test_setup(test_split, set_up),
        cmocka_unit_test_setup(test_custom, set_up),
        cmocka_unit_test_setup(test_custom_refuses, set_up),
        cmocka_unit_test_setup(test_no_time_at_all_is_refused, set_up),
        cmocka_unit_test_setup(test_counted, set_up),
        cmocka_unit_test_setup(test_every_allocation_may_fail, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
