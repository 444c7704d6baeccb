/* Exit statuses: curl's numbers for the same errors. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "cli/exit_code.h"

static void each_error_has_its_number(void **state) {
    (void)state;
    static const struct {
        insist_err err;
        int code;
    } rows[] = {{INSIST_OK, 0},         {INSIST_EINVAL, 2},    {INSIST_EURL, 2},       {INSIST_ETOONEW, 2},
                {INSIST_ENOMEM, 27},    {INSIST_ERESOLVE, 6},  {INSIST_ECONNECT, 7},   {INSIST_ETLS, 35},
                {INSIST_ECERT, 60},     {INSIST_ERESET, 56},   {INSIST_EPROTO, 8},     {INSIST_EDECODE, 61},
                {INSIST_EREDIRECT, 47}, {INSIST_ETIMEOUT, 28}, {INSIST_EDEADLINE, 28}, {INSIST_ECANCELED, 130},
                {INSIST_ETOOLARGE, 63}, {INSIST_ESINK, 23},    {INSIST_EBODY, 26},     {INSIST_EQUEUEFULL, 1},
                {INSIST_ESYSTEM, 1},    {INSIST_ESHUTDOWN, 1}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(exit_code_of_error(rows[i].err, 0), rows[i].code);
    }
}

static void an_early_end_is_told_from_a_cut(void **state) {
    (void)state;
    assert_int_equal(exit_code_of_error(INSIST_EEOF, 0), 52);
    assert_int_equal(exit_code_of_error(INSIST_EEOF, 200), 18);
}

static void a_status_fails_only_on_request(void **state) {
    (void)state;
    assert_int_equal(exit_code_of_call(INSIST_OK, 503, false), 0);
    assert_int_equal(exit_code_of_call(INSIST_OK, 503, true), 22);
    assert_int_equal(exit_code_of_call(INSIST_OK, 400, true), 22);
    assert_int_equal(exit_code_of_call(INSIST_OK, 399, true), 0);
    assert_int_equal(exit_code_of_call(INSIST_EDEADLINE, 503, true), 28);
}

static void the_worst_call_counts(void **state) {
    (void)state;
    static const int ordered[] = {0, 22, 1, 2, 6, 7, 28, 56, 130};
    size_t n = sizeof(ordered) / sizeof(ordered[0]);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            assert_int_equal(exit_code_worse(ordered[i], ordered[j]), ordered[i > j ? i : j]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_error_has_its_number),
        cmocka_unit_test(an_early_end_is_told_from_a_cut),
        cmocka_unit_test(a_status_fails_only_on_request),
        cmocka_unit_test(the_worst_call_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
