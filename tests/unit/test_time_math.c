/* Instants and durations never overflow, and never stays never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/time_math.h"

static void adds(void **state) {
    (void)state;
    assert_true(time_add(3, 4) == 7);
    assert_true(time_add(3, -4) == -1);
    assert_true(time_add(INT64_MIN, 0) == INT64_MIN);
    assert_true(time_add(TIME_NEVER - 1, 1) == TIME_NEVER);
}

static void never_stays_never(void **state) {
    (void)state;
    assert_true(time_add(TIME_NEVER, -1) == TIME_NEVER);
    assert_true(time_add(-1, TIME_NEVER) == TIME_NEVER);
    assert_true(time_add(TIME_NEVER, INT64_MIN) == TIME_NEVER);
    assert_true(time_scale(TIME_NEVER, 1) == TIME_NEVER);
    assert_true(time_from_ms(TIME_NEVER) == TIME_NEVER);
    assert_true(time_from_us(TIME_NEVER) == TIME_NEVER);
}

static void sums_saturate_on_both_sides(void **state) {
    (void)state;
    assert_true(time_add(TIME_NEVER - 1, 2) == TIME_NEVER);
    assert_true(time_add(TIME_NEVER - 1, TIME_NEVER - 1) == TIME_NEVER);
    assert_true(time_add(INT64_MIN, -1) == INT64_MIN);
    assert_true(time_add(INT64_MIN, INT64_MIN) == INT64_MIN);
}

static void products_saturate(void **state) {
    (void)state;
    assert_true(time_scale(0, 1000) == 0);
    assert_true(time_scale(5, 1000) == 5000);
    assert_true(time_scale(INT64_MAX / 1000, 1000) == INT64_MAX / 1000 * 1000);
    assert_true(time_scale(INT64_MAX / 1000 + 1, 1000) == TIME_NEVER);
    assert_true(time_from_ms(2) == 2000000);
    assert_true(time_from_us(2) == 2000);
    assert_true(time_from_ms(INT64_MAX / 1000000 + 1) == TIME_NEVER);
    assert_true(time_from_us(INT64_MAX - 1) == TIME_NEVER);
}

static void smaller_and_larger(void **state) {
    (void)state;
    assert_true(time_min(-1, 2) == -1 && time_min(2, -1) == -1 && time_min(2, 2) == 2);
    assert_true(time_max(-1, 2) == 2 && time_max(2, -1) == 2 && time_max(2, 2) == 2);
    assert_true(time_min(TIME_NEVER, 5) == 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds),
        cmocka_unit_test(never_stays_never),
        cmocka_unit_test(sums_saturate_on_both_sides),
        cmocka_unit_test(products_saturate),
        cmocka_unit_test(smaller_and_larger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
