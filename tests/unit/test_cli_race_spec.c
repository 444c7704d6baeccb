/* Values of --race: what is understood, and what is refused with which words. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "cli/race_spec.h"
#include <string.h>

static struct race read_spec(const char *text) {
    struct race race = {.closes_wave = true};
    insist_problem problem = {.err = INSIST_OK};
    assert_true(race_spec(text, &race, &problem));
    assert_true(race.closes_wave); /* --wave came first */
    return race;
}

static void delays_come_one_after_the_other(void **state) {
    (void)state;
    struct race race = read_spec("50ms");
    assert_int_equal(race.shape, RACE_DELAYS);
    assert_int_equal(race.delay_count, 1);
    assert_true(race_longest_ms(&race) == 50);
    race = read_spec("50ms,0.2s,10ms");
    assert_int_equal(race.delay_count, 3);
    assert_true(race.delays_ms[0] == 50 && race.delays_ms[1] == 200 && race.delays_ms[2] == 10);
    assert_true(race_longest_ms(&race) == 200);
}

static void every_and_at_once_have_a_number(void **state) {
    (void)state;
    struct race race = read_spec("every=20ms*3");
    assert_int_equal(race.shape, RACE_EVERY);
    assert_true(race_longest_ms(&race) == 20);
    assert_int_equal(race.times, 3);
    race = read_spec("at-once=4");
    assert_int_equal(race.shape, RACE_AT_ONCE);
    assert_int_equal(race.times, 4);
    assert_true(race_longest_ms(&race) == 0);
}

static void learnt_ones_have_a_share_and_perhaps_a_number(void **state) {
    (void)state;
    struct race race = read_spec("p95");
    assert_int_equal(race.shape, RACE_QUANTILE);
    assert_float_equal(race.learnt, 0.95, 1e-12);
    assert_int_equal(race.times, 1);
    assert_true(race_longest_ms(&race) == 0);
    race = read_spec("p99.9*2");
    assert_float_equal(race.learnt, 0.999, 1e-12);
    assert_int_equal(race.times, 2);
    race = read_spec("auto=2%");
    assert_int_equal(race.shape, RACE_AUTO);
    assert_float_equal(race.learnt, 0.02, 1e-12);
    assert_int_equal(race.times, 1);
    race = read_spec("auto=0.5%*3");
    assert_float_equal(race.learnt, 0.005, 1e-12);
    assert_int_equal(race.times, 3);
    assert_float_equal(read_spec("auto=100%").learnt, 1, 1e-12);
}

static void everything_else_is_refused(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"", "is no race"},
        {"fast", "is no race"},
        {"-50ms", "is no race"},
        {"50", "no duration"},
        {"50ms,", "no duration"},
        {",50ms", "is no race"},
        {"50ms,,60ms", "no duration"},
        {"0ms", "longer than 0"},
        {"50ms,0ms", "longer than 0"},
        {"every=20ms", "does not say how many"},
        {"every=20ms*0", "no whole number"},
        {"every=*3", "no duration"},
        {"every=0ms*3", "longer than 0"},
        {"every=forever*3", "never started"},
        {"50ms,forever", "never started"},
        {"at-once=0", "no whole number"},
        {"at-once=", "no whole number"},
        {"at-once=2000", "no whole number"},
        {"p", "is no race"},
        {"p0", "below 100"},
        {"p0.000", "below 100"},
        {"p100", "below 100"},
        {"p100.1", "below 100"},
        {"p95%", "no percentile"},
        {"p95.", "no percentile"},
        {"p9e1", "no percentile"},
        {"p0x5", "no percentile"},
        {"p95,50ms", "no percentile"},
        {"p95*", "no whole number"},
        {"p95*0", "no whole number"},
        {"p95*1001", "no whole number"},
        {"p95*2*2", "no whole number"},
        {"auto", "is no race"},
        {"auto=", "no share"},
        {"auto=2", "no share"},
        {"auto=0.02", "no share"},
        {"auto=-2%", "no share"},
        {"auto=nan%", "no share"},
        {"auto=2%%", "no share"},
        {"auto=0%", "at most 100%"},
        {"auto=100.5%", "at most 100%"},
        {"auto=2%*", "no whole number"},
        {"auto=2%*0", "no whole number"},
        {"pester", "is no race"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct race race = {.shape = RACE_NONE};
        insist_problem problem = {.err = INSIST_OK};
        assert_false(race_spec(rows[i][0], &race, &problem));
        assert_int_equal(problem.err, INSIST_EINVAL);
        assert_non_null(strstr(problem.text, rows[i][1]));
    }
}

static void there_is_room_for_many_delays_but_not_for_all(void **state) {
    (void)state;
    char text[RACE_DELAYS_MOST * 4 + 8] = "";
    for (int i = 0; i < RACE_DELAYS_MOST; i++)
        strcat(text, i == 0 ? "1ms" : ",1ms");
    assert_int_equal(read_spec(text).delay_count, RACE_DELAYS_MOST);
    strcat(text, ",1ms");
    struct race race = {.shape = RACE_NONE};
    insist_problem problem = {.err = INSIST_OK};
    assert_false(race_spec(text, &race, &problem));
    assert_string_equal(problem.text, "more than 32 delays");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_come_one_after_the_other),
        cmocka_unit_test(every_and_at_once_have_a_number),
        cmocka_unit_test(learnt_ones_have_a_share_and_perhaps_a_number),
        cmocka_unit_test(everything_else_is_refused),
        cmocka_unit_test(there_is_room_for_many_delays_but_not_for_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
