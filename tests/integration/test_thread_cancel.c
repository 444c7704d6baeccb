/* pthread_cancel() on a thread that calls: refused until the call has returned, deferred or asynchronous, pending before
 * the call or coming while it waits, in the midst of user code or of making and freeing a client; and the thread's own
 * setting is as it was afterwards. The proof that nothing was lost is that the client answers, can be freed, that no thread
 * and no descriptor is left, and that the result is there to be freed by a cleanup handler. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pair.h"
#include "support/usage.h"
#include <insist/insist.h>
#include <insist/testserver.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 30000

static const char *at(char *url, size_t size, const char *path) {
    snprintf(url, size, "%s%s", insist_testserver_url(server), path);
    return url;
}

enum door { BY_EXECUTE, BY_SHORTCUT, BY_ALL, BY_PREWARM, DOORS };

struct victim {
    enum door door;
    bool asynchronous, pending; /* cancelled before it calls */
    char url[160];
    insist_plan *plan;
    /* what the thread has come to */
    insist_result *result, *results[2];
    insist_err err;
    atomic_bool ready, returned, lived_on;
};

static void call_by(struct victim *victim) {
    const insist_plan *plans[2] = {victim->plan, victim->plan};
    switch (victim->door) {
    case BY_EXECUTE: victim->err = insist_execute(client, victim->plan, NULL, &victim->result); break;
    case BY_SHORTCUT: victim->err = insist_get(client, victim->url, &victim->result); break;
    case BY_ALL: victim->err = insist_execute_all(client, plans, 2, NULL, victim->results); break;
    default: victim->err = insist_client_prewarm(client, victim->url, 2, PATIENCE_MS); break;
    }
}

static void note_return(void *argument) {
    atomic_store(&((struct victim *)argument)->returned, true);
}

static void *be_cancelled(void *argument) {
    struct victim *victim = argument;
    int before;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    atomic_store(&victim->ready, true);
    while (victim->pending && !atomic_load(&victim->lived_on)) /* until the request is there for certain */
        usleep(1000);
    atomic_store(&victim->lived_on, false);
    pthread_setcanceltype(victim->asynchronous ? PTHREAD_CANCEL_ASYNCHRONOUS : PTHREAD_CANCEL_DEFERRED, &before);
    pthread_cleanup_push(note_return, victim);
    if (!victim->asynchronous || !victim->pending) /* else it would end right here */
        pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &before);
    call_by(victim);
    note_return(victim);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &before);
    pthread_testcancel();
    pthread_cleanup_pop(0);
    atomic_store(&victim->lived_on, true);
    return NULL;
}

static void assert_worked(struct victim *victim) {
    insist_result *result = NULL;
    char url[128];
    assert_int_equal(victim->err, INSIST_OK);
    if (victim->door == BY_EXECUTE || victim->door == BY_SHORTCUT)
        assert_int_equal(insist_result_status(victim->result), 200);
    if (victim->door == BY_ALL)
        assert_int_equal(insist_result_status(victim->results[1]), 200);
    insist_result_free(victim->result);
    insist_result_free(victim->results[0]);
    insist_result_free(victim->results[1]);
    insist_plan_free(victim->plan);
    assert_int_equal(insist_get(client, at(url, sizeof url, "/afterwards"), &result), INSIST_OK);
    insist_result_free(result);
}

/* The server holds the answer until the request to cancel is there. */
static void cancel(enum door door, bool asynchronous, bool pending) {
    struct victim victim = {.door = door, .asynchronous = asynchronous, .pending = pending};
    pthread_t thread;
    void *came = NULL;
    insist_testserver_reset(server);
    assert_int_equal(insist_testserver_script(server, "/held", "200;hold=/release>=1", NULL), INSIST_OK);
    assert_int_equal(insist_plan_new("GET", at(victim.url, sizeof victim.url, "/held"), NULL, &victim.plan), INSIST_OK);
    assert_int_equal(pthread_create(&thread, NULL, be_cancelled, &victim), 0);
    while (!atomic_load(&victim.ready))
        usleep(1000);
    if (pending) {
        assert_int_equal(pthread_cancel(thread), 0);
        atomic_store(&victim.lived_on, true);
    }
    assert_true(insist_testserver_wait_hits(server, "/held", 1, PATIENCE_MS));
    if (!pending)
        assert_int_equal(pthread_cancel(thread), 0);
    insist_result *result = NULL;
    char url[128];
    assert_false(atomic_load(&victim.returned)); /* it waits on, cancelled as it is */
    assert_int_equal(insist_get(client, at(url, sizeof url, "/release"), &result), INSIST_OK);
    insist_result_free(result);
    assert_int_equal(pthread_join(thread, &came), 0);
    assert_true(atomic_load(&victim.returned));
    assert_ptr_equal(came, PTHREAD_CANCELED);
    assert_worked(&victim);
}

/* Asynchronous cancellation leaves frames in the middle, which the address sanitizer then takes for being in use. */
#ifdef __SANITIZE_ADDRESS__
#define ASYNCHRONOUS_TOO false
#else
#define ASYNCHRONOUS_TOO true
#endif

static void a_call_is_not_cancelled(void **state) {
    (void)state;
    for (int door = 0; door < DOORS; door++)
        for (int kind = 0; kind < 4; kind++)
            if (ASYNCHRONOUS_TOO || !(kind & 1))
                cancel((enum door)door, kind & 1, kind & 2);
}

/* ---- what runs inside of calls, and without one ---- */

/* Calls the function on a thread whose cancellation is already asked for, and is acted upon at the first chance. */
struct condemned {
    void (*act)(struct condemned *);
    insist_client *own;
    insist_plan *plan;
    insist_err err;
    unsigned survived; /* of the places in user code that let a cancellation through */
    bool done;         /* act() returned */
};

static void *act_condemned(void *argument) {
    struct condemned *condemned = argument;
    int before;
    pthread_cancel(pthread_self());
    condemned->act(condemned);
    condemned->done = true; /* behind the last chance: an assignment is none */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return condemned;
}

static void condemn(struct condemned *condemned) {
    pthread_t thread;
    void *came = NULL;
    assert_int_equal(pthread_create(&thread, NULL, act_condemned, condemned), 0);
    assert_int_equal(pthread_join(thread, &came), 0);
    assert_ptr_equal(came, condemned);
    assert_true(condemned->done);
    assert_int_equal(condemned->err, INSIST_OK);
}

static void make(struct condemned *condemned) {
    condemned->err = insist_client_new(NULL, NULL, &condemned->own);
}

static void close_idle(struct condemned *condemned) {
    condemned->err = insist_client_close_idle(condemned->own);
}

static void unmake(struct condemned *condemned) {
    insist_client_free(condemned->own);
}

static void making_and_freeing_are_not_cancelled(void **state) {
    size_t threads = usage_threads(getpid()), descriptors = usage_descriptors(getpid());
    struct condemned condemned = {.act = make};
    insist_result *result = NULL;
    char url[128];
    (void)state;
    condemn(&condemned);
    assert_int_equal(insist_get(condemned.own, at(url, sizeof url, "/made"), &result), INSIST_OK);
    insist_result_free(result);
    condemned.act = close_idle;
    condemn(&condemned);
    condemned.act = unmake;
    condemn(&condemned);
    assert_true(usage_falls_to(threads, descriptors));
}

static void survive(void *ctx) {
    pthread_testcancel();
    ((struct condemned *)ctx)->survived++;
}

static int handle(void *ctx, insist_event event, insist_execution *execution) {
    (void)event;
    (void)execution;
    survive(ctx);
    return 0;
}

static int64_t read_nothing(void *ctx, void *buffer, size_t room) {
    (void)buffer;
    (void)room;
    survive(ctx);
    return 0;
}

static int take(void *ctx, const void *data, size_t length) {
    (void)data;
    (void)length;
    survive(ctx);
    return 0;
}

static void call_with_user_code(struct condemned *condemned) {
    const insist_sink sink = {.write = take, .ctx = condemned};
    insist_handlers *handlers = NULL;
    insist_result *result = NULL;
    condemned->err = insist_handlers_new(&handlers);
    if (condemned->err == INSIST_OK)
        condemned->err = insist_handlers_push(handlers, INSIST_BEFORE_ATTEMPT, handle, condemned);
    if (condemned->err == INSIST_OK)
        condemned->err =
            insist_execute(client, condemned->plan, INSIST_CALL_OPTIONS(.sink = &sink, .handlers = handlers), &result);
    insist_result_free(result);
    insist_handlers_free(handlers);
}

/* A handler, a reader and a sink. */
static void user_code_is_not_cancelled(void **state) {
    struct condemned condemned = {.act = call_with_user_code};
    const insist_reader reader = {.read = read_nothing, .ctx = &condemned, .length = -1};
    char url[128];
    (void)state;
    insist_testserver_reset(server);
    assert_int_equal(insist_testserver_script(server, "/user", "200;body=a", NULL), INSIST_OK);
    assert_int_equal(insist_plan_new("PUT", at(url, sizeof url, "/user"), NULL, &condemned.plan), INSIST_OK);
    assert_int_equal(insist_plan_set_body_reader(condemned.plan, &reader), INSIST_OK);
    condemn(&condemned);
    assert_int_equal(condemned.survived, 3);
    insist_plan_free(condemned.plan);
}

/* Whoever has cancellation off before a call has it off afterwards. */
static void ones_own_setting_stays(void **state) {
    static const int settings[] = {PTHREAD_CANCEL_DISABLE, PTHREAD_CANCEL_ENABLE};
    insist_result *result = NULL;
    char url[128];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        int before, after;
        pthread_setcancelstate(settings[i], &before);
        insist_err err = insist_get(client, at(url, sizeof url, "/setting"), &result);
        pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &after);
        assert_int_equal(err, INSIST_OK);
        assert_int_equal(after, settings[i]);
        insist_result_free(result);
    }
}

/* ---- what other threads do to a call ---- */

struct helper {
    insist_cancel *token;
    insist_exchange *exchange;
    sem_t has_exchange;
};

/* Its first cancellation point is behind what it does. */
static void *fire_cancelled(void *argument) {
    struct helper *helper = argument;
    pthread_cancel(pthread_self());
    insist_cancel_fire(helper->token);
    pthread_testcancel();
    return NULL;
}

static void *end_cancelled(void *argument) {
    struct helper *helper = argument;
    while (sem_wait(&helper->has_exchange) != 0) {
    }
    pthread_cancel(pthread_self());
    insist_exchange_send(helper->exchange);
    insist_exchange_end(helper->exchange, 200, INSIST_OK, INSIST_NOT_TRANSIENT);
    pthread_testcancel();
    return NULL;
}

static void *call_with_the_token(void *argument) {
    struct helper *helper = argument;
    insist_result *result = NULL;
    insist_plan *plan = NULL;
    char url[160];
    insist_err err = insist_plan_new("GET", at(url, sizeof url, "/held"), NULL, &plan);
    if (err == INSIST_OK)
        err = insist_execute(client, plan, INSIST_CALL_OPTIONS(.cancel = helper->token), &result);
    insist_result_free(result);
    insist_plan_free(plan);
    return err == INSIST_ECANCELED ? argument : NULL;
}

static void firing_is_not_cancelled(void **state) {
    struct helper helper = {.token = NULL};
    pthread_t caller, firing;
    void *came = NULL;
    (void)state;
    insist_testserver_reset(server);
    assert_int_equal(insist_testserver_script(server, "/held", "hang", NULL), INSIST_OK);
    assert_int_equal(insist_cancel_new(&helper.token), INSIST_OK);
    assert_int_equal(pthread_create(&caller, NULL, call_with_the_token, &helper), 0);
    assert_true(insist_testserver_wait_hits(server, "/held", 1, PATIENCE_MS));
    assert_int_equal(pthread_create(&firing, NULL, fire_cancelled, &helper), 0);
    assert_int_equal(pthread_join(firing, &came), 0);
    assert_ptr_equal(came, PTHREAD_CANCELED);
    assert_int_equal(pthread_join(caller, &came), 0); /* the token's lock is free, and the call was woken */
    assert_ptr_equal(came, &helper);
    insist_cancel_free(helper.token);
}

static void hand_over(void *ctx, insist_exchange *exchange) {
    struct helper *helper = ctx;
    helper->exchange = exchange;
    sem_post(&helper->has_exchange);
}

static void ending_an_exchange_is_not_cancelled(void **state) {
    struct helper helper = {.exchange = NULL};
    insist_transport transport = {.start = hand_over, .ctx = &helper};
    insist_client *own = NULL;
    insist_result *result = NULL;
    pthread_t ending;
    void *came = NULL;
    (void)state;
    sem_init(&helper.has_exchange, 0, 0);
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.transport = &transport), NULL, &own), INSIST_OK);
    assert_int_equal(pthread_create(&ending, NULL, end_cancelled, &helper), 0);
    assert_int_equal(insist_get(own, "http://nowhere.test/", &result), INSIST_OK);
    assert_int_equal(pthread_join(ending, &came), 0);
    assert_ptr_equal(came, PTHREAD_CANCELED);
    insist_result_free(result);
    insist_client_free(own); /* waits for whoever is handing an exchange back */
    sem_destroy(&helper.has_exchange);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_not_cancelled),    cmocka_unit_test(making_and_freeing_are_not_cancelled),
        cmocka_unit_test(user_code_is_not_cancelled), cmocka_unit_test(ones_own_setting_stays),
        cmocka_unit_test(firing_is_not_cancelled),    cmocka_unit_test(ending_an_exchange_is_not_cancelled),
    };
    return cmocka_run_group_tests(tests, pair_begin, pair_end);
}
