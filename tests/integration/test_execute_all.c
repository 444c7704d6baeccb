/* Many calls at once on one thread: what each returns, that none ends another, what ends all of them, and whose turn
 * it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/crowd.h"
#include "support/usage.h"
#include <insist/insist.h>
#include <insist/testserver.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 30000
#define MOST 1000

static insist_testserver *server;
static insist_client *client;
static insist_plan *plans[MOST];
static insist_result *results[MOST];
static size_t made;

/* Nothing limits an attempt or a call but what a test sets: each is answered once, however busy the machine is. */
static int begin(void **state) {
    insist_timeout_policy *none = NULL;
    (void)state;
    made = 0;
    if (insist_testserver_start(NULL, NULL, &server) != INSIST_OK ||
        insist_timeout_infinite_new(NULL, &none) != INSIST_OK)
        return -1;
    const insist_client_options *options =
        INSIST_CLIENT_OPTIONS(.budget = insist_budget_none(), .timeout = none, .deadline_ms = INSIST_FOREVER);
    insist_err err = insist_client_new(options, NULL, &client);
    insist_timeout_policy_free(none);
    return err == INSIST_OK ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    for (size_t i = 0; i < made; i++)
        insist_plan_free(plans[i]);
    insist_client_free(client);
    insist_testserver_free(server);
    return 0;
}

static insist_plan *plan_with(const char *method, const char *path) {
    char url[512];
    snprintf(url, sizeof url, "%s%s", insist_testserver_url(server), path);
    assert_true(made < MOST);
    assert_int_equal(insist_plan_new(method, url, NULL, &plans[made]), INSIST_OK);
    return plans[made++];
}

static insist_plan *plan(const char *path) {
    return plan_with("GET", path);
}

static insist_plan *bad_plan(void) {
    insist_plan *bad = plan("/never");
    assert_int_equal(insist_plan_set_header(bad, "X-Bad", "one\r\ntwo"), INSIST_EINVAL);
    return bad;
}

static insist_err execute_all(const insist_call_options *options) {
    return insist_execute_all(client, (const insist_plan *const *)plans, made, options, results);
}

static void free_results(void) {
    for (size_t i = 0; i < made; i++)
        insist_result_free(results[i]);
}

static insist_handlers *handlers_of(insist_event event, insist_handler_fn *handler, void *ctx) {
    insist_handlers *handlers = NULL;
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    assert_int_equal(insist_handlers_push(handlers, event, handler, ctx), INSIST_OK);
    return handlers;
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void spin_until(int64_t until_ns) {
    while (now_ns() < until_ns)
        ;
}

/* Where one call is to end by the deadline and the others before it: on a busy machine they may need longer. Nothing of
 * a round that was too short is left for the next. */
#define FIRST_DEADLINE_MS 200
#define LAST_DEADLINE_MS (FIRST_DEADLINE_MS << 9)

static bool had_no_time(const insist_result *result) {
    return insist_result_reason(result) == INSIST_DEADLINE || insist_result_reason(result) == INSIST_NO_TIME;
}

static bool was_too_short(size_t meant_to_end_by_it) {
    bool too_short = false;
    for (size_t i = 0; i < made; i++)
        too_short = too_short || (i != meant_to_end_by_it && had_no_time(results[i]));
    return too_short;
}

static void begin_again(void) {
    free_results();
    end(NULL);
    assert_int_equal(begin(NULL), 0);
}

static insist_err execute_all_long_enough(void (*make_plans)(void), const insist_retry_policy *retry,
                                          size_t meant_to_end_by_it) {
    insist_err err = INSIST_OK;
    for (int64_t deadline_ms = FIRST_DEADLINE_MS; deadline_ms <= LAST_DEADLINE_MS; deadline_ms *= 2) {
        if (deadline_ms > FIRST_DEADLINE_MS)
            begin_again();
        make_plans();
        err = execute_all(INSIST_CALL_OPTIONS(.deadline_ms = deadline_ms, .retry = retry));
        if (!was_too_short(meant_to_end_by_it))
            break;
    }
    return err;
}

/* ---- each is a call of its own ---- */

enum { HUNDRED = 100, REFUSED = 37, HUNG = 61 };

struct expected {
    const char *script;
    int status;
    size_t attempts;
};

static const struct expected kinds[] = {
    {"200", 200, 1}, {"404", 404, 1}, {"503;retry-after=0,200", 200, 2}, {"resetx2,200", 200, 3}, {"500", 500, 4}};

static const struct expected *kind_of(size_t i) {
    return &kinds[i % (sizeof kinds / sizeof kinds[0])];
}

static void plan_a_hundred(void) {
    for (size_t i = 0; i < HUNDRED; i++) {
        char path[128];
        snprintf(path, sizeof path, "/mixed?do=%s&key=%zu", i == HUNG ? "hang" : kind_of(i)->script, i);
        if (i == REFUSED)
            bad_plan();
        else
            plan(path);
    }
}

static void assert_record_is_complete(const insist_result *result) {
    for (size_t i = 0; i < insist_result_attempts(result); i++) {
        const insist_attempt_record *record = insist_result_attempt(result, i);
        assert_int_equal(record->index, i);
        assert_true(record->ended_us >= record->queued_us);
        assert_true(record->queued_us >= 0);
        if (i + 1 < insist_result_attempts(result))
            assert_int_equal(record->why_ended, INSIST_ENDED_RETRYABLE);
    }
}

static void assert_as_expected(size_t i) {
    char key[16], tail[32];
    const insist_result *result = results[i];
    snprintf(key, sizeof key, "%zu", i);
    snprintf(tail, sizeof tail, "&key=%zu", i);
    assert_string_equal(insist_result_url(result) + strlen(insist_result_url(result)) - strlen(tail), tail);
    assert_int_equal(insist_result_error(result), INSIST_OK);
    assert_int_equal(insist_result_status(result), kind_of(i)->status);
    assert_int_equal(insist_result_attempts(result), kind_of(i)->attempts);
    assert_int_equal(insist_testserver_hits_by_key(server, key), kind_of(i)->attempts);
    assert_record_is_complete(result);
}

static void a_hundred_plans_end_each_in_its_own_way(void **state) {
    (void)state;
    insist_retry_policy *retry = NULL;
    assert_int_equal(insist_retry_policy_new(insist_retry_and(insist_retry_times(3), insist_retry_standard()),
                                             insist_wait_constant_ms(1), NULL, &retry),
                     INSIST_OK);
    assert_int_equal(execute_all_long_enough(plan_a_hundred, retry, HUNG), INSIST_EINVAL);
    for (size_t i = 0; i < HUNDRED; i++)
        if (i != REFUSED && i != HUNG)
            assert_as_expected(i);
    assert_int_equal(insist_result_error(results[REFUSED]), INSIST_EINVAL);
    assert_int_equal(insist_result_reason(results[REFUSED]), INSIST_REJECTED);
    assert_int_equal(insist_testserver_hits(server, "/never"), 0);
    assert_int_equal(insist_result_error(results[HUNG]), INSIST_EDEADLINE);
    assert_int_equal(insist_result_attempt(results[HUNG], 0)->why_ended, INSIST_ENDED_DEADLINE);
    assert_int_equal(insist_testserver_hits_by_key(server, "61"), 1);
    insist_stats stats = {.size = sizeof stats};
    assert_int_equal(insist_client_stats(client, &stats), INSIST_OK);
    assert_int_equal(stats.calls, HUNDRED - 1);
    assert_int_equal(stats.calls_done, HUNDRED - 2 - HUNDRED / 5); /* those of the 500 end by their count */
    assert_int_equal(stats.running, 0);
    free_results();
    insist_retry_policy_free(retry);
}

static void plan_three_that_differ(void) {
    plan("/fine");
    plan("/hang?do=hang");
    bad_plan();
}

static void error_of_the_first_plan_is_returned_not_of_the_first_to_end(void **state) {
    (void)state;
    assert_int_equal(execute_all_long_enough(plan_three_that_differ, NULL, 1), INSIST_EDEADLINE);
    assert_int_equal(insist_result_error(results[0]), INSIST_OK);
    assert_int_equal(insist_result_error(results[2]), INSIST_EINVAL);
    free_results();
}

static void one_plan_many_times(void **state) {
    (void)state;
    plan("/same?do=503x50;retry-after=0;hold=/same>=50,200");
    for (; made < 50; made++)
        plans[made] = plans[0];
    assert_int_equal(execute_all(NULL), INSIST_OK);
    size_t attempts = 0;
    for (size_t i = 0; i < made; i++) {
        assert_int_equal(insist_result_status(results[i]), 200);
        attempts += insist_result_attempts(results[i]);
    }
    assert_int_equal(attempts, 100);
    assert_int_equal(insist_testserver_hits(server, "/same"), 100);
    free_results();
    made = 1;
}

static void a_thousand_are_in_flight_at_once(void **state) {
    (void)state;
    usage_raise_descriptor_limit();
    for (size_t i = 0; i < MOST; i++)
        plan("/crowd?do=200;hold=/crowd>=1000");
    assert_int_equal(execute_all(NULL), INSIST_OK);
    for (size_t i = 0; i < MOST; i++)
        assert_int_equal(insist_result_status(results[i]), 200);
    assert_int_equal(insist_testserver_hits(server, "/crowd"), MOST);
    free_results();
}

static size_t count_ends(insist_why_ended why) {
    size_t n = 0;
    for (size_t i = 0; i < made; i++)
        for (size_t j = 0; j < insist_result_attempts(results[i]); j++)
            n += insist_result_attempt(results[i], j)->why_ended == why;
    return n;
}

/* Each path's first request hangs: only a hedge can win. */
static void every_one_of_them_races(void **state) {
    (void)state;
    const int64_t offset = 5;
    insist_race_policy *race = NULL;
    assert_int_equal(
        insist_race_policy_new(insist_race_static_ms(&offset, 1), insist_start_always(), INSIST_REFILL, NULL, &race),
        INSIST_OK);
    for (size_t i = 0; i < 50; i++) {
        char path[64];
        snprintf(path, sizeof path, "/race?do=hang,200&key=%zu", i);
        plan(path);
    }
    assert_int_equal(execute_all(INSIST_CALL_OPTIONS(.race = race, .deadline_ms = INSIST_FOREVER)), INSIST_OK);
    for (size_t i = 0; i < made; i++) {
        assert_int_equal(insist_result_status(results[i]), 200);
        assert_int_equal(insist_result_attempts(results[i]), 2);
        assert_int_equal(insist_result_attempt(results[i], 1)->kind, INSIST_HEDGE);
    }
    assert_int_equal(count_ends(INSIST_ENDED_LOST), 50);
    assert_int_equal(count_ends(INSIST_ENDED_WON), 50);
    free_results();
    insist_race_policy_free(race);
    assert_true(insist_testserver_wait_idle(server, PATIENCE_MS)); /* the losers are gone */
}

/* ---- what ends all of them ---- */

struct canceller {
    insist_cancel *cancel;
    size_t held, threads;
};

static void fire_when_all_are_held(void *shared, size_t i) {
    struct canceller *canceller = shared;
    (void)i;
    if (!insist_testserver_wait_held(server, canceller->held, PATIENCE_MS))
        print_error("the server does not hold them all\n");
    canceller->threads = usage_threads(getpid());
    insist_cancel_fire(canceller->cancel);
}

static void cancel_ends_all_while_the_server_holds_them(void **state) {
    (void)state;
    struct canceller canceller = {.held = 100};
    const size_t threads = usage_threads(getpid());
    assert_int_equal(insist_cancel_new(&canceller.cancel), INSIST_OK);
    for (size_t i = 0; i < canceller.held; i++)
        plan("/hang?do=hang");
    struct crowd *crowd = crowd_start(1, fire_when_all_are_held, &canceller);
    assert_int_equal(execute_all(INSIST_CALL_OPTIONS(.cancel = canceller.cancel, .deadline_ms = INSIST_FOREVER)),
                     INSIST_ECANCELED);
    crowd_join(crowd);
    assert_int_equal(canceller.threads, threads + 1); /* the one that asked */
    for (size_t i = 0; i < made; i++) {
        assert_int_equal(insist_result_reason(results[i]), INSIST_CANCELLED);
        assert_int_equal(insist_result_attempts(results[i]), 1);
    }
    assert_int_equal(count_ends(INSIST_ENDED_CANCELLED), 100);
    free_results();
    assert_true(insist_testserver_wait_idle(server, PATIENCE_MS));
    assert_int_equal(execute_all(INSIST_CALL_OPTIONS(.cancel = canceller.cancel)),
                     INSIST_ECANCELED); /* once and for all */
    for (size_t i = 0; i < made; i++)
        assert_int_equal(insist_result_attempts(results[i]), 0);
    free_results();
    insist_cancel_free(canceller.cancel);
}

static int fire_at_once(void *ctx, insist_event event, insist_execution *execution) {
    (void)event;
    (void)execution;
    insist_cancel_fire(ctx);
    return 0;
}

static void cancel_keeps_those_from_starting_that_are_not_begun(void **state) {
    (void)state;
    insist_cancel *cancel = NULL;
    assert_int_equal(insist_cancel_new(&cancel), INSIST_OK);
    insist_handlers *handlers = handlers_of(INSIST_BEFORE_EXECUTION_START, fire_at_once, cancel);
    for (size_t i = 0; i < 10; i++)
        plan("/hang?do=hang");
    assert_int_equal(
        execute_all(INSIST_CALL_OPTIONS(.cancel = cancel, .handlers = handlers, .deadline_ms = INSIST_FOREVER)),
        INSIST_ECANCELED);
    for (size_t i = 0; i < made; i++)
        assert_int_equal(insist_result_attempts(results[i]), 0);
    free_results();
    insist_handlers_free(handlers);
    insist_cancel_free(cancel);
}

struct wanted {
    insist_cancel *cancel;
    unsigned answers;
};

static int fire_at_the_third(void *ctx, insist_event event, insist_execution *execution) {
    struct wanted *wanted = ctx;
    (void)event;
    if (insist_execution_status(execution) == 200 && ++wanted->answers == 3)
        insist_cancel_fire(wanted->cancel);
    return 0;
}

static void first_three_of_ten(void **state) {
    (void)state;
    struct wanted wanted = {0};
    assert_int_equal(insist_cancel_new(&wanted.cancel), INSIST_OK);
    insist_handlers *handlers = handlers_of(INSIST_AFTER_EXECUTION_END, fire_at_the_third, &wanted);
    for (size_t i = 0; i < 10; i++)
        plan(i % 3 == 1 ? "/three" : i % 3 == 2 ? "/hang?do=hang" : "/hang?do=503,hang");
    assert_int_equal(
        execute_all(INSIST_CALL_OPTIONS(.cancel = wanted.cancel, .handlers = handlers, .deadline_ms = INSIST_FOREVER)),
        INSIST_ECANCELED);
    for (size_t i = 0; i < made; i++)
        assert_int_equal(insist_result_error(results[i]), i % 3 == 1 ? INSIST_OK : INSIST_ECANCELED);
    free_results();
    insist_handlers_free(handlers);
    insist_cancel_free(wanted.cancel);
}

static int free_the_client(void *ctx, insist_event event, insist_execution *execution) {
    unsigned *ends = ctx;
    (void)event;
    (void)execution;
    if ((*ends)++ == 0)
        insist_client_free(client);
    return 0;
}

static void client_may_be_freed_from_inside_one_of_them(void **state) {
    (void)state;
    static const insist_event events[] = {INSIST_BEFORE_EXECUTION_START, INSIST_AFTER_EXECUTION_END};
    for (size_t round = 0; round < 2; round++) {
        unsigned ends = 0;
        if (round > 0)
            assert_int_equal(begin(NULL), 0);
        insist_handlers *handlers = handlers_of(events[round], free_the_client, &ends);
        plan("/fine");
        for (size_t i = 1; i < 10; i++)
            plan("/hang?do=hang");
        insist_err err = execute_all(INSIST_CALL_OPTIONS(.handlers = handlers, .deadline_ms = INSIST_FOREVER));
        client = NULL;
        assert_int_equal(err, INSIST_ESHUTDOWN);
        for (size_t i = 1; i < made; i++) {
            assert_int_equal(insist_result_error(results[i]), INSIST_ESHUTDOWN);
            assert_int_equal(insist_result_attempts(results[i]), round);
        }
        assert_int_equal(ends, 10);
        free_results();
        insist_handlers_free(handlers);
        if (round == 0)
            end(NULL);
    }
}

static void free_when_all_are_held(void *shared, size_t i) {
    (void)i;
    insist_stats stats = {.size = sizeof stats};
    if (!insist_testserver_wait_held(server, 20, PATIENCE_MS) || insist_client_stats(client, &stats) != INSIST_OK)
        print_error("the server does not hold them all\n");
    *(uint64_t *)shared = stats.running;
    insist_client_free(client);
}

static void client_freed_by_another_thread_ends_all(void **state) {
    (void)state;
    uint64_t running = 0;
    for (size_t i = 0; i < 20; i++)
        plan("/hang?do=hang");
    struct crowd *crowd = crowd_start(1, free_when_all_are_held, &running);
    assert_int_equal(execute_all(INSIST_CALL_OPTIONS(.deadline_ms = INSIST_FOREVER)), INSIST_ESHUTDOWN);
    crowd_join(crowd);
    client = NULL;
    assert_int_equal(running, 20);
    assert_int_equal(count_ends(INSIST_ENDED_CANCELLED), 20);
    free_results();
}

/* ---- user code, and whose turn it is ---- */

static int call_again(void *ctx, insist_event event, insist_execution *execution) {
    size_t *nested = ctx;
    insist_result *inner[2] = {NULL, NULL};
    (void)event;
    (void)execution;
    const insist_plan *both[] = {plans[0], plans[1]};
    insist_err err = insist_execute_all(client, both, 2, NULL, inner);
    *nested += insist_result_ok(inner[0]) && insist_result_ok(inner[1]);
    insist_result_free(inner[0]);
    insist_result_free(inner[1]);
    return err == INSIST_OK ? 0 : 1;
}

static void handlers_may_call_the_same_client(void **state) {
    (void)state;
    size_t nested = 0;
    insist_handlers *handlers = handlers_of(INSIST_AFTER_ATTEMPT, call_again, &nested);
    for (size_t i = 0; i < 10; i++)
        plan("/nested");
    assert_int_equal(execute_all(INSIST_CALL_OPTIONS(.handlers = handlers)), INSIST_OK);
    assert_int_equal(nested, 10);
    assert_int_equal(insist_testserver_hits(server, "/nested"), 30);
    free_results();
    insist_handlers_free(handlers);
}

static int end_the_first(void *ctx, insist_event event, insist_execution *execution) {
    (void)ctx;
    (void)event;
    return insist_execution_status(execution) == 404 ? 7 : 0;
}

static void handler_ends_only_the_call_that_it_was_called_for(void **state) {
    (void)state;
    insist_handlers *handlers = handlers_of(INSIST_AFTER_ATTEMPT, end_the_first, NULL);
    plan("/none?do=404");
    plan("/later?do=200;hold=/none>=1");
    assert_int_equal(execute_all(INSIST_CALL_OPTIONS(.handlers = handlers)), INSIST_EHANDLER);
    assert_int_equal(insist_result_handler_number(results[0]), 7);
    assert_int_equal(insist_result_error(results[1]), INSIST_OK);
    assert_int_equal(insist_result_status(results[1]), 200);
    free_results();
    insist_handlers_free(handlers);
}

enum { ENTRY_DEADLINE_MS = 50 };

/* The first time: until then all were entered. */
static int spin_over_the_deadline(void *ctx, insist_event event, insist_execution *execution) {
    int64_t *until_ns = ctx;
    (void)event;
    (void)execution;
    if (*until_ns == 0)
        *until_ns = now_ns() + (ENTRY_DEADLINE_MS + 1) * INT64_C(1000000);
    spin_until(*until_ns);
    return 0;
}

/* A relative one: were it counted from the beginning of each call, the second would have time enough. */
static void deadline_counts_from_the_one_entry(void **state) {
    (void)state;
    int64_t until_ns = 0;
    insist_handlers *handlers = handlers_of(INSIST_BEFORE_EXECUTION_START, spin_over_the_deadline, &until_ns);
    plan("/late");
    plan("/late");
    assert_int_equal(execute_all(INSIST_CALL_OPTIONS(.handlers = handlers, .deadline_ms = ENTRY_DEADLINE_MS)),
                     INSIST_EDEADLINE);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(insist_result_reason(results[i]), INSIST_DEADLINE);
        assert_int_equal(insist_result_attempts(results[i]), 0);
    }
    free_results();
    insist_handlers_free(handlers);
}

struct slow {
    int64_t deadline_ns;
    bool was_slow;
    bool in_time; /* the other answer was there before the deadline */
};

/* Lets the server answer the other plan, and comes back when the deadline has passed. */
static int be_slow_once(void *ctx, insist_event event, insist_execution *execution) {
    struct slow *slow = ctx;
    insist_result *result = NULL;
    (void)event;
    (void)execution;
    if (slow->was_slow)
        return 0;
    slow->was_slow = true;
    insist_err err = insist_execute(client, plans[2], NULL, &result);
    insist_result_free(result);
    insist_stats stats = {.size = sizeof stats, .in_flight = 1};
    while (err == INSIST_OK && stats.in_flight > 0)
        err = insist_client_stats(client, &stats);
    slow->in_time = now_ns() < slow->deadline_ns;
    spin_until(slow->deadline_ns + 1000000);
    return err == INSIST_OK ? 0 : 1;
}

static insist_err answer_while_another_is_busy(int64_t deadline_ms, struct slow *slow) {
    *slow = (struct slow){.deadline_ns = now_ns() + deadline_ms * 1000000};
    insist_handlers *handlers = handlers_of(INSIST_AFTER_EXECUTION_END, be_slow_once, slow);
    plan("/fast");
    plan("/waiting?do=200;hold=/gate>=1");
    plan("/gate");
    results[2] = NULL;
    insist_err err =
        insist_execute_all(client, (const insist_plan *const *)plans, 2,
                           INSIST_CALL_OPTIONS(.handlers = handlers, .deadline_at_ns = slow->deadline_ns), results);
    insist_handlers_free(handlers);
    return err;
}

static void answer_that_came_while_another_was_busy_beats_the_deadline(void **state) {
    (void)state;
    struct slow slow;
    int64_t deadline_ms = FIRST_DEADLINE_MS;
    insist_err err = answer_while_another_is_busy(deadline_ms, &slow);
    for (; !slow.in_time && deadline_ms < LAST_DEADLINE_MS; err = answer_while_another_is_busy(deadline_ms, &slow)) {
        begin_again();
        deadline_ms *= 2;
    }
    assert_int_equal(err, INSIST_OK);
    assert_int_equal(insist_result_status(results[1]), 200);
    free_results();
}

static insist_verdict retry_when_it_is_late(void *ctx, const insist_execution *execution, insist_err *error) {
    struct slow *slow = ctx;
    (void)error;
    slow->in_time = insist_execution_status(execution) == 503;
    spin_until(slow->deadline_ns + 1000000);
    return INSIST_RETRY;
}

static insist_err decide_when_it_is_late(int64_t deadline_ms) {
    struct slow slow = {.deadline_ns = now_ns() + deadline_ms * 1000000};
    const insist_decider decider = {.decide = retry_when_it_is_late, .ctx = &slow};
    insist_retry_policy *retry = NULL;
    assert_int_equal(insist_retry_policy_new(decider, insist_wait_constant_ms(0), NULL, &retry), INSIST_OK);
    plan("/slow?do=503");
    insist_err err = execute_all(INSIST_CALL_OPTIONS(.retry = retry, .deadline_at_ns = slow.deadline_ns));
    insist_retry_policy_free(retry);
    if (slow.in_time || deadline_ms >= LAST_DEADLINE_MS)
        return err;
    begin_again();
    return decide_when_it_is_late(deadline_ms * 2);
}

static void slow_decider_starts_nothing_after_the_deadline(void **state) {
    (void)state;
    assert_int_equal(decide_when_it_is_late(FIRST_DEADLINE_MS), INSIST_EDEADLINE);
    assert_int_equal(insist_result_status(results[0]), 503);
    assert_int_equal(insist_result_attempts(results[0]), 1);
    free_results();
}

/* ---- arguments ---- */

static int64_t read_nothing(void *ctx, void *buffer, size_t room) {
    (void)ctx;
    (void)buffer;
    (void)room;
    return 0;
}

static int take(void *ctx, const void *data, size_t len) {
    (void)data;
    *(size_t *)ctx += len;
    return 0;
}

static void assert_says(const insist_result *result, const char *words) {
    assert_non_null(result);
    if (strstr(insist_result_explain(result), words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", insist_result_explain(result), words);
}

static void arguments_are_checked(void **state) {
    (void)state;
    const insist_plan *const *given = (const insist_plan *const *)plans;
    insist_result *stale = (insist_result *)(void *)plans;
    plan("/x");
    assert_int_equal(insist_execute_all(client, NULL, 0, NULL, NULL), INSIST_OK);
    results[0] = stale;
    assert_int_equal(insist_execute_all(client, given, 0, NULL, results), INSIST_OK);
    assert_ptr_equal(results[0], stale);
    assert_int_equal(insist_execute_all(NULL, given, 1, NULL, results), INSIST_EINVAL);
    assert_null(results[0]);
    results[0] = stale;
    assert_int_equal(insist_execute_all(client, NULL, 1, NULL, results), INSIST_EINVAL);
    assert_null(results[0]);
    assert_int_equal(insist_execute_all(client, given, 1, NULL, NULL), INSIST_EINVAL);
    assert_int_equal(insist_testserver_hits(server, "/x"), 0);
}

static void options_are_refused_for_all(void **state) {
    (void)state;
    plan("/x");
    plan("/x");
    assert_int_equal(execute_all(INSIST_CALL_OPTIONS(.deadline_ms = -5)), INSIST_EINVAL);
    assert_says(results[0], "a deadline cannot be negative");
    assert_says(results[1], "a deadline cannot be negative");
    free_results();
    assert_int_equal(insist_testserver_hits(server, "/x"), 0);
}

static void a_sink_is_for_one_plan(void **state) {
    (void)state;
    size_t taken = 0;
    insist_sink sink = {.write = take, .ctx = &taken};
    plan("/x?do=200;body=hello");
    assert_int_equal(execute_all(INSIST_CALL_OPTIONS(.sink = &sink)), INSIST_OK);
    free_results();
    assert_int_equal(taken, 5);
    plan("/x");
    assert_int_equal(execute_all(INSIST_CALL_OPTIONS(.sink = &sink)), INSIST_EINVAL);
    assert_says(results[0], "one sink cannot take");
    assert_says(results[1], "one sink cannot take");
    free_results();
    assert_int_equal(insist_testserver_hits(server, "/x"), 1);
}

static void what_is_refused_stops_nobody(void **state) {
    (void)state;
    const insist_reader reader = {.read = read_nothing, .length = 0};
    insist_race_policy *race = NULL;
    const int64_t offset = 5;
    assert_int_equal(
        insist_race_policy_new(insist_race_static_ms(&offset, 1), insist_start_always(), INSIST_REFILL, NULL, &race),
        INSIST_OK);
    assert_int_equal(insist_plan_set_body_reader(plan_with("PUT", "/read"), &reader), INSIST_OK);
    plans[made++] = NULL;
    plans[made] = plans[0];
    made++;
    plan("/fine");
    assert_int_equal(execute_all(NULL), INSIST_EINVAL);
    assert_int_equal(insist_result_error(results[0]), INSIST_OK);
    assert_says(results[1], "no plan");
    assert_int_equal(insist_result_error(results[1]), INSIST_EINVAL);
    assert_says(results[2], "another call");
    assert_int_equal(insist_result_error(results[3]), INSIST_OK);
    assert_int_equal(insist_testserver_hits(server, "/read"), 1);
    free_results();
    assert_int_equal(execute_all(NULL), INSIST_EINVAL); /* the reader was given back */
    assert_int_equal(insist_result_error(results[0]), INSIST_OK);
    free_results();
    assert_int_equal(execute_all(INSIST_CALL_OPTIONS(.race = race)), INSIST_EINVAL);
    assert_says(results[0], "race");
    assert_int_equal(insist_result_error(results[3]), INSIST_OK);
    free_results();
    insist_race_policy_free(race);
    plans[2] = NULL;
}

/* ---- fork ---- */

struct forking {
    unsigned at, seen;
    pid_t child; /* 0: in the child */
};

static int fork_once(void *ctx, insist_event event, insist_execution *execution) {
    struct forking *forking = ctx;
    (void)event;
    (void)execution;
    if (forking->seen++ == forking->at)
        forking->child = fork();
    if (forking->child == 0)
        alarm(PATIENCE_MS / 1000); /* one that hangs is a failure */
    return 0;
}

/* The calls that were over keep their results. */
static int judge_child(insist_err err, size_t over) {
    size_t ended = 0, told = 0;
    for (size_t i = 0; i < made; i++) {
        ended += insist_result_error(results[i]) == INSIST_OK;
        told +=
            insist_result_error(results[i]) == INSIST_EFORKED && insist_result_reason(results[i]) == INSIST_REJECTED;
    }
    return err == INSIST_EFORKED && ended == over && told == made - over ? 0 : 1;
}

static void fork_inside_is_told_to_the_child(void **state) {
    (void)state;
    static const insist_event events[] = {INSIST_BEFORE_EXECUTION_START, INSIST_AFTER_ATTEMPT};
    for (size_t i = 0; i < 10; i++)
        plan("/fork");
    for (size_t round = 0; round < 2; round++) {
        struct forking forking = {.at = 3, .child = -1};
        insist_handlers *handlers = handlers_of(events[round], fork_once, &forking);
        insist_err err = execute_all(INSIST_CALL_OPTIONS(.handlers = handlers));
        if (forking.child == 0)
            _exit(judge_child(err, round == 0 ? 0 : 3));
        int status = 0;
        assert_int_equal(waitpid(forking.child, &status, 0), forking.child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        assert_int_equal(err, INSIST_OK);
        assert_int_equal(forking.seen, 10);
        free_results();
        insist_handlers_free(handlers);
    }
    assert_int_equal(insist_testserver_hits(server, "/fork"), 20);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_hundred_plans_end_each_in_its_own_way),
        CASE(error_of_the_first_plan_is_returned_not_of_the_first_to_end),
        CASE(one_plan_many_times),
        CASE(a_thousand_are_in_flight_at_once),
        CASE(every_one_of_them_races),
        CASE(cancel_ends_all_while_the_server_holds_them),
        CASE(cancel_keeps_those_from_starting_that_are_not_begun),
        CASE(first_three_of_ten),
        CASE(client_may_be_freed_from_inside_one_of_them),
        CASE(client_freed_by_another_thread_ends_all),
        CASE(handlers_may_call_the_same_client),
        CASE(handler_ends_only_the_call_that_it_was_called_for),
        CASE(deadline_counts_from_the_one_entry),
        CASE(answer_that_came_while_another_was_busy_beats_the_deadline),
        CASE(slow_decider_starts_nothing_after_the_deadline),
        CASE(arguments_are_checked),
        CASE(options_are_refused_for_all),
        CASE(a_sink_is_for_one_plan),
        CASE(what_is_refused_stops_nobody),
        CASE(fork_inside_is_told_to_the_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
