/* What policies and handlers may ask of an execution: each question has its own number here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "view/execution.h"

static void counts_of_the_call(void **state) {
    (void)state;
    const insist_execution execution = {
        .attempts_started = 11,
        .attempt_ends = 12,
        .attempt_timeouts = 13,
        .retries = 14,
        .wave = 15,
        .racing = 16,
        .start_ns = 1000000,
        .now_ns = 1018999,
        .last_wait_us = 19,
    };
    assert_int_equal(insist_execution_attempts_started(&execution), 11);
    assert_int_equal(insist_execution_attempt_ends(&execution), 12);
    assert_int_equal(insist_execution_attempt_timeouts(&execution), 13);
    assert_int_equal(insist_execution_retry(&execution), 14);
    assert_int_equal(insist_execution_wave(&execution), 15);
    assert_int_equal(insist_execution_racing(&execution), 16);
    assert_int_equal(insist_execution_elapsed_us(&execution), 18);
    assert_int_equal(insist_execution_last_wait_us(&execution), 19);
}

static void before_the_first_attempt(void **state) {
    (void)state;
    const insist_execution execution = {.now_ns = 1};
    size_t length = 99;
    int64_t ms = 99;
    assert_int_equal(insist_execution_attempt(&execution), 0);
    assert_int_equal(insist_execution_error(&execution), INSIST_OK);
    assert_int_equal(insist_execution_transience(&execution), INSIST_NOT_TRANSIENT);
    assert_int_equal(insist_execution_status(&execution), 0);
    assert_null(insist_execution_header(&execution, "A"));
    assert_string_equal(insist_execution_body(&execution, &length), "");
    assert_int_equal(length, 0);
    assert_string_equal(insist_execution_body(&execution, NULL), "");
    assert_false(insist_execution_retry_after_ms(&execution, &ms));
    assert_int_equal(ms, 99);
}

static void the_attempt_at_hand(void **state) {
    (void)state;
    struct attempt attempt = {.index = 3, .wave = 77};
    insist_execution execution = {.current = &attempt};
    size_t length = 99;
    outcome_init(&attempt.outcome, &env_standard, 100);
    assert_int_equal(insist_execution_error(&execution), INSIST_OK);
    assert_string_equal(insist_execution_body(&execution, &length), "");
    assert_int_equal(length, 0);

    attempt.outcome.err = INSIST_ERESET;
    attempt.outcome.transience = INSIST_CONN_RESET;
    attempt.outcome.status = 206;
    assert_int_equal(headers_add(&attempt.outcome.headers, "Via", "a"), INSIST_OK);
    assert_int_equal(headers_add(&attempt.outcome.headers, "Via", "b"), INSIST_OK);
    assert_int_equal(body_append(&attempt.outcome.body, "a\0b", 3), INSIST_OK);
    assert_int_equal(insist_execution_attempt(&execution), 3);
    assert_int_equal(insist_execution_error(&execution), INSIST_ERESET);
    assert_int_equal(insist_execution_transience(&execution), INSIST_CONN_RESET);
    assert_int_equal(insist_execution_status(&execution), 206);
    assert_string_equal(insist_execution_header(&execution, "VIA"), "a");
    assert_null(insist_execution_header(&execution, "V"));
    assert_null(insist_execution_header(&execution, NULL));
    assert_memory_equal(insist_execution_body(&execution, &length), "a\0b", 4);
    assert_int_equal(length, 3);
    outcome_fini(&attempt.outcome);
}

static void retry_after_is_rounded_up(void **state) {
    (void)state;
    static const struct {
        int64_t us, ms;
    } cases[] = {{0, 0}, {1, 1}, {999, 1}, {1000, 1}, {1001, 2}, {120000000, 120000}, {INT64_MAX, INT64_MAX}};
    struct attempt attempt = {.index = 0};
    const insist_execution execution = {.current = &attempt};
    int64_t ms = 99;
    outcome_init(&attempt.outcome, &env_standard, 100);
    assert_false(insist_execution_retry_after_ms(&execution, &ms));
    assert_int_equal(ms, 99);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        attempt.outcome.retry_after_us = cases[i].us;
        assert_true(insist_execution_retry_after_ms(&execution, &ms));
        assert_true(ms == cases[i].ms);
        assert_true(insist_execution_retry_after_ms(&execution, NULL));
    }
    outcome_fini(&attempt.outcome);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_of_the_call),
        cmocka_unit_test(before_the_first_attempt),
        cmocka_unit_test(the_attempt_at_hand),
        cmocka_unit_test(retry_after_is_rounded_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
