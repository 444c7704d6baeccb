/* How large answers were, and the buffer that the next one meets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/sizes.h"

enum { KIB = 1024 };

static void test_fits(void **state) {
    static const struct {
        uint64_t bytes;
        long buffer;
    } rows[] = {{0, 2 * KIB},         {2 * KIB, 2 * KIB},   {2 * KIB + 1, 4 * KIB},
                {10000, 16 * KIB},    {16 * KIB, 16 * KIB}, {40000, 64 * KIB},
                {64 * KIB, 64 * KIB}, {1 << 20, 64 * KIB},  {UINT64_MAX, 64 * KIB}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sizes sizes = {{0}};
        assert_int_equal(sizes_buffer(&sizes, 7, 1), 16 * KIB);
        sizes_learn(&sizes, 7, rows[i].bytes);
        assert_int_equal(sizes_buffer(&sizes, 7, 1), rows[i].buffer);
        assert_int_equal(sizes_buffer(&sizes, 7, 1000), rows[i].buffer);
        assert_int_equal(sizes_buffer(&sizes, 8, 1), 16 * KIB);
    }
}

static void test_shrinks_little_by_little(void **state) {
    struct sizes sizes = {{0}};
    (void)state;
    sizes_learn(&sizes, 0, 1 << 20);
    for (long buffer = 32 * KIB; buffer >= 2 * KIB; buffer /= 2) {
        sizes_learn(&sizes, 0, 100);
        assert_int_equal(sizes_buffer(&sizes, 0, 1), buffer);
    }
    sizes_learn(&sizes, 0, 100);
    assert_int_equal(sizes_buffer(&sizes, 0, 1), 2 * KIB);
    sizes_learn(&sizes, 0, 1 << 20);
    sizes_learn(&sizes, 0, 20000); /* 32 KiB would do */
    sizes_learn(&sizes, 0, 20000);
    assert_int_equal(sizes_buffer(&sizes, 0, 1), 32 * KIB);
}

static void test_unknown_ones_are_small_where_many_are_in_flight(void **state) {
    struct sizes sizes = {{0}};
    (void)state;
    assert_int_equal(sizes_buffer(&sizes, 3, 16), 16 * KIB);
    assert_int_equal(sizes_buffer(&sizes, 3, 17), 2 * KIB);
    sizes_learn(&sizes, 3, 100);
    assert_int_equal(sizes_buffer(&sizes, 3, 1), 2 * KIB);
}

static void test_places(void **state) {
    unsigned users = sizes_place("http://a.test/users/1");
    (void)state;
    assert_true(users < SIZES_PLACES);
    assert_int_equal(sizes_place("http://a.test/users/23?x=/y/z"), users);
    assert_int_equal(sizes_place("http://a.test/users/"), users);
    assert_int_not_equal(sizes_place("http://a.test/files/1"), users);
    assert_int_not_equal(sizes_place("http://b.test/users/1"), users);
    assert_int_equal(sizes_place("http://a.test/"), sizes_place("http://a.test/?a"));
    assert_int_equal(sizes_place("http://a.test/b"), sizes_place("http://a.test/c"));
    assert_true(sizes_place("") < SIZES_PLACES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_shrinks_little_by_little),
        cmocka_unit_test(test_unknown_ones_are_small_where_many_are_in_flight),
        cmocka_unit_test(test_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
