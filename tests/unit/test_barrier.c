/* The test server's barriers: who goes on at which hit, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver/barrier.h"

#include <string.h>

/* Who has gone on, by name, in order. */
static char gone[16];

static void note(struct waiter *waiter) {
    strncat(gone, waiter->owner, sizeof gone - strlen(gone) - 1);
}

static struct waiter called(char *name) {
    return (struct waiter){.go_on = note, .owner = name};
}

static int begin(void **state) {
    static struct table barriers;
    table_init(&barriers, 2);
    gone[0] = '\0';
    *state = &barriers;
    return 0;
}

static int end(void **state) {
    barriers_fini(*state);
    return 0;
}

static void those_who_wait_for_no_more_go_on_in_their_order(void **state) {
    struct table *barriers = *state;
    struct waiter a = called("a"), b = called("b"), c = called("c"), d = called("d");
    assert_true(barrier_add(barriers, &a, "/p", 2));
    assert_true(barrier_add(barriers, &b, "/p", 5));
    assert_true(barrier_add(barriers, &c, "/p", 2));
    assert_true(barrier_add(barriers, &d, "/q", 1));
    barrier_hit(barriers, "/p", 1);
    assert_string_equal(gone, "");
    barrier_hit(barriers, "/p", 3);
    assert_string_equal(gone, "ac");
    assert_false(a.waits);
    assert_true(b.waits);
    barrier_hit(barriers, "/p", 4);
    assert_string_equal(gone, "ac");
    barrier_hit(barriers, "/p", 5);
    assert_string_equal(gone, "acb");
    assert_true(d.waits);
}

static void one_that_comes_later_may_wait_for_less(void **state) {
    struct table *barriers = *state;
    struct waiter a = called("a"), b = called("b");
    assert_true(barrier_add(barriers, &a, "/p", 5));
    assert_true(barrier_add(barriers, &b, "/p", 2));
    barrier_hit(barriers, "/p", 2);
    assert_string_equal(gone, "b");
}

static void who_is_taken_out_does_not_go_on(void **state) {
    struct table *barriers = *state;
    struct waiter a = called("a"), b = called("b"), c = called("c");
    assert_true(barrier_add(barriers, &a, "/p", 1));
    assert_true(barrier_add(barriers, &b, "/p", 1));
    assert_true(barrier_add(barriers, &c, "/p", 1));
    barrier_remove(barriers, &b);
    barrier_remove(barriers, &b); /* it does not wait any more */
    barrier_hit(barriers, "/p", 1);
    assert_string_equal(gone, "ac");
    assert_true(barrier_add(barriers, &b, "/p", 2)); /* and may wait again */
    barrier_hit(barriers, "/p", 2);
    assert_string_equal(gone, "acb");
}

static void without_room_nobody_waits(void **state) {
    struct table *barriers = *state;
    struct waiter a = called("a"), b = called("b"), c = called("c");
    assert_true(barrier_add(barriers, &a, "/p", 1));
    assert_true(barrier_add(barriers, &b, "/q", 1));
    assert_false(barrier_add(barriers, &c, "/r", 1)); /* a third path */
    assert_false(c.waits);
}

/* A path is forgotten with the last who waits for it, however that ends. */
static void room_is_given_back(void **state) {
    struct table *barriers = *state;
    struct waiter a = called("a"), b = called("b"), c = called("c");
    assert_true(barrier_add(barriers, &a, "/p", 1));
    assert_true(barrier_add(barriers, &b, "/q", 1));
    barrier_hit(barriers, "/p", 1);
    assert_true(barrier_add(barriers, &c, "/r", 1));
    barrier_remove(barriers, &b);
    assert_true(barrier_add(barriers, &a, "/s", 1));
    assert_int_equal(barriers->count, 2);
    barrier_hit(barriers, "/r", 1);
    barrier_hit(barriers, "/s", 1);
    assert_int_equal(barriers->count, 0);
    assert_string_equal(gone, "aca");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(those_who_wait_for_no_more_go_on_in_their_order, begin, end),
        cmocka_unit_test_setup_teardown(one_that_comes_later_may_wait_for_less, begin, end),
        cmocka_unit_test_setup_teardown(who_is_taken_out_does_not_go_on, begin, end),
        cmocka_unit_test_setup_teardown(without_room_nobody_waits, begin, end),
        cmocka_unit_test_setup_teardown(room_is_given_back, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
