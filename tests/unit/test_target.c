/* Targets, parameters and dates of the test server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver/text.h"

#include <stdlib.h>

static void splits_and_decodes(void **state) {
    (void)state;
    const struct {
        const char *raw, *path, *query;
        bool bad;
    } rows[] = {
        {"/users/7?do=404x2,200&key=a", "/users/7", "do=404x2,200&key=a", false},
        {"/a%20b%2Fc", "/a b/c", "", false},
        {"/a+b", "/a+b", "", false},
        {"/?", "/", "", false},
        {"/%41%e4", "/A\xe4", "", false},
        {"http://host:80/p?q", "/p", "q", false},
        {"*", "*", "", false},
        {"/a%2", "/a%2", "", true},
        {"/a%zz", "/a%zz", "", true},
        {"/a%00b", "/a%00b", "", true},
        {"/a%", "/a%", "", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct target target;
        assert_true(target_init(&target, rows[i].raw));
        assert_string_equal(target.path, rows[i].path);
        assert_string_equal(target.query, rows[i].query);
        assert_int_equal(target.bad, rows[i].bad);
        target_fini(&target);
    }
}

static void finds_parameters(void **state) {
    (void)state;
    struct target target;
    char *value;
    assert_true(target_init(&target, "/?a=1&do=404x2%2C200;retry-after=date+3&key=&xkey=2&flag&bad=%4"));
    assert_int_equal(target_parameter(&target, "do", &value), TARGET_OK);
    assert_string_equal(value, "404x2,200;retry-after=date+3");
    free(value);
    assert_int_equal(target_parameter(&target, "key", &value), TARGET_OK);
    assert_string_equal(value, "");
    free(value);
    assert_int_equal(target_parameter(&target, "flag", &value), TARGET_OK);
    assert_null(value);
    assert_int_equal(target_parameter(&target, "none", &value), TARGET_OK);
    assert_null(value);
    assert_int_equal(target_parameter(&target, "bad", &value), TARGET_BAD);
    assert_null(value);
    target_fini(&target);
}

static void writes_dates(void **state) {
    (void)state;
    char date[HTTP_DATE_SIZE];
    http_date_write(784111777, date);
    assert_string_equal(date, "Sun, 06 Nov 1994 08:49:37 GMT");
    http_date_write(0, date);
    assert_string_equal(date, "Thu, 01 Jan 1970 00:00:00 GMT");
    http_date_write(951782400, date);
    assert_string_equal(date, "Tue, 29 Feb 2000 00:00:00 GMT");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_and_decodes),
        cmocka_unit_test(finds_parameters),
        cmocka_unit_test(writes_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
