/* Enumerations as words. They are written out here: JSON readers depend on them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include <insist/execution.h>
#include <insist/result.h>
#include <limits.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void reasons(void **state) {
    (void)state;
    static const char *const names[] = {"done",   "stopped",  "count",     "not_repeatable", "no_time", "retry_after",
                                        "budget", "deadline", "cancelled", "handler",        "rejected"};
    for (size_t i = 0; i < COUNT(names); i++)
        assert_string_equal(insist_reason_name((insist_reason)i), names[i]);
    assert_int_equal(INSIST_REJECTED, COUNT(names) - 1);
    assert_string_equal(insist_reason_name((insist_reason)COUNT(names)), "unknown");
    assert_string_equal(insist_reason_name(INSIST_REASON_MAX), "unknown");
    assert_string_equal(insist_reason_name((insist_reason)-1), "unknown");
}

static void kinds(void **state) {
    (void)state;
    assert_string_equal(insist_kind_name(INSIST_FIRST), "first");
    assert_string_equal(insist_kind_name(INSIST_RETRIED), "retry");
    assert_string_equal(insist_kind_name(INSIST_HEDGE), "hedge");
    assert_string_equal(insist_kind_name((insist_kind)3), "unknown");
    assert_string_equal(insist_kind_name(INSIST_KIND_MAX), "unknown");
    assert_string_equal(insist_kind_name((insist_kind)-1), "unknown");
}

static void sent(void **state) {
    (void)state;
    assert_string_equal(insist_sent_name(INSIST_NOT_SENT), "not_sent");
    assert_string_equal(insist_sent_name(INSIST_MAYBE_SENT), "maybe_sent");
    assert_string_equal(insist_sent_name(INSIST_ANSWERED), "answered");
    assert_string_equal(insist_sent_name((insist_sent)3), "unknown");
    assert_string_equal(insist_sent_name(INSIST_SENT_MAX), "unknown");
    assert_string_equal(insist_sent_name((insist_sent)-1), "unknown");
}

static void why_started(void **state) {
    (void)state;
    static const char *const names[] = {"first", "backoff", "retry_after", "stale", "hedge"};
    for (size_t i = 0; i < COUNT(names); i++)
        assert_string_equal(insist_why_started_name((insist_why_started)i), names[i]);
    assert_int_equal(INSIST_START_HEDGE, COUNT(names) - 1);
    assert_string_equal(insist_why_started_name((insist_why_started)COUNT(names)), "unknown");
    assert_string_equal(insist_why_started_name(INSIST_START_MAX), "unknown");
    assert_string_equal(insist_why_started_name((insist_why_started)-1), "unknown");
}

static void why_ended(void **state) {
    (void)state;
    static const char *const names[] = {"won",      "lost",      "retryable", "final",   "timeout",
                                        "deadline", "cancelled", "handler",   "rejected"};
    for (size_t i = 0; i < COUNT(names); i++)
        assert_string_equal(insist_why_ended_name((insist_why_ended)i), names[i]);
    assert_int_equal(INSIST_ENDED_REJECTED, COUNT(names) - 1);
    assert_string_equal(insist_why_ended_name((insist_why_ended)COUNT(names)), "unknown");
    assert_string_equal(insist_why_ended_name(INSIST_ENDED_MAX), "unknown");
    assert_string_equal(insist_why_ended_name((insist_why_ended)-1), "unknown");
}

static void events(void **state) {
    (void)state;
    static const char *const names[] = {"BEFORE_EXECUTION_START", "BEFORE_ATTEMPT",     "BEFORE_READ_BODY",
                                        "AFTER_ATTEMPT_TIMEOUT",  "AFTER_ATTEMPT",      "RETRY_SCHEDULED",
                                        "AFTER_PLAN_TIMEOUT",     "AFTER_EXECUTION_END"};
    for (size_t i = 0; i < COUNT(names); i++)
        assert_string_equal(insist_event_name((insist_event)i), names[i]);
    assert_int_equal(INSIST_EVENTS, COUNT(names));
    assert_string_equal(insist_event_name(INSIST_EVENTS), "UNKNOWN");
    assert_string_equal(insist_event_name((insist_event)1000), "UNKNOWN");
    assert_string_equal(insist_event_name((insist_event)-1), "UNKNOWN");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reasons),     cmocka_unit_test(kinds),     cmocka_unit_test(sent),
        cmocka_unit_test(why_started), cmocka_unit_test(why_ended), cmocka_unit_test(events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
