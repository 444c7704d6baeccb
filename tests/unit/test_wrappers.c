/* Waiters around another: jitter of each kind to the exact microsecond, limits, the bound they give a policy, what passes
 * through all of them, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <cmocka.h>

#include "policy/retry.h"
#include "support/fail_alloc.h"
#include "waiter_example.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct waiter_example example;
static struct inner_example inner;

static int set_up(void **state) {
    (void)state;
    waiter_example_init(&example);
    inner = (struct inner_example){0};
    return 0;
}

static insist_waiter says(int64_t us) {
    inner.says = us;
    return inner_example_waiter(&inner);
}

static int64_t ask(insist_waiter waiter, double number) {
    return waiter_example_ask_once(&example, waiter, 1, number);
}

/* ---- jitter ------------------------------------------------------------------------------------------------------ */

/* H60, AWS full jitter: [0, w], both ends. */
static void test_full_jitter(void **state) {
    (void)state;
    assert_int_equal(ask(insist_wait_full_jitter(says(1000)), LOWEST), 0);
    assert_int_equal(ask(insist_wait_full_jitter(says(1000)), 0.5), 500);
    assert_int_equal(ask(insist_wait_full_jitter(says(1000)), HIGHEST), 1000);
    assert_int_equal(ask(insist_wait_full_jitter(says(0)), 0.5), 0);
}

/* M29, AWS equal jitter: half, plus [0, the other half], both ends. */
static void test_equal_jitter(void **state) {
    (void)state;
    assert_int_equal(ask(insist_wait_equal_jitter(says(1000)), LOWEST), 500);
    assert_int_equal(ask(insist_wait_equal_jitter(says(1000)), 0.5), 750);
    assert_int_equal(ask(insist_wait_equal_jitter(says(1000)), HIGHEST), 1000);
    assert_int_equal(ask(insist_wait_equal_jitter(says(1000001)), LOWEST), 500000);
    assert_int_equal(ask(insist_wait_equal_jitter(says(1000001)), 0.5), 750001);
    assert_int_equal(ask(insist_wait_equal_jitter(says(1000001)), HIGHEST), 1000001);
    assert_int_equal(ask(insist_wait_equal_jitter(says(1)), 0.25), 0);
    assert_int_equal(ask(insist_wait_equal_jitter(says(1)), 0.5), 1);
    assert_int_equal(ask(insist_wait_equal_jitter(says(0)), HIGHEST), 0);
    assert_int_equal(ask(insist_wait_equal_jitter(says(INT64_MAX)), LOWEST), INT64_MAX / 2);
    assert_int_equal(ask(insist_wait_equal_jitter(says(INT64_MAX)), HIGHEST), INT64_MAX - 512);
}

/* B5, with its own suite's values: 875 ms, 1375 ms, 1 s, and a spread of 0. */
static void test_spread_jitter(void **state) {
    (void)state;
    assert_int_equal(ask(insist_wait_spread_jitter(says(1000 * MS), 0.25), 0.25), 875 * MS);
    assert_int_equal(ask(insist_wait_spread_jitter(says(1000 * MS), 0.75), 0.75), 1375 * MS);
    assert_int_equal(ask(insist_wait_spread_jitter(says(1000 * MS), 0.5), 0.5), 1000 * MS);
    assert_int_equal(ask(insist_wait_spread_jitter(says(1000 * MS), 0), LOWEST), 1000 * MS);
    assert_int_equal(ask(insist_wait_spread_jitter(says(1000 * MS), 0), HIGHEST), 1000 * MS);
    assert_int_equal(ask(insist_wait_spread_jitter(says(1000), 0.5), LOWEST), 500);
    assert_int_equal(ask(insist_wait_spread_jitter(says(1000), 0.5), HIGHEST), 1500);
    assert_int_equal(ask(insist_wait_spread_jitter(says(10), 0.5), 0.75), 13); /* 5 + 0.75 * 11 */
    assert_int_equal(ask(insist_wait_spread_jitter(says(0), 0.5), HIGHEST), 0);
    assert_int_equal(ask(insist_wait_spread_jitter(says(INT64_MAX), 0.5), LOWEST), INT64_MAX / 2 + 1);
    assert_int_equal(ask(insist_wait_spread_jitter(says(INT64_MAX), 0.5), 0.75), INT64_MAX);
}

/* 1000 ms: the retry number never makes a wait short, whatever is around the formula. */
static void test_saturation(void **state) {
    const unsigned retries[] = {63, 128, INT32_MAX};
    (void)state;
    for (size_t i = 0; i < COUNT(retries); i++) {
        const unsigned retry = retries[i];
        insist_waiter waiter = insist_wait_full_jitter(insist_wait_exponential_ms(1000, 2));
        assert_int_equal(waiter_example_ask_once(&example, waiter, retry, 0.5), INT64_C(1) << 62);
        waiter = insist_wait_equal_jitter(insist_wait_exponential_ms(1000, 2));
        assert_int_equal(waiter_example_ask_once(&example, waiter, retry, LOWEST), INT64_MAX / 2);
        waiter = insist_wait_spread_jitter(insist_wait_exponential_ms(1000, 2), 0.5);
        assert_int_equal(waiter_example_ask_once(&example, waiter, retry, 0.75), INT64_MAX);
        waiter = insist_wait_limit(insist_wait_exponential_ms(1000, 2), UINT32_MAX);
        assert_int_equal(waiter_example_ask_once(&example, waiter, retry, NO_DRAW), INT64_MAX);
        waiter = insist_wait_timeout_ms(insist_wait_exponential_ms(1000, 2), 1);
        assert_int_equal(waiter_example_ask_once(&example, waiter, retry, NO_DRAW), INT64_MAX);
        waiter = insist_wait_cap_ms(insist_wait_exponential_ms(1000, 2), 30000);
        assert_int_equal(waiter_example_ask_once(&example, waiter, retry, NO_DRAW), 30000 * MS);
    }
}

/* B10, B13: wrappers apply from the inside out. */
static void test_the_order_matters(void **state) {
    (void)state;
    insist_waiter waiter = insist_wait_spread_jitter(insist_wait_cap_ms(says(5000 * MS), 1000), 0.5);
    assert_int_equal(ask(waiter, HIGHEST), 1500 * MS);
    waiter = insist_wait_cap_ms(insist_wait_spread_jitter(says(5000 * MS), 0.5), 1000);
    assert_int_equal(ask(waiter, HIGHEST), 1000 * MS);
    assert_int_equal(inner.released, 2);
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

/* B7: n attempts in all. */
static void test_limit(void **state) {
    (void)state;
    insist_waiter waiter = insist_wait_limit(says(5), 2);
    const int64_t expected_us[] = {5, 5, INSIST_EXIT, INSIST_EXIT}; /* by the number of attempts that were started */
    for (unsigned started = 0; started < COUNT(expected_us); started++) {
        example.execution.attempts_started = started;
        assert_int_equal(waiter_example_ask(&example, waiter, 1, NO_DRAW), expected_us[started]);
    }
    example.execution.attempts_started = UINT32_MAX;
    assert_int_equal(waiter_example_ask(&example, waiter, 1, NO_DRAW), INSIST_EXIT);
    assert_int_equal(inner.asked, 2);
    waiter_release(waiter);
    assert_int_equal(inner.released, 1);
}

/* B8: below, at and above the limit. */
static void test_timeout(void **state) {
    (void)state;
    insist_waiter waiter = insist_wait_timeout_ms(says(INT64_MAX), 250);
    example.execution.start_ns = 1000000000;
    example.execution.now_ns = 1000000000 + 250000000 - 1;
    assert_int_equal(waiter_example_ask(&example, waiter, 1, NO_DRAW), INT64_MAX); /* a wait is not shortened */
    example.execution.now_ns++;
    assert_int_equal(waiter_example_ask(&example, waiter, 1, NO_DRAW), INSIST_EXIT);
    example.execution.now_ns += 1000000000;
    assert_int_equal(waiter_example_ask(&example, waiter, 1, NO_DRAW), INSIST_EXIT);
    waiter_release(waiter);
    example.execution.now_ns = INT64_MAX - 1;
    assert_int_equal(ask(insist_wait_timeout_ms(says(5), INSIST_FOREVER), NO_DRAW), 5);
}

/* B2 */
static void test_once(void **state) {
    const unsigned retries[] = {1, 2, 63, INT32_MAX};
    (void)state;
    for (size_t i = 0; i < COUNT(retries); i++)
        assert_int_equal(waiter_example_ask_once(&example, insist_wait_once(), retries[i], NO_DRAW), INSIST_EXIT);
}

static void check_bound(insist_decider decider, insist_waiter waiter, uint32_t retries, uint32_t attempts) {
    insist_retry_policy *policy = NULL;
    assert_int_equal(insist_retry_policy_new(decider, waiter, NULL, &policy), INSIST_OK);
    assert_int_equal(policy->retry_bound, retries);
    assert_int_equal(policy->attempt_bound, attempts);
    insist_retry_policy_free(policy);
}

/* A limit counts as the policy's bound, however deep it is wrapped: the last attempt is known as the last. */
static void test_a_limit_bounds_the_policy(void **state) {
    const uint32_t none = RETRY_UNBOUNDED;
    (void)state;
    check_bound(insist_retry_standard(), insist_wait_limit(insist_wait_standard(), 4), none, 4);
    check_bound(insist_retry_standard(), insist_wait_limit(insist_wait_limit(says(1), 5), 7), none, 5);
    check_bound(insist_retry_standard(), insist_wait_limit(insist_wait_limit(says(1), 7), 5), none, 5);
    insist_waiter waiter = insist_wait_cap_ms(insist_wait_equal_jitter(insist_wait_limit(says(1), 3)), 9);
    check_bound(insist_retry_times(9), insist_wait_retry_after(waiter, 5), 9, 3);
    check_bound(insist_retry_attempts(2), insist_wait_limit(says(1), 3), none, 2);
    check_bound(insist_retry_standard(), insist_wait_once(), none, 1);
    check_bound(insist_retry_standard(), insist_wait_cap_ms(insist_wait_once(), 5), none, 1);
    check_bound(insist_retry_standard(), insist_wait_timeout_ms(says(1), 5), none, none);
    check_bound(insist_retry_standard(), says(1), none, none);
}

/* ---- what passes through, what is refused ------------------------------------------------------------------------ */

/* B5, B6, B7, B8: EXIT, and whatever else a user's waiter says below 0, without a draw. */
static void test_exit_passes_through(void **state) {
    const int64_t negative[] = {INSIST_EXIT, -2, -1000000, INT64_MIN + 1, INT64_MIN};
    (void)state;
    for (size_t i = 0; i < COUNT(negative); i++) {
        insist_waiter (*const wrap[])(insist_waiter) = {insist_wait_full_jitter, insist_wait_equal_jitter};
        for (size_t k = 0; k < COUNT(wrap); k++)
            assert_int_equal(ask(wrap[k](says(negative[i])), NO_DRAW), INSIST_EXIT);
        assert_int_equal(ask(insist_wait_spread_jitter(says(negative[i]), 0.5), NO_DRAW), INSIST_EXIT);
        assert_int_equal(ask(insist_wait_cap_ms(says(negative[i]), 5), NO_DRAW), INSIST_EXIT);
        assert_int_equal(ask(insist_wait_limit(says(negative[i]), 5), NO_DRAW), INSIST_EXIT);
        assert_int_equal(ask(insist_wait_timeout_ms(says(negative[i]), 5), NO_DRAW), INSIST_EXIT);
        assert_int_equal(ask(insist_wait_equal_jitter(insist_wait_limit(says(negative[i]), 5)), NO_DRAW), INSIST_EXIT);
    }
    assert_int_equal(inner.asked, 7 * COUNT(negative));
    assert_int_equal(inner.released, 7 * COUNT(negative));
}

/* What was to be wrapped is released. */
static void test_bad_arguments_name_their_field(void **state) {
    const double bad[] = {1, 1.5, -0.001, (double)NAN, (double)INFINITY, -(double)INFINITY};
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        waiter_example_refused(insist_wait_spread_jitter(says(1), bad[i]), "spread");
    waiter_example_refused(insist_wait_limit(says(1), 0), "n");
    waiter_example_refused(insist_wait_timeout_ms(says(1), 0), "limit_ms");
    waiter_example_refused(insist_wait_timeout_ms(says(1), INT64_MIN), "limit_ms");
    waiter_example_refused(insist_wait_cap_ms(insist_wait_full_jitter(insist_wait_exponential_ms(100, 2)), 99), "max_ms");
    waiter_example_refused(insist_wait_cap_ms(insist_wait_constant_ms(100), 99), "max_ms");
    waiter_example_refused(insist_wait_cap_ms(insist_wait_decorrelated_ms(100, 200), 99), "max_ms");
    waiter_example_refused(insist_wait_cap_ms(insist_wait_retryablehttp_linear_jitter(100, 200), 99), "max_ms");
    assert_int_equal(inner.released, COUNT(bad) + 3);
    assert_int_equal(inner.asked, 0);
}

/* The first thing that was wrong is named, not what came around it; a missing function too. */
static void test_poison_is_carried_along(void **state) {
    (void)state;
    waiter_example_refused(insist_wait_equal_jitter(insist_wait_constant_ms(-1)), "ms");
    waiter_example_refused(insist_wait_spread_jitter(insist_wait_constant_ms(-1), 5), "ms");
    waiter_example_refused(insist_wait_limit(insist_wait_linear_ms(-1, 0), 0), "base_ms");
    waiter_example_refused(insist_wait_timeout_ms(insist_wait_limit(says(1), 0), 0), "n");
    waiter_example_refused(insist_wait_limit((insist_waiter){NULL, NULL, NULL}, 3), "waiter");
    waiter_example_refused(insist_wait_equal_jitter(insist_wait_retry_after(says(1), 5)), "waiter"); /* not outermost */
    waiter_example_refused(insist_wait_spread_jitter(insist_wait_retry_after(says(1), 5), 0), "waiter");
    waiter_example_refused(insist_wait_limit(insist_wait_retry_after(says(1), 5), 5), "waiter");
    waiter_example_refused(insist_wait_timeout_ms(insist_wait_retry_after(says(1), 5), 5), "waiter");
    assert_int_equal(inner.released, 5);
}

static void test_every_allocation_may_fail(void **state) {
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    (void)state;
    fail_alloc_from(&memory, 1);
    assert_null(waiter_equal_jitter(&env, says(1)).wait);
    assert_null(waiter_spread_jitter(&env, says(1), 0.5).wait);
    assert_null(waiter_limit(&env, says(1), 5).wait);
    assert_null(waiter_timeout_ms(&env, says(1), 5).wait);
    assert_int_equal(inner.released, 4);
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_full_jitter, set_up),
        cmocka_unit_test_setup(test_equal_jitter, set_up),
        cmocka_unit_test_setup(test_spread_jitter, set_up),
        cmocka_unit_test_setup(test_saturation, set_up),
        cmocka_unit_test_setup(test_the_order_matters, set_up),
        cmocka_unit_test_setup(test_limit, set_up),
        cmocka_unit_test_setup(test_timeout, set_up),
        cmocka_unit_test_setup(test_once, set_up),
        cmocka_unit_test_setup(test_a_limit_bounds_the_policy, set_up),
        cmocka_unit_test_setup(test_exit_passes_through, set_up),
        cmocka_unit_test_setup(test_bad_arguments_name_their_field, set_up),
        cmocka_unit_test_setup(test_poison_is_carried_along, set_up),
        cmocka_unit_test_setup(test_every_allocation_may_fail, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
