/* What names and values may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/headers.h"
#include <string.h>

static void names_are_the_same_whatever_their_case(void **state) {
    (void)state;
    assert_true(headers_same_name("Content-Type", "content-TYPE"));
    assert_true(headers_same_name("", ""));
    assert_true(headers_same_name("azAZ09", "AZaz09"));
    assert_false(headers_same_name("Content-Type", "Content-Typ"));
    assert_false(headers_same_name("Content-Typ", "Content-Type"));
    assert_false(headers_same_name("", "a"));
    assert_false(headers_same_name("a", ""));
}

/* Only letters have a case: the characters beside them differ from each other by the same bit. */
static void only_letters_have_a_case(void **state) {
    (void)state;
    assert_false(headers_same_name("@", "`"));
    assert_false(headers_same_name("[", "{"));
    assert_false(headers_same_name("^", "~"));
    assert_false(headers_same_name("\xc4", "\xe4")); /* not even in a locale that thinks so */
    assert_true(headers_same_name("\xc4", "\xc4"));
}

static void tokens_are_those_of_the_rfc(void **state) {
    (void)state;
    const char *allowed = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (int c = 1; c < 256; c++) {
        const char text[] = {(char)c, '\0'}, inside[] = {'a', (char)c, 'b', '\0'};
        assert_int_equal(headers_valid_token(text), c < 128 && strchr(allowed, c) != NULL);
        assert_int_equal(headers_valid_token(inside), c < 128 && strchr(allowed, c) != NULL);
    }
    assert_true(headers_valid_token(allowed));
    assert_false(headers_valid_token(""));
    assert_false(headers_valid_token(NULL));
}

static void values_have_no_control_characters(void **state) {
    (void)state;
    for (int c = 1; c < 256; c++) {
        const char text[] = {'a', (char)c, 'b', '\0'};
        assert_int_equal(headers_valid_value(text), c == '\t' || (c >= ' ' && c != 0x7f));
    }
    assert_true(headers_valid_value(""));
    assert_true(headers_valid_value("  blanks around it  "));
    assert_false(headers_valid_value("a\r\nInjected: yes"));
    assert_false(headers_valid_value(NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_the_same_whatever_their_case),
        cmocka_unit_test(only_letters_have_a_case),
        cmocka_unit_test(tokens_are_those_of_the_rfc),
        cmocka_unit_test(values_have_no_control_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
