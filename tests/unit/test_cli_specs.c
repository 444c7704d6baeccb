/* Values of options: what is understood, and what is refused with which words. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "cli/specs.h"
#include <insist/policy.h>
#include <stdio.h>
#include <string.h>

static void durations_are_read(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {{"0ms", 0},     {"1ms", 1},      {"500ms", 500},
                {"1s", 1000},   {"1.5s", 1500},  {"0.001s", 1},
                {"2m", 120000}, {"1h", 3600000}, {"forever", INSIST_FOREVER},
                {"0.1m", 6000}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        insist_problem problem = {.err = INSIST_OK};
        int64_t ms = -1;
        assert_true(spec_duration_ms(rows[i].text, &ms, &problem));
        assert_true(ms == rows[i].ms);
    }
}

static void other_durations_are_refused(void **state) {
    (void)state;
    static const char *const rows[] = {"",           "5",     "s",       "-1s",
                                       "+1s",        " 1s",   "1 s",     "1S",
                                       "5x",         "1e3s",  "0x10s",   "1..2s",
                                       "1s2",        ".5s",   "nan",     "inf",
                                       "999999999h", "0.5ms", "1.0001s", "99999999999999999999999999999999999999s"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        insist_problem problem = {.err = INSIST_OK};
        int64_t ms = -1;
        assert_false(spec_duration_ms(rows[i], &ms, &problem));
        assert_int_equal(problem.err, INSIST_EINVAL);
        assert_true(strlen(problem.text) > 10);
        assert_true(ms == -1);
    }
}

static void numbers_have_bounds(void **state) {
    (void)state;
    insist_problem problem;
    unsigned number = 7;
    assert_true(spec_number("0", 0, 9, &number, &problem));
    assert_int_equal(number, 0);
    assert_true(spec_number("9", 0, 9, &number, &problem));
    assert_int_equal(number, 9);
    static const char *const rows[] = {"", "10", "-1", "1x", "x", "1.5", "99999999999999999999999999"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_false(spec_number(rows[i], 0, 9, &number, &problem));
    }
    assert_int_equal(number, 9);
    assert_string_equal(problem.text, "\"99999999999999999999999999\" is no whole number from 0 to 9");
}

static void retry_lists_are_read(void **state) {
    (void)state;
    struct retry_list list;
    insist_problem problem;
    assert_true(spec_retry_list("404,429,5xx,transient,any", &list, &problem));
    assert_false(list.replaces);
    assert_true(list.transient && list.any && list.classes[5] && !list.classes[4]);
    assert_int_equal(list.status_count, 2);
    assert_int_equal(list.statuses[0], 404);
    assert_int_equal(list.statuses[1], 429);

    assert_true(spec_retry_list("=503", &list, &problem));
    assert_true(list.replaces);
    assert_false(list.transient || list.any || list.classes[5]);
    assert_int_equal(list.status_count, 1);
}

static void other_retry_lists_are_refused(void **state) {
    (void)state;
    static const char *const rows[] = {"",     "=",    "40",       "4040",    "40x",        "099",  "0xx",  "xx",
                                       "404,", ",404", "404,,503", "timeout", "transients", "5xx5", "404 ", "-404"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct retry_list list;
        insist_problem problem = {.err = INSIST_OK};
        assert_false(spec_retry_list(rows[i], &list, &problem));
        assert_int_equal(problem.err, INSIST_EINVAL);
    }
    char many[65 * 4 + 1];
    for (size_t i = 0; i < 65; i++) {
        snprintf(many + 4 * i, 5, "404,");
    }
    many[65 * 4 - 1] = '\0';
    struct retry_list list;
    insist_problem problem;
    assert_false(spec_retry_list(many, &list, &problem));
    assert_string_equal(problem.text, "more than 64 statuses");
}

static void backoffs_are_read(void **state) {
    (void)state;
    static const struct {
        const char *text;
        struct backoff backoff;
    } rows[] = {
        {"constant:1s", {BACKOFF_CONSTANT, 1000, 2, INSIST_FOREVER, JITTER_NONE, 0, 0}},
        {"constant:0ms", {BACKOFF_CONSTANT, 0, 2, INSIST_FOREVER, JITTER_NONE, 0, 0}},
        {"constant:1s,full", {BACKOFF_CONSTANT, 1000, 2, INSIST_FOREVER, JITTER_FULL, 0, 0}},
        {"exp:50ms", {BACKOFF_EXPONENTIAL, 50, 2, INSIST_FOREVER, JITTER_FULL, 0, 0}},
        {"exp:50ms..20s", {BACKOFF_EXPONENTIAL, 50, 2, 20000, JITTER_FULL, 0, 0}},
        {"exp:50ms..20s,none", {BACKOFF_EXPONENTIAL, 50, 2, 20000, JITTER_NONE, 0, 0}},
        {"exp:0.5s*1.5..2s,full", {BACKOFF_EXPONENTIAL, 500, 1.5, 2000, JITTER_FULL, 0, 0}},
        {"exp:50ms*3,none", {BACKOFF_EXPONENTIAL, 50, 3, INSIST_FOREVER, JITTER_NONE, 0, 0}},
        {"exp:50ms*2..20s,equal", {BACKOFF_EXPONENTIAL, 50, 2, 20000, JITTER_EQUAL, 0, 0}},
        {"exp:50ms..20s,spread=0.33", {BACKOFF_EXPONENTIAL, 50, 2, 20000, JITTER_SPREAD, 0, 0.33}},
        {"constant:1s,spread=0", {BACKOFF_CONSTANT, 1000, 2, INSIST_FOREVER, JITTER_SPREAD, 0, 0}},
        {"linear:100ms", {BACKOFF_LINEAR, 100, 2, INSIST_FOREVER, JITTER_NONE, 0, 0}},
        {"linear:100ms+50ms", {BACKOFF_LINEAR, 100, 2, INSIST_FOREVER, JITTER_NONE, 50, 0}},
        {"linear:2s-500ms", {BACKOFF_LINEAR, 2000, 2, INSIST_FOREVER, JITTER_NONE, -500, 0}},
        {"linear:100ms+1.5s..20s,full", {BACKOFF_LINEAR, 100, 2, 20000, JITTER_FULL, 1500, 0}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct backoff backoff;
        insist_problem problem;
        const struct backoff *wanted = &rows[i].backoff;
        assert_true(spec_backoff(rows[i].text, &backoff, &problem));
        assert_int_equal(backoff.shape, wanted->shape);
        assert_true(backoff.base_ms == wanted->base_ms && backoff.max_ms == wanted->max_ms);
        assert_true(backoff.factor >= wanted->factor && backoff.factor <= wanted->factor);
        assert_int_equal(backoff.jitter, wanted->jitter);
        assert_true(backoff.step_ms == wanted->step_ms);
        assert_true(backoff.spread >= wanted->spread && backoff.spread <= wanted->spread);
    }
}

static void other_backoffs_are_refused_with_a_reason(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *reason; /* a part of it */
    } rows[] = {
        {"", "is no backoff"},
        {"constant", "is no backoff"},
        {"fast:1s", "there are constant, linear and exp"},
        {"constant:", "no duration"},
        {"constant:1", "no duration"},
        {"constant:1s..2s", "no duration"},
        {"constant:1s,half", "there are full, equal, none"},
        {"constant:1s,", "there are full, equal, none"},
        {"exp:50ms..", "no duration"},
        {"exp:..20s", "no duration"},
        {"exp:50ms*..20s", "no factor"},
        {"exp:50ms*two..20s", "no factor"},
        {"exp:50ms*2x..20s", "no factor"},
        {"exp:50ms*-2..20s", "no factor"},
        {"exp:50ms..20ms", "below the first"},
        {"exp:0ms..0ms", "longest wait is 0"},
        {"exp:50ms...20s", "no duration"},
        {"linear:", "no duration"},
        {"linear:100ms+", "no duration"},
        {"linear:100ms+-5ms", "no duration"},
        {"linear:100ms*2", "no duration"},
        {"linear:100ms+50ms..20ms", "below the first"},
        {"exp:50ms..20s,spread", "there are full, equal, none"},
        {"exp:50ms..20s,spread=", "no spread"},
        {"exp:50ms..20s,spread=1", "no spread"},
        {"exp:50ms..20s,spread=-0.1", "no spread"},
        {"exp:50ms..20s,spread=0.3x", "no spread"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct backoff backoff;
        insist_problem problem = {.err = INSIST_OK};
        assert_false(spec_backoff(rows[i].text, &backoff, &problem));
        assert_int_equal(problem.err, INSIST_EINVAL);
        assert_non_null(strstr(problem.text, rows[i].reason));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_read),
        cmocka_unit_test(other_durations_are_refused),
        cmocka_unit_test(numbers_have_bounds),
        cmocka_unit_test(retry_lists_are_read),
        cmocka_unit_test(other_retry_lists_are_refused),
        cmocka_unit_test(backoffs_are_read),
        cmocka_unit_test(other_backoffs_are_refused_with_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
