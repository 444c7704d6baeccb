/* Waves of several attempts: hedges, refills, winners and losers. Virtual time; every assertion is exact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/world.h"

static void hedge_wins_and_the_loser_is_left_behind(void **state) {
    (void)state;
    PLAY(world, HANGS, ANSWER(200, 10));
    world_race(&world, INSIST_REFILL, 50, 0);
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 60, 2);
    assert_string_equal(world.log, "start before0 before1 after1 after0 end ");
    assert_int_equal(world_attempt(&world, 0)->why_ended, INSIST_ENDED_LOST);
    assert_int_equal(world_attempt(&world, 0)->outcome.err, INSIST_EREDUNDANT);
    assert_int_equal(world_attempt(&world, 1)->kind, INSIST_HEDGE);
    assert_int_equal(world_attempt(&world, 1)->wave, 0);
    assert_int_equal(world.execution.view.attempt_timeouts, 0);
    world_fini(&world);
}

static void cancel_by_user_code_before_a_hedge_keeps_it_from_being_started(void **state) {
    (void)state;
    PLAY(world, HANGS, ANSWER(200, 10));
    world_race(&world, INSIST_REFILL, 50, 0);
    world.cancelled_within = true;
    world.cancel_event = INSIST_BEFORE_ATTEMPT;
    world.cancel_attempt = 2;
    world_play(&world);
    world_assert_ended(&world, INSIST_CANCELLED, INSIST_ECANCELED, 0, 50, 2);
    assert_string_equal(world.log, "start before0 before1 after1 after0 end ");
    assert_int_equal(world.attempt_count, 1); /* on the wire */
    assert_int_equal(world.not_started, 1);
    assert_int_equal(world_attempt(&world, 1)->why_ended, INSIST_ENDED_CANCELLED);
    world_fini(&world);
}

static void delay_counts_from_the_wire(void **state) {
    (void)state;
    PLAY(world, {.sent_ms = 30, .ends_ms = WORLD_HANGS}, ANSWER(200, 10));
    world_race(&world, INSIST_REFILL, 50, 0);
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 90, 2);
    world_fini(&world);
}

static void connect_delay_applies_until_it_is_on_the_wire(void **state) {
    (void)state;
    PLAY(world, {.sent_ms = WORLD_HANGS, .ends_ms = WORLD_HANGS}, ANSWER(200, 10));
    world_race(&world, INSIST_REFILL, 50, 0);
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 260, 2);
    world_fini(&world);
}

static void one_that_waits_for_room_is_not_hedged(void **state) {
    (void)state;
    PLAY(world, {.queued_ms = 1000, .sent_ms = WORLD_HANGS, .ends_ms = WORLD_HANGS}, ANSWER(200, 10));
    world_race(&world, INSIST_REFILL, 50, 0);
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 1000 + 250 + 10, 2);
    world_fini(&world);
}

static void hedge_of_one_that_ends_before_the_wire_is_dropped(void **state) {
    (void)state;
    PLAY(world, {.sent_ms = WORLD_HANGS, .ends_ms = 40, .err = INSIST_ECONNECT, .transience = INSIST_CONN_REFUSED},
         ANSWER(200, 300));
    world_race(&world, INSIST_REFILL, 50, 0);
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 40 + 100 + 300,
                       3); /* the retry is hedged, 50 ms after it */
    assert_int_equal(world_attempt(&world, 1)->kind, INSIST_RETRIED);
    assert_int_equal(world_attempt(&world, 2)->kind, INSIST_HEDGE);
    world_fini(&world);
}

static void fast_failure_never_wins(void **state) {
    (void)state;
    PLAY(world, ANSWER(200, 300), FAILS(INSIST_ECERT, INSIST_NOT_TRANSIENT, 5));
    world_race(&world, INSIST_REFILL, 50, 0);
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 300, 2);
    world_fini(&world);
}

static void accepted_error_is_reported_when_no_sibling_answers(void **state) {
    (void)state;
    PLAY(world, FAILS(INSIST_ERESET, INSIST_CONN_RESET, 300), FAILS(INSIST_ECERT, INSIST_NOT_TRANSIENT, 5));
    world_race(&world, INSIST_REFILL, 50, 0);
    world_play(&world);
    world_assert_ended(&world, INSIST_STOPPED, INSIST_ECERT, 0, 300, 2);
    assert_int_equal(world.execution.reported->index, 1);
    world_fini(&world);
}

static void used_up_count_leaves_the_slow_one_its_chance(void **state) { /* section 3.1: httpx cancels it */
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(503, 20), ANSWER(200, 500), ANSWER(503, 50));
    world_race(&world, INSIST_REFILL, -1, -1);
    world.retries_allowed = 1;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 500,
                       4); /* three at once, one refill for the two that failed */
    world_fini(&world);
}

static void replacement_wins_while_the_first_hangs(void **state) { /* section 3.1: httpx waits for it */
    (void)state;
    PLAY(world, HANGS, ANSWER(503, 10), ANSWER(200, 10));
    world_race(&world, INSIST_REFILL, 50, 0);
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 50 + 10 + 100 + 10, 3);
    assert_int_equal(world_attempt(&world, 2)->kind, INSIST_RETRIED);
    assert_int_equal(world_attempt(&world, 2)->wave, 0);
    world_fini(&world);
}

static void three_that_fail_together_cost_one_retry(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(503, 10), ANSWER(503, 10), ANSWER(200, 10));
    world_race(&world, INSIST_REFILL, -1, -1);
    world.hedge_delays_ms[2] = 0;
    world.has_budget = true;
    world.charges_allowed = 10;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 10 + 100 + 10, 4 + 2); /* the new wave races again */
    assert_int_equal(world.execution.view.retries, 1);
    assert_int_equal(world_attempt(&world, 3)->wave, 1);
    world_fini(&world);
}

static void hedge_that_falls_due_becomes_the_pending_retry(void **state) {
    (void)state;
    PLAY(world, HANGS, ANSWER(503, 10), ANSWER(200, 10));
    world_race(&world, INSIST_REFILL, 50, 60);
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 50 + 60 + 10, 3);
    assert_int_equal(world_attempt(&world, 2)->kind, INSIST_RETRIED);
    assert_int_equal(world_attempt(&world, 2)->why_started, INSIST_START_HEDGE);
    assert_int_equal(world_attempt(&world, 2)->wait_us, 110000 - 60000);            /* since it was decided */
    assert_int_equal(insist_execution_last_wait_us(&world.execution.view), 100000); /* as it was decided */
    assert_int_equal(insist_execution_wait_source(&world.execution.view), INSIST_START_BACKOFF);
    world_fini(&world);
}

static void hedge_that_falls_due_with_the_retry_hurries_nothing(void **state) {
    (void)state;
    PLAY(world, HANGS, ANSWER(503, 10), ANSWER(200, 10));
    world_race(&world, INSIST_REFILL, 50, 110);
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 50 + 110 + 10, 3);
    assert_int_equal(world_attempt(&world, 2)->why_started, INSIST_START_BACKOFF);
    assert_int_equal(world_attempt(&world, 2)->wait_us, 100000);
    world_fini(&world);
}

static void backoff_holds_where_nothing_is_left_to_hedge(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(503, 10), ANSWER(503, 10), ANSWER(503, 10));
    world_race(&world, INSIST_REFILL, 20, 0);
    world_play(&world);
    world_assert_ended(&world, INSIST_COUNT, INSIST_OK, 503, 3 * (10 + 100) + 10, 4);
    for (size_t i = 1; i < 4; i++) {
        assert_int_equal(world_attempt(&world, i)->progress.queued_ns - world.start_ns, (int64_t)i * 110 * WORLD_MS);
        assert_int_equal(world_attempt(&world, i)->why_started, INSIST_START_BACKOFF);
        assert_int_equal(world_attempt(&world, i)->wait_us, 100000);
    }
    world_fini(&world);
}

/* The last of them ends when the retry of the first is pending already. */
static void backoff_holds_when_the_last_sibling_has_ended_too(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(503, 15), ANSWER(200, 10));
    world_race(&world, INSIST_REFILL, -1, 20);
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 10 + 100 + 10, 3 + 1); /* the new wave races again */
    assert_int_equal(world_attempt(&world, 2)->progress.queued_ns - world.start_ns, 110 * WORLD_MS);
    assert_int_equal(world_attempt(&world, 2)->why_started, INSIST_START_BACKOFF);
    world_fini(&world);
}

static void retry_is_hedged_anew(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), HANGS, ANSWER(200, 10));
    world_race(&world, INSIST_REFILL, 20, 0);
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 10 + 100 + 20 + 10, 3);
    assert_int_equal(world_attempt(&world, 2)->kind, INSIST_HEDGE);
    assert_int_equal(world_attempt(&world, 2)->wave, 1);
    world_fini(&world);
}

static void retry_after_holds_hedges_back_too(void **state) {
    (void)state;
    PLAY(world, HANGS, {.status = 503, .ends_ms = 10, .has_retry_after = true, .retry_after_ms = 1000},
         ANSWER(200, 10));
    world_race(&world, INSIST_REFILL, 50, 60);
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 60 + 1000 + 10, 3);
    world_fini(&world);
}

static void mode_close_asks_once_when_nothing_is_in_flight(void **state) { /* H82, H85 with the most useful outcome */
    (void)state;
    PLAY(world, FAILS(INSIST_ERESET, INSIST_CONN_RESET, 300), ANSWER(503, 10), ANSWER(200, 10));
    world_race(&world, INSIST_CLOSE, 50, 20);
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 300 + 100 + 10, 3);
    assert_string_equal(world.log, "start before0 before1 after1 after0 retry(100) before2 after2 end ");
    assert_int_equal(world_attempt(&world, 2)->wave, 1);
    world_fini(&world);
}

static void mode_close_takes_the_largest_retry_after(void **state) {
    (void)state;
    PLAY(world, {.status = 503, .ends_ms = 300, .has_retry_after = true, .retry_after_ms = 1000},
         {.status = 503, .ends_ms = 10, .has_retry_after = true, .retry_after_ms = 3000}, ANSWER(200, 10));
    world_race(&world, INSIST_CLOSE, 50, 0);
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 300 + 3000 + 100 + 10, 3);
    world_fini(&world);
}

static void mode_close_counts_only_headers_that_are_followed(void **state) { /* R7, H85 */
    (void)state;
    PLAY(world, {.status = 503, .ends_ms = 300, .has_retry_after = true, .retry_after_ms = 1000},
         {.status = 429, .ends_ms = 10, .has_retry_after = true, .retry_after_ms = 3000}, ANSWER(200, 10));
    world_race(&world, INSIST_CLOSE, 50, 0);
    world.retry.retry_after_listed = true;
    status_set_add(&world.retry.retry_after_statuses, 503);
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 300 + 1000 + 100 + 10, 3);
    world_fini(&world);
}

/* ---- waves that timed out in a row: what an adaptive timeout goes by ---- */

struct noted {
    unsigned waves_timed_out[16];
    size_t count;
};

static int64_t note_waves(void *ctx, const insist_execution *view) { /* 100 ms for every attempt */
    struct noted *noted = ctx;
    noted->waves_timed_out[noted->count++] = view->waves_timed_out;
    return 100000;
}

static void assert_noted(const struct noted *noted, const unsigned *expected, size_t count) {
    assert_int_equal(noted->count, count);
    assert_memory_equal(noted->waves_timed_out, expected, count * sizeof *expected);
}

static void waves_that_timed_out_are_counted_in_a_row(void **state) { /* H69 */
    (void)state;
    PLAY(world, HANGS, HANGS, HANGS, ANSWER(503, 10), HANGS, FAILS(INSIST_ERESET, INSIST_CONN_RESET, 10), HANGS,
         ANSWER(200, 10));
    struct noted noted = {.count = 0};
    world.timeout.timeout = note_waves;
    world.timeout.ctx = &noted;
    world.retries_allowed = 9;
    world_play(&world);
    assert_noted(&noted, (unsigned[]){0, 1, 2, 3, 0, 1, 0, 1}, 8);
    assert_int_equal(world.execution.view.attempt_timeouts, 5); /* all of them, which is not the rung */
    world_fini(&world);
}

static void two_timeouts_of_one_wave_count_once(void **state) { /* H69, H88; section 3.1: httpx skips a rung */
    (void)state;
    PLAY(world, HANGS, HANGS, HANGS, HANGS, ANSWER(503, 10), ANSWER(503, 10), ANSWER(200, 10));
    struct noted noted = {.count = 0};
    world_race(&world, INSIST_CLOSE, -1, 0); /* two at once in each wave */
    world.timeout.timeout = note_waves;
    world.timeout.ctx = &noted;
    world.retries_allowed = 9;
    world_play(&world);
    assert_noted(&noted, (unsigned[]){0, 0, 1, 1, 2, 2, 0, 0}, 8); /* all attempts of a wave are told the same */
    world_fini(&world);
}

static void one_timeout_is_enough_whatever_its_siblings_did(void **state) { /* H69 */
    (void)state;
    PLAY(world, HANGS, ANSWER(503, 10), ANSWER(503, 10), HANGS, ANSWER(200, 10));
    struct noted noted = {.count = 0};
    world_race(&world, INSIST_CLOSE, -1, 0);
    world.timeout.timeout = note_waves;
    world.timeout.ctx = &noted;
    world.retries_allowed = 9;
    world_play(&world);
    assert_noted(&noted, (unsigned[]){0, 0, 1, 1, 2, 2}, 6);
    world_fini(&world);
}

static int64_t at_once(void *ctx, const insist_execution *view, insist_random *random) {
    (void)ctx;
    (void)view;
    (void)random;
    return 0;
}

static void refill_stays_on_its_wave_s_rung(void **state) { /* H69 */
    (void)state;
    PLAY(world, HANGS, {.status = 503, .ends_ms = 90}, HANGS, HANGS);
    struct noted noted = {.count = 0};
    world_race(&world, INSIST_REFILL, 50, 0);
    world.retry.waiter.wait = at_once;
    world.timeout.timeout = note_waves;
    world.timeout.ctx = &noted;
    world.retries_allowed = 2;
    world_play(&world);
    assert_noted(&noted, (unsigned[]){0, 0, 0, 0}, 4); /* the first times out, and is replaced in the same wave */
    world_fini(&world);
}

static void losers_are_no_timeouts(void **state) { /* H39 */
    (void)state;
    PLAY(world, HANGS, ANSWER(200, 10));
    world_race(&world, INSIST_REFILL, 50, 0);
    world_play(&world);
    assert_false(world.execution.wave_timed_out);
    world_fini(&world);
}

static void refused_hedge_is_only_left_out(void **state) {
    (void)state;
    PLAY(world, ANSWER(200, 300));
    world_race(&world, INSIST_REFILL, 50, 50);
    world.has_budget = true;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 300, 1);
    world_fini(&world);
}

static void starter_that_says_no_gives_the_charge_back(void **state) {
    (void)state;
    PLAY(world, ANSWER(200, 300));
    world_race(&world, INSIST_REFILL, 50, 50);
    world.has_budget = true;
    world.charges_allowed = 10;
    world.starter_says_no = true;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 300, 1);
    assert_int_equal(world.charged, 1);
    assert_int_equal(world.given_back, 1);
    world_fini(&world);
}

static void redundant_hedge_is_refunded(void **state) {
    (void)state;
    PLAY(world, ANSWER(200, 100), HANGS);
    world_race(&world, INSIST_REFILL, 50, 0);
    world.has_budget = true;
    world.charges_allowed = 10;
    world_play(&world);
    assert_int_equal(world.charged, 1);
    assert_int_equal(world.refunded, 1);
    assert_int_equal(world.firsts_accepted, 1);
    world_fini(&world);
}

static void hedge_without_room_is_left_out(void **state) {
    (void)state;
    PLAY(world, ANSWER(200, 300), {.refused = INSIST_EQUEUEFULL});
    world_race(&world, INSIST_REFILL, 50, 50);
    world.has_budget = true;
    world.charges_allowed = 10;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 300, 2);
    assert_int_equal(world.given_back, 1);
    assert_int_equal(world_attempt(&world, 1)->why_ended, INSIST_ENDED_REJECTED);
    world_fini(&world);
}

static void delay_beyond_the_limit_means_no_hedge(void **state) {
    (void)state;
    PLAY(world, HANGS, ANSWER(200, 10));
    world_race(&world, INSIST_REFILL, 5000, 0);
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 5000 + 100 + 10, 2);
    assert_int_equal(world_attempt(&world, 1)->kind, INSIST_RETRIED);
    world_fini(&world);
}

/* A hedge may take 100 ms here, the first attempt 5 s. */
static int64_t short_for_hedges(void *ctx, const insist_execution *execution) {
    (void)ctx;
    return insist_execution_attempt(execution) == 0 ? 5000000 : 100000;
}

/* Or it would come when the hedge that it counts from is over, and hurry the retry that has become due for 250 ms. */
static void delay_beyond_the_limit_of_a_hedge_means_no_further_one(void **state) {
    (void)state;
    PLAY(world, HANGS, HANGS, ANSWER(200, 10));
    world_race(&world, INSIST_REFILL, 50, 150);
    world.timeout.timeout = short_for_hedges;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 250 + 10, 3);
    assert_int_equal(world_attempt(&world, 1)->why_ended, INSIST_ENDED_TIMEOUT);
    assert_int_equal(world_attempt(&world, 2)->why_started, INSIST_START_BACKOFF);
    world_fini(&world);
}

/* The first attempt may, under the default timeout: no retry could follow it. */
static void hedge_may_not_take_the_rest(void **state) {
    (void)state;
    PLAY(world, ANSWER(200, 12000), HANGS);
    world_race(&world, INSIST_REFILL, 50, 0);
    world.timeout.takes_the_rest = true;
    world.retry.retry_bound = 0;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 12000, 3);
    assert_int_equal(world_attempt(&world, 1)->kind, INSIST_HEDGE);
    assert_int_equal(world_attempt(&world, 1)->why_ended, INSIST_ENDED_TIMEOUT);
    assert_int_equal(world_attempt(&world, 1)->progress.ended_ns - world.start_ns, 5050 * WORLD_MS);
    world_fini(&world);
}

static void of_two_answers_at_one_instant_the_first_in_the_mailbox_wins(void **state) {
    (void)state;
    PLAY(world, ANSWER(200, 100), ANSWER(201, 50));
    world_race(&world, INSIST_REFILL, 50, 0);
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 100, 2);
    world_fini(&world);
}

static void loser_that_had_ended_keeps_its_outcome(void **state) {
    (void)state;
    PLAY(world, {.status = 201, .ends_ms = WORLD_HANGS, .ends_unseen = true}, ANSWER(200, 10));
    world_race(&world, INSIST_REFILL, 50, 0);
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 60, 2);
    assert_int_equal(world_attempt(&world, 0)->why_ended, INSIST_ENDED_LOST);
    assert_int_equal(world_attempt(&world, 0)->outcome.status, 201);
    assert_int_equal(world_attempt(&world, 0)->outcome.err, INSIST_OK);
    world_fini(&world);
}

static void deadline_ends_all_racers(void **state) {
    (void)state;
    PLAY(world, HANGS, HANGS);
    world_race(&world, INSIST_REFILL, 50, 0);
    world.rules.deadline_ns = world.start_ns + 1000 * WORLD_MS;
    world_play(&world);
    world_assert_ended(&world, INSIST_DEADLINE, INSIST_EDEADLINE, 0, 1000, 2);
    assert_string_equal(world.log, "start before0 before1 timeout0 after0 timeout1 after1 deadline end ");
    world_fini(&world);
}

static void three_that_fail_at_one_instant_cost_one_retry_without_a_wait_too(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(503, 10), ANSWER(503, 10), ANSWER(200, 10), HANGS, HANGS);
    world_race(&world, INSIST_REFILL, -1, -1);
    world.retry.waiter.wait = at_once;
    world.has_budget = true;
    world.charges_allowed = 10;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 20, 6);
    assert_int_equal(world.execution.view.retries, 1);
    assert_int_equal(world_attempt(&world, 3)->wave, 1);
    world_fini(&world);
}

static void answer_of_the_same_turn_makes_a_due_retry_needless(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(200, 10));
    world_race(&world, INSIST_REFILL, -1, 0);
    world.retry.waiter.wait = at_once;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 10, 2);
    world_fini(&world);
}

static void later_retry_after_puts_the_pending_retry_off(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), {.status = 503, .ends_ms = 50, .has_retry_after = true, .retry_after_ms = 1000},
         ANSWER(200, 10));
    world_race(&world, INSIST_REFILL, -1, 0);
    world_play(&world);
    assert_int_equal(world_attempt(&world, 2)->progress.queued_ns - world.start_ns, (50 + 1000 + 100) * WORLD_MS);
    assert_int_equal(world_attempt(&world, 2)->why_started, INSIST_START_RETRY_AFTER);
    assert_int_equal(world_attempt(&world, 2)->wait_us, 1100000);
    assert_int_equal(insist_execution_last_wait_us(&world.execution.view), 1100000);
    assert_int_equal(insist_execution_wait_source(&world.execution.view), INSIST_START_RETRY_AFTER);
    world_fini(&world);
}

static void later_retry_after_beyond_the_cap_closes(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), {.status = 503, .ends_ms = 50, .has_retry_after = true, .retry_after_ms = 31000});
    world_race(&world, INSIST_REFILL, -1, 0);
    world.has_budget = true;
    world.charges_allowed = 10;
    world_play(&world);
    world_assert_ended(&world, INSIST_RETRY_AFTER, INSIST_OK, 503, 50, 2);
    assert_int_equal(world.given_back, 1); /* the retry's; the hedge was spent */
    world_fini(&world);
}

static void later_retry_after_that_does_not_fit_closes(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), {.status = 503, .ends_ms = 50, .has_retry_after = true, .retry_after_ms = 1000});
    world_race(&world, INSIST_REFILL, -1, 0);
    world.rules.deadline_ns = world.start_ns + 1100 * WORLD_MS;
    world_play(&world);
    world_assert_ended(&world, INSIST_NO_TIME, INSIST_OK, 503, 50, 2);
    world_fini(&world);
}

/* The first wave's answer is more useful to the caller, but it is the second wave that is to be repeated. */
static void mode_close_asks_about_its_own_wave(void **state) {
    (void)state;
    PLAY(world, {.status = 503, .ends_ms = 10, .has_retry_after = true}, FAILS(INSIST_ERESET, INSIST_CONN_RESET, 10),
         FAILS(INSIST_ERESET, INSIST_CONN_RESET, 20), ANSWER(200, 10));
    world_race(&world, INSIST_CLOSE, 50, 0);
    world.has_budget = true;
    world.charges_allowed = 10;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 10 + 100 + 10 + 100 + 20 + 100 + 10, 4);
    assert_int_equal(world.last_charge, 14); /* the last wave was not throttled */
    world_fini(&world);
}

static insist_verdict retry_errors_and_503(void *ctx, const insist_execution *view, insist_err *error) {
    (void)ctx;
    (void)error;
    bool wanted = insist_execution_error(view) != INSIST_OK || insist_execution_status(view) == 503;
    return wanted ? INSIST_RETRY : INSIST_ACCEPT;
}

static bool refuse_201(void *ctx, const insist_execution *view) {
    (void)ctx;
    return insist_execution_status(view) != 201;
}

static void rejected_answer_is_not_the_most_useful_of_its_wave(void **state) {
    (void)state;
    PLAY(world, {.status = 503, .ends_ms = 60, .has_retry_after = true}, ANSWER(201, 20), ANSWER(200, 10));
    world_race(&world, INSIST_CLOSE, 50, 0);
    world.retry.decider = (insist_decider){.decide = retry_errors_and_503};
    world.rules.validator = (insist_validator){.validate = refuse_201};
    world.has_budget = true;
    world.charges_allowed = 10;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 70 + 100 + 10, 3);
    assert_int_equal(world_attempt(&world, 1)->outcome.err, INSIST_EREJECTED);
    assert_int_equal(world.last_charge, 5); /* it was about the 503, which was throttled */
    world_fini(&world);
}

static void at_once_waits_for_room_like_any_hedge(void **state) {
    (void)state;
    PLAY(world, {.queued_ms = 1000, .ends_ms = WORLD_HANGS}, ANSWER(200, 10));
    world_race(&world, INSIST_REFILL, -1, 0);
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 1000 + 10, 2);
    world_fini(&world);
}

static void starter_learns_that_a_hedge_did_not_start(void **state) {
    (void)state;
    PLAY(world, ANSWER(200, 300), {.refused = INSIST_EQUEUEFULL});
    world_race(&world, INSIST_REFILL, 50, 0);
    world_play(&world);
    assert_int_equal(world.starter_asked, 1);
    assert_int_equal(world.not_started, 1);
    world_fini(&world);
}

static void hedge_that_did_not_start_counts_as_no_attempt(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), {.refused = INSIST_EQUEUEFULL}, ANSWER(200, 10));
    world_race(&world, INSIST_REFILL, -1, 0);
    world.attempts_allowed = 2;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 10 + 100 + 10, 4);
    assert_int_equal(world_attempt(&world, 1)->index, 1); /* in the record it stays */
    assert_int_equal(world_attempt(&world, 1)->why_ended, INSIST_ENDED_REJECTED);
    assert_int_equal(world.execution.view.attempts_started, 3);
    world_fini(&world);
}

static void hedge_that_did_not_start_counts_in_no_wave(void **state) {
    (void)state;
    PLAY(world, HANGS, ANSWER(503, 10), {.refused = INSIST_EQUEUEFULL}, HANGS, ANSWER(200, 1));
    world_race(&world, INSIST_REFILL, 50, 5);
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 60 + 100 + 5 + 1, 5); /* the second hedge, once more */
    assert_int_equal(world_attempt(&world, 4)->kind, INSIST_HEDGE);
    world_fini(&world);
}

static int (*world_fires)(void *ctx, insist_event event);

static int takes_its_time(void *ctx, insist_event event) {
    struct world *world = ctx;
    if (event == INSIST_BEFORE_ATTEMPT)
        world->execution.view.now_ns += 30 * WORLD_MS;
    return world_fires(ctx, event);
}

static int64_t taken_back_from_ns;

static void remember_when(void *ctx, const insist_execution *view) {
    (void)ctx;
    taken_back_from_ns = view->starter_asked_ns;
}

static void a_slow_handler_does_not_hide_when_the_starter_was_asked(void **state) {
    (void)state;
    PLAY(world, ANSWER(200, 300), {.refused = INSIST_EQUEUEFULL});
    world_race(&world, INSIST_REFILL, 50, 0);
    world.race.starter.not_started = remember_when;
    world_fires = world.ports.fire;
    world.ports.fire = takes_its_time;
    world_play(&world);
    assert_int_equal(taken_back_from_ns - world.start_ns, 50 * WORLD_MS);
    world_fini(&world);
}

static void starter_is_not_asked_when_the_budget_refuses(void **state) {
    (void)state;
    PLAY(world, ANSWER(200, 300));
    world_race(&world, INSIST_REFILL, 50, 50);
    world.has_budget = true;
    world_play(&world);
    assert_int_equal(world.starter_asked, 0);
    assert_int_equal(world.not_started, 0);
    world_fini(&world);
}

static void budget_refused_for_a_retry_gives_the_last_real_outcome(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), FAILS(INSIST_ERESET, INSIST_CONN_RESET, 40));
    world_race(&world, INSIST_REFILL, -1, 0);
    world.has_budget = true;
    world.charges_allowed = 1; /* for the hedge */
    world_play(&world);
    world_assert_ended(&world, INSIST_BUDGET, INSIST_OK, 503, 40, 2);
    world_fini(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hedge_wins_and_the_loser_is_left_behind),
        cmocka_unit_test(cancel_by_user_code_before_a_hedge_keeps_it_from_being_started),
        cmocka_unit_test(delay_counts_from_the_wire),
        cmocka_unit_test(connect_delay_applies_until_it_is_on_the_wire),
        cmocka_unit_test(one_that_waits_for_room_is_not_hedged),
        cmocka_unit_test(hedge_of_one_that_ends_before_the_wire_is_dropped),
        cmocka_unit_test(fast_failure_never_wins),
        cmocka_unit_test(accepted_error_is_reported_when_no_sibling_answers),
        cmocka_unit_test(used_up_count_leaves_the_slow_one_its_chance),
        cmocka_unit_test(replacement_wins_while_the_first_hangs),
        cmocka_unit_test(three_that_fail_together_cost_one_retry),
        cmocka_unit_test(hedge_that_falls_due_becomes_the_pending_retry),
        cmocka_unit_test(hedge_that_falls_due_with_the_retry_hurries_nothing),
        cmocka_unit_test(backoff_holds_where_nothing_is_left_to_hedge),
        cmocka_unit_test(backoff_holds_when_the_last_sibling_has_ended_too),
        cmocka_unit_test(retry_is_hedged_anew),
        cmocka_unit_test(retry_after_holds_hedges_back_too),
        cmocka_unit_test(mode_close_asks_once_when_nothing_is_in_flight),
        cmocka_unit_test(mode_close_takes_the_largest_retry_after),
        cmocka_unit_test(mode_close_counts_only_headers_that_are_followed),
        cmocka_unit_test(waves_that_timed_out_are_counted_in_a_row),
        cmocka_unit_test(two_timeouts_of_one_wave_count_once),
        cmocka_unit_test(one_timeout_is_enough_whatever_its_siblings_did),
        cmocka_unit_test(refill_stays_on_its_wave_s_rung),
        cmocka_unit_test(losers_are_no_timeouts),
        cmocka_unit_test(refused_hedge_is_only_left_out),
        cmocka_unit_test(starter_that_says_no_gives_the_charge_back),
        cmocka_unit_test(redundant_hedge_is_refunded),
        cmocka_unit_test(hedge_without_room_is_left_out),
        cmocka_unit_test(delay_beyond_the_limit_means_no_hedge),
        cmocka_unit_test(delay_beyond_the_limit_of_a_hedge_means_no_further_one),
        cmocka_unit_test(hedge_may_not_take_the_rest),
        cmocka_unit_test(of_two_answers_at_one_instant_the_first_in_the_mailbox_wins),
        cmocka_unit_test(loser_that_had_ended_keeps_its_outcome),
        cmocka_unit_test(deadline_ends_all_racers),
        cmocka_unit_test(three_that_fail_at_one_instant_cost_one_retry_without_a_wait_too),
        cmocka_unit_test(answer_of_the_same_turn_makes_a_due_retry_needless),
        cmocka_unit_test(later_retry_after_puts_the_pending_retry_off),
        cmocka_unit_test(later_retry_after_beyond_the_cap_closes),
        cmocka_unit_test(later_retry_after_that_does_not_fit_closes),
        cmocka_unit_test(mode_close_asks_about_its_own_wave),
        cmocka_unit_test(rejected_answer_is_not_the_most_useful_of_its_wave),
        cmocka_unit_test(at_once_waits_for_room_like_any_hedge),
        cmocka_unit_test(starter_learns_that_a_hedge_did_not_start),
        cmocka_unit_test(hedge_that_did_not_start_counts_as_no_attempt),
        cmocka_unit_test(hedge_that_did_not_start_counts_in_no_wave),
        cmocka_unit_test(a_slow_handler_does_not_hide_when_the_starter_was_asked),
        cmocka_unit_test(starter_is_not_asked_when_the_budget_refuses),
        cmocka_unit_test(budget_refused_for_a_retry_gives_the_last_real_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
