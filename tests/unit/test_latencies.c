/* Latencies by origin: origins do not share, the oldest go, plans are worked out now and then, no memory means no
 * hedge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "origin/latencies.h"
#include "support/fail_alloc.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define A "http://a:80"
#define B "http://b:80"
#define S_NS INT64_C(1000000000)
#define NOW_NS (1000 * S_NS)

static struct fail_alloc memory;
static struct env env;
static struct latencies *latencies;

static int set_up(void **state) {
    (void)state;
    env = fail_alloc_env(&memory, &env_standard);
    return latencies_new(&env, &latencies) == INSIST_OK ? 0 : 1;
}

static int tear_down(void **state) {
    (void)state;
    latencies_free(latencies);
    return fail_alloc_outstanding(&memory) == 0 ? 0 : 1;
}

static void enter(const char *origin, int64_t us, int n, int64_t now_ns) {
    for (int i = 0; i < n; i++)
        latencies_enter(latencies, origin, &(struct latency_entry){.us = us}, now_ns);
}

static bool hedges(const char *origin, struct hedge_wish wish, int64_t now_ns) {
    struct hedge_plan plan;
    return latencies_plan(latencies, origin, &wish, now_ns, &plan);
}

/* The bucket behind that latency, at most 1.6 % later; a bucket's width more for where it lies. */
static void assert_just_above(int64_t us, int64_t value_us) {
    assert_true(us > value_us && us <= value_us + value_us / 40);
}

#define MEDIAN ((struct hedge_wish){.quantile = 0.5})
#define MOST ((struct hedge_wish){.quantile = 0.9})
#define SHARE(x) ((struct hedge_wish){.share = (x)})

static void test_nothing_is_known_before_100_entries(void **state) {
    (void)state;
    enter(A, 4000, 99, NOW_NS);
    assert_int_equal(latencies_quantile_us(latencies, A, 0.5, NOW_NS), -1);
    assert_false(hedges(A, MEDIAN, NOW_NS));
    assert_false(hedges(A, SHARE(0.3), NOW_NS));
    enter(A, 4000, 1, NOW_NS);
    assert_just_above(latencies_quantile_us(latencies, A, 0.5, NOW_NS), 4000);
    assert_true(hedges(A, MEDIAN, NOW_NS));
    assert_true(hedges(A, SHARE(0.3), NOW_NS));
    assert_false(hedges(A, MEDIAN, NOW_NS + 60 * S_NS)); /* they are forgotten */
    assert_int_equal(latencies_quantile_us(latencies, A, 0.5, NOW_NS + 60 * S_NS), -1);
}

static void test_each_origin_has_its_own(void **state) {
    (void)state;
    enter(A, 4000, 100, NOW_NS);
    enter(B, 9000, 100, NOW_NS);
    assert_just_above(latencies_quantile_us(latencies, A, 0.5, NOW_NS), 4000);
    assert_just_above(latencies_quantile_us(latencies, B, 0.5, NOW_NS), 9000);
}

static void test_a_plan_is_worked_out_once_a_second(void **state) {
    (void)state;
    enter(A, 4000, 100, NOW_NS);
    assert_just_above(latencies_quantile_us(latencies, A, 0.5, NOW_NS), 4000);
    enter(A, 9000, 49, NOW_NS); /* then they are not yet half as many again … */
    assert_just_above(latencies_quantile_us(latencies, A, 0.9, NOW_NS), 9000);
    assert_just_above(latencies_quantile_us(latencies, A, 0.5, NOW_NS), 4000);
    enter(A, 9000, 140, NOW_NS); /* … and now */
    assert_just_above(latencies_quantile_us(latencies, A, 0.5, NOW_NS), 9000);
    enter(A, 4000, 100, NOW_NS);
    assert_just_above(latencies_quantile_us(latencies, A, 0.5, NOW_NS + S_NS - 1), 9000);
    assert_just_above(latencies_quantile_us(latencies, A, 0.5, NOW_NS + S_NS), 4000);
}

static void test_wishes_do_not_mix(void **state) {
    struct hedge_plan plan = {.delay_us = 0};
    (void)state;
    enter(A, 4000, 90, NOW_NS);
    enter(A, 9000, 10, NOW_NS);
    for (int again = 0; again < 2; again++) {
        assert_just_above(latencies_quantile_us(latencies, A, 0.5, NOW_NS), 4000);
        assert_just_above(latencies_quantile_us(latencies, A, 0.91, NOW_NS), 9000);
        for (int i = 1; i <= 5; i++) /* more than there is room for */
            assert_just_above(latencies_quantile_us(latencies, A, 0.92 + i / 100.0, NOW_NS), 9000);
        assert_true(latencies_plan(latencies, A, &SHARE(0.1), NOW_NS + 2 * S_NS, &plan));
        assert_just_above(plan.delay_us, 4000);
    }
}

static void test_a_short_delay_is_200_us(void **state) {
    struct hedge_plan plan = {.delay_us = 0};
    (void)state;
    enter(A, 20, 100, NOW_NS);
    assert_true(latencies_plan(latencies, A, &MOST, NOW_NS, &plan));
    assert_int_equal(plan.delay_us, 200);
}

static void test_most_requests_slow_means_no_hedge(void **state) {
    (void)state;
    enter(A, 4000, 960, NOW_NS);
    enter(A, 9000, 40, NOW_NS); /* the delay is just above 4 ms */
    int64_t now_ns = NOW_NS + 2 * S_NS;
    assert_true(hedges(A, MOST, now_ns));
    enter(A, 4000, 60, now_ns);
    enter(A, 9000, 40, now_ns);
    assert_true(hedges(A, MOST, now_ns)); /* four times a tenth */
    enter(A, 9000, 1, now_ns);
    assert_false(hedges(A, MOST, now_ns));
    assert_false(hedges(A, SHARE(0.1), now_ns));
    assert_just_above(latencies_quantile_us(latencies, A, 0.5, now_ns), 4000); /* known it is */
    enter(A, 4000, 3, now_ns);
    assert_true(hedges(A, MOST, now_ns));
    enter(A, 9000, 50, now_ns);
    assert_false(hedges(A, MOST, now_ns + S_NS / 2));
    assert_true(hedges(A, MOST, now_ns + S_NS)); /* a second later */
}

/* Four times as many would be all of them, or more. */
static void test_more_than_half_slow_stops_any_wish(void **state) {
    const struct hedge_wish wishes[] = {{.quantile = 0.75}, SHARE(0.25), {.quantile = 0.7}};
    (void)state;
    enter(A, 4000, 960, NOW_NS);
    enter(A, 9000, 40, NOW_NS); /* the delays are just above 4 ms */
    int64_t now_ns = NOW_NS + 2 * S_NS;
    enter(A, 4000, 50, now_ns);
    enter(A, 9000, 50, now_ns);
    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++)
        assert_true(hedges(A, wishes[i], now_ns));
    enter(A, 9000, 1, now_ns);
    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++)
        assert_false(hedges(A, wishes[i], now_ns));
}

/* Half of them are slower than the median when nothing is wrong: it takes a quarter of the others more. */
static void test_what_should_be_hedged_stops_nothing(void **state) {
    (void)state;
    enter(A, 4000, 960, NOW_NS);
    enter(A, 9000, 40, NOW_NS);
    int64_t now_ns = NOW_NS + 2 * S_NS;
    enter(A, 4000, 30, now_ns);
    enter(A, 9000, 50, now_ns);
    assert_true(hedges(A, MEDIAN, now_ns)); /* five of eight */
    assert_true(hedges(A, SHARE(0.5), now_ns));
    enter(A, 9000, 1, now_ns);
    assert_false(hedges(A, MEDIAN, now_ns));
    assert_false(hedges(A, SHARE(0.5), now_ns));
    enter(A, 9000, 900, now_ns);
    assert_true(hedges(A, SHARE(1), now_ns)); /* all of them may be */
}

static void test_the_least_recently_used_origin_goes(void **state) {
    char origin[32];
    (void)state;
    enter(A, 4000, 100, NOW_NS);
    enter(B, 4000, 100, NOW_NS);
    for (int i = 0; i < 126; i++) {
        snprintf(origin, sizeof(origin), "http://h%d:80", i);
        enter(origin, 4000, 1, NOW_NS);
    }
    long long full = fail_alloc_outstanding(&memory);
    assert_true(hedges(A, MEDIAN, NOW_NS)); /* 128 fit; this makes b the oldest */
    enter("http://one-more:80", 4000, 1, NOW_NS);
    assert_int_equal(fail_alloc_outstanding(&memory), full);
    assert_true(hedges(A, MEDIAN, NOW_NS));
    assert_false(hedges(B, MEDIAN, NOW_NS)); /* forgotten */
}

static void test_no_memory(void **state) {
    struct latencies *none = NULL;
    (void)state;
    for (long n = 1; n <= 2; n++) {
        fail_alloc_at(&memory, (size_t)n);
        assert_int_equal(latencies_new(&env, &none), INSIST_ENOMEM);
        assert_null(none);
    }
    fail_alloc_at(&memory, 1);
    enter(A, 4000, 1, NOW_NS);
    enter(A, 4000, 99, NOW_NS);
    assert_int_equal(latencies_quantile_us(latencies, A, 0.5, NOW_NS), -1); /* one is missing */
    fail_alloc_at(&memory, 1);
    assert_false(hedges(B, MEDIAN, NOW_NS));
    latencies_free(NULL);
}

/* ---- threads ---- */

#define THREADS 4
#define ROUNDS 20000

static atomic_int wrong;

/* Origins come and go under the hands of those who use them, and time passes, so that plans are worked out anew. */
static void *use(void *argument) {
    const int number = *(const int *)argument;
    char origin[32];
    struct hedge_plan plan;
    for (int i = 0; i < ROUNDS; i++) {
        int64_t now_ns = NOW_NS + (int64_t)i * S_NS / 1000;
        latencies_enter(latencies, A, &(struct latency_entry){.us = 4000 + i % 100}, now_ns);
        if (latencies_plan(latencies, A, i % 2 ? &MOST : &SHARE(0.3), now_ns, &plan) &&
            (plan.delay_us < 4000 || plan.delay_us > 4300))
            atomic_fetch_add(&wrong, 1);
        snprintf(origin, sizeof(origin), "http://h%d:80", (i * 7 + number) % 200);
        latencies_enter(latencies, origin, &(struct latency_entry){.us = 10}, now_ns);
        latencies_quantile_us(latencies, origin, 0.5, now_ns);
    }
    return NULL;
}

static void test_threads_share_the_table(void **state) {
    pthread_t threads[THREADS];
    int numbers[THREADS];
    (void)state;
    atomic_store(&wrong, 0);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, use, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&wrong), 0);
    int64_t us = latencies_quantile_us(latencies, A, 0.5, NOW_NS + 20 * S_NS);
    assert_true(us > 4000 && us < 4200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_is_known_before_100_entries),
        TEST(test_each_origin_has_its_own),
        TEST(test_a_plan_is_worked_out_once_a_second),
        TEST(test_wishes_do_not_mix),
        TEST(test_a_short_delay_is_200_us),
        TEST(test_most_requests_slow_means_no_hedge),
        TEST(test_more_than_half_slow_stops_any_wish),
        TEST(test_what_should_be_hedged_stops_nothing),
        TEST(test_the_least_recently_used_origin_goes),
        TEST(test_no_memory),
        TEST(test_threads_share_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
