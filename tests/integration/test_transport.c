/* A transport of one's own under the public interface: it carries, insist decides. No network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/crowd.h"
#include <insist/insist.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* What it does with the n-th exchange. */
struct deed {
    int status; /* 0: none */
    insist_err err;
    insist_transience transience;
    bool unsent;  /* ends before the request goes out */
    bool waits;   /* until it is told to end */
    size_t bytes; /* of the body */
    size_t lines; /* header lines of 1,000 bytes */
};

struct wire {
    const struct deed *deeds;
    atomic_size_t started, aborted, sent;
    insist_exchange *waiting;
    sem_t started_waiting;
    char header[64], body[64];
};

static void end(insist_exchange *exchange, const struct deed *deed) {
    static const char zeros[4096];
    char line[1000 - sizeof "X: " - 1] = {0}; /* with its name, the colon, the blank and its end */
    memset(line, 'x', sizeof line - 1);
    insist_exchange_add_header(exchange, "X-Deed", "done");
    for (size_t i = 0; i < deed->lines; i++)
        insist_exchange_add_header(exchange, "X", line);
    for (size_t left = deed->bytes; left > 0; left -= left < sizeof zeros ? left : sizeof zeros)
        insist_exchange_add_body(exchange, zeros, left < sizeof zeros ? left : sizeof zeros);
    insist_exchange_end(exchange, deed->status, deed->err, deed->transience);
}

static void start(void *ctx, insist_exchange *exchange) {
    struct wire *wire = ctx;
    const struct deed *deed = &wire->deeds[atomic_fetch_add(&wire->started, 1)];
    const char *name, *value;
    size_t length = 0;
    const void *body = insist_exchange_body(exchange, &length);
    snprintf(wire->body, sizeof wire->body, "%s %.*s", insist_exchange_method(exchange), (int)length,
             (const char *)body);
    for (size_t i = 0; insist_exchange_header_at(exchange, i, &name, &value); i++)
        if (strcmp(name, "X-Test") == 0)
            snprintf(wire->header, sizeof wire->header, "%s", value);
    if (!deed->unsent && insist_exchange_send(exchange))
        atomic_fetch_add(&wire->sent, 1);
    if (!deed->waits) {
        end(exchange, deed);
        return;
    }
    wire->waiting = exchange;
    sem_post(&wire->started_waiting);
}

static void give_up(void *ctx, insist_exchange *exchange) {
    struct wire *wire = ctx;
    atomic_fetch_add(&wire->aborted, 1);
    insist_exchange_end(exchange, 0, INSIST_ECANCELED, INSIST_NOT_TRANSIENT);
}

static insist_client *client_on(struct wire *wire, const struct deed *deeds) {
    insist_client *client = NULL;
    insist_transport transport = {.start = start, .abort = give_up, .ctx = wire};
    *wire = (struct wire){.deeds = deeds};
    sem_init(&wire->started_waiting, 0, 0);
    assert_int_equal(
        insist_client_new(INSIST_CLIENT_OPTIONS(.transport = &transport, .max_body_bytes = 10000), NULL, &client),
        INSIST_OK);
    return client;
}

static void it_carries_and_insist_decides(void **state) { /* H27 */
    (void)state;
    static const struct deed deeds[] = {
        {.status = 503}, {.err = INSIST_ERESET, .transience = INSIST_CONN_RESET}, {.status = 200, .bytes = 9000}};
    struct wire wire;
    insist_client *client = client_on(&wire, deeds);
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    size_t length = 0;
    assert_int_equal(insist_plan_new("PUT", "http://nowhere.test/x", NULL, &plan), INSIST_OK);
    assert_int_equal(insist_plan_set_header(plan, "X-Test", "seen"), INSIST_OK);
    assert_int_equal(insist_plan_set_body(plan, "hello", 5), INSIST_OK);
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
    assert_int_equal(insist_result_status(result), 200);
    assert_string_equal(insist_result_header(result, "x-deed"), "done");
    insist_result_body(result, &length);
    assert_int_equal(length, 9000);
    assert_int_equal(insist_result_attempts(result), 3);
    assert_int_equal(insist_result_attempt(result, 1)->sent, INSIST_MAYBE_SENT);
    assert_string_equal(wire.header, "seen");
    assert_string_equal(wire.body, "PUT hello");
    insist_result_free(result);
    insist_plan_free(plan);
    insist_client_free(client);
}

static void gate_holds_for_it(void **state) {
    (void)state;
    static const struct deed deeds[] = {{.err = INSIST_ECONNECT, .transience = INSIST_CONN_REFUSED, .unsent = true},
                                        {.err = INSIST_ERESET, .transience = INSIST_CONN_RESET},
                                        {.status = 200}};
    struct wire wire;
    insist_client *client = client_on(&wire, deeds);
    insist_result *result = NULL;
    assert_int_equal(insist_post(client, "http://nowhere.test/pay", NULL, "x", 1, &result), INSIST_ERESET);
    assert_int_equal(insist_result_reason(result), INSIST_NOT_REPEATABLE);
    assert_int_equal(insist_result_attempts(result), 2);
    assert_int_equal(insist_result_attempt(result, 0)->sent, INSIST_NOT_SENT);
    assert_int_equal(insist_result_attempt(result, 1)->sent, INSIST_MAYBE_SENT);
    insist_result_free(result);
    insist_client_free(client);
}

static void limit_on_the_body_holds(void **state) {
    (void)state;
    static const struct deed deeds[] = {{.status = 200, .bytes = 10001}};
    struct wire wire;
    insist_client *client = client_on(&wire, deeds);
    insist_result *result = NULL;
    assert_int_equal(insist_get(client, "http://nowhere.test/", &result), INSIST_ETOOLARGE);
    assert_non_null(strstr(insist_result_explain(result), "): its body is longer than max_body_bytes (10000)"));
    insist_result_free(result);
    insist_client_free(client);
}

static void limit_on_the_headers_holds(void **state) {
    (void)state;
    static const struct deed deeds[] = {{.status = 200, .lines = 261}, {.status = 200, .lines = 263}};
    struct wire wire;
    insist_client *client = client_on(&wire, deeds);
    insist_result *result = NULL;
    assert_int_equal(insist_get(client, "http://nowhere.test/", &result), INSIST_OK);
    insist_result_free(result);
    assert_int_equal(insist_get(client, "http://nowhere.test/", &result), INSIST_ETOOLARGE);
    assert_non_null(strstr(insist_result_explain(result), "): its headers are longer than max_header_bytes (262144)"));
    insist_result_free(result);
    insist_client_free(client);
}

static insist_err execute(insist_client *client, const insist_call_options *options, insist_result **result) {
    insist_plan *plan = NULL;
    assert_int_equal(insist_plan_new("GET", "http://nowhere.test/", NULL, &plan), INSIST_OK);
    insist_err err = insist_execute(client, plan, options, result);
    insist_plan_free(plan);
    return err;
}

static void deadline_aborts_the_exchange(void **state) {
    (void)state;
    enum { TRIES = 10 }; /* on a busy machine the deadline may pass before there is an exchange */
    struct deed deeds[TRIES];
    struct wire wire;
    for (int i = 0; i < TRIES; i++)
        deeds[i] = (struct deed){.waits = true};
    insist_client *client = client_on(&wire, deeds);
    for (int i = 0; i < TRIES && atomic_load(&wire.started) == 0; i++) {
        insist_result *result = NULL;
        assert_int_equal(execute(client, INSIST_CALL_OPTIONS(.deadline_ms = 50 << i), &result), INSIST_EDEADLINE);
        insist_result_free(result);
    }
    insist_client_free(client); /* waits until the exchange has been ended */
    assert_true(atomic_load(&wire.started) > 0);
    assert_int_equal(atomic_load(&wire.aborted), atomic_load(&wire.started));
}

static void end_it(void *shared, size_t i) {
    struct wire *wire = shared;
    (void)i;
    while (sem_wait(&wire->started_waiting) != 0)
        ;
    insist_exchange_end(wire->waiting, 204, INSIST_OK, INSIST_NOT_TRANSIENT);
}

static void any_thread_may_end_it(void **state) {
    (void)state;
    static const struct deed deeds[] = {{.waits = true}};
    for (int i = 0; i < 200; i++) {
        struct wire wire;
        insist_client *client = client_on(&wire, deeds);
        insist_result *result = NULL;
        struct crowd *crowd = crowd_start(1, end_it, &wire);
        assert_int_equal(execute(client, INSIST_CALL_OPTIONS(.deadline_ms = INSIST_FOREVER), &result), INSIST_OK);
        assert_int_equal(insist_result_status(result), 204);
        insist_result_free(result);
        insist_client_free(client); /* while the other thread may still be leaving */
        crowd_join(crowd);
    }
}

static void note_authorization(void *ctx, insist_exchange *exchange) {
    char *noted = ctx;
    const char *name, *value;
    noted[0] = '\0';
    for (size_t i = 0; insist_exchange_header_at(exchange, i, &name, &value); i++)
        if (strcmp(name, "Authorization") == 0)
            strcat(noted, value);
    insist_exchange_send(exchange);
    insist_exchange_end(exchange, 200, INSIST_OK, INSIST_NOT_TRANSIENT);
}

static void credentials_of_the_url_are_a_header(void **state) {
    (void)state;
    char noted[128];
    insist_transport transport = {.start = note_authorization, .ctx = noted};
    insist_client *client = NULL;
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.transport = &transport), NULL, &client), INSIST_OK);
    assert_int_equal(insist_get(client, "http://user:secret@nowhere.test/", &result), INSIST_OK);
    assert_string_equal(noted, "Basic dXNlcjpzZWNyZXQ=");
    insist_result_free(result);

    assert_int_equal(insist_plan_new("GET", "http://user:secret@nowhere.test/", NULL, &plan), INSIST_OK);
    assert_int_equal(insist_plan_set_header(plan, "Authorization", "Bearer x"), INSIST_OK);
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
    assert_string_equal(noted, "Bearer x");
    insist_result_free(result);
    insist_plan_free(plan);
    insist_client_free(client);
}

static int take(void *ctx, const void *data, size_t len) {
    (void)ctx;
    (void)data;
    (void)len;
    return 0;
}

static void what_it_cannot_do_is_refused(void **state) {
    (void)state;
    static const struct deed deeds[] = {{.status = 200}};
    struct wire wire;
    insist_client *client = client_on(&wire, deeds), *none = NULL;
    insist_result *result = NULL;
    insist_problem problem = {0};
    insist_sink sink = {.write = take};
    insist_transport nothing = {.abort = give_up};
    assert_int_equal(execute(client, INSIST_CALL_OPTIONS(.sink = &sink), &result), INSIST_EINVAL);
    assert_int_equal(atomic_load(&wire.started), 0);
    insist_result_free(result);
    insist_client_free(client);
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.transport = &nothing), &problem, &none), INSIST_EINVAL);
    assert_string_equal(problem.field, "transport");
}

static int64_t give_three(void *ctx, void *buffer, size_t room) {
    (void)ctx;
    (void)room;
    memcpy(buffer, "abc", 3);
    return 3;
}

/* What the handlers of a call are answered. */
struct requests {
    insist_plan *plan; /* to be put in the other's place */
    insist_err plan_err, sink_err;
};

static int ask_for_a_reader(void *ctx, insist_event event, insist_execution *execution) {
    (void)event;
    struct requests *requests = ctx;
    requests->plan_err = insist_execution_set_plan(execution, requests->plan);
    return 0;
}

static int ask_for_a_sink(void *ctx, insist_event event, insist_execution *execution) {
    (void)event;
    struct requests *requests = ctx;
    insist_sink sink = {.write = take};
    requests->sink_err = insist_execution_set_sink(execution, &sink);
    return 0;
}

static void what_it_cannot_do_is_refused_to_handlers(void **state) {
    (void)state;
    static const struct deed deeds[] = {{.status = 200, .bytes = 5}};
    struct wire wire;
    insist_client *client = client_on(&wire, deeds);
    insist_handlers *handlers = NULL;
    struct requests requests = {.plan_err = INSIST_OK, .sink_err = INSIST_OK};
    assert_int_equal(insist_plan_new("PUT", "http://elsewhere.test/", NULL, &requests.plan), INSIST_OK);
    insist_plan_set_body_reader(requests.plan, &(insist_reader){.read = give_three, .length = 3});
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    insist_handlers_push(handlers, INSIST_BEFORE_EXECUTION_START, ask_for_a_reader, &requests);
    insist_handlers_push(handlers, INSIST_BEFORE_READ_BODY, ask_for_a_sink, &requests);

    insist_result *result = NULL;
    assert_int_equal(execute(client, INSIST_CALL_OPTIONS(.handlers = handlers), &result), INSIST_OK);
    assert_int_equal(requests.plan_err, INSIST_EINVAL);
    assert_int_equal(requests.sink_err, INSIST_EINVAL);
    assert_string_equal(insist_result_url(result), "http://nowhere.test/");
    size_t length = 0;
    insist_result_body(result, &length);
    assert_int_equal(length, 5);
    insist_result_free(result);
    insist_client_free(client);
    insist_handlers_free(handlers);
    insist_plan_free(requests.plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_carries_and_insist_decides),
        cmocka_unit_test(gate_holds_for_it),
        cmocka_unit_test(limit_on_the_body_holds),
        cmocka_unit_test(limit_on_the_headers_holds),
        cmocka_unit_test(deadline_aborts_the_exchange),
        cmocka_unit_test(any_thread_may_end_it),
        cmocka_unit_test(what_it_cannot_do_is_refused),
        cmocka_unit_test(what_it_cannot_do_is_refused_to_handlers),
        cmocka_unit_test(credentials_of_the_url_are_a_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
