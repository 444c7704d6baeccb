/* The client's interface over real sockets: calls and their results, bad input, deadlines, cancelling, shutdown,
 * fork. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pair.h"
#include "support/crowd.h"
#include <insist/insist.h>
#include <insist/testserver.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 30000

static char url[512];

static const char *at(const char *path) {
    snprintf(url, sizeof url, "%s%s", insist_testserver_url(server), path);
    return url;
}

static void get_gives_status_headers_and_body(void **state) {
    (void)state;
    insist_result *result = NULL;
    size_t len = 0;
    const char *name, *value;
    assert_int_equal(insist_get(client, at("/hello?do=201;body=welcome;type=text/x-test"), &result), INSIST_OK);
    assert_true(insist_result_ok(result));
    assert_int_equal(insist_result_status(result), 201);
    assert_string_equal(insist_result_body(result, &len), "welcome");
    assert_int_equal(len, 7);
    assert_string_equal(insist_result_header(result, "content-TYPE"), "text/x-test");
    assert_true(insist_result_header_at(result, 0, &name, &value));
    assert_string_equal(insist_result_url(result), url);
    assert_int_equal(insist_result_reason(result), INSIST_DONE);
    assert_int_equal(insist_result_attempts(result), 1);
    const insist_attempt_record *record = insist_result_attempt(result, 0);
    assert_int_equal(record->sent, INSIST_ANSWERED);
    assert_int_equal(record->bytes, 7);
    assert_true(record->queued_us <= record->started_us && record->started_us <= record->connected_us);
    assert_true(record->connected_us <= record->sent_us && record->sent_us <= record->first_byte_us);
    assert_true(record->first_byte_us <= record->ended_us);
    assert_null(insist_result_attempt(result, 1));
    insist_result_free(result);
}

static void not_found_then_found(void **state) { /* the pester blog's case */
    (void)state;
    insist_retry_policy *retry = NULL;
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    int statuses[] = {404};
    insist_decider decider = insist_retry_and(
        insist_retry_times(3), insist_retry_or(insist_retry_on_status(statuses, 1), insist_retry_standard()));
    assert_int_equal(insist_retry_policy_new(decider, insist_wait_constant_ms(1), NULL, &retry), INSIST_OK);
    assert_int_equal(insist_plan_new(NULL, at("/users/7?do=404x2,200&key=a"), NULL, &plan), INSIST_OK);
    assert_int_equal(insist_execute(client, plan, INSIST_CALL_OPTIONS(.retry = retry), &result), INSIST_OK);
    assert_int_equal(insist_result_status(result), 200);
    assert_int_equal(insist_result_attempts(result), 3);
    assert_int_equal(insist_testserver_hits_by_key(server, "a"), 3);
    insist_result_free(result);
    insist_plan_free(plan);
    insist_retry_policy_free(retry);
}

static void retry_after_is_honoured_and_recorded(void **state) {
    (void)state;
    insist_result *result = NULL;
    assert_int_equal(insist_get(client, at("/busy?do=503;retry-after=0,200&key=r"), &result), INSIST_OK);
    assert_int_equal(insist_result_status(result), 200);
    assert_int_equal(insist_result_attempt(result, 1)->why_started, INSIST_START_RETRY_AFTER);
    assert_non_null(strstr(insist_result_explain(result), "503 + Retry-After 0, 200"));
    insist_result_free(result);
}

static void retry_after_beyond_the_cap_returns_at_once(void **state) {
    (void)state;
    insist_result *result = NULL;
    int64_t ms = 0;
    assert_int_equal(insist_get(client, at("/busy?do=503;retry-after=3600&key=c"), &result), INSIST_OK);
    assert_int_equal(insist_result_status(result), 503);
    assert_int_equal(insist_result_reason(result), INSIST_RETRY_AFTER);
    assert_true(insist_result_retry_after_ms(result, &ms));
    assert_int_equal(ms, 3600000);
    insist_result_free(result);
}

static void methods_and_bodies_arrive(void **state) {
    (void)state;
    insist_result *result = NULL;
    insist_testserver_journal *journal = NULL;
    insist_pair pairs[] = {{"b", "2 & more"}, {"a", "1"}, {"b", "\xc3\xa9"}};
    assert_int_equal(insist_post(client, at("/echo?do=200;echo&key=post"), "text/plain", "abc", 3, &result), INSIST_OK);
    assert_string_equal(insist_result_body(result, NULL), "abc");
    insist_result_free(result);
    assert_int_equal(insist_put(client, at("/echo?do=200;echo&key=put"), NULL, "xy", 2, &result), INSIST_OK);
    assert_string_equal(insist_result_body(result, NULL), "xy");
    insist_result_free(result);
    assert_int_equal(insist_patch(client, at("/echo?do=200;echo&key=patch"), NULL, "p", 1, &result), INSIST_OK);
    insist_result_free(result);
    assert_int_equal(insist_delete(client, at("/echo?key=delete"), &result), INSIST_OK);
    insist_result_free(result);
    assert_int_equal(insist_head(client, at("/echo?key=head"), &result), INSIST_OK);
    insist_result_free(result);
    assert_int_equal(insist_post_form(client, at("/echo?do=200;echo&key=form"), pairs, 3, &result), INSIST_OK);
    assert_string_equal(insist_result_body(result, NULL), "a=1&b=2+%26+more&b=%C3%A9");
    insist_result_free(result);
    static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE", "HEAD", "POST"};
    assert_int_equal(insist_testserver_journal_new(server, "/echo", NULL, &journal), INSIST_OK);
    assert_int_equal(insist_testserver_journal_count(journal), 6);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(insist_testserver_journal_at(journal, i)->method, methods[i]);
    insist_testserver_journal_free(journal);
}

static void body_can_be_taken(void **state) {
    (void)state;
    insist_result *result = NULL;
    void *data = NULL;
    size_t len = 0;
    assert_int_equal(insist_get(client, at("/x?do=200;body=mine"), &result), INSIST_OK);
    assert_int_equal(insist_result_take_body(result, &data, &len), INSIST_OK);
    insist_result_free(result);
    assert_int_equal(len, 4);
    assert_string_equal(data, "mine");
    insist_body_free(data);
}

/* ---- bad input: nothing is sent ---- */

static void bad_plans_explain_themselves(void **state) {
    (void)state;
    static const struct {
        const char *method, *url, *field;
        insist_err err;
    } cases[] = {
        {"GET", "ftp://example.org/", "url", INSIST_EURL},
        {"GET", "nonsense", "url", INSIST_EURL},
        {"GET", "http://", "url", INSIST_EURL},
        {"GET", "http://a b/", "url", INSIST_EURL},
        {"GET", "http://host:99999/", "url", INSIST_EURL},
        {"GET", "", "url", INSIST_EURL},
        {"GE T", "http://example.org/", "method", INSIST_EINVAL},
        {"GET\r\n", "http://example.org/", "method", INSIST_EINVAL},
        {"CONNECT", "http://example.org/", "method", INSIST_EINVAL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        insist_problem problem = {0};
        insist_plan *plan = NULL;
        assert_int_equal(insist_plan_new(cases[i].method, cases[i].url, &problem, &plan), cases[i].err);
        assert_null(plan);
        assert_string_equal(problem.field, cases[i].field);
        assert_int_equal(problem.err, cases[i].err);
        assert_true(problem.text[0] != '\0');
    }
}

static void bad_headers_are_refused_and_poison_the_plan(void **state) {
    (void)state;
    static const struct {
        const char *name, *value;
    } cases[] = {{"X-A", "a\r\nX-B: c"}, {"X-A", "a\nb"}, {"X A", "v"},           {"", "v"},
                 {"X-A", NULL},          {NULL, "v"},     {"Content-Length", "5"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        insist_plan *plan = NULL;
        insist_result *result = NULL;
        assert_int_equal(insist_plan_new("GET", at("/never"), NULL, &plan), INSIST_OK);
        assert_int_equal(insist_plan_set_header(plan, cases[i].name, cases[i].value), INSIST_EINVAL);
        assert_non_null(insist_plan_problem(plan));
        assert_string_equal(insist_plan_problem(plan)->field, "header");
        assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_EINVAL);
        assert_int_equal(insist_result_reason(result), INSIST_REJECTED);
        assert_non_null(strstr(insist_result_explain(result), insist_plan_problem(plan)->text));
        insist_result_free(result);
        insist_plan_free(plan);
    }
    assert_int_equal(insist_testserver_hits(server, "/never"), 0);
}

static void helpers_tell_what_is_wrong(void **state) {
    (void)state;
    insist_result *result = NULL;
    assert_int_equal(insist_get(client, "gopher://user:secret@host/", &result), INSIST_EURL);
    assert_non_null(result);
    assert_int_equal(insist_result_reason(result), INSIST_REJECTED);
    assert_null(strstr(insist_result_explain(result), "secret"));
    insist_result_free(result);
    assert_int_equal(insist_get(client, NULL, &result), INSIST_EINVAL);
    assert_null(result);
    assert_int_equal(insist_get(NULL, "http://h/", &result), INSIST_EINVAL);
}

static void plan_in_use_is_frozen(void **state) {
    (void)state;
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    assert_int_equal(insist_plan_new("GET", at("/x"), NULL, &plan), INSIST_OK);
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
    assert_int_equal(insist_plan_set_header(plan, "X-A", "b"), INSIST_EFROZEN);
    assert_int_equal(insist_plan_set_body(plan, "b", 1), INSIST_EFROZEN);
    assert_int_equal(insist_plan_set_idempotent(plan, true), INSIST_EFROZEN);
    insist_result_free(result);
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
    insist_result_free(result);
    insist_plan_free(plan);
}

static void body_of_head_is_refused(void **state) {
    (void)state;
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    assert_int_equal(insist_plan_new("HEAD", at("/never"), NULL, &plan), INSIST_OK);
    assert_int_equal(insist_plan_set_body(plan, "", 0), INSIST_OK);
    assert_int_equal(insist_plan_set_body(plan, "x", 1), INSIST_EINVAL);
    assert_string_equal(insist_plan_problem(plan)->field, "body");
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_EINVAL);
    assert_int_equal(insist_testserver_hits(server, "/never"), 0);
    insist_result_free(result);
    insist_plan_free(plan);
}

static void redirect_is_explained(void **state) {
    (void)state;
    insist_result *result = NULL;
    char expected[1200];
    assert_int_equal(insist_post(client, at("/form?do=redirect=/done"), NULL, "x", 1, &result), INSIST_OK);
    snprintf(expected, sizeof expected, "POST %s -> %s/done: 200", url, insist_testserver_url(server));
    assert_memory_equal(insist_result_explain(result), expected, strlen(expected));
    insist_result_free(result);
}

static int count_and_refuse(void *ctx, insist_event event, insist_execution *execution) {
    (void)event;
    (void)execution;
    return ++*(int *)ctx;
}

static void every_handler_of_an_event_is_called(void **state) {
    (void)state;
    insist_handlers *of_client = NULL, *of_call = NULL;
    insist_client *other = NULL;
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    int first = 40, second = 50, third = 60;
    assert_int_equal(insist_handlers_new(&of_client), INSIST_OK);
    assert_int_equal(insist_handlers_new(&of_call), INSIST_OK);
    assert_int_equal(insist_handlers_push(of_client, INSIST_AFTER_ATTEMPT, count_and_refuse, &first), INSIST_OK);
    assert_int_equal(insist_handlers_push(of_client, INSIST_AFTER_ATTEMPT, count_and_refuse, &second), INSIST_OK);
    assert_int_equal(insist_handlers_push(of_call, INSIST_AFTER_ATTEMPT, count_and_refuse, &third), INSIST_OK);
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.handlers = of_client), NULL, &other), INSIST_OK);
    assert_int_equal(insist_plan_new("GET", at("/x"), NULL, &plan), INSIST_OK);
    assert_int_equal(insist_execute(other, plan, INSIST_CALL_OPTIONS(.handlers = of_call), &result), INSIST_EHANDLER);
    assert_int_equal(insist_result_handler_number(result), 41);
    assert_int_equal(second, 51);
    assert_int_equal(third, 61);
    insist_result_free(result);
    insist_plan_free(plan);
    insist_client_free(other);
    insist_handlers_free(of_client);
    insist_handlers_free(of_call);
}

static void assert_client_refused(const insist_client_options *options, insist_err err, const char *field) {
    insist_problem problem = {0};
    insist_client *none = NULL;
    assert_int_equal(insist_client_new(options, &problem, &none), err);
    assert_null(none);
    assert_string_equal(problem.field, field);
    assert_true(problem.text[0] != '\0');
}

static void contradictory_options_are_refused(void **state) {
    (void)state;
    insist_timeout_policy *timeout = NULL;
    struct {
        insist_client_options options;
        int newer;
    } longer = {.options = {.size = sizeof longer}, .newer = 1};
    assert_int_equal(insist_timeout_fixed_new(10000, NULL, &timeout), INSIST_OK);
    assert_client_refused(INSIST_CLIENT_OPTIONS(.deadline_ms = -1), INSIST_EINVAL, "deadline_ms");
    assert_client_refused(INSIST_CLIENT_OPTIONS(.workers = 65), INSIST_EINVAL, "workers");
    assert_client_refused(INSIST_CLIENT_OPTIONS(.max_redirects = 101), INSIST_EINVAL, "max_redirects");
    assert_client_refused(INSIST_CLIENT_OPTIONS(.timeout = timeout, .deadline_ms = 9999), INSIST_EINVAL, "timeout");
    assert_client_refused(INSIST_CLIENT_OPTIONS(.user_agent = "x\r\nEvil: 1"), INSIST_EINVAL, "user_agent");
    assert_client_refused(INSIST_CLIENT_OPTIONS(.thread_name = "a\nb"), INSIST_EINVAL, "thread_name");
    assert_client_refused(INSIST_CLIENT_OPTIONS(.thread_name = "much-too-long"), INSIST_EINVAL, "thread_name");
    assert_client_refused(INSIST_CLIENT_OPTIONS(.max_in_flight = 5, .max_in_flight_origin = 6), INSIST_EINVAL,
                          "max_in_flight_origin");
    assert_client_refused(&(insist_client_options){.size = 0}, INSIST_EINVAL, "size");
    assert_client_refused(&longer.options, INSIST_ETOONEW, "size");
    insist_timeout_policy_free(timeout);
}

/* The longest durations that are not INSIST_FOREVER, and the highest counts. */
static void highest_values_are_taken(void **state) {
    (void)state;
    insist_client *patient = NULL;
    insist_result *result = NULL;
    insist_problem problem = {0};
    const insist_client_options *options =
        INSIST_CLIENT_OPTIONS(.deadline_ms = INT64_MAX - 1, .max_redirects = 100, .idle_unsafe_ms = INT64_MAX - 1,
                              .workers = 1, .max_body_bytes = UINT64_MAX, .max_header_bytes = UINT64_MAX,
                              .max_waiting = UINT_MAX, .max_in_flight = UINT_MAX);
    if (insist_client_new(options, &problem, &patient) != INSIST_OK)
        fail_msg("%s: %s", problem.field, problem.text);
    for (int i = 0; i < 2; i++) { /* the second finds a connection, idle for less */
        assert_int_equal(insist_post(patient, at("/highest"), "text/plain", "a", 1, &result), INSIST_OK);
        assert_int_equal(insist_result_attempt(result, 0)->reused, i == 1);
        insist_result_free(result);
    }
    insist_client_free(patient);
}

static void call_options_are_checked(void **state) {
    (void)state;
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    assert_int_equal(insist_plan_new("GET", at("/never"), NULL, &plan), INSIST_OK);
    assert_int_equal(insist_execute(client, plan, INSIST_CALL_OPTIONS(.deadline_ms = -5), &result), INSIST_EINVAL);
    assert_non_null(strstr(insist_result_explain(result), "negative"));
    insist_result_free(result);
    assert_int_equal(insist_execute(client, plan, INSIST_CALL_OPTIONS(.deadline_ms = 5, .deadline_at_ns = 5), &result),
                     INSIST_EINVAL);
    insist_result_free(result);
    assert_int_equal(insist_testserver_hits(server, "/never"), 0);
    insist_plan_free(plan);
}

/* ---- deadlines, cancel, shutdown ---- */

static insist_err execute_at(const char *path, const insist_call_options *options, insist_result **result) {
    insist_plan *plan = NULL;
    assert_int_equal(insist_plan_new("GET", at(path), NULL, &plan), INSIST_OK);
    insist_err err = insist_execute(client, plan, options, result);
    insist_plan_free(plan);
    return err;
}

static void hanging_server_meets_the_deadline(void **state) {
    (void)state;
    insist_result *result = NULL;
    bool sent = false;
    for (int64_t deadline_ms = 200; deadline_ms < 60000 && !sent; deadline_ms *= 2) { /* a busy machine is slower */
        insist_result_free(result);
        assert_int_equal(execute_at("/hang?do=hang", INSIST_CALL_OPTIONS(.deadline_ms = deadline_ms), &result),
                         INSIST_EDEADLINE);
        sent = insist_result_attempts(result) == 1 && insist_result_attempt(result, 0)->sent == INSIST_MAYBE_SENT;
    }
    assert_true(sent);
    assert_int_equal(insist_result_reason(result), INSIST_DEADLINE);
    assert_int_equal(insist_result_attempt(result, 0)->why_ended, INSIST_ENDED_DEADLINE);
    insist_result_free(result);
}

static void deadline_may_be_an_instant(void **state) {
    (void)state;
    insist_result *result = NULL;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t now_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    assert_int_equal(execute_at("/never", INSIST_CALL_OPTIONS(.deadline_at_ns = now_ns - 1), &result),
                     INSIST_EDEADLINE);
    assert_int_equal(insist_result_attempts(result), 0);
    insist_result_free(result);
    assert_int_equal(
        execute_at("/x", INSIST_CALL_OPTIONS(.deadline_at_ns = now_ns + (int64_t)PATIENCE_MS * 1000000), &result),
        INSIST_OK);
    insist_result_free(result);
    assert_int_equal(insist_testserver_hits(server, "/never"), 0);
}

static void fire_when_hit(void *shared, size_t i) {
    (void)i;
    insist_testserver_wait_hits(server, "/hang", 1, PATIENCE_MS);
    insist_cancel_fire(shared);
}

static int spin(void *ctx, insist_event event, insist_execution *execution) {
    struct timespec now;
    (void)event;
    (void)execution;
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec < *(const int64_t *)ctx);
    return 0;
}

/* One that lasts until the deadline, which is so far ahead, has passed. */
static insist_err call_with_a_slow_handler(insist_event event, int64_t ahead_ns, insist_result **result) {
    insist_handlers *handlers = NULL;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t deadline_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec + ahead_ns, until_ns = deadline_ns + 1000000;
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    assert_int_equal(insist_handlers_push(handlers, event, spin, &until_ns), INSIST_OK);
    insist_err err = execute_at("/slow?do=503;retry-after=0",
                                INSIST_CALL_OPTIONS(.handlers = handlers, .deadline_at_ns = deadline_ns), result);
    insist_handlers_free(handlers);
    clock_gettime(CLOCK_MONOTONIC, &now);
    assert_true((int64_t)now.tv_sec * 1000000000 + now.tv_nsec >= until_ns); /* the handler has seen to that */
    return err;
}

/* What user code takes counts: nothing is started once the deadline has passed meanwhile. */
static void slow_handlers_start_nothing_after_the_deadline(void **state) {
    (void)state;
    insist_result *result = NULL;
    assert_int_equal(call_with_a_slow_handler(INSIST_BEFORE_EXECUTION_START, 50000000, &result), INSIST_EDEADLINE);
    assert_int_equal(insist_result_attempts(result), 0);
    insist_result_free(result);
    insist_err err = INSIST_EDEADLINE;
    for (int64_t ahead_ns = 500000000; ahead_ns < 60 * INT64_C(1000000000) && err == INSIST_EDEADLINE; ahead_ns *= 2) {
        err = call_with_a_slow_handler(INSIST_AFTER_ATTEMPT, ahead_ns, &result); /* leaves time for an attempt */
        assert_true(insist_result_attempts(result) <= 1);
        insist_result_free(result);
    }
    assert_int_equal(err, INSIST_OK);
}

static void cancel_wakes_the_call(void **state) {
    (void)state;
    insist_cancel *cancel = NULL;
    insist_result *result = NULL;
    assert_int_equal(insist_cancel_new(&cancel), INSIST_OK);
    struct crowd *crowd = crowd_start(1, fire_when_hit, cancel);
    assert_int_equal(
        execute_at("/hang?do=hang", INSIST_CALL_OPTIONS(.cancel = cancel, .deadline_ms = INSIST_FOREVER), &result),
        INSIST_ECANCELED);
    crowd_join(crowd);
    assert_int_equal(insist_result_reason(result), INSIST_CANCELLED);
    insist_result_free(result);
    assert_int_equal(execute_at("/never", INSIST_CALL_OPTIONS(.cancel = cancel), &result), INSIST_ECANCELED);
    assert_int_equal(insist_result_attempts(result), 0);
    insist_result_free(result);
    insist_cancel_free(cancel);
}

static insist_err err_of_interrupted;

static void hang_until_shut_down(void *shared, size_t i) {
    insist_result *result = NULL;
    (void)shared;
    (void)i;
    char hang[256];
    snprintf(hang, sizeof hang, "%s/hang?do=hang", insist_testserver_url(server));
    err_of_interrupted = insist_get(client, hang, &result);
    insist_result_free(result);
}

static void free_ends_running_calls(void **state) {
    (void)state;
    struct crowd *crowd = crowd_start(1, hang_until_shut_down, NULL);
    assert_true(insist_testserver_wait_hits(server, "/hang", 1, PATIENCE_MS));
    insist_client_free(client);
    crowd_join(crowd);
    assert_int_equal(err_of_interrupted, INSIST_ESHUTDOWN);
    client = NULL;
}

static int free_the_client(void *ctx, insist_event event, insist_execution *execution) {
    (void)event;
    (void)execution;
    insist_client_free(*(insist_client **)ctx);
    return 0;
}

static void free_inside_a_call_is_done_by_the_last_to_leave(void **state) {
    (void)state;
    insist_handlers *handlers = NULL;
    insist_result *result = NULL;
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    assert_int_equal(insist_handlers_push(handlers, INSIST_BEFORE_ATTEMPT, free_the_client, &client), INSIST_OK);
    assert_int_equal(execute_at("/hang?do=hang", INSIST_CALL_OPTIONS(.handlers = handlers), &result), INSIST_ESHUTDOWN);
    insist_result_free(result);
    insist_handlers_free(handlers);
    client = NULL;
}

/* ---- events ---- */

static int note_event(void *ctx, insist_event event, insist_execution *execution) {
    char *log = ctx;
    (void)execution;
    strcat(log, insist_event_name(event));
    strcat(log, " ");
    return 0;
}

static int sign(void *ctx, insist_event event, insist_execution *execution) {
    char value[16];
    (void)ctx;
    (void)event;
    snprintf(value, sizeof value, "%u", insist_execution_attempt(execution));
    return insist_execution_set_header(execution, "X-Attempt", value) == INSIST_OK ? 0 : 1;
}

static void handlers_see_every_event_and_may_set_headers(void **state) {
    (void)state;
    static char log[1024];
    insist_handlers *handlers = NULL;
    insist_result *result = NULL;
    insist_testserver_journal *journal = NULL;
    log[0] = '\0';
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    for (int event = 0; event < INSIST_EVENTS; event++)
        assert_int_equal(insist_handlers_push(handlers, (insist_event)event, note_event, log), INSIST_OK);
    assert_int_equal(insist_handlers_push(handlers, INSIST_BEFORE_ATTEMPT, sign, NULL), INSIST_OK);
    assert_int_equal(
        execute_at("/e?do=503;retry-after=0,200;body=hello&key=e", INSIST_CALL_OPTIONS(.handlers = handlers), &result),
        INSIST_OK);
    assert_string_equal(insist_result_body(result, NULL), "hello");
    assert_string_equal(log, "BEFORE_EXECUTION_START BEFORE_ATTEMPT BEFORE_READ_BODY AFTER_ATTEMPT RETRY_SCHEDULED "
                             "BEFORE_ATTEMPT BEFORE_READ_BODY "
                             "AFTER_ATTEMPT AFTER_EXECUTION_END ");
    insist_result_free(result);
    assert_int_equal(insist_testserver_journal_new(server, NULL, "e", &journal), INSIST_OK);
    assert_int_equal(insist_testserver_journal_count(journal), 2);
    for (size_t i = 0; i < 2; i++) {
        const insist_testserver_entry *entry = insist_testserver_journal_at(journal, i);
        const char *value = NULL;
        for (size_t j = 0; j < entry->field_count; j++)
            if (strcmp(entry->fields[j].name, "X-Attempt") == 0)
                value = entry->fields[j].value;
        assert_string_equal(value, i == 0 ? "0" : "1");
    }
    insist_testserver_journal_free(journal);
    insist_handlers_free(handlers);
}

/* ---- fork ---- */

static void child_of_a_fork_is_told_so(void **state) {
    (void)state;
    insist_result *result = NULL;
    int status = 0;
    assert_int_equal(insist_get(client, at("/x"), &result), INSIST_OK);
    insist_result_free(result);
    pid_t child = fork();
    if (child == 0) {
        insist_err err = insist_get(client, url, &result);
        insist_stats stats = {.size = sizeof stats};
        bool told = err == INSIST_EFORKED && result != NULL && insist_result_reason(result) == INSIST_REJECTED &&
                    insist_client_stats(client, &stats) == INSIST_EFORKED;
        insist_client_free(client);
        _exit(told ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(insist_get(client, at("/x"), &result), INSIST_OK); /* the parent goes on */
    insist_result_free(result);
}

/* A client that is freed waits for who is inside: nobody may be outside between two of them. */
static int note_who_runs(void *ctx, insist_event event, insist_execution *execution) {
    insist_stats stats = {.size = sizeof stats};
    (void)event;
    (void)execution;
    insist_client_stats(client, &stats);
    *(uint64_t *)ctx = *(uint64_t *)ctx * 10 + stats.running;
    return 0;
}

static void connections_are_opened_inside_the_client(void **state) {
    uint64_t running = 0;
    insist_handlers *handlers = NULL;
    (void)state;
    insist_client_free(client);
    client = NULL;
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    assert_int_equal(insist_handlers_push(handlers, INSIST_AFTER_EXECUTION_END, note_who_runs, &running), INSIST_OK);
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.handlers = handlers), NULL, &client), INSIST_OK);
    assert_int_equal(insist_client_prewarm(client, at("/warm"), 3, PATIENCE_MS), INSIST_OK);
    assert_int_equal(running, 122); /* one, then the others together */
    insist_client_free(client);
    client = NULL;
    insist_handlers_free(handlers);
}

static void freeing_the_client_meanwhile_ends_it(void **state) {
    insist_handlers *handlers = NULL;
    (void)state;
    insist_client_free(client);
    client = NULL;
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    assert_int_equal(insist_handlers_push(handlers, INSIST_AFTER_EXECUTION_END, free_the_client, &client), INSIST_OK);
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.handlers = handlers), NULL, &client), INSIST_OK);
    assert_int_equal(insist_client_prewarm(client, at("/warm"), 3, PATIENCE_MS), INSIST_ESHUTDOWN);
    client = NULL;
    assert_int_equal(insist_testserver_hits(server, "/warm"), 1);
    insist_handlers_free(handlers);
}

static void a_server_that_is_down_is_asked_for_one_connection(void **state) {
    insist_stats stats = {.size = sizeof stats};
    (void)state;
    insist_testserver_free(server);
    server = NULL;
    assert_int_equal(insist_client_prewarm(client, url, 64, PATIENCE_MS), INSIST_ECONNECT);
    assert_int_equal(insist_client_stats(client, &stats), INSIST_OK);
    assert_int_equal(stats.attempts, 1);
    assert_int_equal(stats.budget_refusals, 0);
}

static void opening_connections_neither_retries_nor_races(void **state) {
    insist_stats stats = {.size = sizeof stats};
    insist_race_policy *race = NULL;
    (void)state;
    insist_client_free(client);
    client = NULL;
    assert_int_equal(insist_race_policy_new(insist_race_at_once(3), insist_start_always(), INSIST_REFILL, NULL, &race),
                     INSIST_OK);
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.race = race), NULL, &client), INSIST_OK);
    assert_int_equal(insist_client_prewarm(client, at("/warm?do=503"), 4, PATIENCE_MS), INSIST_OK);
    assert_int_equal(insist_client_stats(client, &stats), INSIST_OK);
    assert_int_equal(stats.attempts, 4);
    insist_race_policy_free(race);
}

static bool find_fault(void *ctx, const insist_execution *execution) {
    (void)ctx;
    (void)execution;
    return false;
}

static void what_an_answer_is_worth_is_no_matter_for_a_connection(void **state) {
    const insist_validator validator = {.validate = find_fault};
    (void)state;
    insist_client_free(client);
    client = NULL;
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.validator = &validator), NULL, &client), INSIST_OK);
    assert_int_equal(insist_client_prewarm(client, at("/warm"), 4, PATIENCE_MS), INSIST_OK);
    assert_int_equal(insist_testserver_hits(server, "/warm"), 4);
}

static void no_more_are_opened_at_a_time_than_may_be_in_flight(void **state) {
    (void)state;
    insist_client_free(client);
    client = NULL;
    insist_err err = insist_client_new(INSIST_CLIENT_OPTIONS(.max_in_flight_origin = 2, .max_waiting = 2), NULL, &client);
    assert_int_equal(err, INSIST_OK);
    assert_int_equal(insist_client_prewarm(client, at("/warm"), 8, PATIENCE_MS), INSIST_OK);
    assert_int_equal(insist_testserver_hits(server, "/warm"), 8);
}

/* Each call makes the next while it is in flight itself. */
struct nested {
    insist_handlers *handlers;
    unsigned depth, reused;
};

static void call_nested(struct nested *nested);

static int call_the_next(void *ctx, insist_event event, insist_execution *execution) {
    struct nested *nested = ctx;
    (void)event;
    (void)execution;
    if (nested->depth > 0)
        call_nested(nested);
    return 0;
}

static void call_nested(struct nested *nested) {
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    nested->depth--;
    assert_int_equal(insist_plan_new("GET", at("/x?do=body=some"), NULL, &plan), INSIST_OK);
    insist_err err = insist_execute(client, plan, INSIST_CALL_OPTIONS(.handlers = nested->handlers), &result);
    assert_int_equal(err, INSIST_OK);
    nested->reused += insist_result_attempt(result, 0)->reused;
    insist_result_free(result);
    insist_plan_free(plan);
}

static void calls_at_once_find_a_connection_each(void **state) {
    struct nested nested = {.depth = 4};
    (void)state;
    assert_int_equal(insist_handlers_new(&nested.handlers), INSIST_OK);
    assert_int_equal(insist_handlers_push(nested.handlers, INSIST_BEFORE_READ_BODY, call_the_next, &nested), INSIST_OK);
    assert_int_equal(insist_client_prewarm(client, at("/warm"), nested.depth, PATIENCE_MS), INSIST_OK);
    call_nested(&nested);
    assert_int_equal(nested.reused, 4);
    insist_handlers_free(nested.handlers);
}

static void connections_are_opened_before_they_are_needed(void **state) {
    (void)state;
    insist_testserver_stats stats = {.size = sizeof stats};
    insist_result *result = NULL;
    assert_int_equal(insist_client_prewarm(client, at("/warm"), 3, PATIENCE_MS), INSIST_OK);
    assert_int_equal(insist_testserver_hits(server, "/warm"), 3);
    assert_int_equal(insist_testserver_get_stats(server, &stats), INSIST_OK);
    assert_int_equal(stats.connections_accepted, 3);
    assert_int_equal(insist_get(client, at("/x"), &result), INSIST_OK);
    assert_true(insist_result_attempt(result, 0)->reused);
    insist_result_free(result);
    assert_int_equal(insist_client_prewarm(client, at("/warm"), 0, PATIENCE_MS), INSIST_EINVAL);
    assert_int_equal(insist_client_prewarm(client, at("/warm"), 65, PATIENCE_MS), INSIST_EINVAL);
    assert_int_equal(insist_client_prewarm(client, at("/warm"), 1, 0), INSIST_EINVAL);
    assert_int_equal(insist_client_prewarm(client, "nonsense", 1, PATIENCE_MS), INSIST_EURL);
    assert_int_equal(insist_client_prewarm(client, at("/hang?do=hang"), 1, 100), INSIST_EDEADLINE);
}

static void stats_count(void **state) {
    (void)state;
    insist_result *result = NULL;
    insist_stats stats = {.size = sizeof stats};
    assert_int_equal(insist_get(client, at("/s?do=503;retry-after=0,200&key=s"), &result), INSIST_OK);
    insist_result_free(result);
    assert_int_equal(insist_client_stats(client, &stats), INSIST_OK);
    assert_int_equal(stats.calls, 1);
    assert_int_equal(stats.calls_done, 1);
    assert_int_equal(stats.attempts, 2);
    assert_int_equal(stats.retries, 1);
    assert_int_equal(stats.hedges, 0);
    assert_int_equal(stats.running, 0);
    stats.size = 1;
    assert_int_equal(insist_client_stats(client, &stats), INSIST_EINVAL);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, pair_begin, pair_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(get_gives_status_headers_and_body),
        CASE(not_found_then_found),
        CASE(retry_after_is_honoured_and_recorded),
        CASE(retry_after_beyond_the_cap_returns_at_once),
        CASE(methods_and_bodies_arrive),
        CASE(body_can_be_taken),
        CASE(bad_plans_explain_themselves),
        CASE(bad_headers_are_refused_and_poison_the_plan),
        CASE(helpers_tell_what_is_wrong),
        CASE(plan_in_use_is_frozen),
        CASE(body_of_head_is_refused),
        CASE(redirect_is_explained),
        CASE(every_handler_of_an_event_is_called),
        CASE(contradictory_options_are_refused),
        CASE(highest_values_are_taken),
        CASE(call_options_are_checked),
        CASE(hanging_server_meets_the_deadline),
        CASE(deadline_may_be_an_instant),
        CASE(slow_handlers_start_nothing_after_the_deadline),
        CASE(cancel_wakes_the_call),
        CASE(free_ends_running_calls),
        CASE(free_inside_a_call_is_done_by_the_last_to_leave),
        CASE(handlers_see_every_event_and_may_set_headers),
        CASE(child_of_a_fork_is_told_so),
        CASE(connections_are_opened_inside_the_client),
        CASE(connections_are_opened_before_they_are_needed),
        CASE(freeing_the_client_meanwhile_ends_it),
        CASE(a_server_that_is_down_is_asked_for_one_connection),
        CASE(opening_connections_neither_retries_nor_races),
        CASE(what_an_answer_is_worth_is_no_matter_for_a_connection),
        CASE(no_more_are_opened_at_a_time_than_may_be_in_flight),
        CASE(calls_at_once_find_a_connection_each),
        CASE(stats_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
