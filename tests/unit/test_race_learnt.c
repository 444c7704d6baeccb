/* Schedulers that learn: what they refuse, and what they do in a world of virtual time whose latencies are kept as a
 * client keeps them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/random.h"
#include "origin/latencies.h"
#include "policy/race.h"
#include "support/fail_alloc.h"
#include "support/world.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ORIGIN "http://a:80"
#define US_PER_MS 1000

/* ---- a client's world: call after call ---- */

struct shop {
    struct world world; /* of the call that is played; first: the ports' context */
    struct latencies *latencies;
    insist_race_policy *race;
    int64_t now_ns; /* when the next call begins */
    unsigned entries, calls, firsts, hedges;
};

static struct shop *shop;

static void enter(void *ctx, const struct latency_entry *entry, int64_t now_ns) {
    struct shop *open = ctx;
    open->entries++;
    latencies_enter(open->latencies, ORIGIN, entry, now_ns);
}

static bool plan(void *ctx, const struct hedge_wish *wish, int64_t now_ns, struct hedge_plan *found) {
    return latencies_plan(((struct shop *)ctx)->latencies, ORIGIN, wish, now_ns, found);
}

static int64_t quantile_us(void *ctx, double quantile, int64_t now_ns) {
    return latencies_quantile_us(((struct shop *)ctx)->latencies, ORIGIN, quantile, now_ns);
}

static const struct latency_source source = {.plan = plan, .quantile_us = quantile_us};

static int set_up(void **state) {
    (void)state;
    shop = calloc(1, sizeof *shop);
    shop->now_ns = 1000 * 1000 * WORLD_MS;
    return latencies_new(&env_standard, &shop->latencies) == INSIST_OK ? 0 : 1;
}

static int tear_down(void **state) {
    (void)state;
    insist_race_policy_free(shop->race);
    latencies_free(shop->latencies);
    free(shop);
    return 0;
}

static void race_by(insist_scheduler scheduler) {
    insist_race_policy_free(shop->race);
    shop->race = NULL;
    assert_int_equal(insist_race_policy_new(scheduler, insist_start_always(), INSIST_REFILL, NULL, &shop->race),
                     INSIST_OK);
}

/* One call; its latency in microseconds. The world stays open. */
static int64_t play(const struct script *scripts, size_t count) {
    struct world *world = &shop->world;
    world_init(world, scripts, count);
    world->now_ns = world->start_ns = shop->now_ns;
    world->rules.deadline_ns = world->start_ns + 30000 * WORLD_MS;
    world->rules.race = shop->race;
    world->ports.latency = enter;
    world->ports.latencies = &source;
    world->stream = ++shop->calls;
    world_play(world);
    for (size_t i = 0; i < world->execution.count; i++)
        shop->hedges += world_attempt(world, i)->kind == INSIST_HEDGE;
    return (world->now_ns - world->start_ns) / 1000;
}

static int64_t call(const struct script *scripts, size_t count) {
    int64_t us = play(scripts, count);
    world_fini(&shop->world);
    return us;
}

#define CALL(...) call((const struct script[]){__VA_ARGS__}, sizeof((const struct script[]){__VA_ARGS__}) / sizeof(struct script))

/* Latencies of 1 ms, 2 ms … 100 ms: one of each. */
static void a_hundred_calls(void) {
    for (int i = 1; i <= 100; i++) {
        CALL(ANSWER(200, i));
        shop->now_ns += 100 * WORLD_MS;
    }
    shop->now_ns += 2000 * WORLD_MS;
}

/* ---- W1: 95 % lognormal of mean 5 ms and deviation 2 ms, 5 % ten times as long ---- */

static double normal(struct insist_random *random) { /* Box and Muller */
    double u = 1 - insist_random_unit(random), v = insist_random_unit(random);
    return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
}

static int64_t w1_us(struct insist_random *random) {
    const double spread = log(1 + 0.4 * 0.4); /* sigma^2 = ln(1 + (2 / 5)^2) */
    double us = exp(log(5000.0) - spread / 2 + sqrt(spread) * normal(random));
    return (int64_t)(insist_random_unit(random) < 0.05 ? us * 10 : us);
}

static int ascending(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

struct played {
    double p50_ms, p99_ms, p999_ms, extra;
};

/* So many calls as from 20 callers at once: the next begins when a twentieth of this one has passed. */
static struct played play_w1(size_t calls, unsigned times) {
    struct insist_random random;
    struct script scripts[8];
    int64_t *us = calloc(calls, sizeof *us);
    shop->hedges = 0;
    random_init(&random, 7, 7);
    for (size_t i = 0; i < calls; i++) {
        for (unsigned k = 0; k <= times; k++)
            scripts[k] = (struct script){.status = 200, .ends_us = w1_us(&random)};
        us[i] = call(scripts, times + 1);
        shop->now_ns += us[i] * 1000 / 20;
    }
    qsort(us, calls, sizeof *us, ascending);
    struct played played = {.p50_ms = (double)us[calls / 2] / US_PER_MS,
                            .p99_ms = (double)us[calls * 99 / 100] / US_PER_MS,
                            .p999_ms = (double)us[calls * 999 / 1000] / US_PER_MS,
                            .extra = (double)shop->hedges / (double)calls};
    free(us);
    print_message("p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms, extra %.2f %%\n", played.p50_ms, played.p99_ms,
                  played.p999_ms, 100 * played.extra);
    return played;
}

static void auto_keeps_the_tail_short_within_its_share(void **state) { /* W1-auto */
    (void)state;
    race_by(insist_race_auto(0.05, 1));
    struct played played = play_w1(10000, 1);
    assert_true(played.p99_ms <= 24);
    assert_true(played.extra <= 0.055);
    assert_true(played.extra >= 0.03);
    played = play_w1(50000, 1);
    race_by(insist_race_quantile(0.95, 1));
    played = play_w1(50000, 1);
    race_by(insist_race_auto(0.02, 1));
    played = play_w1(50000, 1);
    race_by(insist_race_auto(0.05, 3));
    played = play_w1(50000, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(auto_keeps_the_tail_short_within_its_share),
    };
    (void)a_hundred_calls;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
