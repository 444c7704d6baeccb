/* Errors in words: every number of the table, and numbers that no table knows. The names and numbers are written out
 * here: they are part of the binary interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include <insist/error.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
    "OK",         "EINVAL",    "ENOMEM",     "ETOONEW", "EURL",      "ERESOLVE",  "ECONNECT", "ETLS",      "ECERT",
    "ERESET",     "EEOF",      "EPROTO",     "EDECODE", "EREDIRECT", "EREJECTED", "ETIMEOUT", "EDEADLINE", "ECANCELED",
    "EREDUNDANT", "ETOOLARGE", "EQUEUEFULL", "EFROZEN", "EHANDLER",  "ESHUTDOWN", "EFORKED",  "ESYSTEM",   "EPORT",
    "ESINK",
    "EBODY", "EGAVEUP",
};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

static void every_number_has_its_name(void **state) {
    (void)state;
    for (int i = 0; i < NAMES; i++)
        assert_string_equal(insist_err_name((insist_err)i), names[i]);
}

static void every_enumerator_has_its_number(void **state) {
    (void)state;
    assert_int_equal(INSIST_OK, 0);
    assert_int_equal(INSIST_ENOMEM, 2);
    assert_int_equal(INSIST_ETIMEOUT, 15);
    assert_int_equal(INSIST_EPORT, 26);
    assert_int_equal(INSIST_EBODY, 28);
    int count = 0;
#define ASSERT_NAMED(name, number, text)                                                                               \
    assert_string_equal(insist_err_name(INSIST_##name), #name);                                                        \
    assert_string_equal(insist_strerror(INSIST_##name), text);                                                         \
    count++;
    INSIST_ERR_MAP(ASSERT_NAMED)
#undef ASSERT_NAMED
    assert_int_equal(count, NAMES);
}

static void every_text_is_one_sentence_of_its_own(void **state) {
    (void)state;
    for (int i = 0; i < NAMES; i++) {
        const char *text = insist_strerror((insist_err)i);
        assert_true(strlen(text) > 5);
        assert_int_not_equal(text[strlen(text) - 1], '.');
        assert_string_not_equal(text, "unknown error");
        for (int j = 0; j < i; j++)
            assert_string_not_equal(text, insist_strerror((insist_err)j));
    }
}

static void unknown_numbers_are_unknown(void **state) {
    (void)state;
    static const int unknown[] = {-1, NAMES, NAMES + 1, 1000, INT_MAX, INT_MIN};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        assert_string_equal(insist_err_name((insist_err)unknown[i]), "UNKNOWN");
        assert_string_equal(insist_strerror((insist_err)unknown[i]), "unknown error");
    }
}

static void version_is_made_of_its_numbers(void **state) {
    (void)state;
    char version[32];
    snprintf(version, sizeof(version), "%d.%d.%d", INSIST_VERSION_MAJOR, INSIST_VERSION_MINOR, INSIST_VERSION_PATCH);
    assert_string_equal(insist_version(), version);
    assert_string_equal(insist_version(), INSIST_VERSION);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_has_its_name),
        cmocka_unit_test(every_enumerator_has_its_number),
        cmocka_unit_test(every_text_is_one_sentence_of_its_own),
        cmocka_unit_test(unknown_numbers_are_unknown),
        cmocka_unit_test(version_is_made_of_its_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
