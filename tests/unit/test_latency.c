/* Latencies as counts, survival curves, and the hedges that follow from them. Instants are handed in; the expected
 * values were worked out by hand, or by trying everything on the raw samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/random.h"
#include "policy/survival.h"
#include <insist/policy.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define S_NS INT64_C(1000000000)
#define START_NS (1000 * S_NS) /* where a window of ten seconds begins */
#define CLOSE 1e-9

static struct latency *latency;
static struct latency_counts counts;
static struct survival survival;

static int set_up(void **state) {
    (void)state;
    latency = calloc(1, sizeof *latency);
    memset(&counts, 0, sizeof counts);
    return latency == NULL;
}

static int tear_down(void **state) {
    (void)state;
    free(latency);
    return 0;
}

static void took(int64_t us, int64_t now_ns) {
    latency_enter(latency, &(struct latency_entry){.us = us}, now_ns);
}

static void longer_than(int64_t us, int64_t now_ns) {
    latency_enter(latency, &(struct latency_entry){.us = us, .longer = true}, now_ns);
}

static void estimate(int64_t now_ns) {
    latency_sum(latency, now_ns, &counts);
    survival_estimate(&survival, &counts);
}

/* ---- buckets ---- */

static void a_bucket_is_at_most_a_fiftieth_wide(void **state) {
    (void)state;
    for (size_t i = 1; i + 2 < LATENCY_BUCKETS; i++) {
        int64_t begin_us = latency_begin_us(i), end_us = latency_begin_us(i + 1);
        assert_true(end_us > begin_us);
        assert_true((end_us - begin_us) * 50 <= begin_us);
        assert_int_equal(latency_bucket(begin_us), i);
        assert_int_equal(latency_bucket(end_us - 1), i);
    }
}

static void what_is_too_short_or_too_long_has_a_bucket_of_its_own(void **state) {
    (void)state;
    assert_int_equal(latency_bucket(INT64_MIN), 0);
    assert_int_equal(latency_bucket(0), 0);
    assert_int_equal(latency_bucket(127), 0);
    assert_int_equal(latency_bucket(128), 1);
    assert_int_equal(latency_bucket(129), 1);
    assert_int_equal(latency_bucket(130), 2);
    assert_int_equal(latency_begin_us(0), 0);
    assert_int_equal(latency_begin_us(1), 128);
    assert_int_equal(latency_begin_us(LATENCY_BUCKETS - 1), 1 << 26);
    assert_int_equal(latency_bucket((1 << 26) - 1), LATENCY_BUCKETS - 2);
    assert_int_equal(latency_bucket(INT64_MAX), LATENCY_BUCKETS - 1);
    assert_int_equal(latency_bucket(1000), 1 + 2 * 64 + 61); /* 512 us and 61 times 8 */
    assert_int_equal(latency_begin_us(latency_bucket(200)), 200);
}

static void memory_is_bounded(void **state) {
    (void)state;
    assert_true(sizeof(struct latency) <= 40 * 1024);
}

/* ---- the last minute ---- */

static void an_entry_counts_for_a_minute(void **state) {
    (void)state;
    took(1000, START_NS);
    took(2000, START_NS + 25 * S_NS);
    longer_than(3000, START_NS + 25 * S_NS);
    assert_int_equal(latency_count(latency, START_NS + 25 * S_NS), 3);
    assert_int_equal(latency_count(latency, START_NS + 60 * S_NS - 1), 3);
    assert_int_equal(latency_count(latency, START_NS + 60 * S_NS), 2); /* the window that began at 1,000 s has gone */
    latency_sum(latency, START_NS + 60 * S_NS, &counts);
    assert_int_equal(counts.entries, 2);
    assert_int_equal(counts.ended[latency_bucket(1000)], 0);
    assert_int_equal(counts.ended[latency_bucket(2000)], 1);
    assert_int_equal(counts.longer[latency_bucket(3000)], 1);
    assert_int_equal(latency_count(latency, START_NS + 79 * S_NS), 2);
    assert_int_equal(latency_count(latency, START_NS + 80 * S_NS), 0);
}

static void a_window_is_used_again(void **state) {
    (void)state;
    for (int64_t s = 0; s < 600; s++)
        took(1000, START_NS + s * S_NS);
    assert_int_equal(latency_count(latency, START_NS + 599 * S_NS), 60);
    took(1000, START_NS + 3600 * S_NS);
    assert_int_equal(latency_count(latency, START_NS + 3600 * S_NS), 1);
}

static void an_earlier_instant_counts_as_the_latest(void **state) {
    (void)state;
    took(1000, START_NS + 100 * S_NS);
    took(1000, START_NS);
    took(1000, INT64_MIN);
    assert_int_equal(latency_count(latency, START_NS), 3);
    assert_int_equal(latency_count(latency, START_NS + 159 * S_NS), 3);
    assert_int_equal(latency_count(latency, START_NS + 160 * S_NS), 0);
}

static void a_full_bucket_halves_its_window(void **state) {
    (void)state;
    for (int i = 0; i < 101; i++)
        took(50000, START_NS);
    for (int i = 0; i < 65535; i++)
        took(1000, START_NS);
    latency_sum(latency, START_NS, &counts);
    assert_int_equal(counts.ended[latency_bucket(1000)], 65535);
    assert_int_equal(counts.ended[latency_bucket(50000)], 101);
    took(1000, START_NS);
    latency_sum(latency, START_NS, &counts);
    assert_int_equal(counts.ended[latency_bucket(1000)], 32769);
    assert_int_equal(counts.ended[latency_bucket(50000)], 51);
    assert_int_equal(counts.entries, 65637);
}

/* ---- the last second ---- */

static void slower_share_is_that_of_the_last_second(void **state) {
    (void)state;
    assert_true(latency_slower_share(latency, 10000, false, START_NS) <= 0); /* of nothing */
    for (int i = 0; i < 3; i++)
        took(9000, START_NS);
    took(10000, START_NS);
    assert_float_equal(latency_slower_share(latency, 10000, false, START_NS), 0.25, CLOSE);
    assert_float_equal(latency_slower_share(latency, 9000, false, START_NS), 1, CLOSE);
    assert_float_equal(latency_slower_share(latency, 20000, false, START_NS), 0, CLOSE);
    assert_float_equal(latency_slower_share(latency, 10000, true, START_NS), 0, CLOSE); /* it was the only one */
    assert_float_equal(latency_slower_share(latency, 9000, true, START_NS), 1, CLOSE);
    assert_float_equal(latency_slower_share(latency, 20000, true, START_NS), 0, CLOSE);
    longer_than(30000, START_NS + S_NS / 2);
    assert_float_equal(latency_slower_share(latency, 10000, false, START_NS + S_NS / 2), 0.4, CLOSE);
    assert_float_equal(latency_slower_share(latency, 10000, true, START_NS + S_NS / 2), 0.25, CLOSE);
    assert_float_equal(latency_slower_share(latency, 10000, false, START_NS + S_NS), 1,
                       CLOSE); /* the one of half a second */
    assert_float_equal(latency_slower_share(latency, 10000, false, START_NS + 2 * S_NS), 0, CLOSE);
}

static void one_that_is_under_way_counts_once(void **state) {
    (void)state;
    took(1000, START_NS);
    latency_enter(latency, &(struct latency_entry){.us = 5000, .longer = true, .under_way = true}, START_NS);
    assert_int_equal(latency_count(latency, START_NS), 1); /* it will leave its entry at its end */
    assert_float_equal(latency_slower_share(latency, 5000, false, START_NS), 0.5, CLOSE);
    latency_enter(latency, &(struct latency_entry){.us = 7000, .told = true}, START_NS);
    assert_int_equal(latency_count(latency, START_NS), 2);
    assert_float_equal(latency_slower_share(latency, 5000, false, START_NS), 0.5, CLOSE);
}

/* ---- the product limit ---- */

/* Six requests, of 1, 2, 3 and 5 ms, two given up after 2 and 4 ms. Worked out by hand: 5/6 last longer than 1 ms; of
 * the five left one ends at 2 ms, 5/6 * 4/5 = 2/3; of three left one at 3 ms, 2/3 * 2/3 = 4/9; the last at 5 ms. */
static void those_given_up_count_among_the_survivors_until_then(void **state) {
    (void)state;
    took(1000, START_NS);
    took(2000, START_NS);
    longer_than(2000, START_NS);
    took(3000, START_NS);
    longer_than(4000, START_NS);
    took(5000, START_NS);
    estimate(START_NS);
    assert_float_equal(survival_at(&survival, 900), 1, CLOSE);
    assert_float_equal(survival_at(&survival, 1000), 1, CLOSE);
    assert_float_equal(survival_at(&survival, 1100), 5.0 / 6, CLOSE);
    assert_float_equal(survival_at(&survival, 2000), 5.0 / 6, CLOSE);
    assert_float_equal(survival_at(&survival, 2500), 2.0 / 3, CLOSE);
    assert_float_equal(survival_at(&survival, 3500), 4.0 / 9, CLOSE);
    assert_float_equal(survival_at(&survival, 4500), 4.0 / 9, CLOSE);
    assert_float_equal(survival_at(&survival, 5500), 0, CLOSE);
}

static void a_quantile_is_where_so_many_are_over(void **state) {
    (void)state;
    for (int ms = 1; ms <= 100; ms++)
        took(ms * 1000, START_NS);
    estimate(START_NS);
    /* 5 of 100 take longer than 95 ms; the bucket behind theirs begins less than 2 % later. */
    int64_t us = survival_quantile_us(&survival, 0.95);
    assert_true(us > 95000 && us <= 96900);
    us = survival_quantile_us(&survival, 0.5);
    assert_true(us > 50000 && us <= 51000);
    us = survival_quantile_us(&survival, 0.001); /* all take 1 ms at least … */
    assert_true(us > 1000 && us <= 1020);        /* … and 99 % more */
}

static void a_tail_that_nobody_saw_has_no_quantile(void **state) {
    (void)state;
    for (int i = 0; i < 90; i++)
        took(1000, START_NS);
    for (int i = 0; i < 10; i++)
        longer_than(5000, START_NS);
    estimate(START_NS);
    int64_t us = survival_quantile_us(&survival, 0.9);
    assert_true(us > 1000 && us <= 1020);
    assert_int_equal(survival_quantile_us(&survival, 0.91), -1);
    assert_float_equal(survival_at(&survival, INT64_MAX), 0.1, CLOSE);
}

/* What hedging cuts off is known to have taken longer: the curve stays that of the requests, however many of them are
 * cut off after 10 ms and the time of another, which has nothing to do with theirs. Forgetting them would make the 90th
 * percentile, 20 ms, half as long. */
static void being_hedged_does_not_bend_the_curve(void **state) {
    struct insist_random random;
    (void)state;
    random_init(&random, 3, 3);
    for (int i = 0; i < 60000; i++) {
        double us = 8686 * -log(1 - insist_random_unit(&random)); /* exponential: 10 % are above 20 ms */
        double cut_us = 10000 + 8686 * -log(1 - insist_random_unit(&random));
        if (us > cut_us)
            longer_than((int64_t)cut_us, START_NS);
        else
            took((int64_t)us, START_NS);
    }
    estimate(START_NS);
    int64_t p90_us = survival_quantile_us(&survival, 0.9);
    assert_true(p90_us > 19500 && p90_us < 20700);
    int64_t p99_us = survival_quantile_us(&survival, 0.99);
    assert_true(p99_us > 38400 && p99_us < 42000); /* 40 ms */
}

/* ---- the best hedge ---- */

static double lognormal_survival(double us, double mean_us, double deviation_us) {
    double variance = log(1 + deviation_us * deviation_us / mean_us / mean_us);
    double middle = log(mean_us) - variance / 2;
    return us <= 0 ? 1 : erfc((log(us) - middle) / sqrt(2 * variance)) / 2;
}

/* 95 % of 5 ms with a deviation of 2 ms, 5 % ten times as long. */
static double w1_survival(int64_t us) {
    return 0.95 * lognormal_survival((double)us, 5000, 2000) + 0.05 * lognormal_survival((double)us, 50000, 20000);
}

static void fill_w1(void) {
    const double all = 1e7;
    for (size_t i = 0; i + 1 < LATENCY_BUCKETS; i++) {
        double share = w1_survival(latency_begin_us(i)) - w1_survival(latency_begin_us(i + 1));
        counts.ended[i] = (uint32_t)(share * all + 0.5);
        counts.entries += counts.ended[i];
    }
    survival_estimate(&survival, &counts);
}

/* By hand, from the distribution: unhedged 64.5 ms. The 95th percentile is 17.5 ms; hedged then, 1 % are left when a
 * fifth of the second requests are, after another 6.8 ms: 24.3 ms. The best is 12.4 ms and 0.91 (5.5 % are slower),
 * which leaves 1 % after 20.5 ms. */
static void w1_has_a_better_hedge_than_its_95th_percentile(void **state) {
    struct hedge_plan plan = {.delay_us = -1};
    (void)state;
    fill_w1();
    int64_t us = survival_quantile_us(&survival, 0.99);
    assert_true(us > 63800 && us < 66000);
    us = survival_quantile_us(&survival, 0.95);
    assert_true(us > 17400 && us < 17800);
    us = survival_hedged_p99_us(&survival, us, 1);
    assert_true(us > 24200 && us < 25000);

    assert_true(survival_single_r(&survival, 0.05, &plan));
    assert_true(plan.delay_us > 11500 && plan.delay_us < 13500);
    assert_true(plan.probability > 0.85 && plan.probability < 0.97);
    assert_true(plan.probability * survival_at(&survival, plan.delay_us) <= 0.05 + CLOSE);
    us = survival_hedged_p99_us(&survival, plan.delay_us, plan.probability);
    assert_true(us > 20300 && us < 21200);
}

/* 2 % of extra requests: 48.8 ms are possible, after 40 ms, and 49.1 ms after 42. */
static void a_smaller_share_waits_longer(void **state) {
    struct hedge_plan plan = {.delay_us = -1};
    (void)state;
    fill_w1();
    assert_true(survival_single_r(&survival, 0.02, &plan));
    assert_true(plan.delay_us > 38500 && plan.delay_us < 42500);
    assert_true(plan.probability > 0.57 && plan.probability < 0.68);
    int64_t us = survival_hedged_p99_us(&survival, plan.delay_us, plan.probability);
    assert_true(us > 48000 && us < 49600);
}

static void no_more_than_twice_the_share_are_slower(void **state) {
    (void)state;
    fill_w1();
    for (double share = 0.001; share <= 1; share *= 1.3) {
        struct hedge_plan plan = {.delay_us = -1};
        assert_true(survival_single_r(&survival, share, &plan));
        assert_true(plan.probability >= 0.5 && plan.probability <= 1);
        assert_true(plan.delay_us >= SURVIVAL_DELAY_LEAST_US);
        assert_true(survival_at(&survival, plan.delay_us) <= 2 * share + CLOSE);
        assert_true(plan.probability * survival_at(&survival, plan.delay_us) <= share + CLOSE);
    }
}

/* The k-th hedge is started, by its probability, k delays after the first request when none before it has answered. */
static void further_hedges_get_what_is_left_of_the_share(void **state) {
    (void)state;
    fill_w1();
    for (double share = 0.01; share <= 1; share *= 1.5) {
        struct hedge_plan plan = {.delay_us = -1};
        double extra = 0;
        assert_true(survival_single_r(&survival, share, &plan));
        assert_true(plan.again >= 0 && plan.again <= 1);
        for (unsigned k = 1; k <= 20; k++) {
            double started = plan.probability;
            for (unsigned j = 1; j <= k; j++)
                started *= (j > 1 ? plan.again : 1) * survival_at(&survival, j * plan.delay_us);
            extra += started;
        }
        assert_true(extra <= share + CLOSE);
    }
    struct hedge_plan plan = {.delay_us = -1};
    assert_true(survival_single_r(&survival, 0.05, &plan));
    assert_true(plan.again < 0.001); /* the first takes it all */
}

/* 4 % take 9 ms, the others 4 ms. A share of a tenth leaves 6 %: more than 4 % of 4 % ever need. Of 4.1 % a tenth of a
 * percent is left, and 4 % are slower than two delays: the series' factor may be 0.1 / 4.1. */
static void what_is_left_is_drawn_too(void **state) {
    struct hedge_plan plan = {.delay_us = -1};
    (void)state;
    for (int i = 0; i < 1000; i++)
        took(i % 25 == 0 ? 9000 : 4000, START_NS);
    estimate(START_NS);
    assert_true(survival_single_r(&survival, 0.1, &plan));
    assert_float_equal(plan.probability, 1, CLOSE);
    assert_float_equal(plan.again, 1, CLOSE);
    assert_true(survival_single_r(&survival, 0.041, &plan));
    assert_float_equal(plan.probability, 1, CLOSE);
    assert_true(fabs(plan.again - 0.1 / 4.1 / 0.04) < 1e-6);
}

static void no_delay_is_below_200_us(void **state) {
    struct hedge_plan plan = {.delay_us = -1};
    (void)state;
    for (int i = 1; i <= 1000; i++)
        took(i, START_NS);
    estimate(START_NS);
    assert_true(survival_single_r(&survival, 1, &plan));
    assert_int_equal(plan.delay_us, 200);
    assert_true(plan.probability >= 1);
}

static void a_tail_that_is_cut_off_is_no_obstacle(void **state) {
    struct hedge_plan plan = {.delay_us = -1};
    (void)state;
    for (int i = 0; i < 960; i++)
        took(5000, START_NS);
    for (int i = 0; i < 40; i++)
        longer_than(16000, START_NS);
    estimate(START_NS);
    assert_true(survival_single_r(&survival, 0.04, &plan));
    assert_true(plan.delay_us > 5000 && plan.delay_us <= 5120);
    int64_t us = survival_hedged_p99_us(&survival, plan.delay_us, plan.probability);
    assert_true(us > 10000 && us <= 10300); /* 4 % of 4 % are left */
    /* A thousandth of extra requests cannot bring a hundredth about, and nobody knows how long they take. */
    assert_false(survival_single_r(&survival, 0.001, &plan));
}

/* ---- against the raw samples ---- */

#define SAMPLES 2000

static int64_t samples[SAMPLES]; /* ascending */

static int ascending(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* How many of the samples are us or longer. */
static double share_from(int64_t us) {
    size_t low = 0, high = SAMPLES;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (samples[middle] < us)
            low = middle + 1;
        else
            high = middle;
    }
    return (double)(SAMPLES - low) / SAMPLES;
}

static bool is_tail(int64_t us, int64_t delay_us, double probability) {
    double first = share_from(us);
    double second = us <= delay_us ? 1 : share_from(us - delay_us);
    return first * (1 - probability + probability * second) <= 0.01;
}

static int64_t exact_p99_us(int64_t delay_us, double probability) {
    int64_t low = 0, high = samples[SAMPLES - 1] + 1;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (is_tail(middle, delay_us, probability))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* All delays that are one of the samples, with the largest probability that the share allows. */
static int64_t brute_force_p99_us(double share, double least) {
    int64_t best_us = INT64_MAX;
    for (size_t i = 0; i < SAMPLES; i++) {
        double slower = share_from(samples[i]);
        double probability = slower <= share ? 1 : share / slower;
        if (samples[i] < SURVIVAL_DELAY_LEAST_US || probability < least)
            continue;
        int64_t us = exact_p99_us(samples[i], probability);
        best_us = us < best_us ? us : best_us;
    }
    return best_us;
}

static double normal(struct insist_random *random) { /* Box and Muller */
    double u = 1 - insist_random_unit(random), v = insist_random_unit(random);
    return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
}

/* Of four shapes: W1, one lognormal hump, a Pareto tail, exponential. */
static int64_t sample(unsigned shape, struct insist_random *random) {
    double unit = 1 - insist_random_unit(random);
    double hump_us = exp(log(5000.0) - 0.0742 + 0.385 * normal(random));
    switch (shape) {
    case 0: return (int64_t)(unit < 0.05 ? hump_us * 10 : hump_us);
    case 1: return (int64_t)hump_us;
    case 2: return (int64_t)(1000 * pow(unit, -1 / 1.5));
    default: return (int64_t)(5000 * -log(unit));
    }
}

static void the_best_hedge_is_as_good_as_any_that_was_tried(void **state) {
    static const double shares[] = {0.01, 0.02, 0.05, 0.1, 0.3};
    struct insist_random random;
    (void)state;
    for (unsigned shape = 0; shape < 4; shape++) {
        memset(latency, 0, sizeof *latency);
        random_init(&random, 5, shape);
        for (size_t i = 0; i < SAMPLES; i++) {
            samples[i] = sample(shape, &random);
            took(samples[i], START_NS);
        }
        qsort(samples, SAMPLES, sizeof samples[0], ascending);
        estimate(START_NS);
        for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
            struct hedge_plan plan = {.delay_us = -1};
            assert_true(survival_single_r(&survival, shares[i], &plan));
            double got_us = (double)exact_p99_us(plan.delay_us, plan.probability);
            /* Two buckets' width; a probability below a half would bring 6 % at most. */
            assert_true(got_us <= (double)brute_force_p99_us(shares[i], 0.5) * 1.032);
            assert_true(got_us <= (double)brute_force_p99_us(shares[i], 0) * 1.07);
            double said_us = (double)survival_hedged_p99_us(&survival, plan.delay_us, plan.probability);
            assert_true(said_us >= got_us && said_us <= got_us * 1.032);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_bucket_is_at_most_a_fiftieth_wide),
        TEST(what_is_too_short_or_too_long_has_a_bucket_of_its_own),
        TEST(memory_is_bounded),
        TEST(an_entry_counts_for_a_minute),
        TEST(a_window_is_used_again),
        TEST(an_earlier_instant_counts_as_the_latest),
        TEST(a_full_bucket_halves_its_window),
        TEST(slower_share_is_that_of_the_last_second),
        TEST(one_that_is_under_way_counts_once),
        TEST(those_given_up_count_among_the_survivors_until_then),
        TEST(a_quantile_is_where_so_many_are_over),
        TEST(a_tail_that_nobody_saw_has_no_quantile),
        TEST(being_hedged_does_not_bend_the_curve),
        TEST(w1_has_a_better_hedge_than_its_95th_percentile),
        TEST(a_smaller_share_waits_longer),
        TEST(no_more_than_twice_the_share_are_slower),
        TEST(further_hedges_get_what_is_left_of_the_share),
        TEST(what_is_left_is_drawn_too),
        TEST(no_delay_is_below_200_us),
        TEST(a_tail_that_is_cut_off_is_no_obstacle),
        TEST(the_best_hedge_is_as_good_as_any_that_was_tried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
