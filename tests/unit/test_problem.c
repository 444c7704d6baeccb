/* How a refusal is explained. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/problem.h"
#include <string.h>

static void fills_in_all_three(void **state) {
    (void)state;
    insist_problem problem = {0};
    assert_int_equal(problem_set(&problem, INSIST_EINVAL, "retries", "must be at least %d, not %s", 1, "none"),
                     INSIST_EINVAL);
    assert_int_equal(problem.err, INSIST_EINVAL);
    assert_string_equal(problem.field, "retries");
    assert_string_equal(problem.text, "must be at least 1, not none");
}

static void does_without(void **state) {
    (void)state;
    assert_int_equal(problem_set(NULL, INSIST_EURL, "url", "nobody reads %s", "this"), INSIST_EURL);
}

static void cuts_what_is_too_long(void **state) {
    (void)state;
    struct {
        insist_problem problem;
        char behind[16];
    } guarded;
    char longer[1000];
    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    memset(&guarded, '?', sizeof(guarded));
    problem_set(&guarded.problem, INSIST_EINVAL, longer, "%s", longer);
    assert_int_equal(strlen(guarded.problem.field), sizeof(guarded.problem.field) - 1);
    assert_int_equal(strlen(guarded.problem.text), sizeof(guarded.problem.text) - 1);
    assert_memory_equal(guarded.problem.text, longer, sizeof(guarded.problem.text) - 1);
    for (size_t i = 0; i < sizeof(guarded.behind); i++)
        assert_int_equal(guarded.behind[i], '?');
}

static void may_be_told_anew_from_its_own_parts(void **state) {
    (void)state;
    insist_problem problem;
    problem_set(&problem, INSIST_EINVAL, "base", "is above max");
    problem_set(&problem, INSIST_EINVAL, problem.field, "backoff: %s %s", problem.field, problem.text);
    assert_string_equal(problem.field, "base");
    assert_string_equal(problem.text, "backoff: base is above max");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_in_all_three),
        cmocka_unit_test(does_without),
        cmocka_unit_test(cuts_what_is_too_long),
        cmocka_unit_test(may_be_told_anew_from_its_own_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
