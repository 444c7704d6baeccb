/* Policies as a call meets them: real deciders, waiters and timeouts, played by the engine in virtual time. Attempts,
 * waits and ends are written out, and nothing is drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/world.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Plays with these, to the end, and gives them up; timeout: NULL for 5 s. */
static void play(struct world *world, insist_decider decider, insist_waiter waiter, insist_timeout_policy *timeout) {
    insist_retry_policy *retry = NULL;
    assert_int_equal(insist_retry_policy_new(decider, waiter, NULL, &retry), INSIST_OK);
    world->rules.retry = retry;
    if (timeout != NULL)
        world->rules.timeout = timeout;
    world_play(world);
    insist_retry_policy_free(retry);
    insist_timeout_policy_free(timeout);
}

/* ---- the three models -------------------------------------------------------------------------------------------- */

static void pester_tries_three_times_a_second_apart(void **state) { /* P1, P4, P5, P12, P14 */
    (void)state;
    PLAY(world, ANSWER(501, 10), FAILS(INSIST_ECERT, INSIST_NOT_TRANSIENT, 10), ANSWER(500, 10), ANSWER(200, 10));
    play(&world, insist_retry_and(insist_retry_attempts(3), insist_retry_pester(false)), insist_wait_pester_default(),
         NULL);
    world_assert_ended(&world, INSIST_COUNT, INSIST_OK, 500, 10 + 1000 + 10 + 1000 + 10, 3);
    world_fini(&world);
}

static void pester_waits_two_four_eight_seconds(void **state) { /* P13, P16: TestExponentialBackoff */
    (void)state;
    PLAY(world, ANSWER(500, 0), ANSWER(500, 0), ANSWER(500, 0), ANSWER(200, 0));
    play(&world, insist_retry_and(insist_retry_attempts(4), insist_retry_pester(false)),
         insist_wait_pester_exponential(), NULL);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 2000 + 4000 + 8000, 4);
    world_fini(&world);
}

static void retryablehttp_tries_five_times(void **state) { /* R1, R3, R7: TestBackoff */
    (void)state;
    PLAY(world, ANSWER(500, 0), ANSWER(429, 0), FAILS(INSIST_ERESOLVE, INSIST_NOT_TRANSIENT, 0), ANSWER(502, 0),
         ANSWER(503, 0), ANSWER(200, 0));
    play(&world, insist_retry_and(insist_retry_times(4), insist_retry_retryablehttp()),
         insist_wait_retryablehttp(1000, 30000), NULL);
    world_assert_ended(&world, INSIST_COUNT, INSIST_OK, 503, 1000 + 2000 + 4000 + 8000, 5);
    world_fini(&world);
}

static void retryablehttp_does_as_the_header_says(void **state) { /* R7 */
    (void)state;
    PLAY(world, {.status = 503, .has_retry_after = true, .retry_after_ms = 60000},
         {.status = 429, .has_retry_after = true, .retry_after_ms = 0},
         {.status = 500, .has_retry_after = true, .retry_after_ms = 60000}, ANSWER(200, 0));
    world.rules.deadline_ns = INT64_MAX;
    play(&world, insist_retry_and(insist_retry_times(4), insist_retry_retryablehttp()),
         insist_wait_retryablehttp(1000, 30000), NULL);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 60000 + 0 + 4000, 4);
    world_fini(&world);
}

static void retryablehttp_stops_at_once_for_what_stays(void **state) { /* R3: exactly one attempt each */
    const insist_err stays[] = {INSIST_EURL, INSIST_EINVAL, INSIST_ECERT, INSIST_EREDIRECT};
    (void)state;
    for (size_t i = 0; i < COUNT(stays); i++) {
        PLAY(world, FAILS(stays[i], INSIST_NOT_TRANSIENT, 10), ANSWER(200, 10));
        play(&world, insist_retry_and(insist_retry_times(4), insist_retry_retryablehttp()),
             insist_wait_retryablehttp(1000, 30000), NULL);
        world_assert_ended(&world, INSIST_STOPPED, stays[i], 0, 10, 1);
        world_fini(&world);
    }
}

static void exhausted_status_may_be_an_error(void **state) { /* R4, R23; the answer is kept */
    (void)state;
    PLAY(world, ANSWER(503, 0), ANSWER(503, 0), ANSWER(200, 0));
    insist_decider decider = insist_retry_and(insist_retry_times(1), insist_retry_retryablehttp());
    play(&world, insist_retry_fail_exhausted(decider, INSIST_EREJECTED), insist_wait_retryablehttp(1000, 30000), NULL);
    world_assert_ended(&world, INSIST_STOPPED, INSIST_EREJECTED, 503, 1000, 2);
    world_fini(&world);
}

static void httpx_tries_six_times(void **state) { /* H51, 2.1 "zero value": 503 kept, no error */
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(503, 10), ANSWER(503, 10), ANSWER(503, 10), ANSWER(503, 10), ANSWER(503, 10),
         ANSWER(200, 10));
    play(&world, insist_retry_and(insist_retry_times(5), insist_retry_httpx()), insist_wait_constant_ms(0), NULL);
    world_assert_ended(&world, INSIST_COUNT, INSIST_OK, 503, 60, 6);
    world_fini(&world);
}

static void not_found_and_found_a_moment_later(void **state) { /* seed 003, which its own library cannot do */
    static const int statuses[] = {404};
    (void)state;
    PLAY(world, ANSWER(404, 10), ANSWER(404, 10), ANSWER(200, 10));
    play(&world, insist_retry_and(insist_retry_times(3), insist_retry_on_status(statuses, 1)),
         insist_wait_constant_ms(50), NULL);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 10 + 50 + 10 + 50 + 10, 3);
    world_fini(&world);
}

/* ---- the ways in which a cycle ends ------------------------------------------------------------------------------ */

static void limit_ends_the_cycle(void **state) { /* B7, B12: one event for each failure that is retried */
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(503, 10), ANSWER(503, 10), ANSWER(200, 10));
    play(&world, insist_retry_standard(), insist_wait_limit(insist_wait_linear_ms(100, 50), 3), NULL);
    world_assert_ended(&world, INSIST_COUNT, INSIST_OK, 503, 10 + 100 + 10 + 150 + 10, 3);
    assert_string_equal(world.log, "start before0 after0 retry(100) before1 after1 retry(150) before2 after2 end ");
    world_fini(&world);
}

static void timeout_ends_the_cycle_after_a_failure(void **state) { /* B8: it shortens neither wait nor attempt */
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(503, 500), ANSWER(200, 10));
    play(&world, insist_retry_standard(), insist_wait_timeout_ms(insist_wait_constant_ms(100), 200), NULL);
    world_assert_ended(&world, INSIST_COUNT, INSIST_OK, 503, 10 + 100 + 500, 2);
    world_fini(&world);
}

static void once_is_one_attempt(void **state) { /* B2, B11 */
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(200, 10));
    play(&world, insist_retry_standard(), insist_wait_once(), NULL);
    world_assert_ended(&world, INSIST_COUNT, INSIST_OK, 503, 10, 1);
    world_fini(&world);
}

static void without_a_limit_it_goes_on(void **state) { /* B11: until the deadline leaves no room for a wait */
    static struct script scripts[WORLD_SCRIPTS];
    struct world world;
    (void)state;
    for (size_t i = 0; i < WORLD_SCRIPTS; i++)
        scripts[i] = (struct script)ANSWER(503, 0);
    world_init(&world, scripts, WORLD_SCRIPTS);
    play(&world, insist_retry_standard(), insist_wait_constant_ms(1000), NULL);
    world_assert_ended(&world, INSIST_NO_TIME, INSIST_OK, 503, 29000, 30);
    world_fini(&world);
}

/* ---- timeouts ---------------------------------------------------------------------------------------------------- */

static void ladder_is_climbed_and_left(void **state) { /* H69 */
    const int64_t after_ms[] = {200, 400};
    insist_timeout_policy *timeout = NULL;
    (void)state;
    PLAY(world, HANGS, HANGS, HANGS, HANGS, ANSWER(503, 10), HANGS, ANSWER(200, 10));
    assert_int_equal(insist_timeout_adaptive_new(100, after_ms, 2, NULL, &timeout), INSIST_OK);
    play(&world, insist_retry_and(insist_retry_times(9), insist_retry_standard()), insist_wait_constant_ms(0), timeout);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 100 + 200 + 400 + 400 + 10 + 100 + 10, 7);
    world_fini(&world);
}

/* When each attempt ended, in milliseconds. */
static void assert_ends(const struct world *world, const int64_t *ends_ms, size_t count) {
    assert_int_equal(world->execution.count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal((world_attempt(world, i)->progress.ended_ns - world->start_ns) / WORLD_MS, ends_ms[i]);
}

static void deadline_is_split_over_the_attempts(void **state) { /* M49 */
    insist_timeout_policy *timeout = NULL;
    (void)state;
    PLAY(world, HANGS, ANSWER(503, 200), HANGS, HANGS);
    assert_int_equal(insist_timeout_split_new(NULL, &timeout), INSIST_OK);
    world.rules.deadline_ns = world.start_ns + 8000 * WORLD_MS;
    play(&world, insist_retry_and(insist_retry_times(3), insist_retry_standard()), insist_wait_constant_ms(100),
         timeout);
    /* 8000 / 4; answered early; (8000 - 2400) / 2; what is left */
    assert_ends(&world, (int64_t[]){2000, 2300, 5200, 8000}, 4);
    world_assert_ended(&world, INSIST_DEADLINE, INSIST_EDEADLINE, 503, 8000, 4);
    world_fini(&world);
}

static void split_goes_by_a_limit_too(void **state) { /* M49, B7 */
    insist_timeout_policy *timeout = NULL;
    (void)state;
    PLAY(world, HANGS, HANGS);
    assert_int_equal(insist_timeout_split_new(NULL, &timeout), INSIST_OK);
    world.rules.deadline_ns = world.start_ns + 8000 * WORLD_MS;
    play(&world, insist_retry_standard(), insist_wait_limit(insist_wait_constant_ms(100), 2), timeout);
    assert_ends(&world, (int64_t[]){4000, 8000}, 2);
    world_fini(&world);
}

static void infinite_leaves_only_the_deadline(void **state) { /* H68, H70 */
    insist_timeout_policy *timeout = NULL;
    (void)state;
    PLAY(world, HANGS, ANSWER(200, 10));
    assert_int_equal(insist_timeout_infinite_new(NULL, &timeout), INSIST_OK);
    play(&world, insist_retry_standard(), insist_wait_constant_ms(0), timeout);
    world_assert_ended(&world, INSIST_DEADLINE, INSIST_EDEADLINE, 0, 30000, 1);
    world_fini(&world);
}

/* The system gives up connecting after two minutes of its own, say. */
static void timeout_before_the_deadline_is_not_the_deadline(void **state) { /* H70, H71 */
    insist_timeout_policy *timeout = NULL;
    (void)state;
    PLAY(world, FAILS(INSIST_ETIMEOUT, INSIST_TIMEOUT, 10), FAILS(INSIST_ETIMEOUT, INSIST_TIMEOUT, 10),
         ANSWER(200, 10));
    assert_int_equal(insist_timeout_infinite_new(NULL, &timeout), INSIST_OK);
    play(&world, insist_retry_standard(), insist_wait_constant_ms(0), timeout);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 30, 3);
    world_fini(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pester_tries_three_times_a_second_apart),
        cmocka_unit_test(pester_waits_two_four_eight_seconds),
        cmocka_unit_test(retryablehttp_tries_five_times),
        cmocka_unit_test(retryablehttp_does_as_the_header_says),
        cmocka_unit_test(retryablehttp_stops_at_once_for_what_stays),
        cmocka_unit_test(exhausted_status_may_be_an_error),
        cmocka_unit_test(httpx_tries_six_times),
        cmocka_unit_test(not_found_and_found_a_moment_later),
        cmocka_unit_test(limit_ends_the_cycle),
        cmocka_unit_test(timeout_ends_the_cycle_after_a_failure),
        cmocka_unit_test(once_is_one_attempt),
        cmocka_unit_test(without_a_limit_it_goes_on),
        cmocka_unit_test(ladder_is_climbed_and_left),
        cmocka_unit_test(deadline_is_split_over_the_attempts),
        cmocka_unit_test(split_goes_by_a_limit_too),
        cmocka_unit_test(infinite_leaves_only_the_deadline),
        cmocka_unit_test(timeout_before_the_deadline_is_not_the_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
