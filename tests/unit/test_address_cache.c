/* Lists of addresses and the table of names: order, duplicates, ages, who goes when it is full. No thread, no clock. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/fail_alloc.h"
#include "wire/address_cache.h"
#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

static struct addresses *list_of(const struct env *env, const char *const *texts, size_t count) {
    struct resolved resolved = {.count = 0};
    for (size_t i = 0; i < count; i++)
        resolved_add(&resolved, texts[i]);
    struct addresses *addresses = addresses_new(env, &resolved);
    assert_non_null(addresses);
    return addresses;
}

static struct addresses *one(const char *text) {
    return list_of(&env_standard, &text, 1);
}

static void expect_order(const char *const *given, size_t given_count, const char *const *expected, size_t count) {
    struct addresses *addresses = list_of(&env_standard, given, given_count);
    assert_int_equal(addresses->count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(addresses->text[i], expected[i]);
    addresses_release(addresses);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void the_families_take_turns(void **state) {
    (void)state;
    const char *const given[] = {"::1", "::2", "::3", "1.1.1.1", "2.2.2.2"};
    const char *const expected[] = {"::1", "1.1.1.1", "::2", "2.2.2.2", "::3"};
    expect_order(given, COUNT(given), expected, COUNT(expected));
    const char *const other[] = {"1.1.1.1", "2.2.2.2", "3.3.3.3", "::1"};
    const char *const wanted[] = {"1.1.1.1", "::1", "2.2.2.2", "3.3.3.3"};
    expect_order(other, COUNT(other), wanted, COUNT(wanted));
    const char *const single[] = {"3.3.3.3", "1.1.1.1", "2.2.2.2"};
    expect_order(single, COUNT(single), single, COUNT(single));
    expect_order(NULL, 0, NULL, 0);
}

static void duplicates_and_what_does_not_fit_are_dropped(void **state) {
    (void)state;
    const char *const given[] = {"1.1.1.1", "1.1.1.1", "::1",
                                 "1.1.1.1", "::1",     "1111:1111:1111:1111:1111:1111:1111:1111:1111:111"};
    const char *const expected[] = {"1.1.1.1", "::1"};
    expect_order(given, COUNT(given), expected, COUNT(expected));

    struct resolved many = {.count = 0};
    char text[16];
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof(text), "10.0.0.%d", i);
        resolved_add(&many, text);
    }
    assert_int_equal(many.count, RESOLVED_MOST);
}

static void literals_are_told_from_names(void **state) {
    (void)state;
    static const char *const literals[] = {"127.0.0.1", "0.0.0.0", "::", "::1", "2001:db8::a", "::ffff:1.2.3.4"};
    static const char *const names[] = {"",      "localhost", "1.2.3",        "1.2.3.4.", "1.2.3.256",
                                        "[::1]", "1::2::3",   "fe80::1%eth0", "a.1"};
    for (size_t i = 0; i < COUNT(literals); i++)
        assert_true(address_is_literal(literals[i]));
    for (size_t i = 0; i < COUNT(names); i++)
        assert_false(address_is_literal(names[i]));
}

static void a_list_lives_until_its_last_reference(void **state) {
    (void)state;
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    const char *text = "::1";
    struct addresses *addresses = list_of(&env, &text, 1);
    assert_ptr_equal(addresses_retain(addresses), addresses);
    addresses_release(addresses);
    assert_int_equal(fail_alloc_outstanding(&memory), 1);
    addresses_release(addresses);
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
    addresses_release(NULL);
    fail_alloc_at(&memory, 1);
    assert_null(addresses_new(&env, &(struct resolved){.count = 0}));
}

static struct address_cache cache;

static int set_up(void **state) {
    (void)state;
    return address_cache_init(&cache, &env_standard) ? 0 : 1;
}

static int tear_down(void **state) {
    (void)state;
    address_cache_fini(&cache, &env_standard);
    return 0;
}

static void put(const char *host, struct addresses *addresses, int64_t now_ns) {
    struct cached_name gone;
    address_cache_put(&cache, env_copy_text(&env_standard, host), addresses, now_ns, &gone);
    cached_name_release(&gone, &env_standard);
}

static void expect_found(const char *host, int64_t now_ns, enum cache_answer answer, const char *address) {
    struct addresses *addresses = NULL;
    assert_int_equal(address_cache_find(&cache, host, now_ns, &addresses), answer);
    if (address)
        assert_string_equal(addresses->text[0], address);
    else
        assert_null(addresses);
}

static void names_are_fresh_then_stale_then_gone(void **state) {
    (void)state;
    const int64_t at = 1000 * SECOND;
    expect_found("a", at, CACHE_UNKNOWN, NULL);
    put("a", one("1.1.1.1"), at);
    expect_found("a", at, CACHE_FRESH, "1.1.1.1");
    expect_found("a", at + 60 * SECOND - 1, CACHE_FRESH, "1.1.1.1");
    expect_found("a", at + 60 * SECOND, CACHE_STALE, "1.1.1.1");
    expect_found("a", at + 600 * SECOND - 1, CACHE_STALE, "1.1.1.1");
    expect_found("a", at + 600 * SECOND, CACHE_UNKNOWN, NULL);
    expect_found("b", at, CACHE_UNKNOWN, NULL);
}

static void what_is_missing_is_missing_for_a_second(void **state) {
    (void)state;
    put("a", NULL, SECOND);
    expect_found("a", SECOND, CACHE_MISSING, NULL);
    expect_found("a", 2 * SECOND - 1, CACHE_MISSING, NULL);
    expect_found("a", 2 * SECOND, CACHE_UNKNOWN, NULL);
}

static void the_newer_entry_replaces_the_older(void **state) {
    (void)state;
    put("a", one("1.1.1.1"), 0);
    put("a", one("2.2.2.2"), 100 * SECOND);
    expect_found("a", 100 * SECOND, CACHE_FRESH, "2.2.2.2");
    put("a", NULL, 101 * SECOND);
    expect_found("a", 101 * SECOND, CACHE_MISSING, NULL);
    expect_found("a", 103 * SECOND, CACHE_UNKNOWN, NULL);
    assert_int_equal(cache.count, 1);
}

static void the_least_recently_used_name_goes(void **state) {
    (void)state;
    char host[16];
    for (int i = 0; i < ADDRESS_CACHE_NAMES; i++) {
        snprintf(host, sizeof(host), "h%d", i);
        put(host, one("1.1.1.1"), 0);
    }
    expect_found("h0", 0, CACHE_FRESH, "1.1.1.1"); /* used: h1 is the oldest */
    put("new", one("2.2.2.2"), 0);
    assert_int_equal(cache.count, ADDRESS_CACHE_NAMES);
    expect_found("h1", 0, CACHE_UNKNOWN, NULL);
    expect_found("h0", 0, CACHE_FRESH, "1.1.1.1");
    expect_found("h2", 0, CACHE_FRESH, "1.1.1.1");
    expect_found("new", 0, CACHE_FRESH, "2.2.2.2");
}

static void equal_hashes_do_not_make_equal_names(void **state) {
    (void)state;
    put("a", one("1.1.1.1"), 0);
    put("b", one("2.2.2.2"), 0);
    cache.names[0].hash = cache.names[1].hash; /* as if they collided */
    expect_found("b", 0, CACHE_FRESH, "2.2.2.2");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_families_take_turns),
        cmocka_unit_test(duplicates_and_what_does_not_fit_are_dropped),
        cmocka_unit_test(literals_are_told_from_names),
        cmocka_unit_test(a_list_lives_until_its_last_reference),
        cmocka_unit_test_setup_teardown(names_are_fresh_then_stale_then_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_missing_is_missing_for_a_second, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_newer_entry_replaces_the_older, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_least_recently_used_name_goes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(equal_hashes_do_not_make_equal_names, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
