/* How causes are said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "view/cause.h"
#include <string.h>

static void expect(struct cause cause, insist_err err, const char *expected) {
    char text[CAUSE_TEXT_SIZE];
    cause_say(&cause, err, text);
    assert_string_equal(text, expected);
}

static void the_error_speaks_where_there_is_no_cause(void **state) {
    (void)state;
    expect((struct cause){0}, INSIST_ERESET, insist_strerror(INSIST_ERESET));
}

static void a_limit_is_told_with_its_value(void **state) {
    (void)state;
    expect((struct cause){.sentence = "it is too long"}, INSIST_ETOOLARGE, "it is too long");
    expect((struct cause){.sentence = "it is too long", .limit = UINT64_MAX}, INSIST_ETOOLARGE,
           "it is too long (18446744073709551615)");
}

static void a_detail_follows(void **state) {
    (void)state;
    expect((struct cause){.sentence = "nowhere", .detail = "it is empty"}, INSIST_EREDIRECT, "nowhere: it is empty");
}

static void a_text_ends_with_its_room(void **state) {
    char long_sentence[2 * CAUSE_TEXT_SIZE], text[CAUSE_TEXT_SIZE];
    (void)state;
    memset(long_sentence, 'x', sizeof long_sentence - 1);
    long_sentence[sizeof long_sentence - 1] = '\0';
    const struct cause cause = {.sentence = long_sentence};
    cause_say(&cause, INSIST_ETOOLARGE, text);
    assert_int_equal(strlen(text), CAUSE_TEXT_SIZE - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_error_speaks_where_there_is_no_cause),
        cmocka_unit_test(a_limit_is_told_with_its_value),
        cmocka_unit_test(a_detail_follows),
        cmocka_unit_test(a_text_ends_with_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
