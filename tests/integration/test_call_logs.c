/* Logs and kept failures of a client, over real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <insist/insist.h>
#include <insist/testserver.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static insist_testserver *server;
static insist_client *client;
static char lines[16384];
static bool on_this_thread;
static pthread_t this_thread;

static void note(void *ctx, insist_log_level level, const char *message, const insist_log_pair *pairs, size_t n) {
    size_t length = strlen(lines);
    (void)ctx;
    on_this_thread = on_this_thread && pthread_equal(pthread_self(), this_thread);
    length += (size_t)snprintf(lines + length, sizeof lines - length, "[%s] %s", insist_log_level_name(level), message);
    for (size_t i = 0; i < n; i++)
        length += (size_t)snprintf(lines + length, sizeof lines - length, " %s=%s", pairs[i].key, pairs[i].value);
    snprintf(lines + length, sizeof lines - length, "\n");
}

static int begin(void **state) {
    (void)state;
    const insist_logger logger = {.log = note};
    const insist_client_options options = {.size = sizeof options,
                                           .logger = &logger,
                                           .failures_kept = 2,
                                           .hidden_query_keys = (const char *const[]){"token", NULL}};
    lines[0] = '\0';
    on_this_thread = true;
    this_thread = pthread_self();
    return insist_testserver_start(NULL, NULL, &server) == INSIST_OK &&
                   insist_client_new(&options, NULL, &client) == INSIST_OK
               ? 0
               : -1;
}

static int end(void **state) {
    (void)state;
    insist_client_free(client);
    insist_testserver_free(server);
    return 0;
}

/* Everything that may be secret in a request, in one. */
static insist_plan *secretive(const char *path) {
    insist_plan *plan = NULL;
    char url[512];
    snprintf(url, sizeof url, "http://me:hush@%s%s", strstr(insist_testserver_url(server), "://") + 3, path);
    assert_int_equal(insist_plan_new("GET", url, NULL, &plan), INSIST_OK);
    assert_int_equal(insist_plan_set_header(plan, "Authorization", "Bearer hush"), INSIST_OK);
    assert_int_equal(insist_plan_set_header(plan, "Cookie", "session=hush"), INSIST_OK);
    return plan;
}

static void call_is_told_on_its_thread_without_its_secrets(void **state) { /* M77, M78, M82, R26 */
    (void)state;
    insist_result *result = NULL;
    insist_plan *plan = secretive("/a?token=hush");
    assert_int_equal(insist_testserver_script(server, "/a", "503;retry-after=0,close,redirect=/b?token=hush", NULL),
                     INSIST_OK);
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
    assert_true(on_this_thread);
    assert_non_null(strstr(lines, "[DEBUG] performing request method=GET url=http://"));
    assert_non_null(strstr(lines, " source=retry_after remaining=3\n"));
    assert_non_null(strstr(lines, "[ERROR] request failed: the connection ended before the answer was complete"));
    assert_non_null(strstr(lines, "[INFO] done after 3 attempts"));
    assert_non_null(strstr(lines, "token=xxxxx"));
    assert_null(strstr(lines, "hush"));
    assert_non_null(strstr(insist_result_explain(result), "/b?token=xxxxx"));
    assert_null(strstr(insist_result_explain(result), "hush"));
    assert_null(strstr(insist_result_failure_log(result), "hush"));
    insist_result_free(result);
    insist_plan_free(plan);
}

static void message_says_which_redirect_was_not_followed(void **state) {
    (void)state;
    insist_result *result = NULL;
    char url[128];
    snprintf(url, sizeof url, "%s/loop?do=redirect", insist_testserver_url(server));
    assert_int_equal(insist_get(client, url, &result), INSIST_EREDIRECT);
    assert_non_null(strstr(lines, "[ERROR] request failed: the redirect leads back to where the attempt has been"));
    insist_result_free(result);
}

static void refused_plan_keeps_its_secrets(void **state) { /* M82 */
    (void)state;
    insist_result *result = NULL;
    insist_plan *plan = secretive("/a?token=hush");
    assert_int_equal(insist_plan_set_header(plan, "Authorization", "hush\r\n"), INSIST_EINVAL);
    assert_null(strstr(insist_plan_problem(plan)->text, "hush"));
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_EINVAL);
    assert_null(strstr(insist_result_explain(result), "hush"));
    assert_non_null(strstr(insist_result_explain(result), "token=xxxxx"));
    insist_result_free(result);
    insist_plan_free(plan);
    assert_int_equal(insist_get(client, "http://me:hush@[bad?token=hush", &result), INSIST_EURL);
    assert_null(strstr(insist_result_explain(result), "hush"));
    insist_result_free(result);
}

static void failures_are_kept_as_far_as_asked(void **state) { /* M80, P21, P22, P24 */
    (void)state;
    insist_result *result = NULL;
    char expected[256];
    insist_plan *plan = secretive("/c?do=500;retry-after=0,close,503;retry-after=0,200&key=c");
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
    assert_int_equal(insist_result_failures(result), 2);
    assert_int_equal(insist_result_failures_dropped(result), 1);
    const insist_failure *first = insist_result_failure(result, 0);
    assert_int_equal(first->error, INSIST_EEOF);
    assert_int_equal(first->attempt, 2);
    assert_true(first->time_s > 0 && first->time_s <= time(NULL));
    assert_int_equal(insist_result_failure(result, 1)->status, 503);
    assert_null(insist_result_failure(result, 2));
    snprintf(expected, sizeof expected, "%lld Do [GET] %s request-0 retry-4 error: status 503\n",
             (long long)insist_result_failure(result, 1)->time_s, first->url);
    const char *second = strchr(insist_result_failure_log(result), '\n') + 1;
    assert_string_equal(second, expected);
    insist_result_free(result);
    assert_int_equal(insist_execute(client, plan, INSIST_CALL_OPTIONS(.failures_kept = 9), &result), INSIST_OK);
    assert_int_equal(insist_result_failures(result), 0); /* the script has come to its 200 */
    assert_string_equal(insist_result_failure_log(result), "");
    insist_result_free(result);
    insist_plan_free(plan);
}

static void nothing_is_kept_and_told_by_default(void **state) { /* M77 */
    (void)state;
    insist_client *silent = NULL;
    insist_result *result = NULL;
    insist_plan *plan = secretive("/d?do=503;retry-after=0,200&key=d");
    assert_int_equal(insist_client_new(NULL, NULL, &silent), INSIST_OK);
    assert_int_equal(insist_execute(silent, plan, NULL, &result), INSIST_OK);
    assert_int_equal(insist_result_attempts(result), 2);
    assert_int_equal(insist_result_failures(result), 0);
    assert_int_equal(insist_result_failures_dropped(result), 0);
    assert_string_equal(lines, "");
    insist_result_free(result);
    insist_plan_free(plan);
    insist_client_free(silent);
    assert_int_equal(insist_result_failures(NULL), 0);
    assert_string_equal(insist_result_failure_log(NULL), "");
}

static void loggers_that_cannot_be_are_refused(void **state) {
    (void)state;
    const insist_logger none = {0}, too_fine = {.log = note, .level = 5};
    insist_problem problem = {0};
    insist_client *refused = NULL;
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.logger = &none), &problem, &refused), INSIST_EINVAL);
    assert_string_equal(problem.field, "logger");
    problem.field[0] = '\0';
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.logger = &too_fine), &problem, &refused), INSIST_EINVAL);
    assert_string_equal(problem.field, "logger");
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(call_is_told_on_its_thread_without_its_secrets),
        CASE(message_says_which_redirect_was_not_followed),
        CASE(refused_plan_keeps_its_secrets),
        CASE(failures_are_kept_as_far_as_asked),
        CASE(nothing_is_kept_and_told_by_default),
        CASE(loggers_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
