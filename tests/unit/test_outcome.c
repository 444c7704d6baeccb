/* What an attempt's end means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "support/fail_alloc.h"
#include "view/outcome.h"
#include <string.h>

static void starts_without_anything(void **state) {
    (void)state;
    struct outcome outcome;
    outcome_init(&outcome, &env_standard, 10);
    assert_int_equal(outcome.err, INSIST_OK);
    assert_int_equal(outcome.transience, INSIST_NOT_TRANSIENT);
    assert_int_equal(outcome.os_errno, 0);
    assert_int_equal(outcome.status, 0);
    assert_int_equal(outcome.sent, INSIST_NOT_SENT);
    assert_false(outcome.stale);
    assert_int_equal(outcome.retry_after_us, -1);
    assert_int_equal(headers_count(&outcome.headers), 0);
    assert_int_equal(outcome.body.length, 0);
    assert_int_equal(outcome.body.limit, 10);
    assert_null(outcome.url);
    assert_false(outcome_is_answer(&outcome));
    outcome_fini(&outcome);
}

static void fill(struct outcome *outcome, const struct env *env) {
    outcome_init(outcome, env, 10);
    outcome->err = INSIST_EEOF;
    outcome->transience = INSIST_UNEXPECTED_EOF;
    outcome->os_errno = 5;
    outcome->status = 503;
    outcome->sent = INSIST_ANSWERED;
    outcome->stale = true;
    outcome->retry_after_us = 7;
    outcome->url = env_copy_text(env, "http://example.org/");
    assert_non_null(outcome->url);
    assert_int_equal(headers_add(&outcome->headers, "A", "1"), INSIST_OK);
    assert_int_equal(body_append_text(&outcome->body, "abc"), INSIST_OK);
}

static void moving_takes_everything_along(void **state) {
    (void)state;
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    struct outcome from, to;
    fill(&from, &env);
    fill(&to, &env); /* is dropped */
    assert_int_equal(body_append_text(&to.body, "old"), INSIST_OK);
    long long of_one = fail_alloc_outstanding(&memory) / 2;
    const char *url = from.url;
    outcome_move(&to, &from);
    assert_int_equal(fail_alloc_outstanding(&memory), of_one);
    assert_int_equal(to.err, INSIST_EEOF);
    assert_int_equal(to.transience, INSIST_UNEXPECTED_EOF);
    assert_int_equal(to.os_errno, 5);
    assert_int_equal(to.status, 503);
    assert_int_equal(to.sent, INSIST_ANSWERED);
    assert_true(to.stale);
    assert_int_equal(to.retry_after_us, 7);
    assert_ptr_equal(to.url, url);
    assert_string_equal(headers_get(&to.headers, "a"), "1");
    assert_string_equal(body_text(&to.body), "abc");

    assert_int_equal(from.err, INSIST_OK);
    assert_int_equal(from.status, 0);
    assert_int_equal(from.retry_after_us, -1);
    assert_int_equal(headers_count(&from.headers), 0);
    assert_int_equal(from.body.length, 0);
    assert_int_equal(from.body.limit, 10);
    assert_null(from.url);
    outcome_fini(&from);
    assert_int_equal(fail_alloc_outstanding(&memory), of_one);
    outcome_fini(&to);
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
}

static void what_is_finished_may_be_finished_again(void **state) {
    (void)state;
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    struct outcome outcome;
    fill(&outcome, &env);
    outcome_fini(&outcome);
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
    assert_int_equal(outcome.status, 0);
    assert_null(outcome.url);
    outcome_fini(&outcome);
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
}

static void room_takes_an_answer_in_without_more_memory(void **state) {
    (void)state;
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    struct outcome from, to;
    char body[200] = "";
    memset(body, 'b', sizeof body - 1);
    fail_alloc_at(&memory, 1);
    assert_false(outcome_init_roomy(&from, &env, 1000));
    assert_true(outcome_init_roomy(&from, &env, 1000));
    assert_int_equal(from.retry_after_us, -1);
    assert_int_equal(from.body.limit, 1000);
    outcome_init(&to, &env, 10);
    size_t requests = fail_alloc_requests(&memory);
    for (int i = 0; i < 10; i++)
        assert_int_equal(headers_add(&from.headers, "X-Name-Of-A-Field", "and its value"), INSIST_OK);
    assert_int_equal(body_append_text(&from.body, body), INSIST_OK);
    outcome_move(&to, &from);
    assert_int_equal(fail_alloc_requests(&memory), requests);
    assert_null(from.room);
    outcome_fini(&from);
    assert_int_equal(headers_count(&to.headers), 10);
    assert_string_equal(headers_get(&to.headers, "x-name-of-a-field"), "and its value");
    assert_string_equal(body_text(&to.body), body);
    outcome_fini(&to);
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
}

static struct outcome ended(insist_err err, int status, int64_t retry_after_us) {
    struct outcome outcome;
    outcome_init(&outcome, &env_standard, 10);
    outcome.err = err;
    outcome.status = status;
    outcome.retry_after_us = retry_after_us;
    return outcome;
}

static void an_answer_is_complete_and_has_a_status(void **state) {
    (void)state;
    static const struct {
        insist_err err;
        int status;
        bool answer;
    } cases[] = {
        {INSIST_OK, 200, true}, {INSIST_OK, 404, true},    {INSIST_OK, 500, true},      {INSIST_OK, 999, true},
        {INSIST_OK, 0, false},  {INSIST_EEOF, 200, false}, {INSIST_ETIMEOUT, 0, false}, {INSIST_EREJECTED, 200, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct outcome outcome = ended(cases[i].err, cases[i].status, -1);
        assert_int_equal(outcome_is_answer(&outcome), cases[i].answer);
    }
}

static void throttled_is_429_or_503_with_retry_after(void **state) {
    (void)state;
    static const struct {
        insist_err err;
        int status;
        int64_t retry_after_us;
        bool throttled;
    } cases[] = {
        {INSIST_OK, 429, -1, true},   {INSIST_OK, 429, 5, true},  {INSIST_OK, 503, 0, true},  {INSIST_OK, 503, 5, true},
        {INSIST_OK, 503, -1, false},  {INSIST_OK, 500, 5, false}, {INSIST_OK, 200, 5, false}, {INSIST_OK, 0, -1, false},
        {INSIST_EEOF, 429, -1, true}, /* said before the body broke */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct outcome outcome = ended(cases[i].err, cases[i].status, cases[i].retry_after_us);
        assert_int_equal(outcome_is_throttled(&outcome), cases[i].throttled);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_without_anything),
        cmocka_unit_test(moving_takes_everything_along),
        cmocka_unit_test(what_is_finished_may_be_finished_again),
        cmocka_unit_test(room_takes_an_answer_in_without_more_memory),
        cmocka_unit_test(an_answer_is_complete_and_has_a_status),
        cmocka_unit_test(throttled_is_429_or_503_with_retry_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
