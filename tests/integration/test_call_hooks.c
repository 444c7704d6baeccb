/* Hooks of a client and of a call, over real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pair.h"
#include <insist/insist.h>
#include <insist/testserver.h>
#include <stdio.h>
#include <string.h>

static char url[512];

static insist_err get_with(insist_client *with, const char *path, const insist_call_options *options,
                           insist_result **result) {
    insist_plan *plan = NULL;
    snprintf(url, sizeof url, "%s%s", insist_testserver_url(server), path);
    assert_int_equal(insist_plan_new("GET", url, NULL, &plan), INSIST_OK);
    insist_err err = insist_execute(with, plan, options, result);
    insist_plan_free(plan);
    return err;
}

static insist_err get(const char *path, const insist_call_options *options, insist_result **result) {
    return get_with(client, path, options, result);
}

static insist_retry_policy *retrying(insist_decider decider) {
    insist_retry_policy *retry = NULL;
    assert_int_equal(insist_retry_policy_new(insist_retry_and(insist_retry_times(3), decider),
                                             insist_wait_constant_ms(1), NULL, &retry),
                     INSIST_OK);
    return retry;
}

/* ---- the validator ---- */

static bool has_no_error_in_its_body(void *ctx, const insist_execution *execution) {
    (void)ctx;
    return strstr(insist_execution_body(execution, NULL), "\"error\"") == NULL;
}

static const insist_validator arcgis = {.validate = has_no_error_in_its_body};

static void good_status_with_an_error_in_its_body_is_retried(void **state) { /* M24, R16: ArcGIS */
    (void)state;
    insist_retry_policy *retry = retrying(insist_retry_on_error());
    insist_result *result = NULL;
    assert_int_equal(get("/a?do=200;body={\"error\":{\"code\":498}},200;body={\"layers\":[]}&key=a",
                         INSIST_CALL_OPTIONS(.retry = retry, .validator = &arcgis), &result),
                     INSIST_OK);
    assert_string_equal(insist_result_body(result, NULL), "{\"layers\":[]}");
    assert_int_equal(insist_result_attempts(result), 2);
    assert_int_equal(insist_result_attempt(result, 0)->error, INSIST_EREJECTED);
    assert_int_equal(insist_result_attempt(result, 0)->status, 200);
    assert_int_equal(insist_result_attempt(result, 0)->why_ended, INSIST_ENDED_RETRYABLE);
    insist_result_free(result);
    insist_retry_policy_free(retry);
}

static void rejected_answer_keeps_its_body(void **state) {
    (void)state;
    insist_client *strict = NULL;
    insist_result *result = NULL;
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.validator = &arcgis), NULL, &strict), INSIST_OK);
    assert_int_equal(get_with(strict, "/b?do=200;body={\"error\":1};type=text/x-test", NULL, &result),
                     INSIST_EREJECTED);
    assert_int_equal(insist_result_reason(result), INSIST_STOPPED);
    assert_int_equal(insist_result_status(result), 200);
    assert_string_equal(insist_result_header(result, "Content-Type"), "text/x-test");
    assert_string_equal(insist_result_body(result, NULL), "{\"error\":1}");
    insist_result_free(result);
    insist_client_free(strict);
}

static int take(void *ctx, const void *data, size_t len) {
    (void)data;
    *(size_t *)ctx += len;
    return 0;
}

static bool has_the_right_type(void *ctx, const insist_execution *execution) {
    size_t len = 1;
    (void)ctx;
    insist_execution_body(execution, &len);
    assert_int_equal(len, 0);
    return strcmp(insist_execution_header(execution, "Content-Type"), "text/good") == 0;
}

static void with_a_sink_headers_are_all_it_sees(void **state) {
    (void)state;
    insist_retry_policy *retry = retrying(insist_retry_on_error());
    insist_result *result = NULL;
    size_t taken = 0;
    const insist_sink sink = {.write = take, .ctx = &taken};
    const insist_validator validator = {.validate = has_the_right_type};
    assert_int_equal(get("/c?do=200;body=bad;type=text/bad,200;body=good;type=text/good&key=c",
                         INSIST_CALL_OPTIONS(.retry = retry, .sink = &sink, .validator = &validator), &result),
                     INSIST_OK);
    assert_int_equal(insist_result_attempts(result), 2);
    assert_int_equal(taken, 4);
    insist_result_free(result);
    insist_retry_policy_free(retry);
}

/* ---- making a retry ready ---- */

static int sign_anew(void *ctx, insist_execution *execution, unsigned next_attempt) {
    char value[64];
    const char *nonce = insist_execution_header(execution, "Content-Type");
    snprintf(value, sizeof value, "%s-%u", nonce, next_attempt);
    if (insist_execution_set_header(execution, "X-Signature", value) != INSIST_OK)
        return 1;
    assert_int_equal(insist_execution_set_header(execution, "bad name", "x"), INSIST_EINVAL);
    assert_int_equal(insist_execution_status(execution), 503);
    return *(int *)ctx;
}

static const char *field_of(const insist_testserver_entry *entry, const char *name) {
    for (size_t i = 0; i < entry->field_count; i++)
        if (strcmp(entry->fields[i].name, name) == 0)
            return entry->fields[i].value;
    return NULL;
}

static void retry_is_signed_anew(void **state) { /* M25, R20 */
    (void)state;
    int number = 0;
    const insist_preparer preparer = {.prepare = sign_anew, .ctx = &number};
    insist_result *result = NULL;
    insist_testserver_journal *journal = NULL;
    assert_int_equal(get("/d?do=503;type=nonce/1;body=x,503;type=nonce/2;body=x,200&key=d",
                         INSIST_CALL_OPTIONS(.prepare_retry = &preparer), &result),
                     INSIST_OK);
    assert_int_equal(insist_result_attempts(result), 3);
    insist_result_free(result);
    assert_int_equal(insist_testserver_journal_new(server, NULL, "d", &journal), INSIST_OK);
    assert_null(field_of(insist_testserver_journal_at(journal, 0), "X-Signature"));
    assert_string_equal(field_of(insist_testserver_journal_at(journal, 1), "X-Signature"), "nonce/1-1");
    assert_string_equal(field_of(insist_testserver_journal_at(journal, 2), "X-Signature"), "nonce/2-2");
    insist_testserver_journal_free(journal);
}

static void retry_that_cannot_be_signed_ends_the_call(void **state) {
    (void)state;
    int number = 12;
    const insist_preparer preparer = {.prepare = sign_anew, .ctx = &number};
    insist_client *signing = NULL;
    insist_result *result = NULL;
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.prepare_retry = &preparer), NULL, &signing), INSIST_OK);
    assert_int_equal(get_with(signing, "/e?do=503;type=nonce/1;body=x,200&key=e", NULL, &result), INSIST_EHANDLER);
    assert_int_equal(insist_result_handler_number(result), 12);
    assert_int_equal(insist_result_attempts(result), 1);
    assert_int_equal(insist_testserver_hits_by_key(server, "e"), 1);
    insist_result_free(result);
    insist_client_free(signing);
}

/* ---- the last word ---- */

static const insist_on_exhausted as_error = {.replace = insist_exhausted_as_error};
static const insist_on_exhausted pass_through = {.replace = insist_exhausted_pass_through};

static void exhausted_answer_may_become_an_error(void **state) { /* M26, R21, R23 */
    (void)state;
    insist_client *hashicorp = NULL;
    insist_result *result = NULL;
    char expected[600];
    insist_retry_policy *retry = retrying(insist_retry_standard());
    assert_int_equal(
        insist_client_new(INSIST_CLIENT_OPTIONS(.on_exhausted = &as_error, .retry = retry), NULL, &hashicorp),
        INSIST_OK);
    assert_int_equal(get_with(hashicorp, "/f?do=503;body=busy", NULL, &result), INSIST_EGAVEUP);
    assert_int_equal(insist_result_error(result), INSIST_EGAVEUP);
    assert_int_equal(insist_result_reason(result), INSIST_COUNT);
    assert_int_equal(insist_result_status(result), 503);
    assert_string_equal(insist_result_body(result, NULL), "busy");
    snprintf(expected, sizeof expected, "GET %s giving up after 4 attempt(s)", url);
    assert_string_equal(insist_result_giving_up(result), expected);
    insist_result_free(result);
    assert_int_equal(get_with(hashicorp, "/f?do=503", INSIST_CALL_OPTIONS(.on_exhausted = &pass_through), &result),
                     INSIST_OK);
    assert_int_equal(insist_result_status(result), 503);
    insist_result_free(result);
    insist_client_free(hashicorp);
    insist_retry_policy_free(retry);
}

static void giving_up_tells_the_cause_and_no_secret(void **state) { /* R22, M82 */
    (void)state;
    insist_client *discreet = NULL;
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    char secret[600], expected[600];
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.on_exhausted = &as_error,
                                                             .hidden_query_keys = (const char *const[]){"token", NULL}),
                                       NULL, &discreet),
                     INSIST_OK);
    const char *authority = strstr(insist_testserver_url(server), "://") + 3;
    snprintf(secret, sizeof secret, "http://me:hush@%s/g?do=close&token=hush", authority);
    snprintf(
        expected, sizeof expected,
        "GET http://%s/g?do=close&token=xxxxx giving up after 1 attempt(s): the connection ended before the answer "
        "was complete",
        authority);
    assert_int_equal(insist_plan_new("GET", secret, NULL, &plan), INSIST_OK);
    insist_retry_policy *never = NULL;
    assert_int_equal(insist_retry_policy_new(insist_retry_never(), insist_wait_once(), NULL, &never), INSIST_OK);
    assert_int_equal(insist_execute(discreet, plan, INSIST_CALL_OPTIONS(.retry = never), &result), INSIST_EEOF);
    assert_string_equal(insist_result_giving_up(result), expected);
    assert_null(strstr(insist_result_explain(result), "hush"));
    assert_non_null(strstr(insist_result_explain(result), "token=xxxxx"));
    insist_result_free(result);
    insist_plan_free(plan);
    insist_retry_policy_free(never);
    insist_client_free(discreet);
}

static void call_that_is_done_does_not_give_up(void **state) {
    (void)state;
    insist_result *result = NULL;
    assert_int_equal(get("/h?do=404", INSIST_CALL_OPTIONS(.on_exhausted = &as_error), &result), INSIST_OK);
    assert_string_equal(insist_result_giving_up(result), "");
    assert_string_equal(insist_result_giving_up(NULL), "");
    insist_result_free(result);
}

/* ---- bad input ---- */

static void assert_refused(const insist_client_options *client_options, const insist_call_options *options,
                           const char *field) {
    insist_problem problem = {0};
    insist_client *refused = NULL;
    insist_result *result = NULL;
    assert_int_equal(insist_client_new(client_options, &problem, &refused), INSIST_EINVAL);
    assert_string_equal(problem.field, field);
    if (options == NULL)
        return;
    assert_int_equal(get("/never", options, &result), INSIST_EINVAL);
    assert_int_equal(insist_result_attempts(result), 0);
    insist_result_free(result);
}

static void hooks_without_a_function_are_refused(void **state) {
    (void)state;
    const insist_validator validator = {0};
    const insist_preparer preparer = {0};
    const insist_on_exhausted on_exhausted = {0};
    assert_refused(INSIST_CLIENT_OPTIONS(.validator = &validator), INSIST_CALL_OPTIONS(.validator = &validator),
                   "validator");
    assert_refused(INSIST_CLIENT_OPTIONS(.prepare_retry = &preparer), INSIST_CALL_OPTIONS(.prepare_retry = &preparer),
                   "prepare_retry");
    assert_refused(INSIST_CLIENT_OPTIONS(.on_exhausted = &on_exhausted),
                   INSIST_CALL_OPTIONS(.on_exhausted = &on_exhausted), "on_exhausted");
    assert_refused(INSIST_CLIENT_OPTIONS(.hidden_query_keys = (const char *const[]){"a", "", NULL}), NULL,
                   "hidden_query_keys");
    assert_int_equal(insist_testserver_hits(server, "/never"), 0);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, pair_begin, pair_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(good_status_with_an_error_in_its_body_is_retried),
        CASE(rejected_answer_keeps_its_body),
        CASE(with_a_sink_headers_are_all_it_sees),
        CASE(retry_is_signed_anew),
        CASE(retry_that_cannot_be_signed_ends_the_call),
        CASE(exhausted_answer_may_become_an_error),
        CASE(giving_up_tells_the_cause_and_no_secret),
        CASE(call_that_is_done_does_not_give_up),
        CASE(hooks_without_a_function_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
