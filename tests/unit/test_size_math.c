/* Sizes that do not fit are noticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/size_math.h"

static void sums_that_fit(void **state) {
    (void)state;
    size_t sum = 3;
    assert_true(size_add(&sum, 4));
    assert_int_equal(sum, 7);
    assert_true(size_add(&sum, SIZE_MAX - 7));
    assert_true(sum == SIZE_MAX);
    assert_true(size_add(&sum, 0));
}

static void sums_that_do_not(void **state) {
    (void)state;
    size_t sum = SIZE_MAX;
    assert_false(size_add(&sum, 1));
    sum = 2;
    assert_false(size_add(&sum, SIZE_MAX - 1));
}

static void capacities_double(void **state) {
    (void)state;
    assert_int_equal(size_grow(0, 16, 1, 1000), 16);
    assert_int_equal(size_grow(0, 16, 17, 1000), 17);
    assert_int_equal(size_grow(16, 16, 17, 1000), 32);
    assert_int_equal(size_grow(16, 16, 40, 1000), 40);
}

static void capacities_stop_at_the_most(void **state) {
    (void)state;
    assert_int_equal(size_grow(0, 16, 1, 10), 10);
    assert_int_equal(size_grow(600, 16, 601, 1000), 1000);
    assert_int_equal(size_grow(600, 16, 1000, 1000), 1000);
    assert_int_equal(size_grow(600, 16, 1001, 1000), 0);
    assert_int_equal(size_grow(0, 16, 1, 0), 0);
    assert_true(size_grow(SIZE_MAX / 2 + 1, 16, SIZE_MAX / 2 + 2, SIZE_MAX) == SIZE_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_that_fit),
        cmocka_unit_test(sums_that_do_not),
        cmocka_unit_test(capacities_double),
        cmocka_unit_test(capacities_stop_at_the_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
