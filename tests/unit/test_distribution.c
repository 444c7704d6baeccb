/* Distributions of durations, as scripts write them: means, deviations and quantiles of 200,000 draws beside the closed
 * forms, and the same draws again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver/draw.h"
#include "testserver/duration.h"
#include "testserver/lot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRAWS = 200000 };

static struct distribution read(const char *text) {
    struct scan scan;
    struct distribution distribution = {0};
    scan_init(&scan, text);
    if (!duration_read(&scan, &distribution) || scan_peek(&scan) != '\0') {
        fail_msg("'%s': column %zu: %s", text, scan.column, scan.expected);
    }
    return distribution;
}

static uint64_t draw_us(const struct distribution *distribution, uint64_t seed, uint64_t hit) {
    return distribution_us(distribution, draw_number(seed, "key", hit, 1), draw_number(seed, "key", hit, 2));
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

struct sample {
    double mean, deviation;
    double sorted[DRAWS];
};

static const struct sample *sample(const char *text) {
    static struct sample s;
    struct distribution distribution = read(text);
    double sum = 0;
    double squares = 0;
    for (size_t i = 0; i < DRAWS; i++) {
        s.sorted[i] = (double)draw_us(&distribution, 11, i);
        sum += s.sorted[i];
    }
    s.mean = sum / DRAWS;
    for (size_t i = 0; i < DRAWS; i++) {
        squares += (s.sorted[i] - s.mean) * (s.sorted[i] - s.mean);
    }
    s.deviation = sqrt(squares / (DRAWS - 1));
    qsort(s.sorted, DRAWS, sizeof s.sorted[0], ascending);
    distribution_fini(&distribution);
    return &s;
}

static double quantile(const struct sample *s, double p) {
    return s->sorted[(size_t)(p * DRAWS)];
}

/* Within `share` of what is expected, and within a microsecond's half in any case. */
static void near(const char *what, double got, double expected, double share) {
    if (fabs(got - expected) > expected * share + 0.5) {
        fail_msg("%s: %.3f us, expected %.3f within %.2f %%", what, got, expected, share * 100);
    }
}

/* Four standard errors of a mean of DRAWS. */
static void mean_is(const struct sample *s, const char *what, double mean, double deviation) {
    near(what, s->mean, mean, 4 * deviation / mean / sqrt(DRAWS));
}

static void a_constant_is_itself(void **state) {
    (void)state;
    const struct sample *s = sample("2.5ms");
    assert_true(s->sorted[0] == 2500 && s->sorted[DRAWS - 1] == 2500);
    assert_true(sample("0")->sorted[DRAWS - 1] == 0);
}

static void uniform_between_its_ends(void **state) {
    (void)state;
    const struct sample *s = sample("uniform(1ms,10ms)");
    double deviation = 9000 / sqrt(12);
    mean_is(s, "mean", 5500, deviation);
    near("deviation", s->deviation, deviation, 0.005);
    assert_true(s->sorted[0] >= 1000 && s->sorted[DRAWS - 1] <= 10000);
    for (int i = 1; i < 10; i++) {
        near("decile", quantile(s, i / 10.0), 1000 + 900 * i, 0.02);
    }
    s = sample("uniform(0,1us)"); /* to the nearest: half of the draws become 0, half 1 */
    mean_is(s, "mean of half microseconds", 0.5, 0.5);
    s = sample("uniform(3ms,3ms)");
    assert_true(s->sorted[0] == 3000 && s->sorted[DRAWS - 1] == 3000);
}

static void lognormal_by_its_own_mean_and_deviation(void **state) {
    (void)state;
    const struct sample *s = sample("ln(5ms,2ms)");
    mean_is(s, "mean", 5000, 2000);
    near("deviation", s->deviation, 2000, 0.015);
    double variance = log(1 + 0.16);
    double median = 5000 / sqrt(1.16);
    const double z[][2] = {{0.01, -2.326347874}, {0.1, -1.281551566}, {0.5, 0},
                           {0.9, 1.281551566},   {0.99, 2.326347874}, {0.999, 3.090232306}};
    for (size_t i = 0; i < sizeof z / sizeof z[0]; i++) {
        near("quantile", quantile(s, z[i][0]), median * exp(sqrt(variance) * z[i][1]), 0.02);
    }
    s = sample("ln(5ms,0)");
    assert_true(s->sorted[0] == 5000 && s->sorted[DRAWS - 1] == 5000);
}

static void pareto_from_its_least_value_on(void **state) {
    (void)state;
    const struct sample *s = sample("pareto(10ms,3)");
    mean_is(s, "mean", 15000, 15000 / sqrt(3));
    assert_true(s->sorted[0] >= 10000);
    const double p[] = {0.1, 0.5, 0.9, 0.99, 0.999};
    for (size_t i = 0; i < 5; i++) {
        near("quantile", quantile(s, p[i]), 10000 * pow(1 - p[i], -1 / 3.0), 0.03);
    }
    s = sample("pareto(1s,0.1)"); /* half of them above 1,024 s, and none above a day */
    near("heavy median", quantile(s, 0.5), 1024e6, 0.06);
    assert_true(s->sorted[DRAWS - 1] == 86400e6);
}

static void a_truncated_pareto_does_not_pile_up_at_its_end(void **state) {
    (void)state;
    const struct sample *s = sample("pareto(10ms,1.5,40ms)"); /* 7/8 of the pareto lie below 40 ms */
    assert_true(s->sorted[0] >= 10000 && s->sorted[DRAWS - 1] <= 40000);
    near("mean", s->mean, 3 * 10000 * 0.5 / 0.875, 0.004);
    const double p[] = {0.1, 0.5, 0.9, 0.99, 0.999};
    for (size_t i = 0; i < 5; i++) {
        near("quantile", quantile(s, p[i]), 10000 * pow(1 - 0.875 * p[i], -1 / 1.5), 0.01);
    }
}

static void a_mix_of_constants_in_their_shares(void **state) {
    (void)state;
    const struct sample *s = sample("mix(0.95:5ms,0.05:50ms)");
    mean_is(s, "mean", 7250, 45000 * sqrt(0.95 * 0.05));
    size_t slow = 0;
    for (size_t i = 0; i < DRAWS; i++) {
        assert_true(s->sorted[i] == 5000 || s->sorted[i] == 50000);
        slow += s->sorted[i] == 50000;
    }
    assert_in_range(slow, 10000 - 390, 10000 + 390); /* four standard deviations */
    s = sample("mix(1ms,2ms,0.5:4ms)");
    mean_is(s, "mean with shared weights", 2750, 1299);
}

/* One in twenty ten times as slow: as workloads of hedging have it. */
static void a_mix_of_lognormals(void **state) {
    (void)state;
    const struct sample *s = sample("mix(0.95:ln(5ms,2ms),0.05:ln(50ms,20ms))");
    double squares = 0.95 * (25e6 + 4e6) + 0.05 * (2500e6 + 400e6);
    mean_is(s, "mean", 7250, sqrt(squares - 7250.0 * 7250));
    near("p50", quantile(s, 0.5), 4760, 0.01); /* of three million draws, to three digits */
    near("p90", quantile(s, 0.9), 8660, 0.01);
    near("p95", quantile(s, 0.95), 17100, 0.04);
    near("p99", quantile(s, 0.99), 64300, 0.015);
    near("p99.9", quantile(s, 0.999), 102100, 0.03);
}

static const char tail_at_scale[] =
    "mix(0.98:uniform(1ms,10ms),0.019:pareto(10ms,1.550970264,69ms),0.001:pareto(69ms,2.118010737))";

/* The service time of "The Tail at Scale", piece by piece, with u counted from the slow end. */
static double tail_at_scale_ms(double u) {
    if (u > 0.02) {
        return 1 + 9 * (1 - (u - 0.02) / 0.98);
    }
    if (u > 0.001) {
        return 10 * pow(u / 0.02, log(6.9) / log(0.05));
    }
    return 69 * pow(u / 0.001, log(1800.0 / 69) / log(0.001));
}

static void the_tail_at_scale_exactly(void **state) {
    (void)state;
    struct distribution distribution = read(tail_at_scale);
    for (uint64_t i = 0; i < 1000000; i++) {
        double slow = (double)(i + 1) / 1000001;
        near("quantile", (double)distribution_us(&distribution, 1 - slow, 0), 1000 * tail_at_scale_ms(slow), 1e-6);
    }
    near("0.98", (double)distribution_us(&distribution, 0.98, 0), 10000, 1e-6);
    near("0.999", (double)distribution_us(&distribution, 0.999, 0), 69000, 1e-6);
    near("0.999999", (double)distribution_us(&distribution, 0.999999, 0), 1800000, 1e-6);
    distribution_fini(&distribution);
    const struct sample *s = sample(tail_at_scale);
    near("drawn p50", quantile(s, 0.5), 1000 * tail_at_scale_ms(0.5), 0.01);
    near("drawn p98", quantile(s, 0.98), 10000, 0.02);
    near("drawn p99", quantile(s, 0.99), 1000 * tail_at_scale_ms(0.01), 0.05);
    near("drawn p99.9", quantile(s, 0.999), 69000, 0.1);
}

static void the_last_number_below_one_is_finite_and_the_first_is_the_least(void **state) {
    (void)state;
    const char *texts[] = {"uniform(1ms,2ms)",  "ln(1ms,1ms)",   "pareto(1ms,1)",
                           "pareto(1ms,1,9ms)", tail_at_scale,   "mix(0.1:1ms,0.2:1ms,0.7:1ms)",
                           "mix(1:1ms,2ms)",    "mix(0:2ms,1ms)"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct distribution distribution = read(texts[i]);
        assert_in_range(distribution_us(&distribution, 1 - 0x1p-53, 0), 1000, UINT64_C(86400000000));
        assert_in_range(distribution_us(&distribution, 0, 0.5), 700, 1000);
        distribution_fini(&distribution);
    }
}

static void the_same_seed_draws_the_same_again(void **state) {
    (void)state;
    struct distribution distribution = read(tail_at_scale);
    struct distribution again = read(tail_at_scale);
    size_t others = 0;
    for (uint64_t hit = 20000; hit-- > 0;) { /* in another order than above */
        uint64_t drawn = draw_us(&distribution, 5, hit);
        assert_int_equal(drawn, draw_us(&again, 5, hit));
        others += drawn != draw_us(&distribution, 6, hit);
    }
    assert_true(others > 19900);
    distribution_fini(&distribution);
    distribution_fini(&again);
}

/* What a hit is told to do, and its delay, are drawn apart: knowing the one says nothing about the other. */
static void the_choice_of_a_step_and_its_delay_are_independent(void **state) {
    (void)state;
    struct script *script;
    size_t column;
    char expected[160];
    assert_int_equal(script_parse("0.5:500;delay=uniform(0,1s)|200;delay=uniform(0,1s)", &script, &column, expected),
                     INSIST_OK);
    double sum[2] = {0};
    size_t count[2] = {0};
    for (uint64_t hit = 0; hit < DRAWS; hit++) {
        struct lot lot = lot_draw(script, 3, "key", hit);
        size_t which = lot.choice->status == 500;
        sum[which] += (double)lot.delay_us;
        count[which]++;
    }
    assert_in_range(count[0], DRAWS / 2 - 900, DRAWS / 2 + 900);
    near("delay of 200", sum[0] / (double)count[0], 500000, 0.008);
    near("delay of 500", sum[1] / (double)count[1], 500000, 0.008);
    script_free(script);
}

/* What a seed means does not change from version to version, nor from machine to machine. */
static void a_few_draws_for_ever(void **state) {
    (void)state;
    struct script *script;
    size_t column;
    char expected[160];
    char drawn[400] = "";
    assert_int_equal(
        script_parse("0.5:slots=1,service=mix(0.95:ln(5ms,2ms),0.05:ln(50ms,20ms));delay=uniform(0,1s)|404", &script,
                     &column, expected),
        INSIST_OK);
    for (uint64_t hit = 0; hit < 8; hit++) {
        struct lot lot = lot_draw(script, 42, "key", hit);
        size_t length = strlen(drawn);
        snprintf(drawn + length, sizeof drawn - length, " %d/%llu/%llu", lot.choice->status,
                 (unsigned long long)lot.delay_us, (unsigned long long)lot.service_us);
    }
    assert_string_equal(drawn,
                        " 0/177315/6769 0/538379/45480 0/142162/48384 404/0/0 0/829564/54915 404/0/0 404/0/0 404/0/0");
    script_free(script);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_constant_is_itself),
        cmocka_unit_test(uniform_between_its_ends),
        cmocka_unit_test(lognormal_by_its_own_mean_and_deviation),
        cmocka_unit_test(pareto_from_its_least_value_on),
        cmocka_unit_test(a_truncated_pareto_does_not_pile_up_at_its_end),
        cmocka_unit_test(a_mix_of_constants_in_their_shares),
        cmocka_unit_test(a_mix_of_lognormals),
        cmocka_unit_test(the_tail_at_scale_exactly),
        cmocka_unit_test(the_last_number_below_one_is_finite_and_the_first_is_the_least),
        cmocka_unit_test(the_same_seed_draws_the_same_again),
        cmocka_unit_test(the_choice_of_a_step_and_its_delay_are_independent),
        cmocka_unit_test(a_few_draws_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
