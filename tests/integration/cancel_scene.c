/* See cancel_scene.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cancel_scene.h"
#include "support/crowd.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

static insist_timeout_policy *patient;
insist_testserver *server;
insist_client *client;
insist_cancel *cancel;
insist_handlers *handlers;
unsigned events[INSIST_EVENTS];
sem_t reached;

static int count_event(void *ctx, insist_event event, insist_execution *execution) {
    (void)ctx;
    (void)execution;
    events[event]++;
    return 0;
}

int note_reached(void *ctx, insist_event event, insist_execution *execution) {
    (void)ctx;
    (void)event;
    (void)execution;
    sem_post(&reached);
    return 0;
}

void wait_for(sem_t *semaphore) {
    while (sem_wait(semaphore) != 0)
        ;
}

void pause_a_moment(void) {
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static int begin_with(unsigned max_in_flight) {
    sem_init(&reached, 0, 0);
    memset(events, 0, sizeof events);
    if (insist_timeout_infinite_new(NULL, &patient) != INSIST_OK || insist_cancel_new(&cancel) != INSIST_OK ||
        insist_handlers_new(&handlers) != INSIST_OK)
        return -1;
    for (int event = 0; event < INSIST_EVENTS; event++)
        if (insist_handlers_push(handlers, (insist_event)event, count_event, NULL) != INSIST_OK)
            return -1;
    const insist_client_options *options =
        INSIST_CLIENT_OPTIONS(.timeout = patient, .deadline_ms = INSIST_FOREVER, .budget = insist_budget_none(),
                              .max_in_flight = max_in_flight, .max_in_flight_origin = max_in_flight);
    return insist_testserver_start(NULL, NULL, &server) == INSIST_OK &&
                   insist_client_new(options, NULL, &client) == INSIST_OK
               ? 0
               : -1;
}

int scene_begin(void **state) {
    (void)state;
    return begin_with(0);
}

int scene_begin_with_room_for_one(void **state) {
    (void)state;
    return begin_with(1);
}

int scene_end(void **state) {
    (void)state;
    insist_client_free(client);
    insist_testserver_free(server);
    insist_handlers_free(handlers);
    insist_cancel_free(cancel);
    insist_timeout_policy_free(patient);
    return 0;
}

const char *at(const char *path) {
    static char url[256];
    snprintf(url, sizeof url, "%s%s", insist_testserver_url(server), path);
    return url;
}

insist_plan *plan_of(const char *method, const char *url) {
    insist_plan *plan = NULL;
    assert_int_equal(insist_plan_new(method, url, NULL, &plan), INSIST_OK);
    return plan;
}

struct firing {
    until_fn *until;
};

/* The other thread: fires when the call is in its phase for certain. */
static void fire(void *shared, size_t i) {
    (void)i;
    ((const struct firing *)shared)->until();
    insist_cancel_fire(cancel);
}

insist_result *cancelled_call(insist_plan *plan, insist_call_options options, until_fn *until) {
    insist_result *result = NULL;
    struct firing firing = {until};
    options.cancel = cancel;
    options.handlers = handlers;
    struct crowd *crowd = crowd_start(1, fire, &firing);
    insist_err err = insist_execute(client, plan, &options, &result);
    crowd_join(crowd);
    insist_plan_free(plan);
    if (err != INSIST_ECANCELED)
        print_error("%s\n", insist_result_explain(result));
    assert_int_equal(err, INSIST_ECANCELED);
    assert_int_equal(insist_result_error(result), INSIST_ECANCELED);
    assert_int_equal(insist_result_reason(result), INSIST_CANCELLED);
    assert_int_equal(events[INSIST_AFTER_EXECUTION_END], 1);
    assert_int_equal(events[INSIST_AFTER_PLAN_TIMEOUT], 0);
    assert_int_equal(events[INSIST_AFTER_ATTEMPT_TIMEOUT], 0);
    assert_int_equal(events[INSIST_BEFORE_ATTEMPT], insist_result_attempts(result));
    assert_int_equal(events[INSIST_AFTER_ATTEMPT], insist_result_attempts(result));
    return result;
}

insist_call_options plain(void) {
    return *INSIST_CALL_OPTIONS(.deadline_ms = INSIST_FOREVER);
}

void assert_attempt(const insist_result *result, size_t i, insist_why_ended why, insist_sent sent) {
    const insist_attempt_record *attempt = insist_result_attempt(result, i);
    assert_non_null(attempt);
    assert_int_equal(attempt->why_ended, why);
    assert_int_equal(attempt->sent, sent);
}

insist_stats stats_now(void) {
    insist_stats stats = {.size = sizeof stats};
    assert_int_equal(insist_client_stats(client, &stats), INSIST_OK);
    return stats;
}

void assert_nothing_follows(uint64_t attempts) {
    insist_result *result = NULL;
    while (stats_now().in_flight > 0 || stats_now().waiting > 0)
        pause_a_moment();
    assert_int_equal(stats_now().attempts, attempts);
    assert_int_equal(insist_get(client, at("/after"), &result), INSIST_OK);
    insist_result_free(result);
    assert_int_equal(stats_now().attempts, attempts + 1);
}

void assert_gone(const char *path, size_t requests) {
    insist_testserver_journal *journal = NULL;
    assert_true(insist_testserver_wait_idle(server, PATIENCE_MS));
    assert_int_equal(insist_testserver_journal_new(server, path, NULL, &journal), INSIST_OK);
    assert_int_equal(insist_testserver_journal_count(journal), requests);
    for (size_t i = 0; i < requests; i++)
        assert_true(insist_testserver_journal_at(journal, i)->client_gone);
    insist_testserver_journal_free(journal);
}
