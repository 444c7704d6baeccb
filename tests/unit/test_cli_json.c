/* The JSON object of a call: its keys are a promise. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "cli_example.h"
#include "cli/json.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *read_back(const struct account *account) {
    char *line = json_of_account(account);
    assert_non_null(line);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    json_t *value = json_loads(line, 0, NULL);
    free(line);
    assert_non_null(value);
    return value;
}

static void assert_keys(const json_t *object, const char *const *keys, size_t n) {
    assert_int_equal(json_object_size(object), n);
    for (size_t i = 0; i < n; i++) {
        assert_non_null(json_object_get(object, keys[i]));
    }
}

static void the_keys_are_the_documented_ones(void **state) {
    (void)state;
    static const char *const call_keys[] = {"url",    "method",  "status",     "error",
                                            "reason", "explain", "elapsed_us", "racing", "attempts"};
    static const char *const attempt_keys[] = {
        "index",     "wave",       "kind",         "reactor",     "connection",    "reused",    "address",
        "queued_us", "started_us", "connected_us", "sent_us",     "first_byte_us", "ended_us",  "status",
        "error",     "errno",      "sent",         "why_started", "wait_us",       "why_ended", "bytes"};
    struct example example;
    example_init(&example);
    json_t *call = read_back(&example.account);
    assert_keys(call, call_keys, sizeof(call_keys) / sizeof(call_keys[0]));
    const json_t *attempts = json_object_get(call, "attempts");
    assert_int_equal(json_array_size(attempts), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_keys(json_array_get(attempts, i), attempt_keys, sizeof(attempt_keys) / sizeof(attempt_keys[0]));
    }
    json_decref(call);
}

static const char *text_at(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

static void the_values_are_the_record(void **state) {
    (void)state;
    struct example example;
    example_init(&example);
    json_t *call = read_back(&example.account);
    assert_string_equal(text_at(call, "error"), "OK");
    assert_string_equal(text_at(call, "reason"), "done");
    assert_string_equal(text_at(call, "method"), "GET");
    assert_int_equal(json_integer_value(json_object_get(call, "status")), 200);
    assert_int_equal(json_integer_value(json_object_get(call, "elapsed_us")), 1000000);

    const json_t *failed = json_array_get(json_object_get(call, "attempts"), 1);
    assert_string_equal(text_at(failed, "error"), "ERESET");
    assert_string_equal(text_at(failed, "sent"), "maybe_sent");
    assert_string_equal(text_at(failed, "kind"), "retry");
    assert_string_equal(text_at(failed, "why_started"), "backoff");
    assert_string_equal(text_at(failed, "why_ended"), "retryable");
    assert_true(json_is_null(json_object_get(failed, "first_byte_us")));
    assert_true(json_is_true(json_object_get(failed, "reused")));
    assert_int_equal(json_integer_value(json_object_get(failed, "errno")), 104);
    assert_int_equal(json_integer_value(json_object_get(failed, "wait_us")), 100000);

    const json_t *won = json_array_get(json_object_get(call, "attempts"), 2);
    assert_int_equal(json_integer_value(json_object_get(won, "bytes")), 1234);
    assert_int_equal(json_integer_value(json_object_get(won, "reactor")), 1);
    assert_int_equal(json_integer_value(json_object_get(won, "first_byte_us")), 900000);
    json_decref(call);
}

static void bytes_that_are_no_text_do_no_harm(void **state) {
    (void)state;
    struct example example;
    example_init(&example);
    example.account.url = "http://127.0.0.1/\xff\"quoted\"";
    example.account.attempt_count = 0;
    json_t *call = read_back(&example.account);
    assert_string_equal(text_at(call, "url"), "http://127.0.0.1/?\"quoted\"");
    assert_int_equal(json_array_size(json_object_get(call, "attempts")), 0);
    json_decref(call);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_keys_are_the_documented_ones),
        cmocka_unit_test(the_values_are_the_record),
        cmocka_unit_test(bytes_that_are_no_text_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
