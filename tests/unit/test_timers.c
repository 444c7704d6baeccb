/* The heap of timers, against a plain array that is searched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/random.h"
#include "base/time_math.h"
#include "base/timers.h"
#include "support/fail_alloc.h"

struct fixture {
    struct fail_alloc memory;
    struct env env;
    struct timers timers;
};

static void begin(struct fixture *fixture, size_t room) {
    fixture->env = fail_alloc_env(&fixture->memory, &env_standard);
    timers_init(&fixture->timers, &fixture->env);
    assert_true(timers_reserve(&fixture->timers, room));
}

static void end(struct fixture *fixture) {
    timers_fini(&fixture->timers);
    assert_int_equal(fail_alloc_outstanding(&fixture->memory), 0);
}

static void assert_heap(const struct timers *timers) {
    for (size_t place = 1; place <= timers->count; place++) {
        assert_int_equal(timers->heap[place - 1]->place, place);
        if (place > 1)
            assert_true(timers->heap[place / 2 - 1]->due_ns <= timers->heap[place - 1]->due_ns);
    }
}

static void an_empty_heap_is_never_due(void **state) {
    (void)state;
    struct fixture f;
    begin(&f, 0);
    assert_true(timers_next_ns(&f.timers) == TIME_NEVER);
    assert_null(timers_take_due(&f.timers, TIME_NEVER));
    assert_int_equal(fail_alloc_requests(&f.memory), 0);
    end(&f);
}

static void only_what_is_due_is_taken(void **state) {
    (void)state;
    struct fixture f;
    struct timer early = {0}, late = {0};
    begin(&f, 2);
    timers_set(&f.timers, &late, 200);
    timers_set(&f.timers, &early, 100);
    assert_int_equal(timers_next_ns(&f.timers), 100);
    assert_null(timers_take_due(&f.timers, 99));
    assert_ptr_equal(timers_take_due(&f.timers, 100), &early);
    assert_int_equal(early.place, 0);
    assert_null(timers_take_due(&f.timers, 199));
    assert_int_equal(timers_next_ns(&f.timers), 200);
    assert_ptr_equal(timers_take_due(&f.timers, 5000), &late);
    assert_null(timers_take_due(&f.timers, TIME_NEVER));
    end(&f);
}

static void all_come_in_their_order(void **state) {
    (void)state;
    enum { COUNT = 200 };
    struct fixture f;
    struct timer timers[COUNT] = {{0}};
    begin(&f, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        timers_set(&f.timers, &timers[i], (int64_t)(i * 73 % COUNT));
        assert_heap(&f.timers);
    }
    for (int64_t due = 0; due < COUNT; due++) {
        struct timer *timer = timers_take_due(&f.timers, COUNT);
        assert_non_null(timer);
        assert_int_equal(timer->due_ns, due);
        assert_heap(&f.timers);
    }
    assert_null(timers_take_due(&f.timers, COUNT));
    end(&f);
}

static void instants_at_the_ends_of_time(void **state) {
    (void)state;
    struct fixture f;
    struct timer never = {0}, always = {0};
    begin(&f, 2);
    timers_set(&f.timers, &never, TIME_NEVER);
    assert_null(timers_take_due(&f.timers, TIME_NEVER - 1));
    timers_set(&f.timers, &always, INT64_MIN);
    assert_true(timers_next_ns(&f.timers) == INT64_MIN);
    assert_ptr_equal(timers_take_due(&f.timers, INT64_MIN), &always);
    assert_true(timers_next_ns(&f.timers) == TIME_NEVER);
    end(&f);
}

static void a_set_timer_is_moved(void **state) {
    (void)state;
    struct fixture f;
    struct timer a = {0}, b = {0}, c = {0};
    begin(&f, 3);
    timers_set(&f.timers, &a, 10);
    timers_set(&f.timers, &b, 20);
    timers_set(&f.timers, &c, 30);
    timers_set(&f.timers, &c, 5);
    assert_int_equal(f.timers.count, 3);
    assert_int_equal(timers_next_ns(&f.timers), 5);
    timers_set(&f.timers, &c, 15);
    timers_set(&f.timers, &a, 40);
    assert_ptr_equal(timers_take_due(&f.timers, 100), &c);
    assert_ptr_equal(timers_take_due(&f.timers, 100), &b);
    assert_ptr_equal(timers_take_due(&f.timers, 100), &a);
    end(&f);
}

static void a_cleared_timer_is_gone(void **state) {
    (void)state;
    struct fixture f;
    struct timer a = {0}, b = {0}, never_set = {0};
    begin(&f, 2);
    timers_set(&f.timers, &a, 10);
    timers_set(&f.timers, &b, 20);
    timers_clear(&f.timers, &never_set);
    timers_clear(&f.timers, &a);
    timers_clear(&f.timers, &a);
    assert_int_equal(f.timers.count, 1);
    assert_int_equal(timers_next_ns(&f.timers), 20);
    timers_clear(&f.timers, &b); /* the last place */
    assert_true(timers_next_ns(&f.timers) == TIME_NEVER);
    timers_set(&f.timers, &a, 7);
    assert_ptr_equal(timers_take_due(&f.timers, 7), &a);
    end(&f);
}

/* What fills the gap may belong above it: here 4 comes to the place of 101 and rises past 100. */
static void a_gap_is_filled_from_another_branch(void **state) {
    (void)state;
    static const int64_t due[] = {1, 100, 2, 101, 102, 3, 4};
    enum { COUNT = sizeof(due) / sizeof(due[0]) };
    struct fixture f;
    struct timer timers[COUNT] = {{0}};
    begin(&f, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        timers_set(&f.timers, &timers[i], due[i]);
    assert_int_equal(timers[3].place, 4);
    timers_clear(&f.timers, &timers[3]);
    assert_heap(&f.timers);
    assert_int_equal(timers[6].place, 2);
    assert_int_equal(timers[1].place, 4);
    end(&f);
}

/* The earliest of those that are set, or TIME_NEVER. */
static int64_t search(const struct timer *timers, size_t count) {
    int64_t next_ns = TIME_NEVER;
    for (size_t i = 0; i < count; i++)
        if (timers[i].place > 0)
            next_ns = time_min(next_ns, timers[i].due_ns);
    return next_ns;
}

static void any_order_of_calls(void **state) {
    (void)state;
    enum { COUNT = 60 };
    struct fixture f;
    struct timer timers[COUNT] = {{0}};
    struct insist_random random;
    random_init(&random, 1, 1);
    begin(&f, COUNT);
    for (int step = 0; step < 20000; step++) {
        struct timer *timer = &timers[random_next(&random) % COUNT];
        int64_t instant = (int64_t)(random_next(&random) % 100), next_ns = search(timers, COUNT);
        switch (random_next(&random) % 4) {
        case 0: timers_clear(&f.timers, timer); break;
        case 1:
            timer = timers_take_due(&f.timers, instant);
            assert_int_equal(timer != NULL, next_ns <= instant);
            if (timer)
                assert_int_equal(timer->due_ns, next_ns);
            break;
        default: timers_set(&f.timers, timer, instant);
        }
        assert_heap(&f.timers);
        assert_true(timers_next_ns(&f.timers) == search(timers, COUNT));
    }
    end(&f);
}

static void room_is_made_once_and_may_be_missing(void **state) {
    (void)state;
    struct fixture f;
    struct timer timer = {0};
    begin(&f, 0);
    fail_alloc_at(&f.memory, 1);
    assert_false(timers_reserve(&f.timers, 1));
    assert_true(timers_reserve(&f.timers, 1));
    timers_set(&f.timers, &timer, 5);
    fail_alloc_at(&f.memory, 1);
    assert_true(timers_reserve(&f.timers, 1)); /* there already */
    assert_false(timers_reserve(&f.timers, 1000));
    assert_int_equal(timers_next_ns(&f.timers), 5);
    assert_true(timers_reserve(&f.timers, 1000));
    size_t requests = fail_alloc_requests(&f.memory);
    for (size_t count = 1; count <= 1000; count++)
        assert_true(timers_reserve(&f.timers, count));
    assert_int_equal(fail_alloc_requests(&f.memory), requests);
    assert_int_equal(timers_next_ns(&f.timers), 5);
    assert_false(timers_reserve(&f.timers, SIZE_MAX));
    assert_int_equal(fail_alloc_requests(&f.memory), requests);
    end(&f);
}

static void room_grows_geometrically(void **state) {
    (void)state;
    struct fixture f;
    begin(&f, 0);
    for (size_t count = 1; count <= 10000; count++)
        assert_true(timers_reserve(&f.timers, count));
    assert_in_range(fail_alloc_requests(&f.memory), 1, 12);
    end(&f);
}

static void room_may_be_the_owners(void **state) {
    (void)state;
    struct timers timers;
    struct timer *room[2], early = {0}, late = {0};
    timers_init_in(&timers, room, 2);
    assert_true(timers_reserve(&timers, 2)); /* there is no allocator to ask */
    timers_set(&timers, &late, 200);
    timers_set(&timers, &early, 100);
    assert_ptr_equal(room[0], &early);
    assert_ptr_equal(timers_take_due(&timers, 100), &early);
    assert_ptr_equal(timers_take_due(&timers, 200), &late);
    assert_true(timers_next_ns(&timers) == TIME_NEVER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_heap_is_never_due),
        cmocka_unit_test(only_what_is_due_is_taken),
        cmocka_unit_test(all_come_in_their_order),
        cmocka_unit_test(instants_at_the_ends_of_time),
        cmocka_unit_test(a_set_timer_is_moved),
        cmocka_unit_test(a_cleared_timer_is_gone),
        cmocka_unit_test(a_gap_is_filled_from_another_branch),
        cmocka_unit_test(any_order_of_calls),
        cmocka_unit_test(room_is_made_once_and_may_be_missing),
        cmocka_unit_test(room_grows_geometrically),
        cmocka_unit_test(room_may_be_the_owners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
