/* Waiters that are formulas of their own, the linear and the decorrelated one: to the exact microsecond, at their edges,
 * and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/fail_alloc.h"
#include "waiter_example.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct waiter_example example;

static int set_up(void **state) {
    (void)state;
    waiter_example_init(&example);
    return 0;
}

static int64_t linear(int64_t base_ms, int64_t step_ms, unsigned retry) {
    return waiter_example_ask_once(&example, insist_wait_linear_ms(base_ms, step_ms), retry, NO_DRAW);
}

/* B3: 1 3 5 7 s, and 2 1 0 0 s: never below 0. */
static void test_linear(void **state) {
    const int64_t up_ms[] = {1000, 3000, 5000, 7000}, down_ms[] = {2000, 1000, 0, 0};
    (void)state;
    for (unsigned retry = 1; retry <= COUNT(up_ms); retry++) {
        assert_int_equal(linear(1000, 2000, retry), up_ms[retry - 1] * MS);
        assert_int_equal(linear(2000, -1000, retry), down_ms[retry - 1] * MS);
        assert_int_equal(linear(250, 0, retry), 250 * MS);
        assert_int_equal(linear(0, 0, retry), 0);
    }
    assert_int_equal(linear(1000, 2000, 0), 1000 * MS); /* before the first: as for the first */
}

/* B3 in 3.4: theirs overflows to 0. */
static void test_linear_saturates(void **state) {
    const unsigned retries[] = {63, 128, INT32_MAX, UINT32_MAX};
    (void)state;
    for (size_t i = 0; i < COUNT(retries); i++) {
        assert_int_equal(linear(1, 1, retries[i]), (int64_t)retries[i] * MS);
        assert_int_equal(linear(1, INT64_MAX / 2000, retries[i]), INT64_MAX);
        assert_int_equal(linear(1, INT64_MAX, retries[i]), INT64_MAX);
        assert_int_equal(linear(INT64_MAX / 1000, INT64_MIN, retries[i]), 0);
        assert_int_equal(linear(1000, -1, retries[i]), retries[i] <= 1000 ? (1001 - retries[i]) * MS : 0);
        assert_int_equal(linear(INSIST_FOREVER, 1, retries[i]), INSIST_FOREVER);
    }
    assert_int_equal(linear(INT64_MAX / 1000, INT64_MIN, 1), INT64_MAX / 1000 * MS);
    assert_int_equal(linear(INT64_MAX / 1000, 1, 2), INT64_MAX);
}

static int64_t decorrelated(int64_t base_ms, int64_t cap_ms, int64_t last_us, double number) {
    example.execution.last_wait_us = last_us;
    return waiter_example_ask_once(&example, insist_wait_decorrelated_ms(base_ms, cap_ms), 7, number);
}

/* M29, AWS: min(cap, uniform(base, last * 3)), both ends included. */
static void test_decorrelated(void **state) {
    (void)state;
    assert_int_equal(decorrelated(100, 10000, 0, LOWEST), 100 * MS);
    assert_int_equal(decorrelated(100, 10000, 0, 0.5), 200 * MS);
    assert_int_equal(decorrelated(100, 10000, 0, HIGHEST), 300 * MS);
    assert_int_equal(decorrelated(100, 10000, 300 * MS, LOWEST), 100 * MS);
    assert_int_equal(decorrelated(100, 10000, 300 * MS, 0.25), 300 * MS);
    assert_int_equal(decorrelated(100, 10000, 300 * MS, HIGHEST), 900 * MS);
    assert_int_equal(decorrelated(100, 10000, 50 * MS, HIGHEST), 300 * MS); /* shorter than base: as if it were base */
    assert_int_equal(decorrelated(100, 10000, 9000 * MS, 0.25), 6825 * MS);
    assert_int_equal(decorrelated(100, 10000, 9000 * MS, 0.5), 10000 * MS); /* drawn first, capped then */
    assert_int_equal(decorrelated(100, 100, 9000 * MS, LOWEST), 100 * MS);
    assert_int_equal(decorrelated(100, 100, 9000 * MS, 0.75), 100 * MS);
    assert_int_equal(decorrelated(0, 100, 0, HIGHEST), 0); /* from and to are the same */
}

static void test_decorrelated_saturates(void **state) {
    const int64_t long_us[] = {INT64_MAX, INT64_MAX - 1, INT64_MAX / 2};
    (void)state;
    for (size_t i = 0; i < COUNT(long_us); i++) {
        assert_int_equal(decorrelated(100, 10000, long_us[i], LOWEST), 100 * MS);
        assert_int_equal(decorrelated(100, 10000, long_us[i], HIGHEST), 10000 * MS);
        assert_int_equal(decorrelated(INSIST_FOREVER, INSIST_FOREVER, long_us[i], 0.5), INSIST_FOREVER);
        assert_true(decorrelated(100, INSIST_FOREVER, long_us[i], HIGHEST) > INT64_MAX - 4096);
    }
}

static void test_bad_arguments_name_their_field(void **state) {
    (void)state;
    waiter_example_refused(insist_wait_linear_ms(-1, 5), "base_ms");
    waiter_example_refused(insist_wait_linear_ms(INT64_MIN, 5), "base_ms");
    waiter_example_refused(insist_wait_decorrelated_ms(-1, 5), "base_ms");
    waiter_example_refused(insist_wait_decorrelated_ms(0, 0), "cap_ms");
    waiter_example_refused(insist_wait_decorrelated_ms(5, 4), "cap_ms"); /* max below base */
    waiter_example_refused(insist_wait_decorrelated_ms(5, INT64_MIN), "cap_ms");
}

static void test_every_allocation_may_fail(void **state) {
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    (void)state;
    fail_alloc_from(&memory, 1);
    assert_null(waiter_linear_ms(&env, 5, 5).wait);
    assert_null(waiter_decorrelated_ms(&env, 5, 5).wait);
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_linear, set_up),
        cmocka_unit_test_setup(test_linear_saturates, set_up),
        cmocka_unit_test_setup(test_decorrelated, set_up),
        cmocka_unit_test_setup(test_decorrelated_saturates, set_up),
        cmocka_unit_test_setup(test_bad_arguments_name_their_field, set_up),
        cmocka_unit_test_setup(test_every_allocation_may_fail, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
