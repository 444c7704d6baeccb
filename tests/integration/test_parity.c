/* What the models promise of a whole call, and no other test shows: which thread runs user code, what ends a wait, what
 * is left of a broken answer, whose connections a failure leaves alone. The rows are those of docs/parity.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pair.h"
#include "support/crowd.h"
#include <insist/insist.h>
#include <insist/testserver.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char url[512];

static insist_plan *plan_of(const insist_testserver *of, const char *method, const char *path) {
    insist_plan *plan = NULL;
    snprintf(url, sizeof url, "%s%s", insist_testserver_url(of), path);
    assert_int_equal(insist_plan_new(method, url, NULL, &plan), INSIST_OK);
    return plan;
}

static insist_err call(const char *method, const char *path, const insist_call_options *options,
                       insist_result **result) {
    insist_plan *plan = plan_of(server, method, path);
    insist_err err = insist_execute(client, plan, options, result);
    insist_plan_free(plan);
    return err;
}

/* ---- user code runs on the caller's thread ----------------------------------------------------------------------- */

static pthread_t caller;
static unsigned here, elsewhere;

static void look(void) {
    if (pthread_equal(pthread_self(), caller))
        here++;
    else
        elsewhere++;
}

static int handle(void *ctx, insist_event event, insist_execution *execution) {
    (void)ctx, (void)event, (void)execution;
    look();
    return 0;
}

static insist_verdict decide(void *ctx, const insist_execution *execution, insist_err *error) {
    (void)ctx, (void)error;
    look();
    return insist_execution_status(execution) == 200 ? INSIST_ACCEPT : INSIST_RETRY;
}

static int64_t no_wait(void *ctx, const insist_execution *execution, insist_random *random) {
    (void)ctx, (void)execution, (void)random;
    look();
    return 0;
}

static int64_t a_while(void *ctx, const insist_execution *execution) {
    (void)ctx, (void)execution;
    look();
    return INSIST_FOREVER;
}

static void user_code_runs_on_the_callers_thread(void **state) { /* H34 */
    insist_handlers *handlers = NULL;
    insist_retry_policy *retry = NULL;
    insist_timeout_policy *timeout = NULL;
    insist_race_policy *race = NULL;
    insist_result *result = NULL;
    (void)state;
    caller = pthread_self();
    here = elsewhere = 0;
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    for (int event = 0; event < INSIST_EVENTS; event++)
        assert_int_equal(insist_handlers_push(handlers, (insist_event)event, handle, NULL), INSIST_OK);
    insist_decider decider = {.decide = decide};
    insist_waiter waiter = {.wait = no_wait};
    assert_int_equal(insist_retry_policy_new(decider, waiter, NULL, &retry), INSIST_OK);
    assert_int_equal(insist_timeout_custom_new(a_while, NULL, NULL, NULL, &timeout), INSIST_OK);
    assert_int_equal(insist_race_policy_new(insist_race_at_once(3), insist_start_always(), INSIST_REFILL, NULL, &race),
                     INSIST_OK);
    assert_int_equal(call("GET", "/t?do=503x4,200&key=thread",
                          INSIST_CALL_OPTIONS(.handlers = handlers, .retry = retry, .timeout = timeout, .race = race),
                          &result),
                     INSIST_OK);
    assert_int_equal(elsewhere, 0);
    assert_true(here >= 5 * 5); /* five attempts at least, each with its events and policies */
    insist_result_free(result);
    insist_race_policy_free(race);
    insist_timeout_policy_free(timeout);
    insist_retry_policy_free(retry);
    insist_handlers_free(handlers);
}

/* ---- what ends a wait -------------------------------------------------------------------------------------------- */

struct waiting {
    insist_cancel *cancel;
    int pipe[2]; /* a byte comes through when the retry has been scheduled */
};

static int say_that_it_waits(void *ctx, insist_event event, insist_execution *execution) {
    const struct waiting *waiting = ctx;
    (void)event, (void)execution;
    return write(waiting->pipe[1], "w", 1) == 1 ? 0 : 1;
}

/* The call is about to wait for an hour, or waits already. */
static void fire_during_the_wait(void *shared, size_t i) {
    const struct waiting *waiting = shared;
    char byte;
    (void)i;
    if (read(waiting->pipe[0], &byte, 1) == 1)
        insist_cancel_fire(waiting->cancel);
}

static void cancel_ends_a_wait_at_once(void **state) { /* H62, P19, R24, B11 */
    struct waiting waiting = {.cancel = NULL};
    insist_handlers *handlers = NULL;
    insist_retry_policy *retry = NULL;
    insist_result *result = NULL;
    (void)state;
    assert_int_equal(pipe2(waiting.pipe, O_CLOEXEC), 0);
    assert_int_equal(insist_cancel_new(&waiting.cancel), INSIST_OK);
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    assert_int_equal(insist_handlers_push(handlers, INSIST_RETRY_SCHEDULED, say_that_it_waits, &waiting), INSIST_OK);
    insist_decider decider = insist_retry_and(insist_retry_times(1), insist_retry_standard());
    assert_int_equal(insist_retry_policy_new(decider, insist_wait_constant_ms(3600000), NULL, &retry), INSIST_OK);
    struct crowd *crowd = crowd_start(1, fire_during_the_wait, &waiting);
    assert_int_equal(call("GET", "/w?do=503;body=busy",
                          INSIST_CALL_OPTIONS(.retry = retry, .cancel = waiting.cancel, .handlers = handlers,
                                              .deadline_ms = INSIST_FOREVER),
                          &result),
                     INSIST_ECANCELED);
    crowd_join(crowd);
    assert_int_equal(insist_result_reason(result), INSIST_CANCELLED);
    assert_int_equal(insist_result_status(result), 503); /* the last answer is kept */
    assert_string_equal(insist_result_body(result, NULL), "busy");
    assert_int_equal(insist_result_attempts(result), 1);
    insist_result_free(result);
    insist_retry_policy_free(retry);
    insist_handlers_free(handlers);
    insist_cancel_free(waiting.cancel);
    close(waiting.pipe[0]);
    close(waiting.pipe[1]);
}

/* ---- what is sent, and what is left ------------------------------------------------------------------------------ */

static void no_method_is_get(void **state) { /* H3, M2 */
    static const char *const methods[] = {NULL, "", "GET", "Fake"};
    insist_testserver_journal *journal = NULL;
    insist_result *result = NULL;
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(call(methods[i], "/m?key=method", NULL, &result), INSIST_OK);
        insist_result_free(result);
    }
    assert_int_equal(insist_testserver_journal_new(server, NULL, "method", &journal), INSIST_OK);
    assert_int_equal(insist_testserver_journal_count(journal), 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(insist_testserver_journal_at(journal, i)->method, i < 3 ? "GET" : "Fake");
    insist_testserver_journal_free(journal);
}

static const char *field_of(const insist_testserver_entry *entry, const char *name) {
    for (size_t i = 0; i < entry->field_count; i++)
        if (strcmp(entry->fields[i].name, name) == 0)
            return entry->fields[i].value;
    return NULL;
}

static void copied_body_is_the_same_each_time(void **state) { /* H4, H5, P18, R12, R13 */
    char body[] = "to be sent three times";
    insist_testserver_journal *journal = NULL;
    insist_result *result = NULL;
    (void)state;
    insist_plan *plan = plan_of(server, "PUT", "/b?do=503;retry-after=0,reset,200;echo&key=body");
    assert_int_equal(insist_plan_set_body(plan, body, strlen(body)), INSIST_OK);
    memset(body, 'x', sizeof body - 1);
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
    assert_string_equal(insist_result_body(result, NULL), "to be sent three times");
    assert_int_equal(insist_testserver_journal_new(server, NULL, "body", &journal), INSIST_OK);
    assert_int_equal(insist_testserver_journal_count(journal), 3);
    const insist_testserver_entry *first = insist_testserver_journal_at(journal, 0);
    for (size_t i = 0; i < 3; i++) {
        const insist_testserver_entry *entry = insist_testserver_journal_at(journal, i);
        assert_int_equal(entry->body_bytes, 22);
        assert_string_equal(entry->body_sha256, first->body_sha256);
        assert_string_equal(field_of(entry, "Content-Length"), "22");
    }
    insist_testserver_journal_free(journal);
    insist_result_free(result);
    insist_plan_free(plan);
}

static void broken_answer_keeps_what_came(void **state) { /* H19, M12 */
    insist_retry_policy *retry = NULL;
    insist_result *result = NULL;
    size_t length = 0;
    (void)state;
    assert_int_equal(insist_retry_policy_new(insist_retry_never(), insist_wait_once(), NULL, &retry), INSIST_OK);
    insist_err err = call("GET", "/c?do=truncate@15;size=16;h:X-A=1", INSIST_CALL_OPTIONS(.retry = retry), &result);
    assert_int_equal(err, INSIST_EEOF);
    assert_int_equal(insist_result_error(result), INSIST_EEOF);
    assert_int_equal(insist_result_status(result), 200);
    assert_string_equal(insist_result_header(result, "X-A"), "1");
    insist_result_body(result, &length);
    assert_int_equal(length, 15);
    insist_result_free(result);
    insist_retry_policy_free(retry);
}

static int64_t connection_of(const insist_result *result, bool *reused) {
    const insist_attempt_record *record = insist_result_attempt(result, insist_result_attempts(result) - 1);
    *reused = record->reused;
    return record->connection;
}

static void failure_leaves_the_connections_of_others(void **state) { /* R25 */
    insist_testserver *other = NULL;
    insist_client *alone = NULL;
    insist_result *result = NULL;
    bool reused = true;
    (void)state;
    assert_int_equal(insist_testserver_start(NULL, NULL, &other), INSIST_OK);
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.workers = 1), NULL, &alone), INSIST_OK);
    insist_plan *good = plan_of(server, "GET", "/good");
    insist_plan *bad = plan_of(other, "POST", "/bad?do=reset");
    assert_int_equal(insist_execute(alone, good, NULL, &result), INSIST_OK);
    int64_t connection = connection_of(result, &reused);
    assert_false(reused);
    insist_result_free(result);
    assert_int_equal(insist_execute(alone, bad, NULL, &result), INSIST_ERESET);
    insist_result_free(result);
    assert_int_equal(insist_execute(alone, good, NULL, &result), INSIST_OK);
    assert_true(connection_of(result, &reused) == connection && reused);
    insist_result_free(result);
    insist_plan_free(good);
    insist_plan_free(bad);
    insist_client_free(alone);
    insist_testserver_free(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(user_code_runs_on_the_callers_thread),
        cmocka_unit_test(cancel_ends_a_wait_at_once),
        cmocka_unit_test(no_method_is_get),
        cmocka_unit_test(copied_body_is_the_same_each_time),
        cmocka_unit_test(broken_answer_keeps_what_came),
        cmocka_unit_test(failure_leaves_the_connections_of_others),
    };
    return cmocka_run_group_tests(tests, pair_begin, pair_end);
}
