/* Clients that come and go: ten thousand of them, ends while eight threads call, and handlers that call back into the client
 * that called them. Threads and descriptors stay as they were; every call comes back with a result that is true. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/certificate_file.h"
#include "support/crowd.h"
#include "support/usage.h"
#include <insist/insist.h>
#include <insist/testserver.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define CLIENTS 10000
#define USED_EVERY 100 /* the others are made and freed only */
#define CALLERS 8
#define ROUNDS 40
#define DEPTH 20

static insist_testserver *server;
static char url[128], hang_url[128], unended_url[128];

static int begin(void **state) {
    (void)state;
    if (insist_testserver_start(NULL, NULL, &server) != INSIST_OK)
        return -1;
    snprintf(url, sizeof url, "%s/x", insist_testserver_url(server));
    snprintf(hang_url, sizeof hang_url, "%s/hang?do=hang", insist_testserver_url(server));
    snprintf(unended_url, sizeof unended_url, "%s/unended?do=size=100;stall=body@10", insist_testserver_url(server));
    return 0;
}

static int end(void **state) {
    (void)state;
    insist_testserver_free(server);
    return 0;
}

static insist_client *new_client(void) {
    insist_client *client = NULL;
    assert_int_equal(insist_client_new(NULL, NULL, &client), INSIST_OK);
    return client;
}

static void assert_answers(insist_client *client) {
    insist_result *result = NULL;
    assert_int_equal(insist_get(client, url, &result), INSIST_OK);
    assert_int_equal(insist_result_status(result), 200);
    insist_result_free(result);
}

static void ten_thousand_come_and_go(void **state) {
    (void)state;
    size_t threads = usage_threads(getpid()), descriptors = usage_descriptors(getpid());
    for (size_t i = 1; i <= CLIENTS; i++) {
        insist_client *client = new_client();
        if (i % USED_EVERY == 0)
            assert_answers(client);
        insist_client_free(client);
        if (i % 1000 == 0)
            assert_true(usage_falls_to(threads, descriptors));
    }
}

/* ---- freed while calls are in flight ------------------------------------------------------------------------------ */

struct callers {
    insist_client *client;
    atomic_size_t done, shut_down, ill;
};

/* Until the client ends: by turns a call that is answered and one that hangs. */
static void call_until_the_end(void *shared, size_t i) {
    struct callers *callers = shared;
    insist_err err = INSIST_OK;
    while (err == INSIST_OK) {
        insist_result *result = NULL;
        bool hangs = i++ % 4 == 3;
        err = insist_get(callers->client, hangs ? hang_url : url, &result);
        if (err == INSIST_OK && insist_result_status(result) == 200 && !hangs)
            atomic_fetch_add(&callers->done, 1);
        else if (err == INSIST_ESHUTDOWN && insist_result_error(result) == err)
            atomic_fetch_add(&callers->shut_down, 1);
        else
            atomic_fetch_add(&callers->ill, 1);
        insist_result_free(result);
        if (hangs)
            return; /* whoever comes later may find no client any more */
    }
}

static void freed_while_calls_are_in_flight(void **state) {
    (void)state;
    size_t threads = usage_threads(getpid()), descriptors = usage_descriptors(getpid()), done = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        struct callers callers = {.client = new_client()};
        insist_testserver_reset(server);
        struct crowd *crowd = crowd_start(CALLERS, call_until_the_end, &callers);
        assert_true(insist_testserver_wait_hits(server, "/hang", CALLERS, 30000)); /* all of them are inside */
        insist_client_free(callers.client);
        crowd_join(crowd);
        assert_int_equal(atomic_load(&callers.ill), 0);
        assert_int_equal(atomic_load(&callers.shut_down), CALLERS);
        done += atomic_load(&callers.done);
    }
    assert_int_equal(done, (size_t)ROUNDS * (3 + 2 + 1 + 0) * CALLERS / 4);
    assert_true(usage_falls_to(threads, descriptors));
}

/* ---- handlers that call back -------------------------------------------------------------------------------------- */

struct nest {
    insist_client *client;
    insist_handlers *handlers;
    insist_plan *plan;
    unsigned depth, answered;
    bool frees; /* at the innermost */
    insist_err errs[DEPTH + 1];
};

static void call_inside(struct nest *nest) {
    insist_result *result = NULL;
    unsigned depth = nest->depth;
    nest->errs[depth] =
        insist_execute(nest->client, nest->plan, INSIST_CALL_OPTIONS(.handlers = nest->handlers), &result);
    nest->answered += insist_result_status(result) == 200;
    insist_result_free(result);
}

static int call_back(void *ctx, insist_event event, insist_execution *execution) {
    struct nest *nest = ctx;
    (void)event;
    (void)execution;
    if (nest->depth == DEPTH) {
        if (nest->frees)
            insist_client_free(nest->client);
        return 0;
    }
    nest->depth++;
    call_inside(nest);
    return 0;
}

static void nest_calls(struct nest *nest) {
    nest->client = new_client();
    assert_int_equal(insist_plan_new("GET", nest->frees ? unended_url : url, NULL, &nest->plan), INSIST_OK);
    assert_int_equal(insist_handlers_new(&nest->handlers), INSIST_OK);
    assert_int_equal(insist_handlers_push(nest->handlers, INSIST_BEFORE_READ_BODY, call_back, nest), INSIST_OK);
    call_inside(nest);
    insist_plan_free(nest->plan);
    insist_handlers_free(nest->handlers);
}

static void calls_may_be_made_inside_calls(void **state) {
    (void)state;
    struct nest nest = {.frees = false};
    nest_calls(&nest);
    assert_int_equal(nest.answered, DEPTH + 1);
    insist_client_free(nest.client);
}

/* Freed at the innermost of twenty-one calls, each of which has the headers of an answer whose body never ends: all of them end
 * by that, and the last to leave frees it. */
static void the_client_may_be_freed_inside_calls(void **state) {
    (void)state;
    size_t threads = usage_threads(getpid()), descriptors = usage_descriptors(getpid());
    struct nest nest = {.frees = true};
    nest_calls(&nest);
    for (size_t i = 0; i <= DEPTH; i++)
        assert_int_equal(nest.errs[i], INSIST_ESHUTDOWN);
    assert_true(usage_falls_to(threads, descriptors));
}

/* ---- two that trust differently ----------------------------------------------------------------------------------- */

enum { WARY, CARELESS, PAIR }; /* the first trusts one server, the second whoever it meets */

#ifndef PAIR_ROUNDS
#define PAIR_ROUNDS 3
#endif
#define PAIR_CALLERS 32

struct duo {
    insist_testserver *servers[PAIR]; /* the first is the one that is trusted */
    insist_client *clients[PAIR];
    char ca_file[64];
    atomic_size_t ill;
};

static insist_err get_of(const struct duo *duo, int client, int at, const char *path, int *status) {
    char text[128];
    insist_result *result = NULL;
    snprintf(text, sizeof text, "%s%s", insist_testserver_url(duo->servers[at]), path);
    insist_err err = insist_get(duo->clients[client], text, &result);
    *status = insist_result_status(result);
    insist_result_free(result);
    return err;
}

/* A few calls through each, and then one that hangs until its client is gone. */
static void trust_and_hang(void *shared, size_t i) {
    struct duo *duo = shared;
    int status;
    bool well = true;
    for (int call = 0; call < 3; call++) {
        well = well && get_of(duo, WARY, WARY, "/x", &status) == INSIST_OK && status == 200;
        well = well && get_of(duo, WARY, CARELESS, "/x", &status) == INSIST_ECERT;
        well = well && get_of(duo, CARELESS, call % 2, "/x", &status) == INSIST_OK && status == 200;
    }
    well = get_of(duo, (int)(i % 2), (int)(i % 2), "/hang?do=hang", &status) == INSIST_ESHUTDOWN && well;
    if (!well)
        atomic_fetch_add(&duo->ill, 1);
}

static insist_client *new_racer(insist_tls_options tls, const insist_race_policy *race) {
    insist_client *client = NULL;
    insist_timeout_policy *timeout = NULL;
    tls.size = sizeof tls;
    assert_int_equal(insist_timeout_infinite_new(NULL, &timeout), INSIST_OK);
    assert_int_equal(
        insist_client_new(INSIST_CLIENT_OPTIONS(.tls = &tls, .race = race, .timeout = timeout,
                                                .budget = insist_budget_none(), .deadline_ms = INSIST_FOREVER),
                          NULL, &client),
        INSIST_OK);
    insist_timeout_policy_free(timeout);
    return client;
}

/* Either races, by turns, or only drives. */
static void freed_in_round(struct duo *duo, const insist_race_policy *race) {
    const size_t hits = PAIR_CALLERS / PAIR * (race != NULL ? 2 : 1);
    duo->clients[WARY] = new_racer((insist_tls_options){.ca_file = duo->ca_file}, race);
    duo->clients[CARELESS] = new_racer((insist_tls_options){.insecure = true, .min_version = INSIST_TLS_1_3}, race);
    struct crowd *crowd = crowd_start(PAIR_CALLERS, trust_and_hang, duo);
    for (int i = 0; i < PAIR; i++)
        assert_true(insist_testserver_wait_hits(duo->servers[i], "/hang", hits, 100000));
    for (int i = 0; i < PAIR; i++)
        insist_client_free(duo->clients[i]);
    crowd_join(crowd);
    assert_int_equal(atomic_load(&duo->ill), 0);
    for (int i = 0; i < PAIR; i++)
        insist_testserver_reset(duo->servers[i]);
}

static void two_that_trust_differently_are_freed_while_they_race(void **state) {
    struct duo duo = {.ill = 0};
    insist_race_policy *race = NULL;
    (void)state;
    for (int i = 0; i < PAIR; i++)
        assert_int_equal(insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.tls = true), NULL, &duo.servers[i]),
                         INSIST_OK);
    assert_int_equal(insist_race_policy_new(insist_race_at_once(2), insist_start_always(), INSIST_REFILL, NULL, &race),
                     INSIST_OK);
    assert_true(certificate_file_write(duo.ca_file, duo.servers[WARY]));
    for (int round = 0; round < PAIR_ROUNDS; round++)
        freed_in_round(&duo, round % 2 == 0 ? race : NULL);
    remove(duo.ca_file);
    insist_race_policy_free(race);
    for (int i = 0; i < PAIR; i++)
        insist_testserver_free(duo.servers[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_come_and_go),
        cmocka_unit_test(freed_while_calls_are_in_flight),
        cmocka_unit_test(calls_may_be_made_inside_calls),
        cmocka_unit_test(the_client_may_be_freed_inside_calls),
        cmocka_unit_test(two_that_trust_differently_are_freed_while_they_race),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
