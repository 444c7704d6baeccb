/* The test server's timer heap: order, equal times, moving and taking back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver/alarms.h"

static void first_due_comes_first(void **state) {
    (void)state;
    struct alarms alarms;
    struct alarm a[5] = {{0}};
    const uint64_t due[] = {50, 10, 40, 20, 30};
    alarms_init(&alarms);
    for (size_t i = 0; i < 5; i++) {
        assert_true(alarms_set(&alarms, &a[i], due[i]));
    }
    assert_int_equal(alarms_next_ns(&alarms), 10);
    assert_null(alarms_take_due(&alarms, 9));
    assert_ptr_equal(alarms_take_due(&alarms, 30), &a[1]);
    assert_ptr_equal(alarms_take_due(&alarms, 30), &a[3]);
    assert_ptr_equal(alarms_take_due(&alarms, 30), &a[4]);
    assert_null(alarms_take_due(&alarms, 30));
    assert_int_equal(alarms_next_ns(&alarms), 40);
    alarms_fini(&alarms);
}

static void equal_times_fire_in_the_order_of_setting(void **state) {
    (void)state;
    enum { COUNT = 1000 };
    static struct alarm a[COUNT];
    struct alarms alarms;
    alarms_init(&alarms);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(alarms_set(&alarms, &a[i], 7));
    }
    for (size_t i = 0; i < COUNT; i++) {
        assert_ptr_equal(alarms_take_due(&alarms, 7), &a[i]);
    }
    assert_int_equal(alarms_next_ns(&alarms), UINT64_MAX);
    alarms_fini(&alarms);
}

static void cleared_and_moved_among_ten_thousand(void **state) {
    (void)state;
    enum { COUNT = 10000 };
    static struct alarm a[COUNT];
    struct alarms alarms;
    uint64_t random = 1;
    alarms_init(&alarms);
    for (size_t i = 0; i < COUNT; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        assert_true(alarms_set(&alarms, &a[i], random >> 50));
    }
    for (size_t i = 0; i < COUNT; i += 3) {
        alarms_clear(&alarms, &a[i]);
        alarms_clear(&alarms, &a[i]); /* again: no effect */
    }
    for (size_t i = 1; i < COUNT; i += 3) {
        assert_true(alarms_set(&alarms, &a[i], a[i].due_ns / 2));
    }
    uint64_t last = 0;
    size_t fired = 0;
    struct alarm *alarm;
    while ((alarm = alarms_take_due(&alarms, UINT64_MAX - 1)) != NULL) {
        assert_true(alarm->due_ns >= last);
        assert_int_not_equal((size_t)(alarm - a) % 3, 0);
        last = alarm->due_ns;
        fired++;
    }
    assert_int_equal(fired, COUNT - (COUNT + 2) / 3);
    alarms_fini(&alarms);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_due_comes_first),
        cmocka_unit_test(equal_times_fire_in_the_order_of_setting),
        cmocka_unit_test(cleared_and_moved_among_ten_thousand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
