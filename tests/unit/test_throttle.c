/* The throttle's pure core: sliding windows, all or none, charges taken back; against a history that forgets nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "base/time_math.h"
#include "policy/throttle.h"

#define MS INT64_C(1000000)

static int64_t memory[64];

static struct throttle throttle_of(const struct throttle_window *windows, size_t count) {
    uint32_t room = 1;
    for (size_t i = 0; i < count; i++)
        room = windows[i].starts > room ? windows[i].starts : room;
    return (struct throttle){.windows = windows, .count = count, .latest = memory, .room = room};
}

static void a_start_counts_for_a_whole_period(void **state) { /* H81: exactly a period old is expired */
    (void)state;
    const struct throttle_window window = {.starts = 2, .period_ns = 10 * MS};
    struct throttle throttle = throttle_of(&window, 1);
    assert_true(throttle_start(&throttle, 0));
    assert_true(throttle_start(&throttle, 4 * MS));
    assert_false(throttle_start(&throttle, 10 * MS - 1));
    assert_true(throttle_start(&throttle, 10 * MS));
    assert_false(throttle_start(&throttle, 14 * MS - 1));
    assert_true(throttle_start(&throttle, 14 * MS));
}

static void a_window_of_none_lets_none_start(void **state) { /* H81 */
    (void)state;
    const struct throttle_window window = {.starts = 0, .period_ns = 1};
    struct throttle throttle = throttle_of(&window, 1);
    assert_false(throttle_start(&throttle, 0));
    assert_false(throttle_start(&throttle, 1000 * MS));
}

/* httpx charges the first although the second refuses: after 100 ms it would have had one start left. */
static void a_start_that_one_window_refuses_is_charged_to_none(void **state) {
    (void)state;
    const struct throttle_window windows[] = {{.starts = 2, .period_ns = 1000 * MS},
                                              {.starts = 1, .period_ns = 100 * MS}};
    struct throttle throttle = throttle_of(windows, 2);
    assert_true(throttle_start(&throttle, 0));
    assert_false(throttle_start(&throttle, 50 * MS));
    assert_int_equal(throttle.kept, 1);
    assert_true(throttle_start(&throttle, 100 * MS));
    assert_false(throttle_start(&throttle, 999 * MS));
    assert_true(throttle_start(&throttle, 1000 * MS));
}

static void a_charge_taken_back_makes_room_again(void **state) {
    (void)state;
    const struct throttle_window window = {.starts = 2, .period_ns = 10 * MS};
    struct throttle throttle = throttle_of(&window, 1);
    assert_true(throttle_start(&throttle, 1));
    assert_true(throttle_start(&throttle, 2));
    throttle_take_back(&throttle, 1);
    assert_true(throttle_start(&throttle, 3));
    assert_false(throttle_start(&throttle, 10 * MS + 1)); /* 2 and 3 count, 1 does not */
    assert_true(throttle_start(&throttle, 10 * MS + 2));
    throttle_take_back(&throttle, 12345); /* never charged */
    assert_int_equal(throttle.kept, 2);
}

static void instants_may_come_out_of_order(void **state) {
    (void)state;
    const struct throttle_window window = {.starts = 2, .period_ns = 10 * MS};
    struct throttle throttle = throttle_of(&window, 1);
    assert_true(throttle_start(&throttle, 5 * MS));
    assert_true(throttle_start(&throttle, 4 * MS));
    assert_false(throttle_start(&throttle, 14 * MS - 1));
    assert_true(throttle_start(&throttle, 14 * MS));
    assert_false(throttle_start(&throttle, 15 * MS - 1));
}

static void a_period_without_an_end_never_expires(void **state) {
    (void)state;
    const struct throttle_window window = {.starts = 1, .period_ns = TIME_NEVER};
    struct throttle throttle = throttle_of(&window, 1);
    assert_true(throttle_start(&throttle, 0));
    assert_false(throttle_start(&throttle, TIME_NEVER - 1));
}

/* ---- against a history that forgets nothing ---- */

#define STEPS 3000

struct history {
    int64_t started[STEPS];
    size_t count;
};

static bool allowed_by(const struct history *history, const struct throttle_window *windows, size_t count,
                       int64_t now_ns) {
    for (size_t i = 0; i < count; i++) {
        uint32_t inside = 0;
        for (size_t j = 0; j < history->count; j++)
            inside += history->started[j] + windows[i].period_ns > now_ns;
        if (inside >= windows[i].starts)
            return false;
    }
    return true;
}

static void it_agrees_with_a_history_that_forgets_nothing(void **state) {
    (void)state;
    static struct history history;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct insist_random random;
        struct throttle_window windows[3];
        random_init(&random, seed, 0);
        size_t count = 1 + random_next(&random) % 3;
        for (size_t i = 0; i < count; i++)
            windows[i] = (struct throttle_window){.starts = (uint32_t)(random_next(&random) % 9),
                                                  .period_ns = 1 + (int64_t)(random_next(&random) % 60)};
        struct throttle throttle = throttle_of(windows, count);
        history.count = 0;
        int64_t now_ns = 0;
        for (int step = 0; step < STEPS; step++) {
            now_ns += (int64_t)(random_next(&random) % 5);
            if (history.count > 0 && random_next(&random) % 5 == 0) { /* the one that was started last */
                throttle_take_back(&throttle, history.started[--history.count]);
                continue;
            }
            bool expected = allowed_by(&history, windows, count, now_ns);
            assert_int_equal(throttle_start(&throttle, now_ns), expected);
            if (expected)
                history.started[history.count++] = now_ns;
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_counts_for_a_whole_period),
        cmocka_unit_test(a_window_of_none_lets_none_start),
        cmocka_unit_test(a_start_that_one_window_refuses_is_charged_to_none),
        cmocka_unit_test(a_charge_taken_back_makes_room_again),
        cmocka_unit_test(instants_may_come_out_of_order),
        cmocka_unit_test(a_period_without_an_end_never_expires),
        cmocka_unit_test(it_agrees_with_a_history_that_forgets_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
