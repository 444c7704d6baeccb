/* The execution without races: deciding, waiting, closing, deadlines, events. Virtual time; every assertion is
 * exact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/world.h"

static void good_answer_is_done(void **state) {
    (void)state;
    PLAY(world, ANSWER(200, 30));
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 30, 1);
    assert_string_equal(world.log, "start before0 after0 end ");
    assert_int_equal(world_attempt(&world, 0)->why_ended, INSIST_ENDED_WON);
    world_fini(&world);
}

static void answer_that_nobody_retries_is_done(void **state) { /* H25: a 404 is a result */
    (void)state;
    PLAY(world, ANSWER(404, 30));
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 404, 30, 1);
    world_fini(&world);
}

static void retries_until_good(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), FAILS(INSIST_ERESET, INSIST_CONN_RESET, 20), ANSWER(200, 30));
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 10 + 100 + 20 + 100 + 30, 3);
    assert_string_equal(world.log, "start before0 after0 retry(100) before1 after1 retry(100) before2 after2 end ");
    assert_int_equal(world_attempt(&world, 0)->why_ended, INSIST_ENDED_RETRYABLE);
    assert_int_equal(world_attempt(&world, 2)->kind, INSIST_RETRIED);
    assert_int_equal(world_attempt(&world, 2)->wave, 2);
    assert_int_equal(world_attempt(&world, 2)->wait_us, 100000);
    assert_int_equal(world_attempt(&world, 2)->why_started, INSIST_START_BACKOFF);
    world_fini(&world);
}

static void count_used_up_gives_the_last_answer(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(503, 10), ANSWER(503, 10), ANSWER(503, 10), ANSWER(200, 10));
    world_play(&world);
    world_assert_ended(&world, INSIST_COUNT, INSIST_OK, 503, 340, 4);
    world_fini(&world);
}

static void an_answer_is_more_useful_than_a_later_error(void **state) {
    (void)state;
    PLAY(world, FAILS(INSIST_ERESET, INSIST_CONN_RESET, 10), ANSWER(503, 10),
         FAILS(INSIST_EEOF, INSIST_UNEXPECTED_EOF, 10), FAILS(INSIST_ECONNECT, INSIST_CONN_REFUSED, 10));
    world_play(&world);
    world_assert_ended(&world, INSIST_COUNT, INSIST_OK, 503, 340, 4);
    world_fini(&world);
}

static void all_errors_give_the_last_error(void **state) {
    (void)state;
    PLAY(world, FAILS(INSIST_ERESET, INSIST_CONN_RESET, 10), FAILS(INSIST_ERESET, INSIST_CONN_RESET, 10),
         FAILS(INSIST_ERESET, INSIST_CONN_RESET, 10), FAILS(INSIST_ECONNECT, INSIST_CONN_REFUSED, 10));
    world_play(&world);
    world_assert_ended(&world, INSIST_COUNT, INSIST_ECONNECT, 0, 340, 4);
    world_fini(&world);
}

static void permanent_error_stops(void **state) {
    (void)state;
    PLAY(world, FAILS(INSIST_ECERT, INSIST_NOT_TRANSIENT, 10), ANSWER(200, 10));
    world_play(&world);
    world_assert_ended(&world, INSIST_STOPPED, INSIST_ECERT, 0, 10, 1);
    assert_int_equal(world_attempt(&world, 0)->why_ended, INSIST_ENDED_FINAL);
    world_fini(&world);
}

static insist_verdict fail_with_rejected(void *ctx, const insist_execution *view, insist_err *error) {
    (void)ctx;
    (void)view;
    *error = INSIST_EREJECTED;
    return INSIST_FAIL;
}

static void decider_fails_the_call(void **state) { /* R5, B11 */
    (void)state;
    PLAY(world, ANSWER(200, 10));
    world.retry.decider.decide = fail_with_rejected;
    world_play(&world);
    world_assert_ended(&world, INSIST_STOPPED, INSIST_EREJECTED, 200, 10, 1);
    world_fini(&world);
}

static int64_t exit_cycle(void *ctx, const insist_execution *view, insist_random *random) {
    (void)ctx;
    (void)view;
    (void)random;
    return INSIST_EXIT;
}

static void waiter_ends_the_cycle(void **state) { /* B2 */
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(200, 10));
    world.retry.waiter.wait = exit_cycle;
    world_play(&world);
    world_assert_ended(&world, INSIST_COUNT, INSIST_OK, 503, 10, 1);
    world_fini(&world);
}

static int64_t wait_nothing(void *ctx, const insist_execution *view, insist_random *random) {
    (void)ctx;
    (void)view;
    (void)random;
    return 0;
}

static void wait_of_nothing_is_at_once(void **state) { /* section 3.1: httpx hangs */
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(200, 10));
    world.retry.waiter.wait = wait_nothing;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 20, 2);
    world_fini(&world);
}

static int64_t wait_by_retry(void *ctx, const insist_execution *view, insist_random *random) {
    (void)ctx;
    (void)random;
    return (int64_t)insist_execution_retry(view) * 1000;
}

static void waiter_is_told_the_number_of_the_retry(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 1), ANSWER(503, 1), ANSWER(503, 1), ANSWER(503, 1));
    world.retry.waiter.wait = wait_by_retry;
    world_play(&world);
    assert_string_equal(
        world.log, "start before0 after0 retry(1) before1 after1 retry(2) before2 after2 retry(3) before3 after3 end ");
    world_fini(&world);
}

static void wait_that_does_not_fit_is_not_slept(void **state) { /* section 3.1: httpx sleeps first */
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(200, 10));
    world.rules.deadline_ns = world.start_ns + 110 * WORLD_MS;
    world_play(&world);
    world_assert_ended(&world, INSIST_NO_TIME, INSIST_OK, 503, 10, 1);
    world_fini(&world);
}

static void wait_that_just_fits_is_slept(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(200, 0));
    world.rules.deadline_ns = world.start_ns + 111 * WORLD_MS;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 110, 2);
    world_fini(&world);
}

/* ---- the method gate ---- */

static void unsafe_request_is_not_repeated_once_sent(void **state) {
    (void)state;
    PLAY(world, FAILS(INSIST_ERESET, INSIST_CONN_RESET, 10), ANSWER(200, 10));
    world.request.repeatable = false;
    world_play(&world);
    world_assert_ended(&world, INSIST_NOT_REPEATABLE, INSIST_ERESET, 0, 10, 1);
    assert_int_equal(world_attempt(&world, 0)->outcome.sent, INSIST_MAYBE_SENT);
    world_fini(&world);
}

static void unsafe_request_is_not_repeated_once_answered(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(200, 10));
    world.request.repeatable = false;
    world_play(&world);
    world_assert_ended(&world, INSIST_NOT_REPEATABLE, INSIST_OK, 503, 10, 1);
    world_fini(&world);
}

static void unsafe_request_is_repeated_while_unsent(void **state) {
    (void)state;
    PLAY(world, {.err = INSIST_ECONNECT, .transience = INSIST_CONN_REFUSED, .sent_ms = WORLD_HANGS, .ends_ms = 10},
         ANSWER(200, 10));
    world.request.repeatable = false;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 120, 2);
    assert_int_equal(world_attempt(&world, 0)->outcome.sent, INSIST_NOT_SENT);
    world_fini(&world);
}

static void repeat_unsafe_opens_the_gate(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(200, 10));
    world.request.repeatable = false;
    world.rules.repeat_unsafe = true;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 120, 2);
    world_fini(&world);
}

/* ---- stale connections ---- */

static void stale_connection_is_replaced_at_once_and_once(void **state) {
    (void)state;
    PLAY(world, {.err = INSIST_ERESET, .transience = INSIST_CONN_RESET, .ends_ms = 5, .stale = true},
         {.err = INSIST_ERESET, .transience = INSIST_CONN_RESET, .ends_ms = 5, .stale = true}, ANSWER(200, 10));
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 5 + 5 + 100 + 10, 3);
    assert_int_equal(world_attempt(&world, 1)->why_started, INSIST_START_STALE);
    assert_int_equal(world_attempt(&world, 1)->wait_us, 0);
    assert_int_equal(world_attempt(&world, 2)->why_started, INSIST_START_BACKOFF);
    assert_int_equal(world.execution.view.retries, 2);
    world_fini(&world);
}

static void stale_connection_of_an_unsafe_request_is_not_replaced(void **state) {
    (void)state;
    PLAY(world, {.err = INSIST_ERESET, .transience = INSIST_CONN_RESET, .ends_ms = 5, .stale = true}, ANSWER(200, 10));
    world.request.repeatable = false;
    world_play(&world);
    world_assert_ended(&world, INSIST_NOT_REPEATABLE, INSIST_ERESET, 0, 5, 1);
    world_fini(&world);
}

/* ---- Retry-After ---- */

#define ASKS(code, ms, after_ms)                                                                                       \
    { .status = (code), .ends_ms = (ms), .has_retry_after = true, .retry_after_ms = (after_ms) }

static void retry_after_is_added_to_the_wait(void **state) {
    (void)state;
    PLAY(world, ASKS(503, 10, 2000), ANSWER(200, 10));
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 10 + 2000 + 100 + 10, 2);
    assert_int_equal(world_attempt(&world, 1)->why_started, INSIST_START_RETRY_AFTER);
    assert_int_equal(world_attempt(&world, 1)->wait_us, 2100000);
    world_fini(&world);
}

static void retry_after_beyond_the_cap_closes(void **state) {
    (void)state;
    PLAY(world, ASKS(503, 10, 30001), ANSWER(200, 10));
    world.rules.deadline_ns = INT64_MAX;
    world_play(&world);
    world_assert_ended(&world, INSIST_RETRY_AFTER, INSIST_OK, 503, 10, 1);
    world_fini(&world);
}

static void retry_after_beyond_the_deadline_closes(void **state) {
    (void)state;
    PLAY(world, ASKS(429, 10, 5000), ANSWER(200, 10));
    world.rules.deadline_ns = world.start_ns + 5000 * WORLD_MS;
    world_play(&world);
    world_assert_ended(&world, INSIST_RETRY_AFTER, INSIST_OK, 429, 10, 1);
    world_fini(&world);
}

static void retry_after_may_be_ignored(void **state) {
    (void)state;
    PLAY(world, ASKS(503, 10, 2000), ANSWER(200, 10));
    world.retry.retry_after_cap_us = -1;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 120, 2);
    assert_int_equal(world_attempt(&world, 1)->why_started, INSIST_START_BACKOFF);
    world_fini(&world);
}

static void follow_429_and_503(struct world *world) {
    world->retry.retry_after_listed = true;
    status_set_add(&world->retry.retry_after_statuses, 429);
    status_set_add(&world->retry.retry_after_statuses, 503);
}

static insist_verdict retry_all(void *ctx, const insist_execution *view, insist_err *error) {
    (void)ctx;
    (void)view;
    (void)error;
    return INSIST_RETRY;
}

static void retry_after_of_a_status_that_is_not_listed_is_ignored(void **state) { /* R7, R10 */
    (void)state;
    PLAY(world, ASKS(502, 10, 2000), ASKS(429, 10, 3000), ASKS(503, 10, 4000));
    follow_429_and_503(&world);
    world.retry.decider.decide = retry_all;
    world.cancel_at_ms = 10000;
    world_play(&world);
    assert_int_equal(world_attempt(&world, 1)->wait_us, 100000);
    assert_int_equal(world_attempt(&world, 1)->why_started, INSIST_START_BACKOFF);
    assert_int_equal(world_attempt(&world, 2)->wait_us, 3100000);
    assert_int_equal(world_attempt(&world, 3)->wait_us, 4100000);
    assert_int_equal(world_attempt(&world, 3)->why_started, INSIST_START_RETRY_AFTER);
    world_fini(&world);
}

static void retry_after_may_replace_the_wait(void **state) { /* R7 */
    (void)state;
    PLAY(world, ASKS(503, 10, 2000), ASKS(503, 10, 20), ASKS(503, 10, 0), ANSWER(200, 10));
    world.retry.retry_after_replaces = true;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 10 + 2000 + 10 + 20 + 10 + 0 + 10, 4);
    assert_string_equal(world.log, "start before0 after0 retry(2000) before1 after1 retry(20) before2 after2 retry(0) "
                                   "before3 after3 end ");
    assert_int_equal(world_attempt(&world, 1)->why_started, INSIST_START_RETRY_AFTER);
    world_fini(&world);
}

static void exit_holds_although_the_wait_is_replaced(void **state) { /* B2, R7 */
    (void)state;
    PLAY(world, ASKS(503, 10, 2000), ANSWER(200, 10));
    world.retry.retry_after_replaces = true;
    world.retry.waiter.wait = exit_cycle;
    world_play(&world);
    world_assert_ended(&world, INSIST_COUNT, INSIST_OK, 503, 10, 1);
    world_fini(&world);
}

static void retry_after_without_a_cap_is_waited_for(void **state) { /* R7: 400 days */
    (void)state;
    const int64_t days_400_ms = 400ll * 24 * 3600 * 1000;
    PLAY(world, ASKS(503, 10, days_400_ms), ANSWER(200, 10));
    world.retry.retry_after_replaces = true;
    world.retry.retry_after_cap_us = INSIST_FOREVER;
    world.rules.deadline_ns = INT64_MAX;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 10 + days_400_ms + 10, 2);
    world_fini(&world);
}

static void retry_after_without_a_cap_never_passes_the_deadline(void **state) { /* R7 */
    (void)state;
    PLAY(world, ASKS(503, 10, 30000 - 10), ANSWER(200, 10));
    world.retry.retry_after_replaces = true;
    world.retry.retry_after_cap_us = INSIST_FOREVER;
    world_play(&world);
    world_assert_ended(&world, INSIST_RETRY_AFTER, INSIST_OK, 503, 10, 1);
    world_fini(&world);
}

static void endless_retry_after_is_no_retry_at_once(void **state) { /* R8: theirs overflows into none */
    (void)state;
    PLAY(world, ASKS(503, 10, INT64_MAX / 1000), ANSWER(200, 10));
    world.retry.retry_after_replaces = true;
    world.retry.retry_after_cap_us = INSIST_FOREVER;
    world.rules.deadline_ns = INT64_MAX;
    world_play(&world);
    world_assert_ended(&world, INSIST_RETRY_AFTER, INSIST_OK, 503, 10, 1);
    world_fini(&world);
}

/* ---- budget ---- */

static void refused_retry_gives_the_last_outcome(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(200, 10));
    world.has_budget = true;
    world_play(&world);
    world_assert_ended(&world, INSIST_BUDGET, INSIST_OK, 503, 10, 1);
    assert_int_equal(world.firsts_begun, 1);
    assert_int_equal(world.firsts_accepted, 0);
    world_fini(&world);
}

static void lease_of_an_accepted_retry_comes_back(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(503, 10), ANSWER(200, 10));
    world.has_budget = true;
    world.charges_allowed = 10;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 230, 3);
    assert_int_equal(world.charged, 2);
    assert_int_equal(world.refunded, 1);
    assert_int_equal(world.given_back, 0);
    world_fini(&world);
}

static void lease_of_a_retry_that_never_starts_comes_back(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(200, 10));
    world.has_budget = true;
    world.charges_allowed = 10;
    world.cancel_at_ms = 50;
    world_play(&world);
    world_assert_ended(&world, INSIST_CANCELLED, INSIST_ECANCELED, 503, 50, 1);
    assert_int_equal(world.charged, 1);
    assert_int_equal(world.given_back, 1);
    world_fini(&world);
}

static void accepted_first_attempt_is_told(void **state) {
    (void)state;
    PLAY(world, ANSWER(200, 10));
    world.has_budget = true;
    world_play(&world);
    assert_int_equal(world.firsts_begun, 1);
    assert_int_equal(world.firsts_accepted, 1);
    world_fini(&world);
}

/* ---- deadlines and timeouts ---- */

static void attempt_timeout_is_retried(void **state) { /* H39, H16 */
    (void)state;
    PLAY(world, HANGS, ANSWER(200, 10));
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 5000 + 100 + 10, 2);
    assert_string_equal(world.log, "start before0 timeout0 after0 retry(100) before1 after1 end ");
    assert_int_equal(world_attempt(&world, 0)->why_ended, INSIST_ENDED_TIMEOUT);
    assert_int_equal(world_attempt(&world, 0)->outcome.err, INSIST_ETIMEOUT);
    assert_int_equal(world.execution.view.attempt_timeouts, 1);
    world_fini(&world);
}

static void deadline_ends_the_call_with_an_attempt_in_flight(void **state) { /* H41, H16 */
    (void)state;
    PLAY(world, ANSWER(503, 10), HANGS);
    world.rules.deadline_ns = world.start_ns + 1000 * WORLD_MS;
    world_play(&world);
    world_assert_ended(&world, INSIST_DEADLINE, INSIST_EDEADLINE, 503, 1000, 2);
    assert_string_equal(world.log, "start before0 after0 retry(100) before1 timeout1 after1 deadline end ");
    assert_int_equal(world_attempt(&world, 1)->why_ended, INSIST_ENDED_DEADLINE);
    assert_int_equal(world_attempt(&world, 1)->outcome.err, INSIST_EDEADLINE);
    world_fini(&world);
}

static void wire_that_sees_the_deadline_first_tells_the_same(void **state) {
    (void)state;
    PLAY(world, FAILS(INSIST_ETIMEOUT, INSIST_TIMEOUT, 1000));
    world.rules.deadline_ns = world.start_ns + 1000 * WORLD_MS;
    world_play(&world);
    world_assert_ended(&world, INSIST_DEADLINE, INSIST_EDEADLINE, 0, 1000, 1);
    assert_string_equal(world.log, "start before0 timeout0 after0 deadline end ");
    world_fini(&world);
}

static void answer_at_the_deadline_beats_it(void **state) {
    (void)state;
    PLAY(world, ANSWER(200, 1000));
    world.rules.deadline_ns = world.start_ns + 1000 * WORLD_MS;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 1000, 1);
    world_fini(&world);
}

static void deadline_that_has_passed_starts_nothing(void **state) {
    (void)state;
    PLAY(world, ANSWER(200, 0));
    world.rules.deadline_ns = world.start_ns - 1;
    world_play(&world);
    world_assert_ended(&world, INSIST_DEADLINE, INSIST_EDEADLINE, 0, 0, 0);
    assert_string_equal(world.log, "start deadline end ");
    world_fini(&world);
}

static void deadline_at_this_very_instant_starts_nothing(void **state) {
    (void)state;
    PLAY(world, ANSWER(200, 0));
    world.rules.deadline_ns = world.start_ns;
    world_play(&world);
    world_assert_ended(&world, INSIST_DEADLINE, INSIST_EDEADLINE, 0, 0, 0);
    world_fini(&world);
}

/* A timeout policy that notes what it is told, and gives 100 ms. */
struct noted {
    unsigned attempts_left[8];
    size_t count;
};

static int64_t note_what_is_left(void *ctx, const insist_execution *view) {
    struct noted *noted = ctx;
    noted->attempts_left[noted->count++] = view->attempts_left;
    return 100000;
}

static void check_left(uint32_t retry_bound, uint32_t attempt_bound, const unsigned expected[4]) {
    PLAY(world, HANGS, HANGS, HANGS, HANGS);
    struct noted noted = {.count = 0};
    world.timeout.timeout = note_what_is_left;
    world.timeout.ctx = &noted;
    world.retry.retry_bound = retry_bound;
    world.retry.attempt_bound = attempt_bound;
    world_play(&world);
    assert_int_equal(noted.count, 4);
    assert_memory_equal(noted.attempts_left, expected, 4 * sizeof *expected);
    world_fini(&world);
}

static void timeout_policy_is_told_what_is_left(void **state) { /* H65 */
    (void)state;
    check_left(3, RETRY_UNBOUNDED, (unsigned[]){4, 3, 2, 1});
    check_left(RETRY_UNBOUNDED, 6, (unsigned[]){6, 5, 4, 3});
    check_left(9, 3, (unsigned[]){3, 2, 1, 1});
    check_left(2, 9, (unsigned[]){3, 2, 1, 1});
    check_left(0, 0, (unsigned[]){1, 1, 1, 1});
    check_left(RETRY_UNBOUNDED, RETRY_UNBOUNDED,
               (unsigned[]){RETRY_UNBOUNDED, RETRY_UNBOUNDED, RETRY_UNBOUNDED, RETRY_UNBOUNDED});
}

static int64_t smallest(void *ctx, const insist_execution *view) {
    (void)ctx;
    (void)view;
    return INT64_MIN;
}

static void nonsense_of_a_timeout_policy_is_contained(void **state) { /* H67: no time at all */
    (void)state;
    PLAY(world, HANGS, HANGS, HANGS, HANGS);
    world.timeout.timeout = smallest;
    world_play(&world);
    world_assert_ended(&world, INSIST_COUNT, INSIST_ETIMEOUT, 0, 300, 4);
    world_fini(&world);
}

static int64_t shortest(void *ctx, const insist_execution *view, insist_random *random) {
    (void)ctx;
    (void)view;
    (void)random;
    return INT64_MIN;
}

static void nonsense_of_a_waiter_is_contained(void **state) {
    (void)state;
    PLAY(world, ASKS(503, 10, 20), ANSWER(200, 10));
    world.retry.waiter.wait = shortest;
    world_play(&world);
    world_assert_ended(&world, INSIST_COUNT, INSIST_OK, 503, 10, 1);
    world_fini(&world);
}

static void last_attempt_may_take_the_rest(void **state) {
    (void)state;
    PLAY(world, HANGS, HANGS, HANGS, ANSWER(200, 12000));
    world.timeout.takes_the_rest = true;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 3 * 5100 + 12000, 4);
    world_fini(&world);
}

static void unsafe_request_may_take_the_rest_once_sent(void **state) {
    (void)state;
    PLAY(world, {.sent_ms = 4000, .ends_ms = 12000, .status = 200});
    world.timeout.takes_the_rest = true;
    world.request.repeatable = false;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 12000, 1);
    world_fini(&world);
}

static void unsafe_request_that_is_not_sent_in_time_is_retried(void **state) {
    (void)state;
    PLAY(world, {.sent_ms = 5001, .ends_ms = 12000, .status = 200}, ANSWER(200, 10));
    world.timeout.takes_the_rest = true;
    world.request.repeatable = false;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 5110, 2);
    assert_int_equal(world_attempt(&world, 0)->outcome.sent, INSIST_NOT_SENT);
    world_fini(&world);
}

static void fixed_timeout_holds_for_unsafe_requests(void **state) {
    (void)state;
    PLAY(world, {.sent_ms = 4000, .ends_ms = 12000, .status = 200}, ANSWER(200, 10));
    world.request.repeatable = false;
    world_play(&world);
    world_assert_ended(&world, INSIST_NOT_REPEATABLE, INSIST_ETIMEOUT, 0, 5000, 1);
    world_fini(&world);
}

/* ---- cancel, refusals, handlers ---- */

static void cancel_during_an_attempt(void **state) {
    (void)state;
    PLAY(world, HANGS);
    world.cancel_at_ms = 70;
    world_play(&world);
    world_assert_ended(&world, INSIST_CANCELLED, INSIST_ECANCELED, 0, 70, 1);
    assert_string_equal(world.log, "start before0 after0 end ");
    assert_int_equal(world_attempt(&world, 0)->why_ended, INSIST_ENDED_CANCELLED);
    world_fini(&world);
}

static void answer_beats_a_cancel_of_the_same_turn(void **state) {
    (void)state;
    PLAY(world, ANSWER(200, 70));
    world.cancel_at_ms = 70;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 70, 1);
    world_fini(&world);
}

static void outcome_unseen_at_the_end_is_kept(void **state) {
    (void)state;
    PLAY(world, {.ends_ms = WORLD_HANGS, .status = 503, .ends_unseen = true});
    world.cancel_at_ms = 70;
    world_play(&world);
    world_assert_ended(&world, INSIST_CANCELLED, INSIST_ECANCELED, 503, 70, 1);
    world_fini(&world);
}

static void timeout_unseen_at_the_deadline_is_the_deadline(void **state) {
    (void)state;
    PLAY(world, {.ends_ms = WORLD_HANGS, .err = INSIST_ETIMEOUT, .transience = INSIST_TIMEOUT, .ends_unseen = true});
    world.rules.deadline_ns = world.start_ns + 1000 * WORLD_MS;
    world_play(&world);
    world_assert_ended(&world, INSIST_DEADLINE, INSIST_EDEADLINE, 0, 1000, 1);
    assert_int_equal(world_attempt(&world, 0)->outcome.err, INSIST_EDEADLINE);
    world_fini(&world);
}

static void cancelled_before_an_attempt(unsigned event, unsigned attempt, const char *log, size_t attempts,
                                        size_t started) {
    PLAY(world, ANSWER(503, 10), ANSWER(200, 10));
    world.cancelled_within = true;
    world.cancel_event = event;
    world.cancel_attempt = attempt;
    world.has_budget = true;
    world.charges_allowed = 10;
    world_play(&world);
    world_assert_ended(&world, INSIST_CANCELLED, INSIST_ECANCELED, started == 0 ? 0 : 503, started == 0 ? 0 : 110,
                       attempts);
    assert_string_equal(world.log, log);
    assert_int_equal(world.attempt_count, started);
    assert_int_equal(world.given_back, started); /* what the retry was charged */
    if (attempts > 0) {
        const struct attempt *last = world_attempt(&world, attempts - 1);
        assert_int_equal(last->why_ended, INSIST_ENDED_CANCELLED);
        assert_int_equal(last->outcome.err, INSIST_ECANCELED);
        assert_int_equal(last->outcome.sent, INSIST_NOT_SENT);
    }
    world_fini(&world);
}

static void cancel_by_user_code_before_an_attempt_keeps_it_from_being_started(void **state) {
    (void)state;
    cancelled_before_an_attempt(INSIST_BEFORE_EXECUTION_START, 0, "start end ", 0, 0);
    cancelled_before_an_attempt(INSIST_BEFORE_ATTEMPT, 0, "start before0 after0 end ", 1, 0);
    cancelled_before_an_attempt(INSIST_BEFORE_ATTEMPT, 2, "start before0 after0 retry(100) before1 after1 end ", 2, 1);
}

static void what_is_not_followed_by_another_is_final(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10));
    world.request.repeatable = false;
    world_play(&world);
    assert_int_equal(world_attempt(&world, 0)->why_ended, INSIST_ENDED_FINAL);
    world_fini(&world);
}

static void full_queue_rejects_the_call(void **state) {
    (void)state;
    PLAY(world, {.refused = INSIST_EQUEUEFULL});
    world_play(&world);
    world_assert_ended(&world, INSIST_REJECTED, INSIST_EQUEUEFULL, 0, 0, 1);
    assert_string_equal(world.log, "start before0 after0 end ");
    assert_int_equal(world_attempt(&world, 0)->why_ended, INSIST_ENDED_REJECTED);
    assert_int_equal(world_attempt(&world, 0)->outcome.sent, INSIST_NOT_SENT);
    world_fini(&world);
}

static void full_queue_for_a_retry_keeps_the_last_answer(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), {.refused = INSIST_EQUEUEFULL});
    world.has_budget = true;
    world.charges_allowed = 10;
    world_play(&world);
    world_assert_ended(&world, INSIST_REJECTED, INSIST_OK, 503, 110, 2);
    assert_int_equal(world.given_back, 1);
    world_fini(&world);
}

static void handler_ends_the_call(unsigned event, unsigned skip, const char *log, size_t attempts) {
    PLAY(world, HANGS, ANSWER(503, 10), ANSWER(200, 10));
    world.handler_event = event;
    world.handler_skip = skip;
    world.handler_number = 42;
    world_play(&world);
    assert_int_equal(world.execution.reason, INSIST_HANDLER);
    assert_int_equal(world.execution.err, INSIST_EHANDLER);
    assert_int_equal(world.execution.handler_number, 42);
    assert_string_equal(world.log, log);
    assert_int_equal(world.execution.count, attempts);
    world_fini(&world);
}

static void handlers_end_the_call_and_what_is_owed_still_fires(void **state) {
    (void)state;
    handler_ends_the_call(INSIST_BEFORE_EXECUTION_START, 0, "start end ", 0);
    handler_ends_the_call(INSIST_BEFORE_ATTEMPT, 0, "start before0 after0 end ", 1);
    handler_ends_the_call(INSIST_AFTER_ATTEMPT_TIMEOUT, 0, "start before0 timeout0 after0 end ", 1);
    handler_ends_the_call(INSIST_AFTER_ATTEMPT, 1, "start before0 timeout0 after0 retry(100) before1 after1 end ", 2);
    handler_ends_the_call(INSIST_RETRY_SCHEDULED, 0, "start before0 timeout0 after0 retry(100) end ", 1);
}

static void handler_cannot_undo_the_end(void **state) {
    (void)state;
    PLAY(world, ANSWER(200, 10));
    world.handler_event = INSIST_AFTER_EXECUTION_END;
    world.handler_number = 42;
    world_play(&world);
    world_assert_ended(&world, INSIST_DONE, INSIST_OK, 200, 10, 1);
    assert_int_equal(world.execution.handler_number, 0);
    world_fini(&world);
}

static void record_counts_from_the_start(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), {.sent_ms = 3, .ends_ms = 20, .status = 200});
    insist_attempt_record record;
    world_play(&world);
    execution_record(&world.execution, 1, &record);
    assert_int_equal(record.index, 1);
    assert_int_equal(record.queued_us, 110000);
    assert_int_equal(record.sent_us, 113000);
    assert_int_equal(record.ended_us, 130000);
    assert_int_equal(record.first_byte_us, -1);
    assert_int_equal(record.status, 200);
    assert_int_equal(record.sent, INSIST_ANSWERED);
    assert_int_equal(record.why_ended, INSIST_ENDED_WON);
    world_fini(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_answer_is_done),
        cmocka_unit_test(answer_that_nobody_retries_is_done),
        cmocka_unit_test(retries_until_good),
        cmocka_unit_test(count_used_up_gives_the_last_answer),
        cmocka_unit_test(an_answer_is_more_useful_than_a_later_error),
        cmocka_unit_test(all_errors_give_the_last_error),
        cmocka_unit_test(permanent_error_stops),
        cmocka_unit_test(decider_fails_the_call),
        cmocka_unit_test(waiter_ends_the_cycle),
        cmocka_unit_test(wait_of_nothing_is_at_once),
        cmocka_unit_test(waiter_is_told_the_number_of_the_retry),
        cmocka_unit_test(wait_that_does_not_fit_is_not_slept),
        cmocka_unit_test(wait_that_just_fits_is_slept),
        cmocka_unit_test(unsafe_request_is_not_repeated_once_sent),
        cmocka_unit_test(unsafe_request_is_not_repeated_once_answered),
        cmocka_unit_test(unsafe_request_is_repeated_while_unsent),
        cmocka_unit_test(repeat_unsafe_opens_the_gate),
        cmocka_unit_test(stale_connection_is_replaced_at_once_and_once),
        cmocka_unit_test(stale_connection_of_an_unsafe_request_is_not_replaced),
        cmocka_unit_test(retry_after_is_added_to_the_wait),
        cmocka_unit_test(retry_after_beyond_the_cap_closes),
        cmocka_unit_test(retry_after_beyond_the_deadline_closes),
        cmocka_unit_test(retry_after_may_be_ignored),
        cmocka_unit_test(retry_after_of_a_status_that_is_not_listed_is_ignored),
        cmocka_unit_test(retry_after_may_replace_the_wait),
        cmocka_unit_test(exit_holds_although_the_wait_is_replaced),
        cmocka_unit_test(retry_after_without_a_cap_is_waited_for),
        cmocka_unit_test(retry_after_without_a_cap_never_passes_the_deadline),
        cmocka_unit_test(endless_retry_after_is_no_retry_at_once),
        cmocka_unit_test(refused_retry_gives_the_last_outcome),
        cmocka_unit_test(lease_of_an_accepted_retry_comes_back),
        cmocka_unit_test(lease_of_a_retry_that_never_starts_comes_back),
        cmocka_unit_test(accepted_first_attempt_is_told),
        cmocka_unit_test(attempt_timeout_is_retried),
        cmocka_unit_test(deadline_ends_the_call_with_an_attempt_in_flight),
        cmocka_unit_test(wire_that_sees_the_deadline_first_tells_the_same),
        cmocka_unit_test(answer_at_the_deadline_beats_it),
        cmocka_unit_test(deadline_that_has_passed_starts_nothing),
        cmocka_unit_test(deadline_at_this_very_instant_starts_nothing),
        cmocka_unit_test(timeout_policy_is_told_what_is_left),
        cmocka_unit_test(nonsense_of_a_timeout_policy_is_contained),
        cmocka_unit_test(nonsense_of_a_waiter_is_contained),
        cmocka_unit_test(last_attempt_may_take_the_rest),
        cmocka_unit_test(unsafe_request_may_take_the_rest_once_sent),
        cmocka_unit_test(unsafe_request_that_is_not_sent_in_time_is_retried),
        cmocka_unit_test(fixed_timeout_holds_for_unsafe_requests),
        cmocka_unit_test(cancel_during_an_attempt),
        cmocka_unit_test(answer_beats_a_cancel_of_the_same_turn),
        cmocka_unit_test(outcome_unseen_at_the_end_is_kept),
        cmocka_unit_test(timeout_unseen_at_the_deadline_is_the_deadline),
        cmocka_unit_test(cancel_by_user_code_before_an_attempt_keeps_it_from_being_started),
        cmocka_unit_test(what_is_not_followed_by_another_is_final),
        cmocka_unit_test(full_queue_rejects_the_call),
        cmocka_unit_test(full_queue_for_a_retry_keeps_the_last_answer),
        cmocka_unit_test(handlers_end_the_call_and_what_is_owed_still_fires),
        cmocka_unit_test(handler_cannot_undo_the_end),
        cmocka_unit_test(record_counts_from_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
