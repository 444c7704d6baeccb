/* Values that user code keeps in a call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/fail_alloc.h"
#include "view/execution.h"
#include <stdio.h>

static int values[16];
static char destroyed[64]; /* indexes, in their order */

static void destroy(void *value) {
    size_t length = 0;
    while (destroyed[length] != '\0')
        length++;
    snprintf(destroyed + length, sizeof destroyed - length, "%d ", (int)((int *)value - values));
}

static insist_execution execution;

static int begin(void **state) {
    (void)state;
    destroyed[0] = '\0';
    bag_init(&execution.bag, &env_standard);
    return 0;
}

static int end(void **state) {
    (void)state;
    bag_fini(&execution.bag);
    return 0;
}

static void set(const char *key, int i) {
    assert_int_equal(insist_execution_set_value(&execution, key, &values[i], destroy), INSIST_OK);
}

static void last_write_per_key_wins(void **state) { /* H23, M13 */
    (void)state;
    set("a", 0);
    set("b", 1);
    set("a", 2);
    assert_ptr_equal(insist_execution_value(&execution, "a"), &values[2]);
    assert_ptr_equal(insist_execution_value(&execution, "b"), &values[1]);
    assert_null(insist_execution_value(&execution, "c"));
    assert_null(insist_execution_value(&execution, "A"));
    assert_string_equal(destroyed, "0 ");
}

static void key_is_copied(void **state) {
    (void)state;
    char key[] = "mine";
    set(key, 3);
    key[0] = 'M';
    assert_ptr_equal(insist_execution_value(&execution, "mine"), &values[3]);
}

static void values_are_destroyed_at_the_end(void **state) { /* M13 */
    (void)state;
    set("a", 0);
    set("b", 1);
    bag_fini(&execution.bag);
    assert_string_equal(destroyed, "1 0 ");
    assert_null(insist_execution_value(&execution, "a"));
}

static void same_value_again_is_not_destroyed(void **state) {
    (void)state;
    set("a", 0);
    set("a", 0);
    assert_string_equal(destroyed, "");
    bag_fini(&execution.bag);
    assert_string_equal(destroyed, "0 ");
}

static void null_takes_a_value_away(void **state) {
    (void)state;
    set("a", 0);
    assert_int_equal(insist_execution_set_value(&execution, "a", NULL, destroy), INSIST_OK);
    assert_null(insist_execution_value(&execution, "a"));
    bag_fini(&execution.bag);
    assert_string_equal(destroyed, "0 ");
}

static void nonsense_is_refused(void **state) {
    (void)state;
    assert_int_equal(insist_execution_set_value(NULL, "a", &values[0], destroy), INSIST_EINVAL);
    assert_int_equal(insist_execution_set_value(&execution, NULL, &values[0], destroy), INSIST_EINVAL);
    assert_null(insist_execution_value(NULL, "a"));
    assert_null(insist_execution_value(&execution, NULL));
    assert_string_equal(destroyed, "");
}

static void value_that_finds_no_memory_stays_the_callers(void **state) {
    (void)state;
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    char key[2] = "a";
    bag_init(&execution.bag, &env);
    for (int i = 0; i < 10; i++, key[0]++) {
        for (size_t n = 1;; n++) {
            fail_alloc_at(&memory, n);
            insist_err err = insist_execution_set_value(&execution, key, &values[i], destroy);
            if (!fail_alloc_has_failed(&memory))
                break;
            assert_int_equal(err, INSIST_ENOMEM);
            assert_null(insist_execution_value(&execution, key));
        }
    }
    assert_string_equal(destroyed, "");
    bag_fini(&execution.bag);
    assert_string_equal(destroyed, "9 8 7 6 5 4 3 2 1 0 ");
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
    bag_init(&execution.bag, &env_standard);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(last_write_per_key_wins),
        CASE(key_is_copied),
        CASE(values_are_destroyed_at_the_end),
        CASE(same_value_again_is_not_destroyed),
        CASE(null_takes_a_value_away),
        CASE(nonsense_is_refused),
        CASE(value_that_finds_no_memory_stays_the_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
