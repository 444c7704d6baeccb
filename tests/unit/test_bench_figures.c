/* How insist-bench comes to its figures: percentiles, medians and ratios of rounds, the simulated ideal, and what the calls of
 * a storm add up to. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "bench/load_window.h"
#include "bench/overruns.h"
#include "bench/report.h"
#include "bench/samples.h"
#include "bench/simulate.h"
#include "bench/storm_calls.h"
#include <math.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define MS INT64_C(1000000)

static void near(double value, double expected, double distance) {
    if (!(fabs(value - expected) <= distance)) {
        fail_msg("%g instead of %g", value, expected);
    }
}

/* ---- percentiles ------------------------------------------------------------------------------------------------ */

static void percentiles_are_of_the_nearest_rank(void **state) {
    (void)state;
    struct samples samples = {0};
    for (int64_t i = 1000; i >= 1; i--) {
        assert_true(samples_add(&samples, i * MS));
    }
    samples_sort(&samples);
    near(samples_percentile_ms(&samples, 0), 1, 0);
    near(samples_percentile_ms(&samples, 0.5), 500, 0);
    near(samples_percentile_ms(&samples, 0.9), 900, 0);
    near(samples_percentile_ms(&samples, 0.99), 990, 0);
    near(samples_percentile_ms(&samples, 0.999), 999, 0);
    near(samples_percentile_ms(&samples, 0.9991), 1000, 0);
    near(samples_percentile_ms(&samples, 1), 1000, 0);
    samples_fini(&samples);
    assert_true(isnan(samples_percentile_ms(&samples, 0.5)));
}

static void samples_of_several_are_joined(void **state) {
    (void)state;
    struct samples all = {0};
    struct samples more = {0};
    assert_true(samples_add(&all, 3 * MS));
    assert_true(samples_join(&all, &more));
    assert_true(samples_add(&more, 1 * MS) && samples_add(&more, 2 * MS));
    assert_true(samples_join(&all, &more));
    samples_sort(&all);
    assert_int_equal(all.count, 3);
    assert_int_equal(all.ns[0], 1 * MS);
    assert_int_equal(all.ns[2], 3 * MS);
    samples_fini(&all);
    samples_fini(&more);
}

/* ---- rounds ----------------------------------------------------------------------------------------------------- */

static void rounds_have_a_median(void **state) {
    (void)state;
    static const double values[] = {5, 1, 4, 2};
    struct report report;
    assert_true(report_init(&report, "test"));
    for (unsigned i = 0; i < 4; i++) {
        report_add(&report, "insist", "p99_ms", values[i]);
        if (i == 2) {
            near(report_summary(report_row(&report, "insist", "p99_ms")).median, 4, 0);
        }
    }
    struct summary summary = report_summary(report_row(&report, "insist", "p99_ms"));
    near(summary.median, 3, 0);
    near(summary.min, 1, 0);
    near(summary.max, 5, 0);
    assert_int_equal(report.rounds, 4);
    assert_null(report_row(&report, "libcurl", "p99_ms"));
    assert_true(isnan(report_summary(NULL).median));
    report_fini(&report);
}

/* 1/2, 9/3 and 8/1: the median of the ratios is 3, the ratio of the medians would be 4. */
static void ratios_are_of_rounds(void **state) {
    (void)state;
    static const double ours[] = {1, 9, 8, 7};
    static const double theirs[] = {2, 3, 1, 0};
    struct report report;
    assert_true(report_init(&report, "test"));
    for (unsigned i = 0; i < 4; i++) {
        report_add(&report, "insist", "p50_ms", ours[i]);
        report_add(&report, "libcurl", "p50_ms", theirs[i]); /* the last round has no ratio */
    }
    report_add_ratio(&report, "insist", "p50_ms", "libcurl");
    struct summary summary = report_ratio_summary(&report, &report.ratios[0]);
    near(summary.median, 3, 0);
    near(summary.min, 0.5, 0);
    near(summary.max, 8, 0);
    report_fini(&report);
}

/* A goal is about a figure, or about its ratio to a yardstick's; a bound is reached by what equals it. */
static void goals_are_of_figures_or_ratios(void **state) {
    (void)state;
    static const struct report_goal goals[] = {{"W1", "insist", "p50_ms", NULL, 6, false},
                                               {"W1", "insist", "p50_ms", "libcurl", 2.9, false},
                                               {"W1", "insist", "p50_ms", "libcurl", 3, true},
                                               {"W1", "insist", "p99_ms", NULL, 1, false}};
    struct report report;
    assert_true(report_init(&report, "test"));
    report_add(&report, "insist", "p50_ms", 6);
    report_add(&report, "libcurl", "p50_ms", 2);
    report_add_goals(&report, goals, 4);
    assert_int_equal(report.goal_count, 4);
    near(report_goal_summary(&report, &report.goals[0]).median, 6, 0);
    near(report_goal_summary(&report, &report.goals[1]).median, 3, 0);
    assert_true(isnan(report_goal_summary(&report, &report.goals[3]).median));
    assert_true(report_reaches(&report.goals[0], 6));
    assert_false(report_reaches(&report.goals[1], 3));
    assert_true(report_reaches(&report.goals[2], 3));
    report_fini(&report);
}

/* What is printed never looks as if it were the bound, or on its other side. */
static void a_goal_is_printed_with_the_digits_it_takes(void **state) {
    (void)state;
    static const struct report_goal goals[] = {{"W3", "insist", "near", NULL, 1.201, false},
                                               {"W3", "insist", "beyond", NULL, 1.201, false},
                                               {"W3", "insist", "near", NULL, 1.201, true},
                                               {"W3", "insist", "met", NULL, 4, false},
                                               {"W3", "insist", "met", "libcurl", 1, false}};
    static const char expected[] = "goal W3: insist near 1.2009 (1.2009..1.2009), at most 1.201: reached\n"
                                   "goal W3: insist beyond 1.20101 (1.20101..1.20101), at most 1.201: MISSED\n"
                                   "goal W3: insist near 1.2009 (1.2009..1.2009), at least 1.201: MISSED\n"
                                   "goal W3: insist met 4 (4..4), at most 4: reached\n"
                                   "goal W3: insist met / libcurl nan (nan..nan), at most 1: not measured\n";
    struct report report;
    char *text = NULL;
    size_t length = 0;
    assert_true(report_init(&report, "test"));
    report_add(&report, "insist", "near", 1.2009);
    report_add(&report, "insist", "beyond", 1.20101);
    report_add(&report, "insist", "met", 4);
    report_add_goals(&report, goals, 5);
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    report_put_table(&report, out);
    assert_int_equal(fclose(out), 0);
    assert_non_null(strstr(text, expected));
    free(text);
    report_fini(&report);
}

/* ---- what of a load counts --------------------------------------------------------------------------------------- */

/* Of a load with a duration: from when it has settled, for as long as it lasts. */
static void window_opens_when_settled(void **state) {
    (void)state;
    const struct load load = {.callers = 4, .duration_ns = 1000, .spread_ns = 400, .settle_ns = 500};
    struct load_outcome outcome = {0};
    struct load_window window = load_window_open(&load, &outcome);
    assert_false(load_window_holds(&window, window.start_ns + 499));
    assert_true(load_window_holds(&window, window.start_ns + 500));
    assert_true(load_window_holds(&window, window.start_ns + 1499));
    assert_false(load_window_holds(&window, window.start_ns + 1500));
    assert_int_equal(load_window_begin_ns(&window, &load, 0), window.start_ns);
    assert_int_equal(load_window_begin_ns(&window, &load, 3), window.start_ns + 300);
}

static bool count_call(void *ctx, const struct load_tick *tick) {
    atomic_fetch_add((atomic_uint *)ctx, 1);
    return tick->number != 4;
}

/* Warm calls are made, each caller's, and not counted. */
static void warm_calls_do_not_count(void **state) {
    (void)state;
    atomic_uint calls = 0;
    const struct load load = {.callers = 3, .calls = 10, .warm_calls = 2, .ctx = &calls, .call = count_call};
    struct load_outcome outcome;
    assert_true(load_run(&load, &outcome));
    assert_int_equal(atomic_load(&calls), 16);
    assert_int_equal(outcome.calls, 10);
    assert_int_equal(outcome.ended, 10);
    assert_int_equal(outcome.failed, 1);
    assert_int_equal(outcome.latencies.count, 10);
    assert_true(outcome.elapsed_ns > 0);
    load_outcome_fini(&outcome);
}

struct lingering {
    atomic_uint ended, left_early;
};

static void *enter_one(void *ctx) {
    return ctx;
}

static void leave_one(void *ctx, void *state) {
    struct lingering *lingering = ctx;
    (void)state;
    atomic_fetch_add(&lingering->left_early, atomic_load(&lingering->ended) < 12);
}

/* The first call ends long behind the others. */
static bool linger(void *ctx, const struct load_tick *tick) {
    struct lingering *lingering = ctx;
    for (unsigned i = 0; tick->number == 0 && i < 1000; i += atomic_load(&lingering->ended) == 11) {
        sched_yield();
    }
    atomic_fetch_add(&lingering->ended, 1);
    return true;
}

/* Nobody tidies up while a call is measured. */
static void callers_leave_together(void **state) {
    (void)state;
    struct lingering lingering = {0};
    const struct load load = {
        .callers = 4, .calls = 12, .ctx = &lingering, .enter = enter_one, .leave = leave_one, .call = linger};
    struct load_outcome outcome;
    assert_true(load_run(&load, &outcome));
    assert_int_equal(outcome.calls, 12);
    assert_int_equal(atomic_load(&lingering.left_early), 0);
    load_outcome_fini(&outcome);
}

/* ---- the ideal: against values that were computed elsewhere ------------------------------------------------------ */

static void check_ideal(const struct simulation *simulation, const double expected[3], const double distance[3]) {
    static const double shares[] = {0.5, 0.99};
    struct samples samples = {0};
    double extra_percent;
    assert_true(simulate_run(simulation, &samples, &extra_percent));
    for (unsigned i = 0; i < 2; i++) {
        near(samples_percentile_ms(&samples, shares[i]), expected[i], distance[i]);
    }
    near(extra_percent, expected[2], distance[2]);
    samples_fini(&samples);
}

static void ideal_of_a_tail(void **state) {
    (void)state;
    struct simulation simulation = {.draw = simulate_lognormal_tenth, .width = 1, .operations = 500000, .seed = 3};
    check_ideal(&simulation, (double[]){4.76, 64.3, 0}, (double[]){0.02, 0.7, 0});
    simulation.every_ms = 10;
    simulation.hedges = 1;
    check_ideal(&simulation, (double[]){4.76, 16.84, 7.20}, (double[]){0.02, 0.1, 0.1});
    simulation.hedges = 2;
    check_ideal(&simulation, (double[]){4.76, 16.84, 7.54}, (double[]){0.02, 0.1, 0.1});
}

static void ideal_of_a_fanout(void **state) {
    (void)state;
    struct simulation simulation = {.draw = simulate_tail_at_scale, .width = 100, .operations = 20000, .seed = 3};
    check_ideal(&simulation, (double[]){19.8, 206, 0}, (double[]){0.3, 8, 0});
    simulation.every_ms = 10;
    simulation.hedges = 2;
    check_ideal(&simulation, (double[]){14.5, 21.1, 2.01}, (double[]){0.1, 0.4, 0.05});
}

/* ---- overruns --------------------------------------------------------------------------------------------------- */

/* Each that is far beyond is told with the latest tick of the timer between when it was due and its return. */
static void overruns_are_told_one_by_one(void **state) {
    (void)state;
    static const struct overrun_figures figures = OVERRUN_FIGURES("dns");
    struct overrun list[] = {{10 * MS, 11 * MS}, {14 * MS, 34 * MS}, {40 * MS, 51 * MS}, {60 * MS, 70 * MS}};
    struct overruns overruns = {.all = list, .count = 4};
    struct lateness lateness = {.start_ns = 0}; /* a tick every 2 ms from then on */
    struct report report;
    assert_true(report_init(&report, "test"));
    for (int64_t tick = 1; tick <= 40; tick++) {
        assert_true(samples_add(&lateness.late, tick == 10 ? 17 * MS : tick == 22 ? 3 * MS : 0));
    }
    overruns_report(&overruns, &report, "insist", &figures);
    overruns_report_lateness(&overruns, &lateness, &report, "insist", &figures);
    assert_int_equal(report_overruns(&report), 2);
    assert_string_equal(report.overruns[0].phase, "dns");
    assert_int_equal(report.overruns[0].round, 1);
    near(report.overruns[0].ms, 20, 0);
    near(report.overruns[0].timer_ms, 17, 0);
    near(report.overruns[1].ms, 11, 0);
    near(report.overruns[1].timer_ms, 3, 0);
    near(report_summary(report_row(&report, "timer", "dns_at_max_ms")).median, 17, 0);
    near(report_summary(report_row(&report, "insist", "dns_max_ms")).median, 20, 0);
    lateness_fini(&lateness);
    report_fini(&report);
}

/* ---- a storm ---------------------------------------------------------------------------------------------------- */

static void storm_is_told_from_its_calls(void **state) {
    (void)state;
    struct storm_call list[] = {
        {.begun_ns = 9 * MS, .ended_ns = 10 * MS, .attempts = 4}, /* before the outage */
        {.planned_ns = 10 * MS, .begun_ns = 10 * MS, .ended_ns = 15 * MS, .attempts = 1, .refused = 1},
        {.planned_ns = 8 * MS, /* late: what it waited counts */
         .begun_ns = 12 * MS,
         .ended_ns = 40 * MS,
         .attempts = 4,
         .refused = 4,
         .retries = {{14 * MS, 15 * MS}, {19 * MS, 25 * MS}, {30 * MS, 39 * MS}}}, /* the second is decided within it */
        {.begun_ns = 20 * MS, .ended_ns = 21 * MS, .attempts = 1, .refused = 1},   /* after it */
        {.begun_ns = 21 * MS,
         .ended_ns = 60 * MS,
         .attempts = 2,
         .refused = 1,
         .good = true,
         .retries = {{22 * MS, 37 * MS}}},
    };
    struct storm_calls calls = {.calls = list, .count = 5};
    struct storm_outage outage = {.begin_ns = 10 * MS, .end_ns = 20 * MS};
    struct storm_account account = storm_calls_account(&calls, &outage);
    near(account.attempts_per_call, 2.5, 0);
    near(account.first_retry_ms, 17, 0);
    near(account.failed_after_percent, 50, 0);
    assert_int_equal(account.during.count, 2);
    assert_int_equal(account.during.ns[1], 32 * MS);
    samples_fini(&account.during);
    near(storm_calls_refused_percent(&calls), 100.0 * 7 / 12, 1e-9);
    calls.count = 2;
    account = storm_calls_account(&calls, &outage);
    assert_true(isnan(account.first_retry_ms)); /* none */
    samples_fini(&account.during);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_are_of_the_nearest_rank),
        cmocka_unit_test(samples_of_several_are_joined),
        cmocka_unit_test(rounds_have_a_median),
        cmocka_unit_test(ratios_are_of_rounds),
        cmocka_unit_test(goals_are_of_figures_or_ratios),
        cmocka_unit_test(a_goal_is_printed_with_the_digits_it_takes),
        cmocka_unit_test(window_opens_when_settled),
        cmocka_unit_test(warm_calls_do_not_count),
        cmocka_unit_test(callers_leave_together),
        cmocka_unit_test(ideal_of_a_tail),
        cmocka_unit_test(ideal_of_a_fanout),
        cmocka_unit_test(overruns_are_told_one_by_one),
        cmocka_unit_test(storm_is_told_from_its_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
