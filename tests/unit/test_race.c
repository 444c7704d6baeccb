/* Schedulers, starters and the race policy: what they answer, what they refuse, who frees them, and many threads at one
 * throttle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/time_math.h"
#include "origin/throttles.h"
#include "policy/race.h"
#include "support/fail_alloc.h"
#include "view/execution.h"
#include <pthread.h>
#include <string.h>

static struct request request;
static insist_execution execution;

static int set_up(void **state) {
    (void)state;
    memset(&execution, 0, sizeof execution);
    request.method = "GET";
    execution.request = &request;
    return 0;
}

static int64_t ask(const insist_scheduler *scheduler, unsigned hedges) {
    return scheduler->schedule(scheduler->ctx, &execution, hedges);
}

/* ---- schedulers ---- */

static void static_offsets_count_one_after_the_other(void **state) { /* H78, H79 */
    (void)state;
    int64_t offsets[] = {50, 200, INSIST_FOREVER};
    insist_scheduler scheduler = insist_race_static_ms(offsets, 3);
    offsets[0] = 7; /* it was copied */
    assert_int_equal(ask(&scheduler, 0), 50000);
    assert_int_equal(ask(&scheduler, 1), 200000);
    assert_true(ask(&scheduler, 2) < INSIST_AT_ONCE && ask(&scheduler, 2) > INT64_MAX / 2);
    assert_int_equal(ask(&scheduler, 3), INSIST_NO_HEDGE);
    assert_int_equal(ask(&scheduler, UINT32_MAX), INSIST_NO_HEDGE);
    scheduler_release(scheduler);
}

static void every_repeats_its_delay(void **state) {
    (void)state;
    insist_scheduler scheduler = insist_race_every_ms(20, 3);
    for (unsigned hedges = 0; hedges < 3; hedges++)
        assert_int_equal(ask(&scheduler, hedges), 20000);
    assert_int_equal(ask(&scheduler, 3), INSIST_NO_HEDGE);
    scheduler_release(scheduler);
}

static void at_once_counts_the_first(void **state) { /* P7: 0 means 1 */
    (void)state;
    for (unsigned n = 0; n < 4; n++) {
        insist_scheduler scheduler = insist_race_at_once(n);
        for (unsigned hedges = 0; hedges < 5; hedges++)
            assert_int_equal(ask(&scheduler, hedges), hedges + 1 < n ? INSIST_AT_ONCE : INSIST_NO_HEDGE);
        scheduler_release(scheduler);
    }
}

static void pester_races_get_alone(void **state) { /* P7 */
    (void)state;
    insist_scheduler scheduler = insist_race_pester(3);
    assert_int_equal(ask(&scheduler, 0), INSIST_AT_ONCE);
    assert_int_equal(ask(&scheduler, 1), INSIST_AT_ONCE);
    assert_int_equal(ask(&scheduler, 2), INSIST_NO_HEDGE);
    const char *const others[] = {"HEAD", "OPTIONS", "QUERY", "POST", "get"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        request.method = others[i];
        assert_int_equal(ask(&scheduler, 0), INSIST_NO_HEDGE);
    }
    scheduler_release(scheduler);
}

static void the_longest_fixed_delay_is_known(void **state) {
    (void)state;
    const int64_t offsets[] = {50, 200, 70};
    const struct {
        insist_scheduler scheduler;
        int64_t longest_us;
    } cases[] = {
        {insist_race_static_ms(offsets, 3), 200000},
        {insist_race_every_ms(20, 3), 20000},
        {insist_race_at_once(3), -1},
    };
    for (size_t i = 0; i < 3; i++) {
        insist_race_policy *policy = NULL;
        assert_int_equal(
            insist_race_policy_new(cases[i].scheduler, insist_start_always(), INSIST_REFILL, NULL, &policy), INSIST_OK);
        assert_int_equal(race_policy_longest_us(policy), cases[i].longest_us);
        insist_race_policy_free(policy);
    }
}

static void always_says_yes(void **state) { /* H80 */
    (void)state;
    insist_starter starter = insist_start_always();
    for (int i = 0; i < 1000; i++)
        assert_true(starter_ask(&starter, &execution));
    starter_take_back(&starter, &execution);
    starter_release(starter);
}

/* ---- a user's own ---- */

static unsigned released;

static void count_release(void *ctx) {
    (void)ctx;
    released++;
}

static int64_t own_schedule(void *ctx, const insist_execution *view, unsigned hedges) {
    (void)ctx;
    (void)view;
    return hedges == 0 ? 1 : INSIST_NO_HEDGE;
}

static bool own_start(void *ctx, const insist_execution *view) {
    (void)view;
    return *(bool *)ctx;
}

static void own_ones_are_used_and_released_once(void **state) {
    (void)state;
    insist_race_policy *policy = NULL;
    bool yes = true;
    released = 0;
    insist_scheduler scheduler = {.schedule = own_schedule, .release = count_release};
    insist_starter starter = {.start = own_start, .ctx = &yes, .release = count_release};
    assert_int_equal(insist_race_policy_new(scheduler, starter, INSIST_CLOSE, NULL, &policy), INSIST_OK);
    assert_int_equal(policy->mode, INSIST_CLOSE);
    assert_true(starter_ask(&policy->starter, &execution));
    starter_take_back(&policy->starter, &execution); /* it has nothing to take back */
    yes = false;
    assert_false(starter_ask(&policy->starter, &execution));
    assert_int_equal(race_policy_longest_us(policy), -1);
    assert_ptr_equal(race_policy_retain(policy), policy);
    insist_race_policy_free(policy);
    assert_int_equal(released, 0);
    insist_race_policy_free(policy);
    assert_int_equal(released, 2);
    insist_race_policy_free(NULL);
}

/* ---- refusals ---- */

static void assert_refused(insist_scheduler scheduler, insist_starter starter, insist_wave_mode mode,
                           const char *field) {
    insist_problem problem = {0};
    insist_race_policy *policy = (insist_race_policy *)&problem;
    assert_int_equal(insist_race_policy_new(scheduler, starter, mode, &problem, &policy), INSIST_EINVAL);
    assert_null(policy);
    assert_int_equal(problem.err, INSIST_EINVAL);
    assert_string_equal(problem.field, field);
    assert_true(strlen(problem.text) > 10);
}

static void bad_schedulers_are_refused_by_name(void **state) {
    (void)state;
    const int64_t negative[] = {50, -1}, zero[] = {0}, good[] = {50};
    insist_starter always = insist_start_always();
    assert_refused(insist_race_static_ms(negative, 2), always, INSIST_REFILL, "offsets");
    assert_refused(insist_race_static_ms(zero, 1), always, INSIST_REFILL, "offsets");
    assert_refused(insist_race_static_ms(good, 0), always, INSIST_REFILL, "offsets");
    assert_refused(insist_race_static_ms(NULL, 1), always, INSIST_REFILL, "offsets");
    assert_refused(insist_race_every_ms(0, 1), always, INSIST_REFILL, "delay");
    assert_refused(insist_race_every_ms(-5, 1), always, INSIST_REFILL, "delay");
    assert_refused(insist_race_every_ms(5, 0), always, INSIST_REFILL, "times");
    assert_refused((insist_scheduler){.schedule = NULL}, always, INSIST_REFILL, "scheduler");
}

static void bad_starters_are_refused_by_name(void **state) {
    (void)state;
    const insist_throttle_window good[] = {{1, 1000}}, none[] = {{1, 1000}, {1, 0}}, negative[] = {{1, -1}},
                                 many[] = {{1000001, 1000}};
    assert_refused(insist_race_at_once(2), insist_start_throttle(good, 0), INSIST_REFILL, "windows");
    assert_refused(insist_race_at_once(2), insist_start_throttle(NULL, 1), INSIST_REFILL, "windows");
    assert_refused(insist_race_at_once(2), insist_start_throttle(none, 2), INSIST_REFILL, "windows");
    assert_refused(insist_race_at_once(2), insist_start_throttle(negative, 1), INSIST_REFILL, "windows");
    assert_refused(insist_race_at_once(2), insist_start_throttle(many, 1), INSIST_REFILL, "windows");
    assert_refused(insist_race_at_once(2), (insist_starter){.start = NULL}, INSIST_REFILL, "starter");
    assert_refused(insist_race_at_once(2), insist_start_throttle(good, 1), (insist_wave_mode)2, "mode");
}

static void what_is_refused_is_released(void **state) {
    (void)state;
    insist_scheduler scheduler = {.release = count_release}; /* no function: the user's, and consumed all the same */
    insist_starter starter = {.start = own_start, .release = count_release};
    released = 0;
    assert_refused(scheduler, starter, INSIST_REFILL, "scheduler");
    assert_int_equal(released, 2);
    insist_problem problem = {0};
    scheduler.schedule = own_schedule;
    assert_int_equal(insist_race_policy_new(scheduler, starter, INSIST_REFILL, &problem, NULL), INSIST_EINVAL);
    assert_string_equal(problem.field, "out");
    assert_int_equal(released, 4);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    const int64_t offsets[] = {50, 200};
    const insist_throttle_window windows[] = {{3, 1000}, {1, 100}};
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    size_t n = 1;
    for (bool failed = true; failed; n++) {
        insist_race_policy *policy = NULL;
        insist_problem problem = {0};
        fail_alloc_at(&memory, n);
        insist_err err = race_policy_new(&env, scheduler_static_ms(&env, offsets, 2),
                                         starter_throttle(&env, windows, 2), INSIST_REFILL, &problem, &policy);
        failed = fail_alloc_has_failed(&memory);
        assert_int_equal(err, failed ? INSIST_ENOMEM : INSIST_OK);
        assert_int_equal(problem.err, err);
        insist_race_policy_free(policy);
        assert_int_equal(fail_alloc_outstanding(&memory), 0);
    }
    assert_int_equal(n, 5 + 2); /* schedule, throttle, its windows, its memory, policy; then none */
}

/* ---- the throttle as a starter ---- */

static bool may_start(const insist_starter *starter, int64_t now_ns) {
    insist_execution asking = execution;
    asking.now_ns = now_ns;
    return starter_ask(starter, &asking);
}

static void throttle_is_shared_and_taken_back(void **state) { /* M52, H81 */
    (void)state;
    insist_throttle_window windows[] = {{2, 1000}, {1, 100}};
    insist_starter starter = insist_start_throttle(windows, 2);
    windows[0].starts = 100; /* it was copied */
    assert_true(may_start(&starter, 0));
    assert_false(may_start(&starter, 50000000));
    assert_true(may_start(&starter, 100000000));
    execution.starter_asked_ns = 100000000;
    execution.now_ns = 120000000; /* a handler has taken its time */
    starter_take_back(&starter, &execution);
    assert_true(may_start(&starter, 150000000));
    assert_false(may_start(&starter, 300000000));
    assert_true(may_start(&starter, 1000000000));
    starter_release(starter);
}

#define THREADS 4
#define TRIES 5000

struct race_of_threads {
    insist_starter starter;
    unsigned started[THREADS];
};

struct place {
    struct race_of_threads *race;
    size_t i;
};

static void *try_often(void *ctx) {
    const struct place *place = ctx;
    insist_execution asking = {.now_ns = 1, .starter_asked_ns = 1};
    for (int i = 0; i < TRIES; i++) {
        if (!starter_ask(&place->race->starter, &asking))
            continue;
        if (i % 2 == 0)
            starter_take_back(&place->race->starter, &asking);
        else
            place->race->started[place->i]++;
    }
    return NULL;
}

static void many_threads_do_not_exceed_it(void **state) {
    (void)state;
    const insist_throttle_window windows[] = {{100, 1000}, {150, 2000}};
    struct race_of_threads race = {.starter = insist_start_throttle(windows, 2)};
    struct place places[THREADS];
    pthread_t threads[THREADS];
    unsigned started = 0;
    for (size_t i = 0; i < THREADS; i++) {
        places[i] = (struct place){&race, i};
        assert_int_equal(pthread_create(&threads[i], NULL, try_often, &places[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        started += race.started[i];
    }
    assert_int_equal(started, 100);
    starter_release(race.starter);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(static_offsets_count_one_after_the_other, set_up),
        cmocka_unit_test_setup(every_repeats_its_delay, set_up),
        cmocka_unit_test_setup(at_once_counts_the_first, set_up),
        cmocka_unit_test_setup(pester_races_get_alone, set_up),
        cmocka_unit_test_setup(the_longest_fixed_delay_is_known, set_up),
        cmocka_unit_test_setup(always_says_yes, set_up),
        cmocka_unit_test_setup(own_ones_are_used_and_released_once, set_up),
        cmocka_unit_test_setup(bad_schedulers_are_refused_by_name, set_up),
        cmocka_unit_test_setup(bad_starters_are_refused_by_name, set_up),
        cmocka_unit_test_setup(what_is_refused_is_released, set_up),
        cmocka_unit_test_setup(every_allocation_may_fail, set_up),
        cmocka_unit_test_setup(throttle_is_shared_and_taken_back, set_up),
        cmocka_unit_test_setup(many_threads_do_not_exceed_it, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
