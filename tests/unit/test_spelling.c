/* What a mistyped word was most likely meant to be. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "spelling/spelling.h"

static const char *name(size_t number) {
    static const char *const names[] = {"port", "admin-port", "quiet", "request", "retries", "retry-on", "json", NULL};
    return names[number];
}

static void the_nearest_name_is_found(void **state) {
    (void)state;
    static const struct {
        const char *word, *name;
    } rows[] = {
        {"port", "port"},         {"--prot", "port"},          /* swapped */
        {"por", "port"},                                       /* a beginning */
        {"po=1", "port"},         {"adminport", "admin-port"}, /* left out */
        {"quite", "quiet"},       {"quiett", "quiet"},         /* too many */
        {"ratries=3", "retries"}, {"reqwast", "request"},      /* two of seven changed */
        {"re", "request"},                                     /* the first of those that begin so */
        {"retr", "retries"},      {"retry", "retry-on"},       {"--jsno", "json"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *nearest = spelling_nearest(rows[i].word, name);
        assert_non_null(nearest);
        assert_string_equal(nearest, rows[i].name);
    }
}

static void a_name_that_is_far_is_none(void **state) {
    (void)state;
    static const char *const words[] = {
        "",       "--",   "=json",
        "p",      "jo",   "xyzzy",
        "rqwast", "pxrx", "a-very-long-name-that-nobody-would-ever-think-of-typing-here"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_null(spelling_nearest(words[i], name));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_name_is_found),
        cmocka_unit_test(a_name_that_is_far_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
