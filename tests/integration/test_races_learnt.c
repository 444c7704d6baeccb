/* Races whose delay is learnt, over real sockets: counts only. Where a hedge must come although the machine is busy,
 * the policy is one that no number of slow requests can hold back: it wants as many extra requests as there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <insist/insist.h>
#include <insist/testserver.h>
#include <math.h>
#include <stdio.h>

static insist_testserver *server;
static insist_client *client;
static char url[256];

static int begin(void **state) {
    (void)state;
    return insist_testserver_start(NULL, NULL, &server) == INSIST_OK ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    insist_client_free(client);
    insist_testserver_free(server);
    client = NULL;
    return 0;
}

#define LEAST 1e-9 /* of the quantiles: nothing is quicker */

/* A client without limits in time, and no budget but the race's own. */
static void race_by(insist_scheduler scheduler) {
    insist_timeout_policy *patient = NULL;
    insist_race_policy *race = NULL;
    assert_int_equal(insist_timeout_infinite_new(NULL, &patient), INSIST_OK);
    assert_int_equal(insist_race_policy_new(scheduler, insist_start_always(), INSIST_REFILL, NULL, &race), INSIST_OK);
    const insist_client_options *options = INSIST_CLIENT_OPTIONS(.timeout = patient, .deadline_ms = INSIST_FOREVER,
                                                                 .budget = insist_budget_none(), .race = race);
    assert_int_equal(insist_client_new(options, NULL, &client), INSIST_OK);
    insist_race_policy_free(race);
    insist_timeout_policy_free(patient);
}

static const char *at(const char *path) {
    snprintf(url, sizeof url, "%s%s", insist_testserver_url(server), path);
    return url;
}

static void call(const char *method, const char *path, unsigned times) {
    insist_plan *plan = NULL;
    assert_int_equal(insist_plan_new(method, at(path), NULL, &plan), INSIST_OK);
    for (unsigned i = 0; i < times; i++) {
        insist_result *result = NULL;
        assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
        assert_int_equal(insist_result_status(result), 200);
        insist_result_free(result);
    }
    insist_plan_free(plan);
}

static unsigned hedges(void) {
    insist_stats stats = {.size = sizeof stats};
    assert_int_equal(insist_client_stats(client, &stats), INSIST_OK);
    return (unsigned)stats.hedges;
}

/* A first attempt that hangs is answered by its hedge, or the test hangs. */
static void hung_one_is_hedged(void) {
    insist_result *result = NULL;
    assert_int_equal(insist_testserver_script(server, "/hung", "hang,200", NULL), INSIST_OK);
    assert_int_equal(insist_get(client, at("/hung"), &result), INSIST_OK);
    assert_int_equal(insist_result_status(result), 200);
    assert_int_equal(insist_result_attempts(result), 2);
    assert_int_equal(insist_result_attempt(result, 1)->kind, INSIST_HEDGE);
    assert_int_equal(insist_result_attempt(result, 1)->why_ended, INSIST_ENDED_WON);
    insist_result_free(result);
}

static void quantile_is_learnt_from_a_hundred_requests(void **state) {
    (void)state;
    race_by(insist_race_quantile(LEAST, 1));
    call("GET", "/quick", 99);
    assert_int_equal(insist_client_latency_us(client, at("/"), 0.5), -1);
    call("POST", "/quick", 20); /* may not be raced: it tells nothing */
    assert_int_equal(insist_client_latency_us(client, at("/"), 0.5), -1);
    assert_int_equal(hedges(), 0);
    call("GET", "/quick", 1);
    assert_int_equal(hedges(), 0);
    assert_true(insist_client_latency_us(client, at("/any?path=1"), 0.5) > 0);
    assert_true(insist_client_latency_us(client, at("/"), 0.99) >= insist_client_latency_us(client, at("/"), 0.5));
    hung_one_is_hedged();
    assert_int_equal(hedges(), 1);
    call("GET", "/quick", 300);
    assert_true(insist_testserver_hits(server, "/quick") >= 420);
}

static void best_delay_is_learnt_too(void **state) {
    (void)state;
    race_by(insist_race_auto(1, 1));
    call("GET", "/quick", 100);
    assert_int_equal(hedges(), 0);
    hung_one_is_hedged();
    assert_int_equal(hedges(), 1);
}

static int64_t median(void *ctx, const insist_execution *execution, unsigned started) {
    (void)ctx;
    return started > 0 ? INSIST_NO_HEDGE : insist_execution_latency_us(execution, 0.5); /* -1 is none, either */
}

static void ones_own_scheduler_learns(void **state) {
    (void)state;
    race_by((insist_scheduler){.schedule = median});
    call("GET", "/quick", 100);
    assert_int_equal(hedges(), 0);
    hung_one_is_hedged();
}

#define SLOW_MOST 250 /* the median stays with the 300 quick ones, whatever becomes of these */

static void hedging_stops_by_itself_while_all_is_slow(void **state) {
    unsigned quiet = 0, slow = 0;
    (void)state;
    race_by(insist_race_quantile(0.5, 1));
    call("GET", "/quick", 300);
    assert_int_equal(insist_testserver_script(server, "/slow", "200;delay=20ms", NULL), INSIST_OK);
    while (quiet < 10 && slow++ < SLOW_MOST) {
        const unsigned before = hedges();
        call("GET", "/slow", 1);
        quiet = hedges() == before ? quiet + 1 : 0;
    }
    assert_int_equal(quiet, 10);
}

static void fixed_delays_learn_nothing(void **state) {
    (void)state;
    race_by(insist_race_every_ms(60000, 1));
    call("GET", "/quick", 120);
    assert_int_equal(insist_client_latency_us(client, at("/"), 0.5), -1);
}

static void questions_without_sense_have_no_answer(void **state) {
    (void)state;
    race_by(insist_race_quantile(0.5, 1));
    call("GET", "/quick", 100);
    assert_true(insist_client_latency_us(client, at("/"), 0.5) > 0);
    assert_int_equal(insist_client_latency_us(NULL, at("/"), 0.5), -1);
    assert_int_equal(insist_client_latency_us(client, NULL, 0.5), -1);
    assert_int_equal(insist_client_latency_us(client, "no url", 0.5), -1);
    assert_int_equal(insist_client_latency_us(client, "http://127.0.0.1:1/", 0.5), -1); /* another origin */
    assert_int_equal(insist_client_latency_us(client, at("/"), 0), -1);
    assert_int_equal(insist_client_latency_us(client, at("/"), 1), -1);
    assert_int_equal(insist_client_latency_us(client, at("/"), (double)NAN), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(quantile_is_learnt_from_a_hundred_requests),
        TEST(best_delay_is_learnt_too),
        TEST(ones_own_scheduler_learns),
        TEST(hedging_stops_by_itself_while_all_is_slow),
        TEST(fixed_delays_learn_nothing),
        TEST(questions_without_sense_have_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
