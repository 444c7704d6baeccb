/* What handlers may change, and when, over real sockets. */
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

static insist_plan *plan_of(const char *method, const char *path) {
    insist_plan *plan = NULL;
    char url[512];
    snprintf(url, sizeof url, "%s%s", insist_testserver_url(server), path);
    assert_int_equal(insist_plan_new(method, url, NULL, &plan), INSIST_OK);
    return plan;
}

static insist_err get(const char *path, const insist_call_options *options, insist_result **result) {
    insist_plan *plan = plan_of("GET", path);
    insist_err err = insist_execute(client, plan, options, result);
    insist_plan_free(plan);
    return err;
}

static insist_handlers *listening(insist_event event, insist_handler_fn *function, void *ctx) {
    insist_handlers *handlers = NULL;
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    assert_int_equal(insist_handlers_push(handlers, event, function, ctx), INSIST_OK);
    return handlers;
}

/* ---- where there is nothing to tell ---- */

static int count(void *ctx, insist_event event, insist_execution *execution) {
    (void)event;
    (void)execution;
    ++*(unsigned *)ctx;
    return 0;
}

/* The redirect's own were not for the call. */
static void no_headers_are_told_of_when_a_redirect_leads_nowhere(void **state) {
    unsigned times = 0;
    insist_handlers *handlers = listening(INSIST_BEFORE_READ_BODY, count, &times);
    insist_result *result = NULL;
    (void)state;
    assert_int_equal(insist_testserver_script(server, "/nowhere", "302=http://127.0.0.1:1/", NULL), INSIST_OK);
    assert_int_equal(insist_testserver_script(server, "/here", "302=/", NULL), INSIST_OK);
    assert_int_equal(get("/nowhere", INSIST_CALL_OPTIONS(.handlers = handlers), &result), INSIST_ECONNECT);
    assert_int_equal(times, 0);
    insist_result_free(result);
    assert_int_equal(get("/here", INSIST_CALL_OPTIONS(.handlers = handlers), &result), INSIST_OK);
    assert_int_equal(times, 1);
    insist_result_free(result);
    insist_handlers_free(handlers);
}

/* ---- groups ---- */

static int note(void *ctx, insist_event event, insist_execution *execution) {
    static char log[256];
    const char *word = ctx;
    (void)event;
    char *kept = insist_execution_value(execution, "log");
    if (kept == NULL) {
        log[0] = '\0';
        assert_int_equal(insist_execution_set_value(execution, "log", log, NULL), INSIST_OK);
    }
    strcat(log, word);
    return word[0] - 'a' == 1 ? 22 : 0; /* b fails */
}

static char log_at_the_end[256];

static int keep_log(void *ctx, insist_event event, insist_execution *execution) {
    (void)ctx;
    (void)event;
    strcpy(log_at_the_end, insist_execution_value(execution, "log"));
    return 0;
}

static char word_a[] = "a", word_b[] = "b", word_c[] = "c", word_d[] = "d";

static void handlers_run_in_the_order_in_which_they_were_pushed(void **state) { /* H44, M62 */
    (void)state;
    insist_handlers *of_client = listening(INSIST_BEFORE_ATTEMPT, note, word_c);
    insist_handlers *of_call = listening(INSIST_BEFORE_ATTEMPT, note, word_a);
    insist_client *other = NULL;
    insist_result *result = NULL;
    assert_int_equal(insist_handlers_push(of_client, INSIST_BEFORE_ATTEMPT, note, word_a), INSIST_OK);
    assert_int_equal(insist_handlers_push(of_call, INSIST_BEFORE_ATTEMPT, note, word_d), INSIST_OK);
    assert_int_equal(insist_handlers_push(of_call, INSIST_AFTER_EXECUTION_END, keep_log, NULL), INSIST_OK);
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.handlers = of_client), NULL, &other), INSIST_OK);
    insist_plan *plan = plan_of("GET", "/a");
    assert_int_equal(insist_execute(other, plan, INSIST_CALL_OPTIONS(.handlers = of_call), &result), INSIST_OK);
    assert_string_equal(log_at_the_end, "caad");
    insist_result_free(result);
    insist_plan_free(plan);
    insist_client_free(other);
    insist_handlers_free(of_client);
    insist_handlers_free(of_call);
}

static void one_that_fails_keeps_no_other_from_its_event(void **state) { /* H44, M65 */
    (void)state;
    insist_handlers *handlers = listening(INSIST_AFTER_ATTEMPT, note, word_a);
    insist_result *result = NULL;
    assert_int_equal(insist_handlers_push(handlers, INSIST_AFTER_ATTEMPT, note, word_b), INSIST_OK);
    assert_int_equal(insist_handlers_push(handlers, INSIST_AFTER_ATTEMPT, note, word_c), INSIST_OK);
    assert_int_equal(insist_handlers_push(handlers, INSIST_AFTER_EXECUTION_END, keep_log, NULL), INSIST_OK);
    assert_int_equal(get("/b", INSIST_CALL_OPTIONS(.handlers = handlers), &result), INSIST_EHANDLER);
    assert_int_equal(insist_result_handler_number(result), 22);
    assert_string_equal(log_at_the_end, "abc");
    insist_result_free(result);
    insist_handlers_free(handlers);
}

static void handlers_that_cannot_be_are_refused(void **state) { /* H44 */
    (void)state;
    insist_handlers *handlers = NULL;
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    assert_int_equal(insist_handlers_push(handlers, INSIST_AFTER_ATTEMPT, NULL, NULL), INSIST_EINVAL);
    assert_int_equal(insist_handlers_push(handlers, INSIST_EVENTS, note, word_a), INSIST_EINVAL);
    assert_int_equal(insist_handlers_push(handlers, (insist_event)-1, note, word_a), INSIST_EINVAL);
    assert_int_equal(insist_handlers_push(NULL, INSIST_AFTER_ATTEMPT, note, word_a), INSIST_EINVAL);
    insist_handlers_free(handlers);
}

/* ---- what may be changed, by event ---- */

static int take(void *ctx, const void *data, size_t len) {
    (void)ctx;
    (void)data;
    (void)len;
    return 0;
}

/* Tries everything, and keeps what was allowed as letters: plan, header, sink, value. */
static int try_everything(void *ctx, insist_event event, insist_execution *execution) {
    char(*allowed)[8] = ctx;
    char *letter = allowed[event];
    const insist_sink sink = {.write = take};
    insist_plan *plan = plan_of("GET", "/c?do=503;retry-after=0,200&key=c");
    if (insist_execution_set_plan(execution, plan) == INSIST_OK)
        *letter++ = 'p';
    if (insist_execution_set_header(execution, "X-A", "1") == INSIST_OK)
        *letter++ = 'h';
    if (insist_execution_set_sink(execution, &sink) == INSIST_OK)
        *letter++ = 's';
    if (insist_execution_set_value(execution, "key", allowed, NULL) == INSIST_OK)
        *letter++ = 'v';
    *letter = '\0';
    insist_plan_free(plan);
    return 0;
}

static void each_change_has_its_event(void **state) { /* H45, M64 */
    (void)state;
    char allowed[INSIST_EVENTS][8] = {{0}};
    insist_handlers *handlers = NULL;
    insist_result *result = NULL;
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    for (int event = 0; event < INSIST_EVENTS; event++)
        assert_int_equal(insist_handlers_push(handlers, (insist_event)event, try_everything, allowed), INSIST_OK);
    assert_int_equal(get("/never", INSIST_CALL_OPTIONS(.handlers = handlers), &result), INSIST_OK);
    assert_string_equal(allowed[INSIST_BEFORE_EXECUTION_START], "pv");
    assert_string_equal(allowed[INSIST_BEFORE_ATTEMPT], "hv");
    assert_string_equal(allowed[INSIST_BEFORE_READ_BODY], "sv");
    assert_string_equal(allowed[INSIST_AFTER_ATTEMPT], "v");
    assert_string_equal(allowed[INSIST_RETRY_SCHEDULED], "v");
    assert_string_equal(allowed[INSIST_AFTER_EXECUTION_END], "v");
    insist_result_free(result);
    insist_handlers_free(handlers);
}

/* ---- another plan ---- */

static int swap(void *ctx, insist_event event, insist_execution *execution) {
    (void)event;
    return (int)insist_execution_set_plan(execution, ctx);
}

static void plan_may_be_replaced(void **state) { /* H12, H36, M64 */
    (void)state;
    insist_plan *other = plan_of("PUT", "/other?do=503;retry-after=0,200;echo&key=o");
    assert_int_equal(insist_plan_set_body(other, "instead", 7), INSIST_OK);
    insist_handlers *handlers = listening(INSIST_BEFORE_EXECUTION_START, swap, other);
    insist_result *result = NULL;
    assert_int_equal(get("/given", INSIST_CALL_OPTIONS(.handlers = handlers), &result), INSIST_OK);
    assert_string_equal(insist_result_body(result, NULL), "instead");
    assert_int_equal(insist_result_attempts(result), 2);
    assert_int_equal(strncmp(insist_result_explain(result), "PUT ", 4), 0);
    assert_non_null(strstr(insist_result_url(result), "/other?"));
    assert_int_equal(insist_testserver_hits(server, "/given"), 0);
    assert_int_equal(insist_testserver_hits_by_key(server, "o"), 2);
    assert_int_equal(insist_plan_set_header(other, "X-A", "1"), INSIST_EFROZEN);
    insist_result_free(result);
    insist_handlers_free(handlers);
    insist_plan_free(other);
}

static int swap_and_free(void *ctx, insist_event event, insist_execution *execution) {
    insist_plan **other = ctx;
    int number = swap(*other, event, execution);
    insist_plan_free(*other);
    *other = NULL;
    return number;
}

static void call_holds_the_plan_that_took_the_others_place(void **state) {
    (void)state;
    insist_plan *other = plan_of("GET", "/held?do=503;retry-after=0,200;body=held&key=h");
    insist_handlers *handlers = listening(INSIST_BEFORE_EXECUTION_START, swap_and_free, &other);
    insist_result *result = NULL;
    assert_int_equal(get("/given", INSIST_CALL_OPTIONS(.handlers = handlers), &result), INSIST_OK);
    assert_string_equal(insist_result_body(result, NULL), "held");
    insist_result_free(result);
    insist_handlers_free(handlers);
}

static int free_plan(void *ctx, insist_event event, insist_execution *execution) {
    (void)event;
    (void)execution;
    insist_plan_free(*(insist_plan **)ctx);
    *(insist_plan **)ctx = NULL;
    return 0;
}

static void call_holds_the_plan_that_it_was_given(void **state) {
    (void)state;
    insist_plan *plan = plan_of("GET", "/mine?do=503;retry-after=0,200&key=m");
    insist_handlers *handlers = listening(INSIST_RETRY_SCHEDULED, free_plan, &plan);
    insist_result *result = NULL;
    assert_int_equal(insist_execute(client, plan, INSIST_CALL_OPTIONS(.handlers = handlers), &result), INSIST_OK);
    assert_null(plan);
    assert_int_equal(insist_result_attempts(result), 2);
    insist_result_free(result);
    insist_handlers_free(handlers);
}

static void plan_with_a_problem_does_not_take_anothers_place(void **state) {
    (void)state;
    insist_plan *bad = plan_of("GET", "/bad");
    assert_int_equal(insist_plan_set_header(bad, "bad name", "x"), INSIST_EINVAL);
    insist_handlers *handlers = listening(INSIST_BEFORE_EXECUTION_START, swap, bad);
    insist_result *result = NULL;
    assert_int_equal(get("/given", INSIST_CALL_OPTIONS(.handlers = handlers), &result), INSIST_EHANDLER);
    assert_int_equal(insist_result_handler_number(result), INSIST_EINVAL);
    assert_int_equal(insist_result_attempts(result), 0);
    insist_result_free(result);
    insist_handlers_free(handlers);
    handlers = listening(INSIST_BEFORE_EXECUTION_START, swap, NULL);
    assert_int_equal(get("/given", INSIST_CALL_OPTIONS(.handlers = handlers), &result), INSIST_EHANDLER);
    insist_result_free(result);
    insist_handlers_free(handlers);
    insist_plan_free(bad);
}

/* A method's promise is the new plan's: a POST is not repeated, though a GET was given. */
static void gate_is_the_new_plans(void **state) {
    (void)state;
    insist_plan *other = plan_of("POST", "/post?do=503,200&key=p");
    insist_handlers *handlers = listening(INSIST_BEFORE_EXECUTION_START, swap, other);
    insist_result *result = NULL;
    assert_int_equal(get("/given", INSIST_CALL_OPTIONS(.handlers = handlers), &result), INSIST_OK);
    assert_int_equal(insist_result_reason(result), INSIST_NOT_REPEATABLE);
    assert_int_equal(insist_testserver_hits_by_key(server, "p"), 1);
    insist_result_free(result);
    insist_handlers_free(handlers);
    insist_plan_free(other);
}

static void policies_are_the_new_plans(void **state) {
    (void)state;
    insist_plan *other = plan_of("GET", "/q?do=404,200&key=q");
    insist_retry_policy *retry = NULL;
    const int statuses[] = {404};
    assert_int_equal(
        insist_retry_policy_new(insist_retry_and(insist_retry_times(1), insist_retry_on_status(statuses, 1)),
                                insist_wait_constant_ms(1), NULL, &retry),
        INSIST_OK);
    assert_int_equal(insist_plan_set_retry(other, retry), INSIST_OK);
    insist_handlers *handlers = listening(INSIST_BEFORE_EXECUTION_START, swap, other);
    insist_result *result = NULL;
    assert_int_equal(get("/given", INSIST_CALL_OPTIONS(.handlers = handlers), &result), INSIST_OK);
    assert_int_equal(insist_result_status(result), 200);
    assert_int_equal(insist_result_attempts(result), 2);
    insist_result_free(result);
    insist_handlers_free(handlers);
    insist_retry_policy_free(retry);
    insist_plan_free(other);
}

static int64_t read_little(void *ctx, void *buffer, size_t room) {
    int *read = ctx;
    if (*read == 4 || room == 0)
        return 0;
    ((char *)buffer)[0] = "body"[(*read)++];
    return 1;
}

static int swap_there_and_back(void *ctx, insist_event event, insist_execution *execution) {
    insist_plan **plans = ctx;
    (void)event;
    assert_int_equal(insist_execution_set_plan(execution, plans[1]), INSIST_OK);
    assert_int_equal(insist_execution_set_plan(execution, plans[0]), INSIST_OK);
    assert_int_equal(insist_execution_set_plan(execution, plans[2]), INSIST_OK);
    assert_int_equal(insist_execution_set_plan(execution, plans[2]), INSIST_OK);
    return 0;
}

/* A body that is read has one call at a time: the plan's place is taken with its body, and given back. */
static void body_that_is_read_goes_with_its_plan(void **state) {
    (void)state;
    int read[3] = {0};
    insist_plan *plans[3];
    insist_result *result = NULL;
    for (int i = 0; i < 3; i++) {
        const insist_reader reader = {.read = read_little, .length = -1, .ctx = &read[i]};
        plans[i] = plan_of("PUT", "/echo?do=200;echo");
        assert_int_equal(insist_plan_set_body_reader(plans[i], &reader), INSIST_OK);
    }
    insist_handlers *handlers = listening(INSIST_BEFORE_EXECUTION_START, swap_there_and_back, plans);
    assert_int_equal(insist_execute(client, plans[0], INSIST_CALL_OPTIONS(.handlers = handlers), &result), INSIST_OK);
    assert_string_equal(insist_result_body(result, NULL), "body");
    assert_int_equal(read[0] + read[1], 0);
    assert_int_equal(read[2], 4);
    insist_result_free(result);
    for (int i = 0; i < 2; i++) { /* those that were not used are free again */
        assert_int_equal(insist_execute(client, plans[i], NULL, &result), INSIST_OK);
        assert_string_equal(insist_result_body(result, NULL), "body");
        insist_result_free(result);
    }
    for (int i = 0; i < 3; i++)
        insist_plan_free(plans[i]);
    insist_handlers_free(handlers);
}

/* ---- values ---- */

static void count_down(void *ctx) {
    --*(int *)ctx;
}

static int keep_value(void *ctx, insist_event event, insist_execution *execution) {
    ++*(int *)ctx;
    (void)event;
    return (int)insist_execution_set_value(execution, "kept", ctx, count_down);
}

static int value_is_there(void *ctx, insist_event event, insist_execution *execution) {
    (void)event;
    return *(int *)ctx == 1 && insist_execution_value(execution, "kept") == ctx ? 0 : 1;
}

static void values_live_as_long_as_the_call(void **state) { /* H23, M13 */
    (void)state;
    int kept = 0;
    insist_handlers *handlers = listening(INSIST_BEFORE_EXECUTION_START, keep_value, &kept);
    insist_result *result = NULL;
    assert_int_equal(insist_handlers_push(handlers, INSIST_AFTER_ATTEMPT, value_is_there, &kept), INSIST_OK);
    assert_int_equal(get("/v", INSIST_CALL_OPTIONS(.handlers = handlers), &result), INSIST_OK);
    assert_int_equal(kept, 0);
    insist_result_free(result);
    insist_handlers_free(handlers);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, pair_begin, pair_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(no_headers_are_told_of_when_a_redirect_leads_nowhere),
        CASE(handlers_run_in_the_order_in_which_they_were_pushed),
        CASE(one_that_fails_keeps_no_other_from_its_event),
        CASE(handlers_that_cannot_be_are_refused),
        CASE(each_change_has_its_event),
        CASE(plan_may_be_replaced),
        CASE(call_holds_the_plan_that_took_the_others_place),
        CASE(call_holds_the_plan_that_it_was_given),
        CASE(plan_with_a_problem_does_not_take_anothers_place),
        CASE(gate_is_the_new_plans),
        CASE(policies_are_the_new_plans),
        CASE(body_that_is_read_goes_with_its_plan),
        CASE(values_live_as_long_as_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
