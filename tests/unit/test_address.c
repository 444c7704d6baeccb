/* In which order the addresses of a name are tried. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/address.h"
#include <stdio.h>

static struct address_walk walk;

static void begin_beside(size_t count, unsigned first, uint64_t taken) {
    struct resolved resolved = {.count = 0};
    char text[32];
    for (size_t i = 0; i < count; i++) {
        snprintf(text, sizeof(text), "10.0.0.%zu", i);
        resolved_add(&resolved, text);
    }
    struct addresses *addresses = addresses_new(&env_standard, &resolved);
    assert_non_null(addresses);
    address_walk_begin(&walk, addresses, first, taken);
}

static void begin(size_t count, unsigned first) {
    begin_beside(count, first, 0);
}

static void expect_at(const char *text, bool hurried) {
    assert_string_equal(address_walk_text(&walk), text);
    assert_int_equal(address_walk_is_hurried(&walk), hurried);
}

static void test_format(void **state) {
    char text[56], small[14];
    (void)state;
    address_format(text, sizeof(text), "192.0.2.7", 443);
    assert_string_equal(text, "192.0.2.7:443");
    address_format(text, sizeof(text), "2001:db8::1", 65535);
    assert_string_equal(text, "[2001:db8::1]:65535");
    address_format(text, sizeof(text), "1.2.3.4", 0);
    assert_string_equal(text, "1.2.3.4:0");
    address_format(text, sizeof(text), "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", 65535);
    assert_string_equal(text, "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535");
    address_format(small, sizeof(small), "192.0.2.7", 443); /* just fits */
    assert_string_equal(small, "192.0.2.7:443");
    address_format(small, sizeof(small), "192.0.2.7", 8443);
    assert_string_equal(small, "");
}

static void test_one(void **state) {
    (void)state;
    begin(1, 7);
    expect_at("10.0.0.0", false);
    assert_false(address_walk_next(&walk, true));
    address_walk_end(&walk);
    address_walk_end(&walk);
}

static void test_the_index_rotates(void **state) {
    (void)state;
    begin(3, 5);
    expect_at("10.0.0.2", true);
    assert_true(address_walk_next(&walk, true));
    expect_at("10.0.0.0", true);
    assert_true(address_walk_next(&walk, false));
    expect_at("10.0.0.1", false); /* the last of the round keeps the rest */
    assert_true(address_walk_next(&walk, true));
    expect_at("10.0.0.0", false); /* was only slow */
    assert_false(address_walk_next(&walk, true));
    address_walk_end(&walk);
}

static void test_all_slow(void **state) {
    (void)state;
    begin(2, 0);
    assert_true(address_walk_next(&walk, false));
    expect_at("10.0.0.1", false);
    assert_true(address_walk_next(&walk, true));
    expect_at("10.0.0.0", false);
    address_walk_end(&walk);
}

static void test_as_many_as_can_be(void **state) {
    (void)state;
    begin(RESOLVED_MOST, 0);
    for (int i = 1; i < RESOLVED_MOST; i++)
        assert_true(address_walk_next(&walk, true));
    expect_at("10.0.0.63", false);
    assert_false(address_walk_next(&walk, true));
    address_walk_end(&walk);
}

static void test_taken_ones_come_last(void **state) {
    (void)state;
    begin_beside(4, 1, 1 << 1 | 1 << 3);
    expect_at("10.0.0.2", true);
    assert_true(address_walk_next(&walk, true));
    expect_at("10.0.0.0", true);
    assert_true(address_walk_next(&walk, false));
    expect_at("10.0.0.1", true);
    assert_true(address_walk_next(&walk, true));
    expect_at("10.0.0.3", false);
    assert_true(address_walk_next(&walk, true));
    expect_at("10.0.0.0", false); /* was only slow */
    assert_false(address_walk_next(&walk, true));
    address_walk_end(&walk);
    begin_beside(2, 3, 3); /* all are: the index chooses */
    expect_at("10.0.0.1", true);
    address_walk_end(&walk);
}

static void test_which_are_taken(void **state) {
    (void)state;
    struct resolved resolved = {.count = 0};
    resolved_add(&resolved, "10.0.0.1");
    resolved_add(&resolved, "2001:db8::1");
    resolved_add(&resolved, "10.0.0.11");
    struct addresses *addresses = addresses_new(&env_standard, &resolved);
    assert_non_null(addresses);
    assert_int_equal(address_find(addresses, 80, ""), 0);
    assert_int_equal(address_find(addresses, 80, "10.0.0.11:80\n"), 1 << 2);
    assert_int_equal(address_find(addresses, 80, "10.0.0.1:8080\n10.0.0.9:80\n"), 0);
    assert_int_equal(address_find(addresses, 80, "10.0.0.9:80\n[2001:db8::1]:80\n10.0.0.1:80\n"), 1 << 0 | 1 << 1);
    addresses_release(addresses);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_the_index_rotates),
        cmocka_unit_test(test_all_slow),
        cmocka_unit_test(test_as_many_as_can_be),
        cmocka_unit_test(test_taken_ones_come_last),
        cmocka_unit_test(test_which_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
