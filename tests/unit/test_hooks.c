/* The validator, the retry made ready, and the last word of a call that gives up. Virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/world.h"

static void assert_ended(const struct world *world, insist_reason reason, insist_err err, int status, const char *log) {
    assert_string_equal(world->log, log);
    assert_int_equal(world->execution.reason, reason);
    assert_int_equal(world->execution.err, err);
    assert_int_equal(world->execution.reported == NULL ? 0 : world->execution.reported->outcome.status, status);
}

/* ---- the validator ---- */

/* Rejects the first answers that it is asked about. */
struct sceptic {
    unsigned rejects;
    unsigned asked;
    unsigned ended_at_last; /* attempt_ends when it was asked last */
    size_t seen;            /* the body then */
};

static bool is_convinced(void *ctx, const insist_execution *execution) {
    struct sceptic *sceptic = ctx;
    sceptic->ended_at_last = insist_execution_attempt_ends(execution);
    insist_execution_body(execution, &sceptic->seen);
    return ++sceptic->asked > sceptic->rejects;
}

/* As the world's decider, but rejected answers are retried. */
static insist_verdict retry_rejected(void *ctx, const insist_execution *view, insist_err *error) {
    const struct world *world = ctx;
    (void)error;
    bool retryable = insist_execution_error(view) != INSIST_OK || insist_execution_status(view) == 503;
    if (!retryable)
        return INSIST_ACCEPT;
    return view->retries < world->retries_allowed ? INSIST_RETRY : INSIST_EXHAUSTED;
}

static void doubt(struct world *world, struct sceptic *sceptic) {
    world->rules.validator = (insist_validator){is_convinced, sceptic};
    world->retry.decider.decide = retry_rejected;
}

static void rejected_answer_is_retried(void **state) { /* M24, R16 */
    (void)state;
    PLAY(world, ANSWER(200, 10), ANSWER(200, 10));
    struct sceptic sceptic = {.rejects = 1};
    doubt(&world, &sceptic);
    world_play(&world);
    assert_ended(&world, INSIST_DONE, INSIST_OK, 200, "start before0 after0 retry(100) before1 after1 end ");
    assert_int_equal(sceptic.asked, 2);
    assert_int_equal(sceptic.ended_at_last, 2); /* after AFTER_ATTEMPT, like a decider */
    assert_int_equal(world_attempt(&world, 0)->outcome.err, INSIST_EREJECTED);
    assert_int_equal(world_attempt(&world, 0)->outcome.status, 200);
    assert_int_equal(world_attempt(&world, 0)->why_ended, INSIST_ENDED_RETRYABLE);
    world_fini(&world);
}

static void only_accepted_answers_are_validated(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), FAILS(INSIST_ERESET, INSIST_CONN_RESET, 10), ANSWER(404, 10));
    struct sceptic sceptic = {0};
    doubt(&world, &sceptic);
    world_play(&world);
    assert_int_equal(world.execution.reason, INSIST_DONE);
    assert_int_equal(sceptic.asked, 1);
    world_fini(&world);
}

static void rejection_that_nobody_retries_stops_the_call(void **state) {
    (void)state;
    PLAY(world, ANSWER(200, 10));
    struct sceptic sceptic = {.rejects = 1};
    world.rules.validator = (insist_validator){is_convinced, &sceptic};
    world_play(&world);
    assert_ended(&world, INSIST_STOPPED, INSIST_EREJECTED, 200, "start before0 after0 end ");
    world_fini(&world);
}

static void rejected_answer_is_no_longer_the_most_useful(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(200, 10));
    struct sceptic sceptic = {.rejects = 1};
    doubt(&world, &sceptic);
    world.retries_allowed = 1;
    world_play(&world);
    assert_ended(&world, INSIST_COUNT, INSIST_OK, 503, "start before0 after0 retry(100) before1 after1 end ");
    world_fini(&world);
}

static void rejected_answers_alone_give_the_last_of_them(void **state) {
    (void)state;
    PLAY(world, ANSWER(200, 10), ANSWER(201, 10));
    struct sceptic sceptic = {.rejects = 2};
    doubt(&world, &sceptic);
    world.retries_allowed = 1;
    world_play(&world);
    assert_ended(&world, INSIST_COUNT, INSIST_EREJECTED, 201, "start before0 after0 retry(100) before1 after1 end ");
    world_fini(&world);
}

static void rejected_answer_does_not_win_a_race(void **state) {
    (void)state;
    PLAY(world, ANSWER(200, 100), ANSWER(201, 100));
    struct sceptic sceptic = {.rejects = 1};
    world.rules.validator = (insist_validator){is_convinced, &sceptic};
    world_race(&world, INSIST_REFILL, 50, 0);
    world_play(&world);
    assert_ended(&world, INSIST_DONE, INSIST_OK, 201, "start before0 before1 after0 after1 end ");
    world_fini(&world);
}

static void with_a_sink_it_is_asked_at_the_headers(void **state) {
    (void)state;
    PLAY(world, {.status = 200, .headers_ms = 10, .chunks = 2, .ends_ms = 20},
         {.status = 200, .headers_ms = 10, .chunks = 1, .ends_ms = 20});
    struct sceptic sceptic = {.rejects = 1, .seen = 1};
    doubt(&world, &sceptic);
    world.has_sink = true;
    world_play(&world);
    assert_ended(&world, INSIST_DONE, INSIST_OK, 200,
                 "start before0 headers0 after0 retry(100) before1 headers1 chunk1 after1 end ");
    assert_int_equal(sceptic.asked, 2); /* nor again at their ends */
    assert_int_equal(sceptic.ended_at_last, 1);
    assert_int_equal(sceptic.seen, 0);
    world_fini(&world);
}

static void rejected_at_the_headers_and_then_broken_is_the_break(void **state) {
    (void)state;
    PLAY(world, {.status = 200, .headers_ms = 10, .ends_ms = 20, .err = INSIST_EEOF});
    struct sceptic sceptic = {.rejects = 1};
    world.rules.validator = (insist_validator){is_convinced, &sceptic};
    world.has_sink = true;
    world_play(&world);
    assert_ended(&world, INSIST_STOPPED, INSIST_EEOF, 200, "start before0 headers0 after0 end ");
    world_fini(&world);
}

/* ---- making a retry ready ---- */

struct signer {
    unsigned called, next_attempt, about;
    int status, returns;
    int64_t at_ms;
};

static int sign(void *ctx, insist_execution *execution, unsigned next_attempt) {
    struct signer *signer = ctx;
    signer->called++;
    signer->next_attempt = next_attempt;
    signer->about = insist_execution_attempt(execution);
    signer->status = insist_execution_status(execution);
    signer->at_ms = insist_execution_elapsed_us(execution) / 1000;
    assert_int_equal(headers_set(execution->own_headers, "Signature", "1"), INSIST_OK);
    return signer->returns;
}

static void retry_is_made_ready_after_its_wait(void **state) { /* M25, R20 */
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(200, 10));
    struct signer signer = {0};
    world.rules.preparer = (insist_preparer){sign, &signer};
    world_play(&world);
    assert_ended(&world, INSIST_DONE, INSIST_OK, 200, "start before0 after0 retry(100) before1 after1 end ");
    assert_int_equal(signer.called, 1); /* not for the first attempt */
    assert_int_equal(signer.next_attempt, 1);
    assert_int_equal(signer.about, 0);
    assert_int_equal(signer.status, 503);
    assert_int_equal(signer.at_ms, 110);
    assert_null(headers_get(&world_attempt(&world, 0)->own_headers, "Signature"));
    assert_string_equal(headers_get(&world_attempt(&world, 1)->own_headers, "Signature"), "1");
    assert_null(world.execution.view.own_headers);
    world_fini(&world);
}

static void retry_is_about_the_attempt_that_it_replaces(void **state) {
    (void)state;
    PLAY(world, ANSWER(503, 50), ANSWER(429, 80), ANSWER(200, 10));
    struct signer signer = {0};
    world.rules.preparer = (insist_preparer){sign, &signer};
    world_race(&world, 0, 10, 0);
    world_play(&world);
    assert_string_equal(world.log, "start before0 before1 after0 retry(100) after1 before2 after2 end ");
    assert_int_equal(signer.about, 0);
    assert_int_equal(signer.status, 503);
    assert_int_equal(signer.next_attempt, 2);
    world_fini(&world);
}

static void hedge_is_not_made_ready(void **state) {
    (void)state;
    PLAY(world, HANGS, ANSWER(200, 10));
    struct signer signer = {0};
    world.rules.preparer = (insist_preparer){sign, &signer};
    world_race(&world, INSIST_REFILL, 50, 0);
    world_play(&world);
    assert_int_equal(world.execution.reason, INSIST_DONE);
    assert_int_equal(signer.called, 0);
    world_fini(&world);
}

static void retry_that_cannot_be_made_ready_ends_the_call(void **state) { /* M25, R20 */
    (void)state;
    PLAY(world, ANSWER(503, 10), ANSWER(200, 10));
    struct signer signer = {.returns = 7};
    world.rules.preparer = (insist_preparer){sign, &signer};
    world.has_budget = true;
    world.charges_allowed = 1;
    world_play(&world);
    assert_ended(&world, INSIST_HANDLER, INSIST_EHANDLER, 503, "start before0 after0 retry(100) end ");
    assert_int_equal(world.execution.handler_number, 7);
    assert_int_equal(world.execution.count, 1);
    assert_int_equal(world.given_back, 1);
    world_fini(&world);
}

/* ---- the last word ---- */

struct speaker {
    unsigned asked;
    insist_reason reason;
    insist_err err, returns;
    int status;
    unsigned racing;
};

static insist_err speak(void *ctx, const insist_execution *execution, insist_reason reason, insist_err err) {
    struct speaker *speaker = ctx;
    speaker->asked++;
    speaker->reason = reason;
    speaker->err = err;
    speaker->status = insist_execution_status(execution);
    speaker->racing = insist_execution_racing(execution);
    return speaker->returns;
}

static void assert_asked(struct world *world, struct speaker *speaker, insist_reason reason, insist_err err,
                         int status) {
    world->rules.on_exhausted = (insist_on_exhausted){speak, speaker};
    speaker->returns = INSIST_EINVAL;
    world_play(world);
    assert_int_equal(world->execution.reason, reason);
    assert_int_equal(world->execution.err, INSIST_EINVAL);
    assert_int_equal(world->execution.reported->outcome.status, status);
    assert_int_equal(speaker->asked, 1);
    assert_int_equal(speaker->reason, reason);
    assert_int_equal(speaker->err, err);
    assert_int_equal(speaker->status, status);
    assert_int_equal(speaker->racing, 0);
    world_fini(world);
}

static void asked_when_the_count_is_used_up(void **state) { /* M26, R21 */
    (void)state;
    struct speaker speaker = {0};
    PLAY(world, ANSWER(503, 10));
    world.retries_allowed = 0;
    assert_asked(&world, &speaker, INSIST_COUNT, INSIST_OK, 503);
}

static void asked_when_an_error_stops_the_call(void **state) {
    (void)state;
    struct speaker speaker = {0};
    PLAY(world, FAILS(INSIST_ECERT, INSIST_NOT_TRANSIENT, 10));
    assert_asked(&world, &speaker, INSIST_STOPPED, INSIST_ECERT, 0);
}

static void asked_when_the_request_may_not_be_repeated(void **state) {
    (void)state;
    struct speaker speaker = {0};
    PLAY(world, ANSWER(503, 10));
    world.request.repeatable = false;
    assert_asked(&world, &speaker, INSIST_NOT_REPEATABLE, INSIST_OK, 503);
}

static void asked_when_a_body_breaks_off_behind_its_first_byte(void **state) {
    (void)state;
    struct speaker speaker = {0};
    PLAY(world, {.status = 200, .headers_ms = 10, .chunks = 1, .ends_ms = 20, .err = INSIST_EEOF});
    world.has_sink = true;
    assert_asked(&world, &speaker, INSIST_NOT_REPEATABLE, INSIST_EEOF, 200);
}

static void asked_when_the_wait_does_not_fit(void **state) {
    (void)state;
    struct speaker speaker = {0};
    PLAY(world, ANSWER(503, 10));
    world.rules.deadline_ns = world.start_ns + 110 * WORLD_MS;
    assert_asked(&world, &speaker, INSIST_NO_TIME, INSIST_OK, 503);
}

static void asked_when_retry_after_is_too_long(void **state) {
    (void)state;
    struct speaker speaker = {0};
    PLAY(world, {.status = 503, .ends_ms = 10, .has_retry_after = true, .retry_after_ms = 31000});
    assert_asked(&world, &speaker, INSIST_RETRY_AFTER, INSIST_OK, 503);
}

static void asked_when_the_budget_is_used_up(void **state) {
    (void)state;
    struct speaker speaker = {0};
    PLAY(world, ANSWER(503, 10));
    world.has_budget = true;
    assert_asked(&world, &speaker, INSIST_BUDGET, INSIST_OK, 503);
}

static void asked_once_nothing_is_in_flight_any_more(void **state) {
    (void)state;
    struct speaker speaker = {0};
    PLAY(world, ANSWER(503, 100), FAILS(INSIST_ERESET, INSIST_CONN_RESET, 100));
    world.retries_allowed = 0;
    world_race(&world, INSIST_REFILL, 50, 0);
    assert_asked(&world, &speaker, INSIST_COUNT, INSIST_OK, 503);
}

static void assert_not_asked(struct world *world, insist_reason reason, insist_err err) {
    struct speaker speaker = {.returns = INSIST_EINVAL};
    world->rules.on_exhausted = (insist_on_exhausted){speak, &speaker};
    world_play(world);
    assert_int_equal(world->execution.reason, reason);
    assert_int_equal(world->execution.err, err);
    assert_int_equal(speaker.asked, 0);
    world_fini(world);
}

static insist_verdict fail_the_call(void *ctx, const insist_execution *view, insist_err *error) {
    (void)ctx;
    (void)view;
    *error = INSIST_EPROTO;
    return INSIST_FAIL;
}

static void not_asked_about_any_other_end(void **state) {
    (void)state;
    {
        PLAY(world, ANSWER(200, 10));
        assert_not_asked(&world, INSIST_DONE, INSIST_OK);
    }
    {
        PLAY(world, HANGS);
        world.rules.deadline_ns = world.start_ns + 100 * WORLD_MS;
        assert_not_asked(&world, INSIST_DEADLINE, INSIST_EDEADLINE);
    }
    {
        PLAY(world, HANGS);
        world.cancel_at_ms = 5;
        assert_not_asked(&world, INSIST_CANCELLED, INSIST_ECANCELED);
    }
    {
        PLAY(world, {.refused = INSIST_EQUEUEFULL});
        assert_not_asked(&world, INSIST_REJECTED, INSIST_EQUEUEFULL);
    }
    {
        PLAY(world, ANSWER(200, 10));
        world.retry.decider.decide = fail_the_call;
        assert_not_asked(&world, INSIST_STOPPED, INSIST_EPROTO);
    }
}

static void error_cannot_be_turned_into_an_answer(void **state) {
    (void)state;
    struct speaker speaker = {.returns = INSIST_OK};
    PLAY(world, FAILS(INSIST_ECERT, INSIST_NOT_TRANSIENT, 10));
    world.rules.on_exhausted = (insist_on_exhausted){speak, &speaker};
    world_play(&world);
    assert_ended(&world, INSIST_STOPPED, INSIST_ECERT, 0, "start before0 after0 end ");
    world_fini(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rejected_answer_is_retried),
        cmocka_unit_test(only_accepted_answers_are_validated),
        cmocka_unit_test(rejection_that_nobody_retries_stops_the_call),
        cmocka_unit_test(rejected_answer_is_no_longer_the_most_useful),
        cmocka_unit_test(rejected_answers_alone_give_the_last_of_them),
        cmocka_unit_test(rejected_answer_does_not_win_a_race),
        cmocka_unit_test(with_a_sink_it_is_asked_at_the_headers),
        cmocka_unit_test(rejected_at_the_headers_and_then_broken_is_the_break),
        cmocka_unit_test(retry_is_made_ready_after_its_wait),
        cmocka_unit_test(retry_is_about_the_attempt_that_it_replaces),
        cmocka_unit_test(hedge_is_not_made_ready),
        cmocka_unit_test(retry_that_cannot_be_made_ready_ends_the_call),
        cmocka_unit_test(asked_when_the_count_is_used_up),
        cmocka_unit_test(asked_when_an_error_stops_the_call),
        cmocka_unit_test(asked_when_the_request_may_not_be_repeated),
        cmocka_unit_test(asked_when_a_body_breaks_off_behind_its_first_byte),
        cmocka_unit_test(asked_when_the_wait_does_not_fit),
        cmocka_unit_test(asked_when_retry_after_is_too_long),
        cmocka_unit_test(asked_when_the_budget_is_used_up),
        cmocka_unit_test(asked_once_nothing_is_in_flight_any_more),
        cmocka_unit_test(not_asked_about_any_other_end),
        cmocka_unit_test(error_cannot_be_turned_into_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
