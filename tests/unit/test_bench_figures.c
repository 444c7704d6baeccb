/* How insist-bench comes to its figures: percentiles, medians and ratios of rounds, the simulated ideal, and what the calls of
 * a storm add up to. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "bench/report.h"
#include "bench/samples.h"
#include "bench/simulate.h"
#include "bench/storm_calls.h"
#include <math.h>

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

/* ---- a storm ---------------------------------------------------------------------------------------------------- */

static void storm_is_told_from_its_calls(void **state) {
    (void)state;
    struct storm_call list[] = {
        {.begun_ns = 9 * MS, .ended_ns = 10 * MS, .attempts = 4}, /* before the outage */
        {.begun_ns = 10 * MS, .ended_ns = 15 * MS, .attempts = 1, .refused = 1},
        {.begun_ns = 12 * MS,
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
    assert_int_equal(account.during.ns[1], 28 * MS);
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
        cmocka_unit_test(ideal_of_a_tail),
        cmocka_unit_test(ideal_of_a_fanout),
        cmocka_unit_test(storm_is_told_from_its_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
