/* What becomes of calls when nginx closes connections and its workers die: while idle, before the answer, in the middle
 * of it, and under load. The counts are nginx's: its log, or the requests that it hands on to the test. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "nginx_load.h"
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 10 };

static struct nginx_site site;

/* Retries as often as there may be kills, soon, and with no budget. */
static insist_client *persistent_client(const struct nginx_way *way) {
    insist_retry_policy *retry = NULL;
    insist_decider decider = insist_retry_and(insist_retry_times(20), insist_retry_standard());
    assert_int_equal(insist_retry_policy_new(decider, insist_wait_constant_ms(1), NULL, &retry), INSIST_OK);
    insist_client_options options = {.size = sizeof options, .retry = retry, .budget = insist_budget_none()};
    insist_client *client = nginx_site_client(&site, way, &options);
    insist_retry_policy_free(retry);
    return client;
}

/* Leaves an idle connection behind. */
static void warm_up(insist_client *client, const struct nginx_way *way) {
    insist_result *result = NULL;
    assert_int_equal(insist_get(client, nginx_site_url(&site, way, "/small.txt").text, &result), INSIST_OK);
    nginx_site_expect_answer(result, 200, 1);
    insist_result_free(result);
}

/* libcurl calls the end of an HTTP/2 connection now a cut, now a broken frame. */
static bool is_cut(const struct nginx_way *way, insist_err error) {
    return error == INSIST_ERESET || error == INSIST_EEOF || (way->version == INSIST_HTTP_2 && error == INSIST_EPROTO);
}

/* No attempt uses the connection again that the one before it died with, and what replaces a reused one uses none. */
static void expect_other_connections(const insist_result *result) {
    for (size_t i = 1; i < insist_result_attempts(result); i++) {
        const insist_attempt_record *cut = insist_result_attempt(result, i - 1);
        const insist_attempt_record *next = insist_result_attempt(result, i);
        bool same = next->reactor == cut->reactor && next->connection == cut->connection;
        assert_false(same && cut->connection != 0);
        if (next->why_started == INSIST_START_STALE) {
            assert_true(cut->reused && cut->status == 0 && !next->reused);
        }
    }
}

/* ---- closed while idle ------------------------------------------------------------------------------------------ */

static void a_post_after_an_idle_close_is_delivered_once(const struct nginx_way *way,
                                                         bool (*close_idle)(struct nginx *), const char *name) {
    insist_client *client = nginx_site_client(&site, way, NULL);
    for (int round = 0; round < ROUNDS; round++) {
        char key[48];
        char path[80];
        snprintf(key, sizeof key, "%s-%s-%d", name, way->name, round);
        snprintf(path, sizeof path, "/post/small.txt?key=%s", key);
        warm_up(client, way);
        assert_true(close_idle(&site.nginx));
        insist_result *result = NULL;
        insist_err error = insist_post(client, nginx_site_url(&site, way, path).text, "text/plain", "body", 4, &result);
        assert_int_equal(error, INSIST_OK);
        nginx_site_expect_answer(result, 200, 1);
        nginx_site_expect_body(result, site.slow, SITE_SLOW_BYTES);
        assert_false(insist_result_attempt(result, 0)->reused);
        assert_int_equal(nginx_count_lines(&site.nginx, "arrived.log", key), 1);
        insist_result_free(result);
    }
    insist_client_free(client);
}

static void a_post_after_a_reload_is_delivered_once(void **state) {
    a_post_after_an_idle_close_is_delivered_once(*state, nginx_reload, "reload");
}

static void a_post_after_a_kill_is_delivered_once(void **state) {
    a_post_after_an_idle_close_is_delivered_once(*state, nginx_kill_workers, "kill");
}

static int count_descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* Whatever nginx says before it goes (close_notify, GOAWAY), and with no further call. */
static void an_idle_connection_that_was_closed_is_closed_here(void **state) {
    const struct nginx_way *way = *state;
    const struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};
    insist_client *client = nginx_site_client(&site, way, NULL);
    int before = count_descriptors();
    warm_up(client, way);
    assert_int_equal(count_descriptors(), before + 1);
    assert_true(nginx_reload(&site.nginx));
    for (int i = 0; i < 6000 && count_descriptors() > before; i++)
        nanosleep(&moment, NULL);
    assert_int_equal(count_descriptors(), before);
    insist_client_free(client);
}

/* ---- killed before the answer ----------------------------------------------------------------------------------- */

static void a_post_whose_worker_dies_is_not_sent_again(void **state) {
    const struct nginx_way *way = *state;
    char head[4096];
    insist_client *client = persistent_client(way);
    insist_plan *plan = nginx_site_plan(&site, way, "POST", "/held");
    assert_int_equal(insist_plan_set_body(plan, "body", 4), INSIST_OK);
    for (int round = 0; round < ROUNDS; round++) {
        struct side_call call;
        warm_up(client, way);
        side_call_start(&call, client, plan, NULL);
        int upstream = nginx_take_held(&site.nginx, head, sizeof head);
        bool killed = nginx_kill_workers(&site.nginx);
        insist_result *result = side_call_join(&call);
        close(upstream);
        assert_true(upstream >= 0 && killed);
        assert_true(is_cut(way, insist_result_error(result)));
        nginx_site_expect_error(result, insist_result_error(result), INSIST_NOT_REPEATABLE, INSIST_MAYBE_SENT);
        assert_true(insist_result_attempt(result, 0)->reused);
        insist_result_free(result);
    }
    insist_plan_free(plan);
    insist_client_free(client);
    assert_true(nginx_reload(&site.nginx)); /* whatever was sent has arrived */
    assert_true(nginx_held_is_empty(&site.nginx));
}

/* Answers a request that was held back. */
static bool answer(int upstream) {
    static const char text[] = "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    bool sent = upstream >= 0 && send(upstream, text, sizeof text - 1, MSG_NOSIGNAL) == (ssize_t)(sizeof text - 1);
    if (upstream >= 0) {
        close(upstream);
    }
    return sent;
}

static void a_get_whose_worker_dies_is_sent_again_on_a_fresh_connection(void **state) {
    const struct nginx_way *way = *state;
    char head[4096];
    insist_client *client = persistent_client(way);
    insist_plan *plan = nginx_site_plan(&site, way, "GET", "/held");
    for (int round = 0; round < ROUNDS; round++) {
        struct side_call call;
        warm_up(client, way);
        side_call_start(&call, client, plan, NULL);
        int upstream = nginx_take_held(&site.nginx, head, sizeof head);
        bool killed = nginx_kill_workers(&site.nginx);
        bool answered = answer(nginx_take_held(&site.nginx, head, sizeof head));
        insist_result *result = side_call_join(&call);
        close(upstream);
        assert_true(upstream >= 0 && killed && answered);
        nginx_site_expect_answer(result, 200, 2);
        nginx_site_expect_body(result, "hello", 5);
        const insist_attempt_record *first = insist_result_attempt(result, 0);
        const insist_attempt_record *second = insist_result_attempt(result, 1);
        assert_true(first->reused && !second->reused);
        assert_int_equal(first->sent, INSIST_MAYBE_SENT);
        assert_true(is_cut(way, first->error));
        assert_int_equal(second->kind, INSIST_RETRIED);
        assert_int_equal(second->why_started, INSIST_START_STALE);
        insist_result_free(result);
    }
    insist_plan_free(plan);
    insist_client_free(client);
}

/* ---- a reload before the answer --------------------------------------------------------------------------------- */

static void *reload(void *nginx) {
    return nginx_reload(nginx) ? nginx : NULL;
}

/* The old workers announce their end on the connection (Connection: close, GOAWAY) and still answer. */
static void a_post_during_a_reload_is_answered(void **state) {
    static const char farewell[] = "gracefully shutting down";
    const struct nginx_way *way = *state;
    char head[4096];
    insist_client *client = nginx_site_client(&site, way, NULL);
    insist_plan *plan = nginx_site_plan(&site, way, "POST", "/held");
    for (int round = 0; round < ROUNDS; round++) {
        struct side_call call;
        pthread_t reloader;
        void *reloaded = NULL;
        long farewells = nginx_count_lines_with(&site.nginx, "error.log", farewell);
        warm_up(client, way);
        side_call_start(&call, client, plan, NULL);
        int upstream = nginx_take_held(&site.nginx, head, sizeof head);
        assert_int_equal(pthread_create(&reloader, NULL, reload, &site.nginx), 0);
        bool ending = nginx_wait_lines_with(&site.nginx, "error.log", farewell, farewells + NGINX_WORKERS);
        bool answered = answer(upstream);
        insist_result *result = side_call_join(&call);
        pthread_join(reloader, &reloaded);
        assert_true(ending && answered && reloaded != NULL);
        nginx_site_expect_answer(result, 200, 1);
        nginx_site_expect_body(result, "hello", 5);
        insist_result_free(result);
    }
    assert_true(nginx_held_is_empty(&site.nginx));
    insist_plan_free(plan);
    insist_client_free(client);
}

/* ---- killed in the middle of the answer ------------------------------------------------------------------------- */

static bool wait_for(sem_t *semaphore) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 50;
    return sem_clockwait(semaphore, CLOCK_MONOTONIC, &until) == 0;
}

struct cut_calls {
    sem_t headers; /* one for each first attempt whose answer has begun */
    sem_t killed;  /* a door: whoever comes through leaves it open */
};

/* The first attempt would take a minute. The second one waits until all workers of then are dead: over HTTP/2 it may share
 * another call's connection, and when that one's worker dies next, a third attempt is right. */
static int slow_down_the_first(void *ctx, insist_event event, insist_execution *execution) {
    struct cut_calls *cut = ctx;
    (void)event;
    if (insist_execution_attempt(execution) == 0) {
        return insist_execution_set_header(execution, "X-Slow", "1") == INSIST_OK ? 0 : 1;
    }
    bool all_dead = wait_for(&cut->killed);
    sem_post(&cut->killed);
    return all_dead ? 0 : 1;
}

static int count_headers(void *ctx, insist_event event, insist_execution *execution) {
    struct cut_calls *cut = ctx;
    (void)event;
    if (insist_execution_attempt(execution) == 0) {
        sem_post(&cut->headers);
    }
    return 0;
}

static void expect_second_attempt_whole(const struct nginx_way *way, const insist_result *result) {
    nginx_site_expect_answer(result, 200, 2);
    nginx_site_expect_body(result, site.slow, SITE_SLOW_BYTES);
    const insist_attempt_record *first = insist_result_attempt(result, 0);
    const insist_attempt_record *second = insist_result_attempt(result, 1);
    assert_true(is_cut(way, first->error));
    assert_int_equal(first->status, 200);
    assert_int_equal(first->sent, INSIST_ANSWERED);
    assert_int_equal(first->why_ended, INSIST_ENDED_RETRYABLE);
    assert_true(first->bytes < SITE_SLOW_BYTES);
    assert_int_equal(second->bytes, SITE_SLOW_BYTES);
    assert_int_equal(second->why_started, INSIST_START_BACKOFF);
    expect_other_connections(result);
}

static void answers_cut_by_a_dying_worker_are_fetched_again(void **state) {
    const struct nginx_way *way = *state;
    struct cut_calls cut;
    struct side_call calls[LOAD_THREADS];
    insist_handlers *handlers = NULL;
    assert_int_equal(sem_init(&cut.headers, 0, 0), 0);
    assert_int_equal(sem_init(&cut.killed, 0, 0), 0);
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    assert_int_equal(insist_handlers_push(handlers, INSIST_BEFORE_ATTEMPT, slow_down_the_first, &cut), INSIST_OK);
    assert_int_equal(insist_handlers_push(handlers, INSIST_BEFORE_READ_BODY, count_headers, &cut), INSIST_OK);
    insist_client *client = persistent_client(way);
    insist_plan *plan = nginx_site_plan(&site, way, "GET", "/slow/slow.bin");
    insist_call_options options = {.size = sizeof options, .handlers = handlers};
    for (size_t n = 0; n < LOAD_THREADS; n++) {
        side_call_start(&calls[n], client, plan, &options);
    }
    bool all = true;
    for (size_t n = 0; n < LOAD_THREADS; n++) {
        all = wait_for(&cut.headers) && all;
    }
    bool killed = nginx_kill_workers(&site.nginx);
    sem_post(&cut.killed);
    for (size_t n = 0; n < LOAD_THREADS; n++) {
        side_call_join(&calls[n]);
    }
    assert_true(all && killed);
    for (size_t n = 0; n < LOAD_THREADS; n++) {
        expect_second_attempt_whole(way, calls[n].result);
        insist_result_free(calls[n].result);
    }
    insist_plan_free(plan);
    insist_client_free(client);
    insist_handlers_free(handlers);
    sem_destroy(&cut.headers);
    sem_destroy(&cut.killed);
}

/* ---- under load ------------------------------------------------------------------------------------------------- */

enum { KILLS = 5 };

/* Runs it and kills the workers at its marks: there half of the threads are in the middle of an answer, and the others ask
 * while the workers die. */
static void run_with_kills(struct load *load) {
    bool killed = true;
    load->marks = KILLS;
    load_start(load);
    for (size_t kill = 1; kill <= KILLS; kill++) {
        killed = load_gather(load) && killed;
        load_begin(load);
        killed = nginx_kill_workers(&site.nginx) && killed;
        load_pass(load);
    }
    load_join(load);
    assert_true(killed);
}

static void gets_survive_dying_workers(void **state) {
    const struct nginx_way *way = *state;
    struct load load = {.site = &site,
                        .way = way,
                        .client = persistent_client(way),
                        .method = "GET",
                        .path = "/slow/slow.bin",
                        .name = "get"};
    run_with_kills(&load);
    size_t attempts = 0;
    for (size_t n = 0; n < (size_t)LOAD_THREADS * LOAD_CALLS; n++) {
        const insist_result *result = load.results[n / LOAD_CALLS][n % LOAD_CALLS];
        assert_non_null(result);
        nginx_site_expect_answer(result, 200, insist_result_attempts(result));
        nginx_site_expect_body(result, site.slow, SITE_SLOW_BYTES);
        expect_other_connections(result);
        attempts += insist_result_attempts(result);
    }
    assert_true(attempts >= (size_t)LOAD_THREADS * LOAD_CALLS + (size_t)KILLS * LOAD_CAUGHT);
    load_free(&load);
    insist_client_free(load.client);
}

/* Arrived at most once, and not at all only where the call failed. */
static void expect_post(const struct load *load, size_t thread, size_t call, const insist_result *result) {
    struct load_key key = load_key(load, thread, call);
    long arrived = nginx_count_lines(&site.nginx, "arrived.log", key.text);
    bool good = insist_result_ok(result) && nginx_site_has_body(result, site.slow, SITE_SLOW_BYTES) && arrived == 1;
    bool cut = is_cut(load->way, insist_result_error(result)) &&
               insist_result_reason(result) == INSIST_NOT_REPEATABLE && arrived <= 1;
    if (!good && !cut) {
        fail_msg("%s, reason %s, arrived %ld times", insist_result_explain(result),
                 insist_reason_name(insist_result_reason(result)), arrived);
    }
    for (size_t i = 0; i + 1 < insist_result_attempts(result); i++) {
        assert_int_equal(insist_result_attempt(result, i)->sent, INSIST_NOT_SENT);
    }
}

static void posts_are_delivered_once_whatever_workers_do(void **state) {
    const struct nginx_way *way = *state;
    char name[16];
    snprintf(name, sizeof name, "post-%s", way->name);
    struct load load = {.site = &site,
                        .way = way,
                        .client = persistent_client(way),
                        .method = "POST",
                        .path = "/post/slow.bin",
                        .name = name};
    run_with_kills(&load);
    size_t failed = 0;
    for (size_t n = 0; n < (size_t)LOAD_THREADS * LOAD_CALLS; n++) {
        const insist_result *result = load.results[n / LOAD_CALLS][n % LOAD_CALLS];
        assert_non_null(result);
        expect_post(&load, n / LOAD_CALLS, n % LOAD_CALLS, result);
        failed += insist_result_error(result) != INSIST_OK;
    }
    assert_true(failed >= (size_t)KILLS * LOAD_CAUGHT);
    load_free(&load);
    insist_client_free(load.client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_post_after_a_reload_is_delivered_once),
        cmocka_unit_test(a_post_after_a_kill_is_delivered_once),
        cmocka_unit_test(an_idle_connection_that_was_closed_is_closed_here),
        cmocka_unit_test(a_post_whose_worker_dies_is_not_sent_again),
        cmocka_unit_test(a_get_whose_worker_dies_is_sent_again_on_a_fresh_connection),
        cmocka_unit_test(a_post_during_a_reload_is_answered),
        cmocka_unit_test(answers_cut_by_a_dying_worker_are_fetched_again),
        cmocka_unit_test(gets_survive_dying_workers),
        cmocka_unit_test(posts_are_delivered_once_whatever_workers_do),
    };
    return nginx_site_run(&site, tests, sizeof tests / sizeof tests[0]);
}
