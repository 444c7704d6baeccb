/* Events: which are fired, when, in what order, and what handlers see then. Virtual time; every assertion is exact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/world.h"

/* What a handler saw in an event. */
struct seen {
    insist_event event;
    unsigned attempt, attempt_ends, timeouts, started, wave, racing;
    int status;
    insist_err err;
    insist_transience transience;
    int64_t elapsed_us, attempt_elapsed_us, limit_ms, wait_us;
    insist_why_started wait_source;
    size_t body;
    bool has_attempt;
};

static struct seen seen[128];
static size_t seen_count;
static int (*fire_of_world)(void *ctx, insist_event event);

static int watch(void *ctx, insist_event event) {
    const struct world *world = ctx;
    const insist_execution *view = &world->execution.view;
    struct seen *now = &seen[seen_count++];
    *now = (struct seen){.event = event,
                         .attempt = insist_execution_attempt(view),
                         .attempt_ends = insist_execution_attempt_ends(view),
                         .timeouts = insist_execution_attempt_timeouts(view),
                         .started = insist_execution_attempts_started(view),
                         .wave = insist_execution_wave(view),
                         .racing = insist_execution_racing(view),
                         .status = insist_execution_status(view),
                         .err = insist_execution_error(view),
                         .transience = insist_execution_transience(view),
                         .elapsed_us = insist_execution_elapsed_us(view),
                         .attempt_elapsed_us = insist_execution_attempt_elapsed_us(view),
                         .wait_us = insist_execution_last_wait_us(view),
                         .wait_source = insist_execution_wait_source(view),
                         .has_attempt = view->current != NULL};
    insist_execution_body(view, &now->body);
    if (view->current != NULL)
        now->limit_ms = (view->current->limit_ns - world->start_ns) / WORLD_MS;
    return fire_of_world(ctx, event);
}

#define PLAY_WATCHED(world, ...)                                                                                       \
    PLAY(world, __VA_ARGS__);                                                                                          \
    seen_count = 0;                                                                                                    \
    fire_of_world = world.ports.fire;                                                                                  \
    world.ports.fire = watch

/* The n-th event of that kind, from 0. */
static const struct seen *nth(insist_event event, size_t n) {
    for (size_t i = 0; i < seen_count; i++)
        if (seen[i].event == event && n-- == 0)
            return &seen[i];
    return NULL;
}

static size_t count(insist_event event) {
    size_t n = 0;
    while (nth(event, n) != NULL)
        n++;
    return n;
}

static const struct seen *last(void) {
    return &seen[seen_count - 1];
}

/* ---- which, and in what order ---- */

static void all_of_them_in_their_order(void **state) { /* H35 */
    (void)state;
    PLAY_WATCHED(world, {.status = 503, .headers_ms = 10, .ends_ms = 20},
                 {.status = 200, .headers_ms = 10, .ends_ms = WORLD_HANGS});
    world.has_sink = true;
    world.rules.deadline_ns = world.start_ns + 1000 * WORLD_MS;
    world_play(&world);
    assert_string_equal(world.log,
                        "start before0 headers0 after0 retry(100) before1 headers1 timeout1 after1 deadline end ");
    world_fini(&world);
}

static void start_and_end_always_come_once(void **state) { /* H36, H42 */
    (void)state;
    const struct script ends[] = {
        ANSWER(200, 10), FAILS(INSIST_ECERT, INSIST_NOT_TRANSIENT, 10), HANGS, {.refused = INSIST_EQUEUEFULL}};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        PLAY_WATCHED(world, ends[i]);
        world.retries_allowed = 0;
        world_play(&world);
        assert_int_equal(seen[0].event, INSIST_BEFORE_EXECUTION_START);
        assert_int_equal(last()->event, INSIST_AFTER_EXECUTION_END);
        assert_int_equal(count(INSIST_BEFORE_EXECUTION_START), 1);
        assert_int_equal(count(INSIST_AFTER_EXECUTION_END), 1);
        world_fini(&world);
    }
    PLAY_WATCHED(world, ANSWER(200, 10));
    world.rules.deadline_ns = world.start_ns;
    world_play(&world);
    assert_string_equal(world.log, "start deadline end ");
    world_fini(&world);
}

static void start_knows_of_no_attempt(void **state) { /* H13, H36 */
    (void)state;
    PLAY_WATCHED(world, ANSWER(200, 10));
    world_play(&world);
    assert_false(seen[0].has_attempt);
    assert_int_equal(seen[0].started, 0);
    assert_int_equal(seen[0].elapsed_us, 0);
    assert_int_equal(seen[0].status, 0);
    world_fini(&world);
}

static void before_attempt_runs_in_the_attempts_own_time(void **state) { /* H37 */
    (void)state;
    PLAY_WATCHED(world, ANSWER(503, 10), ANSWER(200, 10));
    world_play(&world);
    assert_int_equal(count(INSIST_BEFORE_ATTEMPT), 2);
    assert_int_equal(nth(INSIST_BEFORE_ATTEMPT, 0)->limit_ms, 5000);
    assert_int_equal(nth(INSIST_BEFORE_ATTEMPT, 1)->limit_ms, 110 + 5000);
    world_fini(&world);
}

static void before_read_body_comes_with_headers_of_any_status(void **state) { /* H38 */
    (void)state;
    PLAY_WATCHED(world, {.status = 503, .headers_ms = 10, .ends_ms = 20}, FAILS(INSIST_ERESET, INSIST_CONN_RESET, 10),
                 {.status = 204, .ends_ms = 20});
    world.has_sink = true;
    world_play(&world);
    assert_string_equal(
        world.log, "start before0 headers0 after0 retry(100) before1 after1 retry(100) before2 headers2 after2 end ");
    assert_int_equal(nth(INSIST_BEFORE_READ_BODY, 0)->status, 503);
    world_fini(&world);
}

static void after_attempt_timeout_comes_before_its_after_attempt(void **state) { /* H16, H39 */
    (void)state;
    PLAY_WATCHED(world, HANGS, ANSWER(200, 10));
    world_play(&world);
    assert_string_equal(world.log, "start before0 timeout0 after0 retry(100) before1 after1 end ");
    assert_int_equal(nth(INSIST_AFTER_ATTEMPT_TIMEOUT, 0)->timeouts, 1);
    assert_int_equal(nth(INSIST_AFTER_ATTEMPT_TIMEOUT, 0)->err, INSIST_ETIMEOUT);
    world_fini(&world);
}

static void losers_do_not_time_out(void **state) { /* H39, H40 */
    (void)state;
    PLAY_WATCHED(world, HANGS, ANSWER(200, 10));
    world_race(&world, 0, 50, 0);
    world_play(&world);
    assert_string_equal(world.log, "start before0 before1 after1 after0 end ");
    assert_int_equal(nth(INSIST_AFTER_ATTEMPT, 1)->err, INSIST_EREDUNDANT);
    assert_int_equal(last()->timeouts, 0);
    world_fini(&world);
}

static void after_attempt_comes_for_all_that_were_begun(void **state) { /* H40 */
    (void)state;
    {
        PLAY_WATCHED(world, ANSWER(503, 10), FAILS(INSIST_ECERT, INSIST_NOT_TRANSIENT, 10));
        world_play(&world);
        assert_int_equal(count(INSIST_BEFORE_ATTEMPT), 2);
        assert_int_equal(count(INSIST_AFTER_ATTEMPT), 2);
        world_fini(&world);
    }
    {
        PLAY_WATCHED(world, HANGS);
        world.cancel_at_ms = 5;
        world_play(&world);
        assert_int_equal(nth(INSIST_AFTER_ATTEMPT, 0)->err, INSIST_ECANCELED);
        world_fini(&world);
    }
    {
        PLAY_WATCHED(world, {.refused = INSIST_EQUEUEFULL});
        world_play(&world);
        assert_int_equal(nth(INSIST_AFTER_ATTEMPT, 0)->err, INSIST_EQUEUEFULL);
        world_fini(&world);
    }
}

static size_t events_before_decider;
static unsigned ends_in_decider;

static insist_verdict accept_and_look(void *ctx, const insist_execution *view, insist_err *error) {
    (void)ctx;
    (void)error;
    events_before_decider = seen_count;
    ends_in_decider = insist_execution_attempt_ends(view);
    return INSIST_ACCEPT;
}

static void decider_comes_after_after_attempt(void **state) { /* H15, H40, M21 */
    (void)state;
    PLAY_WATCHED(world, ANSWER(503, 10));
    world.retry.decider.decide = accept_and_look;
    world_play(&world);
    assert_string_equal(world.log, "start before0 after0 end ");
    assert_int_equal(events_before_decider, 3);
    assert_int_equal(nth(INSIST_AFTER_ATTEMPT, 0)->attempt_ends, 0);
    assert_int_equal(ends_in_decider, 1);
    world_fini(&world);
}

static void after_plan_timeout_is_for_the_deadline_alone(void **state) { /* H41, M66 */
    (void)state;
    {
        PLAY_WATCHED(world, ANSWER(503, 10), HANGS);
        world.rules.deadline_ns = world.start_ns + 200 * WORLD_MS;
        world_play(&world);
        assert_string_equal(world.log, "start before0 after0 retry(100) before1 timeout1 after1 deadline end ");
        assert_int_equal(nth(INSIST_AFTER_PLAN_TIMEOUT, 0)->status, 503); /* the answer stays */
        world_fini(&world);
    }
    {
        PLAY_WATCHED(world, HANGS);
        world.cancel_at_ms = 5;
        world_play(&world);
        assert_int_equal(count(INSIST_AFTER_PLAN_TIMEOUT), 0);
        world_fini(&world);
    }
    {
        PLAY_WATCHED(world, HANGS);
        world.retries_allowed = 0;
        world_play(&world);
        assert_int_equal(count(INSIST_AFTER_PLAN_TIMEOUT), 0);
        world_fini(&world);
    }
}

static void attempts_begin_in_order_and_waves_do_not_mix(void **state) { /* H17, H43 */
    (void)state;
    PLAY_WATCHED(world, ANSWER(503, 100), ANSWER(503, 100), ANSWER(503, 100), ANSWER(503, 100), ANSWER(200, 100));
    world_race(&world, 1, 10, 10); /* the wave is closed by its first end */
    world_play(&world);
    assert_int_equal(world.execution.view.wave, 1);
    unsigned begun = 0, wave = 0;
    for (size_t i = 1; i + 1 < seen_count; i++) {
        if (seen[i].event == INSIST_BEFORE_ATTEMPT)
            assert_int_equal(seen[i].attempt, begun++);
        assert_true(seen[i].wave >= wave && seen[i].wave <= seen[i].attempt);
        wave = seen[i].wave;
    }
    assert_true(begun >= 4);
    assert_string_equal(world.log, "start before0 before1 before2 after0 after1 after2 retry(100) "
                                   "before3 before4 before5 after3 after4 after5 end ");
    world_fini(&world);
}

static void without_races_a_wave_is_an_attempt(void **state) { /* H14, H17 */
    (void)state;
    PLAY_WATCHED(world, ANSWER(503, 10), ANSWER(503, 10), ANSWER(200, 10));
    world_play(&world);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(nth(INSIST_BEFORE_ATTEMPT, i)->attempt, i);
        assert_int_equal(nth(INSIST_BEFORE_ATTEMPT, i)->wave, i);
    }
    world_fini(&world);
}

/* ---- what they see ---- */

static void racing_counts_the_attempt_at_hand(void **state) { /* H18 */
    (void)state;
    PLAY_WATCHED(world, ANSWER(503, 100), ANSWER(200, 100));
    world_race(&world, 0, 50, 0);
    world_play(&world);
    assert_int_equal(seen[0].racing, 0);
    assert_int_equal(nth(INSIST_BEFORE_ATTEMPT, 0)->racing, 1);
    assert_int_equal(nth(INSIST_BEFORE_ATTEMPT, 1)->racing, 2);
    assert_int_equal(nth(INSIST_AFTER_ATTEMPT, 0)->racing, 2);
    assert_int_equal(nth(INSIST_AFTER_ATTEMPT, 1)->racing, 1);
    assert_int_equal(last()->racing, 0);
    world_fini(&world);
}

static void broken_body_leaves_its_status_beside_the_error(void **state) { /* H19, H20 */
    (void)state;
    PLAY_WATCHED(world, {.status = 200, .err = INSIST_EEOF, .transience = INSIST_UNEXPECTED_EOF, .ends_ms = 10});
    world.retries_allowed = 0;
    world_play(&world);
    assert_int_equal(nth(INSIST_AFTER_ATTEMPT, 0)->status, 200);
    assert_int_equal(nth(INSIST_AFTER_ATTEMPT, 0)->err, INSIST_EEOF);
    assert_int_equal(nth(INSIST_BEFORE_ATTEMPT, 0)->status, 0);
    assert_int_equal(nth(INSIST_BEFORE_ATTEMPT, 0)->err, INSIST_OK);
    world_fini(&world);
}

static void time_runs_and_stops_with_the_attempt(void **state) { /* H21, M79 */
    (void)state;
    PLAY_WATCHED(world, ANSWER(503, 10), ANSWER(200, 30));
    world_play(&world);
    assert_int_equal(nth(INSIST_AFTER_ATTEMPT, 0)->elapsed_us, 10000);
    assert_int_equal(nth(INSIST_AFTER_ATTEMPT, 1)->elapsed_us, 140000);
    assert_int_equal(nth(INSIST_BEFORE_ATTEMPT, 1)->attempt_elapsed_us, 0);
    assert_int_equal(nth(INSIST_AFTER_ATTEMPT, 1)->attempt_elapsed_us, 30000);
    assert_int_equal(last()->attempt_elapsed_us, 30000);
    world_fini(&world);
}

static void timeout_is_a_kind_of_error_whoever_ran_out_of_time(void **state) { /* H22 */
    (void)state;
    {
        PLAY_WATCHED(world, HANGS);
        world.rules.deadline_ns = world.start_ns + 200 * WORLD_MS;
        world_play(&world);
        assert_int_equal(last()->transience, INSIST_TIMEOUT);
        assert_int_equal(last()->timeouts, 1);
        world_fini(&world);
    }
    {
        PLAY_WATCHED(world, HANGS, ANSWER(200, 10));
        world_play(&world);
        assert_int_equal(last()->transience, INSIST_NOT_TRANSIENT);
        assert_int_equal(last()->timeouts, 1);
        world_fini(&world);
    }
}

static void retry_scheduled_tells_wait_and_source(void **state) { /* M67 */
    (void)state;
    PLAY_WATCHED(
        world, ANSWER(503, 10), {.status = 503, .ends_ms = 10, .has_retry_after = true, .retry_after_ms = 1000},
        {.err = INSIST_ERESET, .transience = INSIST_CONN_RESET, .stale = true, .ends_ms = 10}, ANSWER(200, 10));
    world_play(&world);
    assert_int_equal(nth(INSIST_BEFORE_ATTEMPT, 0)->wait_source, INSIST_START_FIRST);
    assert_int_equal(count(INSIST_RETRY_SCHEDULED), 3);
    static const struct {
        insist_why_started source;
        int64_t wait_us;
    } expected[] = {{INSIST_START_BACKOFF, 100000}, {INSIST_START_RETRY_AFTER, 1100000}, {INSIST_START_STALE, 0}};
    for (unsigned i = 0; i < 3; i++) {
        const struct seen *retry = nth(INSIST_RETRY_SCHEDULED, i);
        assert_int_equal(retry->attempt, i);
        assert_int_equal(retry->wait_source, expected[i].source);
        assert_int_equal(retry->wait_us, expected[i].wait_us);
    }
    world_fini(&world);
}

/* ---- errors of handlers ---- */

static void returns_in(insist_event event, const char *log, insist_reason reason) {
    PLAY_WATCHED(world, HANGS, {.status = 503, .headers_ms = 10, .ends_ms = 20},
                 {.status = 200, .headers_ms = 10, .ends_ms = WORLD_HANGS});
    world.has_sink = true;
    world.rules.deadline_ns = world.start_ns + 6000 * WORLD_MS;
    world.handler_event = event;
    world.handler_number = 42;
    world_play(&world);
    assert_string_equal(world.log, log);
    assert_int_equal(world.execution.reason, reason);
    assert_int_equal(world.execution.err, reason == INSIST_HANDLER ? INSIST_EHANDLER : INSIST_EDEADLINE);
    assert_int_equal(world.execution.handler_number, reason == INSIST_HANDLER ? 42 : 0);
    world_fini(&world);
}

static void error_of_a_handler_ends_the_call_and_what_is_owed_still_comes(void **state) { /* M65, H42, H48 */
    (void)state;
    returns_in(INSIST_BEFORE_EXECUTION_START, "start end ", INSIST_HANDLER);
    returns_in(INSIST_BEFORE_ATTEMPT, "start before0 after0 end ", INSIST_HANDLER);
    returns_in(INSIST_AFTER_ATTEMPT_TIMEOUT, "start before0 timeout0 after0 end ", INSIST_HANDLER);
    returns_in(INSIST_AFTER_ATTEMPT, "start before0 timeout0 after0 end ", INSIST_HANDLER);
    returns_in(INSIST_RETRY_SCHEDULED, "start before0 timeout0 after0 retry(100) end ", INSIST_HANDLER);
    returns_in(INSIST_BEFORE_READ_BODY, "start before0 timeout0 after0 retry(100) before1 headers1 after1 end ",
               INSIST_HANDLER);
    static const char all[] = "start before0 timeout0 after0 retry(100) before1 headers1 after1 retry(100) "
                              "before2 headers2 timeout2 after2 deadline end ";
    returns_in(INSIST_AFTER_PLAN_TIMEOUT, all, INSIST_DEADLINE); /* too late to change anything */
    returns_in(INSIST_AFTER_EXECUTION_END, all, INSIST_DEADLINE);
}

static void error_of_a_handler_gives_the_siblings_up(void **state) { /* H48 */
    (void)state;
    PLAY_WATCHED(world, ANSWER(503, 100), HANGS);
    world_race(&world, 0, 50, 0);
    world.handler_event = INSIST_AFTER_ATTEMPT;
    world.handler_number = 42;
    world_play(&world);
    assert_string_equal(world.log, "start before0 before1 after0 after1 end ");
    assert_true(world.attempts[1].given_up);
    assert_int_equal(world.execution.attempts[1]->outcome.err, INSIST_ECANCELED);
    assert_int_equal(world.execution.in_flight, 0);
    world_fini(&world);
}

static int return_the_event(void *ctx, insist_event event) {
    (void)ctx;
    return event >= INSIST_AFTER_ATTEMPT_TIMEOUT ? (int)event : 0;
}

static void first_error_of_a_handler_is_kept(void **state) { /* M65 */
    (void)state;
    PLAY_WATCHED(world, HANGS, HANGS);
    fire_of_world = return_the_event;
    world_race(&world, 0, 50, 0);
    world_play(&world);
    assert_int_equal(count(INSIST_AFTER_ATTEMPT_TIMEOUT), 1);
    assert_int_equal(count(INSIST_AFTER_ATTEMPT), 2);
    assert_int_equal(world.execution.handler_number, INSIST_AFTER_ATTEMPT_TIMEOUT);
    world_fini(&world);
}

/* ---- values ---- */

static int keep_a_value(void *ctx, insist_event event) {
    static int value;
    struct world *world = ctx;
    if (event == INSIST_BEFORE_EXECUTION_START)
        assert_int_equal(insist_execution_set_value(&world->execution.view, "trace", &value, NULL), INSIST_OK);
    assert_ptr_equal(insist_execution_value(&world->execution.view, "trace"), &value);
    return 0;
}

static insist_verdict decide_by_value(void *ctx, const insist_execution *view, insist_err *error) {
    (void)ctx;
    (void)error;
    return insist_execution_value(view, "trace") != NULL ? INSIST_ACCEPT : INSIST_RETRY;
}

static void value_set_in_one_event_is_there_in_all_others(void **state) { /* H23, H45, M13 */
    (void)state;
    PLAY_WATCHED(world, ANSWER(503, 10));
    world.ports.fire = keep_a_value;
    world.retry.decider.decide = decide_by_value;
    world_play(&world);
    assert_int_equal(world.execution.reason, INSIST_DONE);
    assert_int_equal(world.execution.count, 1);
    world_fini(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_them_in_their_order),
        cmocka_unit_test(start_and_end_always_come_once),
        cmocka_unit_test(start_knows_of_no_attempt),
        cmocka_unit_test(before_attempt_runs_in_the_attempts_own_time),
        cmocka_unit_test(before_read_body_comes_with_headers_of_any_status),
        cmocka_unit_test(after_attempt_timeout_comes_before_its_after_attempt),
        cmocka_unit_test(losers_do_not_time_out),
        cmocka_unit_test(after_attempt_comes_for_all_that_were_begun),
        cmocka_unit_test(decider_comes_after_after_attempt),
        cmocka_unit_test(after_plan_timeout_is_for_the_deadline_alone),
        cmocka_unit_test(attempts_begin_in_order_and_waves_do_not_mix),
        cmocka_unit_test(without_races_a_wave_is_an_attempt),
        cmocka_unit_test(racing_counts_the_attempt_at_hand),
        cmocka_unit_test(broken_body_leaves_its_status_beside_the_error),
        cmocka_unit_test(time_runs_and_stops_with_the_attempt),
        cmocka_unit_test(timeout_is_a_kind_of_error_whoever_ran_out_of_time),
        cmocka_unit_test(retry_scheduled_tells_wait_and_source),
        cmocka_unit_test(error_of_a_handler_ends_the_call_and_what_is_owed_still_comes),
        cmocka_unit_test(error_of_a_handler_gives_the_siblings_up),
        cmocka_unit_test(first_error_of_a_handler_is_kept),
        cmocka_unit_test(value_set_in_one_event_is_there_in_all_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
