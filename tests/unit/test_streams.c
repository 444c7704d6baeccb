/* Answers that go to a sink: committed at their headers, or kept like any other. Virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/world.h"

#define PLAY_TO_SINK(world, ...)                                                                                       \
    PLAY(world, __VA_ARGS__);                                                                                          \
    world.has_sink = true

static void assert_ended(const struct world *world, insist_reason reason, insist_err err, int64_t elapsed_ms,
                         const char *log) {
    assert_string_equal(world->log, log);
    assert_int_equal(world->execution.reason, reason);
    assert_int_equal(world->execution.err, err);
    assert_int_equal(world_elapsed_ms(world), elapsed_ms);
}

static void wanted_answer_flows(void **state) {
    (void)state;
    PLAY_TO_SINK(world, {.status = 200, .headers_ms = 10, .chunks = 2, .ends_ms = 20});
    world_play(&world);
    assert_ended(&world, INSIST_DONE, INSIST_OK, 20, "start before0 headers0 chunk0 chunk0 after0 end ");
    assert_int_equal(world_attempt(&world, 0)->delivered, 2);
    world_fini(&world);
}

static void answer_that_would_be_retried_never_reaches_the_sink(void **state) {
    (void)state;
    PLAY_TO_SINK(world, {.status = 503, .headers_ms = 10, .chunks = 2, .ends_ms = 20},
                 {.status = 200, .headers_ms = 10, .chunks = 1, .ends_ms = 20});
    world_play(&world);
    assert_ended(&world, INSIST_DONE, INSIST_OK, 140,
                 "start before0 headers0 after0 retry(100) before1 headers1 chunk1 after1 end ");
    world_fini(&world);
}

static void used_up_answer_is_kept_and_never_reaches_the_sink(void **state) {
    (void)state;
    PLAY_TO_SINK(world, {.status = 503, .headers_ms = 10, .chunks = 2, .ends_ms = 20});
    world.retries_allowed = 0;
    world_play(&world);
    assert_ended(&world, INSIST_COUNT, INSIST_OK, 20, "start before0 headers0 after0 end ");
    world_fini(&world);
}

static void without_a_sink_nothing_is_committed(void **state) {
    (void)state;
    PLAY_TO_SINK(world, {.status = 200, .headers_ms = 10, .chunks = 2, .ends_ms = 20});
    world.has_sink = false;
    world_play(&world);
    assert_ended(&world, INSIST_DONE, INSIST_OK, 20, "start before0 after0 end ");
    world_fini(&world);
}

static void answer_without_a_body_is_told_at_its_end(void **state) { /* H38 */
    (void)state;
    PLAY_TO_SINK(world, {.status = 204, .ends_ms = 20});
    world_play(&world);
    assert_ended(&world, INSIST_DONE, INSIST_OK, 20, "start before0 headers0 after0 end ");
    world_fini(&world);
}

static void commit_ends_the_race(void **state) {
    (void)state;
    PLAY_TO_SINK(world, {.status = 200, .headers_ms = 100, .chunks = 1, .ends_ms = 200}, HANGS);
    world_race(&world, INSIST_REFILL, 50, 60);
    world_play(&world);
    assert_ended(&world, INSIST_DONE, INSIST_OK, 200, "start before0 before1 headers0 after1 chunk0 after0 end ");
    assert_int_equal(world_attempt(&world, 1)->why_ended, INSIST_ENDED_LOST);
    world_fini(&world);
}

static void after_the_first_byte_a_failure_ends_the_call(void **state) {
    (void)state;
    PLAY_TO_SINK(world, {.status = 200,
                         .headers_ms = 10,
                         .chunks = 1,
                         .ends_ms = 20,
                         .err = INSIST_EEOF,
                         .transience = INSIST_UNEXPECTED_EOF});
    world_play(&world);
    assert_ended(&world, INSIST_NOT_REPEATABLE, INSIST_EEOF, 20, "start before0 headers0 chunk0 after0 rewind end ");
    assert_int_equal(world_attempt(&world, 0)->why_ended, INSIST_ENDED_FINAL);
    world_fini(&world);
}

static void before_the_first_byte_a_failure_is_retried(void **state) {
    (void)state;
    PLAY_TO_SINK(
        world,
        {.status = 200, .headers_ms = 10, .ends_ms = 20, .err = INSIST_EEOF, .transience = INSIST_UNEXPECTED_EOF},
        {.status = 200, .headers_ms = 10, .chunks = 1, .ends_ms = 20});
    world_play(&world);
    assert_ended(&world, INSIST_DONE, INSIST_OK, 140,
                 "start before0 headers0 after0 retry(100) before1 headers1 chunk1 after1 end ");
    world_fini(&world);
}

static void sink_that_rewinds_lets_it_be_retried(void **state) {
    (void)state;
    PLAY_TO_SINK(world,
                 {.status = 200,
                  .headers_ms = 10,
                  .chunks = 1,
                  .ends_ms = 20,
                  .err = INSIST_EEOF,
                  .transience = INSIST_UNEXPECTED_EOF},
                 {.status = 200, .headers_ms = 10, .chunks = 1, .ends_ms = 20});
    world.sink_rewinds = true;
    world_play(&world);
    assert_ended(&world, INSIST_DONE, INSIST_OK, 140,
                 "start before0 headers0 chunk0 after0 rewind retry(100) before1 headers1 chunk1 after1 end ");
    world_fini(&world);
}

static void committed_attempt_may_outlast_its_timeout(void **state) {
    (void)state;
    PLAY_TO_SINK(world, {.status = 200, .headers_ms = 10, .chunks = 1, .ends_ms = 20000});
    world_play(&world);
    assert_ended(&world, INSIST_DONE, INSIST_OK, 20000, "start before0 headers0 chunk0 after0 end ");
    world_fini(&world);
}

static void deadline_holds_for_a_committed_attempt(void **state) {
    (void)state;
    PLAY_TO_SINK(world, {.status = 200, .headers_ms = 10, .chunks = 1, .ends_ms = WORLD_HANGS});
    world_play(&world);
    assert_ended(&world, INSIST_DEADLINE, INSIST_EDEADLINE, 30000,
                 "start before0 headers0 chunk0 timeout0 after0 deadline end ");
    world_fini(&world);
}

static void sink_that_refuses_ends_the_call(void **state) {
    (void)state;
    PLAY_TO_SINK(world, {.status = 200, .headers_ms = 10, .chunks = 3, .ends_ms = 20});
    world.sink_fails_at = 2;
    world_play(&world);
    assert_ended(&world, INSIST_STOPPED, INSIST_ESINK, 12, "start before0 headers0 chunk0 after0 end ");
    assert_int_equal(world_attempt(&world, 0)->outcome.err, INSIST_ESINK);
    assert_int_equal(world_attempt(&world, 0)->why_ended, INSIST_ENDED_FINAL);
    world_fini(&world);
}

static void sink_that_waits_too_long_ends_the_call_as_the_deadline_would(void **state) {
    (void)state;
    PLAY_TO_SINK(world, {.status = 200, .headers_ms = 10, .chunks = 3, .ends_ms = 20});
    world.sink_fails_at = 2;
    world.sink_error = INSIST_EDEADLINE;
    world_play(&world);
    assert_ended(&world, INSIST_DEADLINE, INSIST_EDEADLINE, 12,
                 "start before0 headers0 chunk0 timeout0 after0 deadline end ");
    assert_int_equal(world_attempt(&world, 0)->why_ended, INSIST_ENDED_DEADLINE);
    world_fini(&world);
}

static void sink_that_a_cancel_interrupts_ends_the_call_as_the_cancel_would(void **state) {
    (void)state;
    PLAY_TO_SINK(world, {.status = 200, .headers_ms = 10, .chunks = 3, .ends_ms = 20});
    world.sink_fails_at = 2;
    world.sink_error = INSIST_ECANCELED;
    world_play(&world);
    assert_ended(&world, INSIST_CANCELLED, INSIST_ECANCELED, 12, "start before0 headers0 chunk0 after0 end ");
    assert_int_equal(world_attempt(&world, 0)->why_ended, INSIST_ENDED_CANCELLED);
    world_fini(&world);
}

static void handler_that_refuses_the_headers_ends_the_call(void **state) {
    (void)state;
    PLAY_TO_SINK(world, {.status = 200, .headers_ms = 10, .chunks = 3, .ends_ms = 20});
    world.handler_event = INSIST_BEFORE_READ_BODY;
    world.handler_number = 5;
    world_play(&world);
    assert_ended(&world, INSIST_HANDLER, INSIST_EHANDLER, 10, "start before0 headers0 after0 end ");
    world_fini(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wanted_answer_flows),
        cmocka_unit_test(answer_that_would_be_retried_never_reaches_the_sink),
        cmocka_unit_test(used_up_answer_is_kept_and_never_reaches_the_sink),
        cmocka_unit_test(without_a_sink_nothing_is_committed),
        cmocka_unit_test(answer_without_a_body_is_told_at_its_end),
        cmocka_unit_test(commit_ends_the_race),
        cmocka_unit_test(after_the_first_byte_a_failure_ends_the_call),
        cmocka_unit_test(before_the_first_byte_a_failure_is_retried),
        cmocka_unit_test(sink_that_rewinds_lets_it_be_retried),
        cmocka_unit_test(committed_attempt_may_outlast_its_timeout),
        cmocka_unit_test(deadline_holds_for_a_committed_attempt),
        cmocka_unit_test(sink_that_refuses_ends_the_call),
        cmocka_unit_test(sink_that_waits_too_long_ends_the_call_as_the_deadline_would),
        cmocka_unit_test(sink_that_a_cancel_interrupts_ends_the_call_as_the_cancel_would),
        cmocka_unit_test(handler_that_refuses_the_headers_ends_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
