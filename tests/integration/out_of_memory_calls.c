/* Calls of every kind that run out of memory. The plan is made inside, so that it fails, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "out_of_memory.h"

#include "call/cancel.h"
#include "call/client.h"
#include "call/handlers.h"
#include "call/plan.h"
#include "origin/latencies.h"
#include "policy/race.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BIG 300000

/* ---- what all of them need ---------------------------------------------------------------------------------------- */

static insist_err new_plan(struct memory_scene *scene, const char *method, const char *path, insist_plan **plan) {
    char url[256];
    snprintf(url, sizeof url, "%s%s", insist_testserver_url(scene->server), path);
    return plan_new(scene->env, method, url, NULL, plan);
}

/* A retry that cannot be started for want of memory, be it its own or the budget's, leaves the last outcome to be
 * reported: one of those in the scripts that are to be retried. The result says so, and that is right. */
static bool is_left_from_before(insist_err err, const insist_result *result) {
    insist_reason reason = insist_result_reason(result);
    return (reason == INSIST_BUDGET || reason == INSIST_REJECTED) &&
           (err == INSIST_ERESET || (err == INSIST_OK && insist_result_status(result) == 503));
}

/* Without a result there was no memory for it. An answer is a whole one. Gives back what the scenario came to. */
static insist_err look_at(insist_err err, insist_result *result, size_t length) {
    size_t got = 0;
    assert_true(result != NULL || err == INSIST_ENOMEM);
    if (is_left_from_before(err, result))
        return INSIST_OK;
    if (err != INSIST_OK)
        return err;
    assert_int_equal(insist_result_status(result), 200);
    insist_result_body(result, &got);
    assert_int_equal(got, length);
    return INSIST_OK;
}

static insist_err execute(struct memory_scene *scene, insist_plan *plan, const insist_call_options *options,
                          size_t length) {
    insist_result *result = NULL;
    insist_err err = insist_execute(scene->client, plan, options, &result);
    err = look_at(err, result, length);
    insist_result_free(result);
    return err;
}

static insist_err call(struct memory_scene *scene, const char *path, const insist_race_policy *race, size_t length) {
    insist_plan *plan = NULL;
    insist_err err = new_plan(scene, "GET", path, &plan);
    if (err == INSIST_OK)
        err = execute(scene, plan, INSIST_CALL_OPTIONS(.race = race), length);
    insist_plan_free(plan);
    return err;
}

insist_err memory_get(struct memory_scene *scene, const char *url, size_t length) {
    insist_plan *plan = NULL;
    insist_err err = plan_new(scene->env, "GET", url, NULL, &plan);
    if (err == INSIST_OK)
        err = execute(scene, plan, NULL, length);
    insist_plan_free(plan);
    return err;
}

/* ---- calls -------------------------------------------------------------------------------------------------------- */

static insist_err plain(struct memory_scene *scene) {
    return call(scene, "/plain?do=200;size=1000", NULL, 1000);
}

static insist_err big(struct memory_scene *scene) {
    return call(scene, "/big?do=200;size=300000;gzip", NULL, BIG);
}

static insist_err retried(struct memory_scene *scene) {
    return call(scene, "/retried?do=503;retry-after=0,reset,200;size=5&secret=1", NULL, 5);
}

/* Whatever the server has seen can be told: there is a result, and in it an attempt that may have arrived. */
static void assert_told(struct memory_scene *scene, const char *path, const insist_result *result) {
    bool told = false;
    for (size_t i = 0; i < insist_result_attempts(result); i++)
        told = told || insist_result_attempt(result, i)->sent != INSIST_NOT_SENT;
    assert_true(told || insist_testserver_hits(scene->server, path) == 0);
    if (told && insist_result_error(result) == INSIST_OK)
        assert_true(insist_result_status(result) == 503 || insist_result_status(result) == 200);
}

static insist_err carried_out(struct memory_scene *scene) {
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    insist_err err = new_plan(scene, "POST", "/order?do=200;size=5", &plan);
    if (err == INSIST_OK) {
        err = insist_execute(scene->client, plan, NULL, &result);
        assert_told(scene, "/order", result);
        err = look_at(err, result, 5);
    }
    insist_result_free(result);
    insist_plan_free(plan);
    if (err == INSIST_OK)
        err = new_plan(scene, "PUT", "/again?do=503;retry-after=0,503;retry-after=0,200;size=5", &plan);
    if (err != INSIST_OK)
        return err;
    err = insist_execute(scene->client, plan, INSIST_CALL_OPTIONS(.failures_kept = 10), &result);
    assert_told(scene, "/again", result);
    err = look_at(err, result, 5);
    insist_result_free(result);
    insist_plan_free(plan);
    return err;
}

static insist_err redirected(struct memory_scene *scene) {
    return call(scene, "/first?do=redirect=/second,200", NULL, 7); /* "200 OK\n" */
}

static insist_err by_name(struct memory_scene *scene) {
    char url[128];
    snprintf(url, sizeof url, "http://localhost:%u/named?do=200;size=3",
             (unsigned)insist_testserver_port(scene->server));
    return memory_get(scene, url, 3);
}

static insist_err shortcuts(struct memory_scene *scene) {
    char url[128];
    insist_result *result = NULL;
    snprintf(url, sizeof url, "%s/short?do=200;echo", insist_testserver_url(scene->server));
    insist_err err = insist_post_form(scene->client, url, &(insist_pair){"name", "value"}, 1, &result);
    err = look_at(err, result, 10);
    insist_result_free(result);
    if (err != INSIST_OK)
        return err;
    err = insist_put(scene->client, url, "application/json", "{\"a\":1}", 7, &result);
    err = look_at(err, result, 7);
    insist_result_free(result);
    return err;
}

static insist_err prewarmed(struct memory_scene *scene) {
    return insist_client_prewarm(scene->client, insist_testserver_url(scene->server), 3, 10000);
}

/* ---- races -------------------------------------------------------------------------------------------------------- */

static insist_err raced_by(struct memory_scene *scene, insist_scheduler scheduler, const char *path) {
    insist_race_policy *race = NULL;
    insist_err err = race_policy_new(scene->env, scheduler, insist_start_always(), INSIST_REFILL, NULL, &race);
    if (err == INSIST_OK)
        err = call(scene, path, race, 10);
    insist_race_policy_free(race);
    return err;
}

static insist_err raced(struct memory_scene *scene) {
    return raced_by(scene, scheduler_at_once(scene->env, 3),
                    "/raced?do=reset,503,200;delay=20ms;size=10,200;delay=20ms;size=10,200;size=10");
}

/* A long delay: on a busy machine, too, the hedges begin, and run out of memory, before the first answer. */
static insist_err raced_later(struct memory_scene *scene) {
    const int64_t offsets[] = {1, 1};
    return raced_by(scene, scheduler_static_ms(scene->env, offsets, 2),
                    "/later?do=200;delay=100ms;size=10,200;delay=100ms;size=10,200;size=10");
}

static insist_err raced_unlearnt(struct memory_scene *scene) {
    return raced_by(scene, scheduler_auto(scene->env, 1, 1), "/unlearnt?do=200;size=10");
}

static void learn(struct memory_scene *scene) {
    const struct latency_entry quick = {.us = 1000};
    insist_plan *plan = NULL;
    assert_int_equal(new_plan(scene, "GET", "/", &plan), INSIST_OK);
    for (int i = 0; i < 200; i++)
        latencies_enter(scene->client->latencies, plan->request.origin, &quick, env_now_ns(scene->env));
    insist_plan_free(plan);
}

static insist_err raced_learnt(struct memory_scene *scene) {
    return raced_by(scene, scheduler_quantile(scene->env, 0.5, 1), "/learnt?do=200;delay=100ms;size=10,200;size=10");
}

/* ---- user code, readers and sinks --------------------------------------------------------------------------------- */

struct used {
    struct memory_scene *scene;
    int values; /* kept and not yet released */
    size_t ends, begins;
    size_t taken; /* by the sink */
};

static void released(void *ctx) {
    ((struct used *)ctx)->values--;
}

static int count_begin(void *ctx, insist_event event, insist_execution *execution) {
    (void)event;
    (void)execution;
    ((struct used *)ctx)->begins++;
    return 0;
}

static int use_all(void *ctx, insist_event event, insist_execution *execution) {
    struct used *used = ctx;
    char key[32];
    used->begins += event == INSIST_BEFORE_EXECUTION_START;
    used->ends += event == INSIST_AFTER_EXECUTION_END;
    snprintf(key, sizeof key, "key %d", (int)event);
    if (insist_execution_value(execution, key) == NULL &&
        insist_execution_set_value(execution, key, used, released) == INSIST_OK)
        used->values++;
    if (event == INSIST_BEFORE_ATTEMPT)
        (void)insist_execution_set_header(execution, "X-Signature", "1");
    if (event == INSIST_BEFORE_EXECUTION_START) {
        insist_plan *plan = NULL;
        if (new_plan(used->scene, "GET", "/other?do=503,200;size=7", &plan) == INSIST_OK)
            (void)insist_execution_set_plan(execution, plan);
        insist_plan_free(plan);
    }
    return 0;
}

static int set_a_header(void *ctx, insist_execution *execution, unsigned next_attempt) {
    (void)ctx;
    (void)next_attempt;
    (void)insist_execution_set_header(execution, "X-Again", "1");
    return 0;
}

static insist_err handled(struct memory_scene *scene) {
    static const insist_preparer preparer = {.prepare = set_a_header};
    struct used used = {.scene = scene};
    insist_handlers *handlers = NULL;
    insist_plan *plan = NULL;
    insist_err err = handlers_new(scene->env, &handlers);
    for (int event = 0; err == INSIST_OK && event < INSIST_EVENTS; event++)
        err = insist_handlers_push(handlers, (insist_event)event, use_all, &used);
    if (err == INSIST_OK)
        err = new_plan(scene, "GET", "/handled?do=200;size=7", &plan);
    if (err == INSIST_OK)
        err = execute(scene, plan, INSIST_CALL_OPTIONS(.handlers = handlers, .prepare_retry = &preparer), 7);
    assert_int_equal(used.values, 0);
    assert_int_equal(used.begins, used.ends); /* what begins is ended, with memory or without */
    insist_plan_free(plan);
    insist_handlers_free(handlers);
    return err;
}

/* A call is begun when its end can be told. */
static insist_err begun(struct memory_scene *scene) {
    struct used used = {.scene = scene};
    insist_handlers *handlers = NULL;
    insist_result *result = NULL;
    insist_plan *plan = NULL;
    insist_err err = handlers_new(scene->env, &handlers);
    if (err == INSIST_OK)
        err = insist_handlers_push(handlers, INSIST_BEFORE_EXECUTION_START, count_begin, &used);
    if (err == INSIST_OK)
        err = new_plan(scene, "GET", "/begun?do=200;size=7", &plan);
    if (err == INSIST_OK) {
        err = insist_execute(scene->client, plan, INSIST_CALL_OPTIONS(.handlers = handlers), &result);
        assert_true(result != NULL || used.begins == 0);
        err = look_at(err, result, 7);
    }
    insist_result_free(result);
    insist_plan_free(plan);
    insist_handlers_free(handlers);
    return err;
}

static int take(void *ctx, const void *data, size_t length) {
    (void)data;
    ((struct used *)ctx)->taken += length;
    return 0;
}

static int forget(void *ctx) {
    ((struct used *)ctx)->taken = 0;
    return 0;
}

static insist_err into_a_sink(struct memory_scene *scene) {
    struct used used = {.scene = scene};
    const insist_sink sink = {.write = take, .rewind = forget, .ctx = &used};
    insist_plan *plan = NULL;
    insist_err err = new_plan(scene, "GET", "/sink?do=503;retry-after=0,200;size=300000", &plan);
    if (err == INSIST_OK)
        err = execute(scene, plan, INSIST_CALL_OPTIONS(.sink = &sink), 0);
    assert_true(err != INSIST_OK || used.taken == BIG || used.taken == 0); /* 0: the 503 stayed */
    insist_plan_free(plan);
    return err;
}

static int64_t give(void *ctx, void *buffer, size_t room) {
    struct used *used = ctx;
    size_t left = BIG - used->taken, count = left < room ? left : room;
    memset(buffer, 'x', count);
    used->taken += count;
    return (int64_t)count;
}

/* Not rewindable: what was read is kept, for the second attempt. */
static insist_err from_a_reader(struct memory_scene *scene) {
    struct used used = {.scene = scene};
    const insist_reader reader = {.read = give, .ctx = &used, .length = -1};
    insist_plan *plan = NULL;
    insist_err err = new_plan(scene, "PUT", "/reader?do=503;retry-after=0,200;echo", &plan);
    if (err == INSIST_OK)
        err = insist_plan_set_body_reader(plan, &reader);
    if (err == INSIST_OK)
        err = execute(scene, plan, NULL, BIG);
    insist_plan_free(plan);
    return err;
}

/* ---- a transport of one's own -------------------------------------------------------------------------------------- */

static void answer(void *ctx, insist_exchange *exchange) {
    insist_err err = insist_exchange_send(exchange) ? INSIST_OK : INSIST_ECANCELED;
    (void)ctx;
    if (err == INSIST_OK)
        err = insist_exchange_add_header(exchange, "X-Answer", "1");
    if (err == INSIST_OK)
        err = insist_exchange_add_body(exchange, "four", 4);
    insist_exchange_end(exchange, err == INSIST_OK ? 200 : 0, err, INSIST_NOT_TRANSIENT);
}

static insist_err carried_otherwise(struct memory_scene *scene) {
    const insist_transport transport = {.start = answer};
    struct memory_scene other = *scene;
    insist_err err = client_new(scene->env, INSIST_CLIENT_OPTIONS(.transport = &transport), NULL, &other.client);
    if (err != INSIST_OK)
        return err;
    err = call(&other, "/", NULL, 4);
    insist_client_free(other.client);
    return err;
}

/* ---- many at once ------------------------------------------------------------------------------------------------- */

static insist_err first_error(insist_result *const *results, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (results[i] == NULL || insist_result_error(results[i]) != INSIST_OK)
            return results[i] == NULL ? INSIST_ENOMEM : insist_result_error(results[i]);
    return INSIST_OK;
}

/* A failure ends one call, or all before they are begun; what was not met by it ends well. */
static insist_err together(struct memory_scene *scene) {
    enum { PLANS = 4 };
    static const char *const paths[PLANS] = {"/a", "/b?do=200;body=text", "/c?do=reset,200", "/d"};
    static const size_t lengths[PLANS] = {7, 4, 7, 7};
    insist_plan *plans[PLANS] = {NULL};
    insist_result *results[PLANS] = {NULL};
    insist_cancel *cancel = NULL;
    insist_err err = cancel_new(scene->env, &cancel);
    for (size_t i = 0; err == INSIST_OK && i < PLANS; i++)
        err = new_plan(scene, "GET", paths[i], &plans[i]);
    if (err == INSIST_OK) {
        err = insist_execute_all(scene->client, (const insist_plan *const *)plans, PLANS,
                                 INSIST_CALL_OPTIONS(.cancel = cancel), results);
        assert_int_equal(err, first_error(results, PLANS));
        err = INSIST_OK;
        for (size_t i = 0; i < PLANS; i++) {
            insist_err its = results[i] == NULL ? INSIST_ENOMEM : insist_result_error(results[i]);
            its = look_at(its, results[i], lengths[i]);
            err = err == INSIST_OK ? its : err;
        }
    }
    for (size_t i = 0; i < PLANS; i++) {
        insist_result_free(results[i]);
        insist_plan_free(plans[i]);
    }
    insist_cancel_free(cancel);
    return err;
}

const struct memory_scenario memory_of_calls[MEMORY_CALLS] = {
    {"a plain call", 15, NULL, plain},
    {"a large answer, compressed", 15, NULL, big},
    {"a retried call", 25, NULL, retried},
    {"calls that are carried out", 30, NULL, carried_out},
    {"a redirected call", 15, NULL, redirected},
    {"a call by name", 15, NULL, by_name},
    {"one-line calls", 20, NULL, shortcuts},
    {"connections opened before they are needed", 20, NULL, prewarmed},
    {"a raced call", 31, NULL, raced},
    {"a raced call, hedged later", 31, NULL, raced_later},
    {"a raced call that begins to learn", 15, NULL, raced_unlearnt},
    {"a raced call that has learnt", 25, learn, raced_learnt},
    {"handlers that use all that they may", 25, NULL, handled},
    {"a call with a handler", 15, NULL, begun},
    {"a sink", 20, NULL, into_a_sink},
    {"a reader", 20, NULL, from_a_reader},
    {"a transport of one's own", 30, NULL, carried_otherwise},
    {"calls together", 50, NULL, together},
};
