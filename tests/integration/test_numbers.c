/* Numbers at their limits, in every option and every part of a policy: what makes no sense is refused by its field's
 * name and a sentence; what is taken may be used, and overflows nowhere (the undefined-behaviour sanitizer looks on). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pair.h"
#include <float.h>
#include <insist/insist.h>
#include <insist/testserver.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define DEADLINE_MS 300 /* of a call that is made to see that it ends */

static char url[128], failing_url[128];

static int begin(void **state) {
    int failed = pair_begin(state);
    if (failed == 0) {
        snprintf(url, sizeof url, "%s/x", insist_testserver_url(server));
        snprintf(failing_url, sizeof failing_url, "%s/failing?do=503", insist_testserver_url(server));
    }
    return failed;
}

/* Whatever it comes to, it comes back, and says what it is. */
static void assert_ends(insist_client *asked, const char *at, const insist_call_options *options) {
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    assert_int_equal(insist_plan_new("GET", at, NULL, &plan), INSIST_OK);
    insist_err err = insist_execute(asked, plan, options, &result);
    assert_int_equal(insist_result_error(result), err);
    assert_int_not_equal(err, INSIST_EINVAL);
    assert_true(strlen(insist_result_explain(result)) > 0);
    insist_result_free(result);
    insist_plan_free(plan);
}

/* ---- options ------------------------------------------------------------------------------------------------------ */

enum kind { INT64, UINT64, UNSIGNED, VERSION };

/* A field, and what is taken of it: from 0, which is the default, to most. */
struct field {
    const char *name;
    size_t place;
    enum kind kind;
    uint64_t most;
};

#define OF(type, name, kind, most)                                                                                     \
    { #name, offsetof(type, name), kind, most }
#define OF_CLIENT(name, kind, most) OF(insist_client_options, name, kind, most)
#define OF_NET(name, kind, most) OF(insist_net_options, name, kind, most)
#define OF_TLS(name, kind, most) OF(insist_tls_options, name, kind, most)
#define OF_CALL(name, kind, most) OF(insist_call_options, name, kind, most)

static const struct field of_client[] = {
    OF_CLIENT(deadline_ms, INT64, INT64_MAX),
    OF_CLIENT(max_body_bytes, UINT64, UINT64_MAX),
    OF_CLIENT(max_header_bytes, UINT64, UINT64_MAX),
    OF_CLIENT(idle_unsafe_ms, INT64, INT64_MAX),
    OF_CLIENT(seed, UINT64, UINT64_MAX),
    OF_CLIENT(workers, UNSIGNED, 64),
    OF_CLIENT(max_redirects, UNSIGNED, 100),
    OF_CLIENT(max_in_flight, UNSIGNED, UINT_MAX),
    OF_CLIENT(max_in_flight_origin, UNSIGNED, 8192),
    OF_CLIENT(max_waiting, UNSIGNED, UINT_MAX),
    OF_CLIENT(failures_kept, UNSIGNED, UINT_MAX),
    OF_CLIENT(http_version, VERSION, INSIST_HTTP_2),
};

static const struct field of_net[] = {
    OF_NET(ip_version, VERSION, INSIST_IPV6),
    OF_NET(idle_ms, INT64, INT64_MAX),
    OF_NET(life_ms, INT64, INT64_MAX),
    OF_NET(keepalive_idle_ms, INT64, 32767000),
    OF_NET(keepalive_every_ms, INT64, 32767000),
    OF_NET(connect_timeout_ms, INT64, INT64_MAX),
    OF_NET(first_byte_timeout_ms, INT64, INT64_MAX),
    OF_NET(stall_ms, INT64, INT64_MAX),
    OF_NET(stall_bytes_per_s, UINT64, UINT64_MAX),
};

static const struct field of_tls[] = {OF_TLS(min_version, VERSION, INSIST_TLS_1_3)};

static const struct field of_call[] = {OF_CALL(deadline_ms, INT64, INT64_MAX),
                                       OF_CALL(failures_kept, UNSIGNED, UINT_MAX)};

static bool is_wide(const struct field *field) {
    return field->kind == INT64 || field->kind == UINT64;
}

static void put(void *options, const struct field *field, uint64_t value) {
    const unsigned narrow = (unsigned)value;
    bool wide = is_wide(field);
    memcpy((char *)options + field->place, wide ? (const void *)&value : &narrow, wide ? sizeof value : sizeof narrow);
}

/* Takes the options that hold the value; *problem tells what is wrong with them. */
typedef insist_err try_fn(const struct field *field, uint64_t value, insist_problem *problem);

static void assert_taken(try_fn *try, const struct field *field, uint64_t value) {
    insist_problem problem = {.err = INSIST_OK};
    insist_err err = try(field, value, &problem);
    if (err != INSIST_OK)
        print_error("%s = %llu: %s: %s\n", field->name, (unsigned long long)value, problem.field, problem.text);
    assert_int_equal(err, INSIST_OK);
}

static void assert_refused(try_fn *try, const struct field *field, uint64_t value) {
    insist_problem problem = {.err = INSIST_OK};
    insist_err err = try(field, value, &problem);
    if (err != INSIST_EINVAL || strcmp(problem.field, field->name) != 0 || problem.text[0] == '\0')
        print_error("%s = %llu: %s, %s: %s\n", field->name, (unsigned long long)value, insist_strerror(err),
                    problem.field, problem.text);
    assert_int_equal(err, INSIST_EINVAL);
    assert_string_equal(problem.field, field->name);
    assert_true(strlen(problem.text) > 0);
}

static void try_all(try_fn *try, const struct field *fields, size_t count) {
    for (const struct field *field = fields; field < fields + count; field++) {
        uint64_t top = field->kind == INT64 ? INT64_MAX : field->kind == UINT64 ? UINT64_MAX : UINT_MAX;
        assert_taken(try, field, 0);
        assert_taken(try, field, 1);
        assert_taken(try, field, field->most);
        assert_taken(try, field, field->most - 1);
        if (field->most < top)
            assert_refused(try, field, field->most + 1);
        if (field->most < top - 1 && !(is_wide(field) && field->most == 32767000)) /* INSIST_FOREVER is meant there */
            assert_refused(try, field, top);
        if (field->kind == INT64) {
            assert_refused(try, field, (uint64_t)-1);
            assert_refused(try, field, (uint64_t)INT64_MIN);
            assert_refused(try, field, (uint64_t)INT64_MIN + 1);
        }
    }
}

#define TRY_ALL(try, fields) try_all(try, fields, sizeof(fields) / sizeof *(fields))

static insist_err make_and_call(const insist_client_options *options, insist_problem *problem) {
    insist_client *own = NULL;
    insist_err err = insist_client_new(options, problem, &own);
    if (err != INSIST_OK)
        return err;
    assert_ends(own, url, INSIST_CALL_OPTIONS(.deadline_ms = DEADLINE_MS));
    if (options->deadline_ms != 1) /* and by its own deadline */
        assert_ends(own, url, NULL);
    insist_client_free(own);
    return INSIST_OK;
}

static insist_err try_client(const struct field *field, uint64_t value, insist_problem *problem) {
    insist_client_options options = {.size = sizeof options};
    put(&options, field, value);
    return make_and_call(&options, problem);
}

/* What only has a meaning beside another gets that. */
static insist_err try_net(const struct field *field, uint64_t value, insist_problem *problem) {
    insist_net_options net = {.size = sizeof net};
    if (strcmp(field->name, "stall_bytes_per_s") == 0)
        net.stall_ms = 1000;
    put(&net, field, value);
    return make_and_call(INSIST_CLIENT_OPTIONS(.net = &net), problem);
}

static insist_err try_tls(const struct field *field, uint64_t value, insist_problem *problem) {
    insist_tls_options tls = {.size = sizeof tls};
    put(&tls, field, value);
    return make_and_call(INSIST_CLIENT_OPTIONS(.tls = &tls), problem);
}

/* Of a call the explanation has the sentence. */
static insist_err try_call(const struct field *field, uint64_t value, insist_problem *problem) {
    insist_call_options options = {.size = sizeof options};
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    put(&options, field, value);
    assert_int_equal(insist_plan_new("GET", url, NULL, &plan), INSIST_OK);
    insist_err err = insist_execute(client, plan, &options, &result);
    if (err == INSIST_EINVAL && strstr(insist_result_explain(result), field->name) != NULL) {
        snprintf(problem->field, sizeof problem->field, "%s", field->name);
        snprintf(problem->text, sizeof problem->text, "%s", insist_result_explain(result));
    }
    insist_result_free(result);
    insist_plan_free(plan);
    return err == INSIST_EDEADLINE ? INSIST_OK : err;
}

static void options_of_a_client(void **state) {
    (void)state;
    TRY_ALL(try_client, of_client);
}

static void options_of_the_network(void **state) {
    (void)state;
    TRY_ALL(try_net, of_net);
    TRY_ALL(try_tls, of_tls);
}

static void options_of_a_call(void **state) {
    static const int64_t instants[] = {INT64_MIN, INT64_MIN + 1, -1, 1, INT64_MAX - 1, INT64_MAX};
    (void)state;
    TRY_ALL(try_call, of_call);
    for (size_t i = 0; i < sizeof instants / sizeof *instants; i++)
        assert_ends(client, url, INSIST_CALL_OPTIONS(.deadline_at_ns = instants[i]));
    static const double quantiles[] = {0, 1, -1, (double)NAN, (double)INFINITY, -(double)INFINITY, DBL_MAX, DBL_MIN};
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
        assert_true(insist_client_latency_us(client, url, quantiles[i]) == -1);
    static const int64_t times[] = {INT64_MIN, -1, 0};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        assert_int_equal(insist_client_prewarm(client, url, 1, times[i]), INSIST_EINVAL);
    assert_int_equal(insist_client_prewarm(client, url, 1, INT64_MAX), INSIST_OK);
    assert_int_equal(insist_client_prewarm(client, url, UINT_MAX, 1000), INSIST_EINVAL);
}

/* ---- deciders and waiters ----------------------------------------------------------------------------------------- */

static void call_with_retries(insist_retry_policy *policy) {
    insist_client *own = NULL;
    assert_int_equal(
        insist_client_new(INSIST_CLIENT_OPTIONS(.retry = policy, .budget = insist_budget_none()), NULL, &own),
        INSIST_OK);
    assert_ends(own, failing_url, INSIST_CALL_OPTIONS(.deadline_ms = 20));
    insist_client_free(own);
}

/* field: NULL for what is taken. */
static void judge_policy(insist_decider decider, insist_waiter waiter, const char *field) {
    insist_problem problem = {.err = INSIST_OK};
    insist_retry_policy *policy = NULL;
    insist_err err = insist_retry_policy_new(decider, waiter, &problem, &policy);
    assert_int_equal(err, field != NULL ? INSIST_EINVAL : INSIST_OK);
    if (err == INSIST_OK)
        call_with_retries(policy);
    else
        assert_true(problem.text[0] != '\0' && strcmp(problem.field, field) == 0);
    insist_retry_policy_free(policy);
}

static insist_decider all(void) {
    return insist_retry_and(insist_retry_times(3), insist_retry_standard());
}

static void judge_waiter(insist_waiter waiter, const char *field) {
    judge_policy(all(), waiter, field);
}

static void judge_decider(insist_decider decider, const char *field) {
    judge_policy(insist_retry_and(insist_retry_times(3), decider), insist_wait_constant_ms(0), field);
}

static void deciders(void **state) {
    static const int statuses[] = {100, 999}, low[] = {99}, high[] = {1000}, negative[] = {INT_MIN};
    (void)state;
    judge_decider(insist_retry_times(0), NULL);
    judge_decider(insist_retry_times(UINT_MAX), NULL);
    judge_decider(insist_retry_attempts(0), "n");
    judge_decider(insist_retry_attempts(1), NULL);
    judge_decider(insist_retry_attempts(UINT_MAX), NULL);
    judge_decider(insist_retry_before_ms(-1), "ms");
    judge_decider(insist_retry_before_ms(INT64_MIN), "ms");
    judge_decider(insist_retry_before_ms(0), NULL);
    judge_decider(insist_retry_before_ms(INT64_MAX), NULL);
    judge_decider(insist_retry_before_ms(INT64_MAX - 1), NULL);
    judge_decider(insist_retry_on_status(statuses, 2), NULL);
    judge_decider(insist_retry_on_status(statuses, 0), "statuses");
    judge_decider(insist_retry_on_status(low, 1), "statuses");
    judge_decider(insist_retry_on_status(high, 1), "statuses");
    judge_decider(insist_retry_on_status(negative, 1), "statuses");
    judge_decider(insist_retry_on_status_class(0), "first_digit");
    judge_decider(insist_retry_on_status_class(10), "first_digit");
    judge_decider(insist_retry_on_status_class(INT_MIN), "first_digit");
    judge_decider(insist_retry_on_status_class(INT_MAX), "first_digit");
    judge_decider(insist_retry_on_status_class(9), NULL);
    judge_decider(insist_retry_on_status_range(99, 200), "first");
    judge_decider(insist_retry_on_status_range(100, 1000), "last");
    judge_decider(insist_retry_on_status_range(INT_MIN, INT_MAX), "first");
    judge_decider(insist_retry_on_status_range(300, 299), "last");
    judge_decider(insist_retry_on_status_range(100, 999), NULL);
    judge_decider(insist_retry_fail_exhausted(insist_retry_times(0), INSIST_OK), "err");
}

static int64_t say(void *ctx, const insist_execution *execution, insist_random *random) {
    (void)execution;
    (void)random;
    return *(const int64_t *)ctx;
}

static void waiters(void **state) {
    static int64_t said[] = {INT64_MIN, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
    static const int64_t wide[] = {1, INT64_MAX / 1000000 + 1, INT64_MAX - 1, INT64_MAX};
    (void)state;
    judge_waiter(insist_wait_constant_ms(-1), "ms");
    judge_waiter(insist_wait_constant_ms(INT64_MIN), "ms");
    judge_waiter(insist_wait_linear_ms(-1, 0), "base_ms");
    judge_waiter(insist_wait_exponential_ms(-1, 2), "base_ms");
    judge_waiter(insist_wait_exponential_ms(1, -1), "factor");
    judge_waiter(insist_wait_exponential_ms(1, (double)NAN), "factor");
    judge_waiter(insist_wait_exponential_ms(1, (double)INFINITY), "factor");
    judge_waiter(insist_wait_exponential_ms(1, -(double)INFINITY), "factor");
    judge_waiter(insist_wait_decorrelated_ms(-1, 1), "base_ms");
    judge_waiter(insist_wait_decorrelated_ms(2, 1), "cap_ms");
    judge_waiter(insist_wait_decorrelated_ms(0, 0), "cap_ms");
    judge_waiter(insist_wait_cap_ms(insist_wait_constant_ms(0), 0), "max_ms");
    judge_waiter(insist_wait_cap_ms(insist_wait_constant_ms(0), INT64_MIN), "max_ms");
    judge_waiter(insist_wait_limit(insist_wait_constant_ms(0), 0), "n");
    judge_waiter(insist_wait_limit(insist_wait_constant_ms(0), UINT_MAX), NULL);
    judge_waiter(insist_wait_timeout_ms(insist_wait_constant_ms(0), 0), "limit_ms");
    judge_waiter(insist_wait_timeout_ms(insist_wait_constant_ms(0), INT64_MIN), "limit_ms");
    judge_waiter(insist_wait_retry_after(insist_wait_constant_ms(0), -1), "cap_ms");
    judge_waiter(insist_wait_retryablehttp(-1, 1), "min_ms");
    judge_waiter(insist_wait_retryablehttp(0, 0), "max_ms");
    judge_waiter(insist_wait_retryablehttp_linear_jitter(2, 1), "max_ms");
    judge_waiter(insist_wait_spread_jitter(insist_wait_constant_ms(1), 1), "spread");
    judge_waiter(insist_wait_spread_jitter(insist_wait_constant_ms(1), (double)NAN), "spread");
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        judge_waiter((insist_waiter){.wait = say, .ctx = &said[i]}, NULL);
        judge_waiter(insist_wait_full_jitter((insist_waiter){.wait = say, .ctx = &said[i]}), NULL);
        judge_waiter(insist_wait_equal_jitter((insist_waiter){.wait = say, .ctx = &said[i]}), NULL);
        judge_waiter(insist_wait_spread_jitter((insist_waiter){.wait = say, .ctx = &said[i]}, nextafter(1, 0)), NULL);
        judge_waiter(insist_wait_retry_after((insist_waiter){.wait = say, .ctx = &said[i]}, INT64_MAX), NULL);
    }
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        judge_waiter(insist_wait_constant_ms(wide[i]), NULL);
        judge_waiter(insist_wait_linear_ms(wide[i], wide[i]), NULL);
        judge_waiter(insist_wait_linear_ms(wide[i], INT64_MIN), NULL);
        judge_waiter(insist_wait_exponential_ms(wide[i], DBL_MAX), NULL);
        judge_waiter(insist_wait_exponential_ms(wide[i], DBL_MIN), NULL);
        judge_waiter(insist_wait_decorrelated_ms(wide[i], wide[i]), NULL);
        judge_waiter(insist_wait_decorrelated_ms(0, wide[i]), NULL);
        judge_waiter(insist_wait_full_jitter(insist_wait_constant_ms(wide[i])), NULL);
        judge_waiter(insist_wait_cap_ms(insist_wait_constant_ms(0), wide[i]), NULL);
        judge_waiter(insist_wait_timeout_ms(insist_wait_constant_ms(0), wide[i]), NULL);
        judge_waiter(insist_wait_retry_after(insist_wait_constant_ms(wide[i]), wide[i]), NULL);
        judge_waiter(insist_wait_retryablehttp(wide[i], wide[i]), NULL);
        judge_waiter(insist_wait_retryablehttp(0, wide[i]), NULL);
        judge_waiter(insist_wait_retryablehttp_linear_jitter(0, wide[i]), NULL);
        judge_waiter(insist_wait_retryablehttp_linear_jitter(wide[i], wide[i]), NULL);
        judge_waiter(insist_wait_retryablehttp_rate_limit(0, wide[i]), NULL);
    }
}

/* ---- timeouts ----------------------------------------------------------------------------------------------------- */

static void judge_timeout(insist_err err, insist_timeout_policy *const *made, const insist_problem *problem,
                          const char *field) {
    assert_int_equal(err, field != NULL ? INSIST_EINVAL : INSIST_OK);
    if (err != INSIST_OK) {
        assert_string_equal(problem->field, field);
        assert_true(problem->text[0] != '\0');
        return;
    }
    insist_client *own = NULL;
    assert_int_equal(
        insist_client_new(INSIST_CLIENT_OPTIONS(.timeout = *made, .deadline_ms = INSIST_FOREVER), NULL, &own),
        INSIST_OK);
    assert_ends(own, url, NULL);
    insist_client_free(own);
    insist_timeout_policy_free(*made);
}

static int64_t limit(void *ctx, const insist_execution *execution) {
    (void)execution;
    return *(const int64_t *)ctx;
}

static void timeouts(void **state) {
    static const int64_t bad[] = {INT64_MIN, -1, 0}, good[] = {1, INT64_MAX / 1000000 + 1, INT64_MAX - 1, INT64_MAX};
    static int64_t said[] = {INT64_MIN, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        insist_problem problem = {.err = INSIST_OK};
        insist_timeout_policy *policy = NULL;
        judge_timeout(insist_timeout_fixed_new(bad[i], &problem, &policy), &policy, &problem, "ms");
        judge_timeout(insist_timeout_adaptive_new(bad[i], good, 1, &problem, &policy), &policy, &problem, "usual_ms");
        judge_timeout(insist_timeout_adaptive_new(1, &bad[i], 1, &problem, &policy), &policy, &problem, "after_ms");
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        insist_timeout_policy *policy = NULL;
        judge_timeout(insist_timeout_fixed_new(good[i], NULL, &policy), &policy, NULL, NULL);
        judge_timeout(insist_timeout_adaptive_new(good[i], good, 4, NULL, &policy), &policy, NULL, NULL);
    }
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        insist_timeout_policy *policy = NULL;
        judge_timeout(insist_timeout_custom_new(limit, &said[i], NULL, NULL, &policy), &policy, NULL, NULL);
    }
}

/* ---- races -------------------------------------------------------------------------------------------------------- */

static void judge_race(insist_scheduler scheduler, insist_starter starter, const char *field) {
    insist_problem problem = {.err = INSIST_OK};
    insist_race_policy *policy = NULL;
    insist_client *own = NULL;
    insist_err err = insist_race_policy_new(scheduler, starter, INSIST_REFILL, &problem, &policy);
    assert_int_equal(err, field != NULL ? INSIST_EINVAL : INSIST_OK);
    if (err != INSIST_OK) {
        assert_string_equal(problem.field, field);
        assert_true(problem.text[0] != '\0');
        return;
    }
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.race = policy), NULL, &own), INSIST_OK);
    assert_ends(own, url, INSIST_CALL_OPTIONS(.deadline_ms = DEADLINE_MS));
    assert_ends(own, failing_url, INSIST_CALL_OPTIONS(.deadline_ms = 20));
    insist_client_free(own);
    insist_race_policy_free(policy);
}

static void judge_scheduler(insist_scheduler scheduler, const char *field) {
    judge_race(scheduler, insist_start_always(), field);
}

static int64_t schedule(void *ctx, const insist_execution *execution, unsigned hedges) {
    (void)execution;
    return hedges < 3 ? *(const int64_t *)ctx : INSIST_NO_HEDGE;
}

static void races(void **state) {
    static const int64_t bad[] = {INT64_MIN, -1, 0}, good[] = {1, INT64_MAX / 1000000 + 1, INT64_MAX - 1, INT64_MAX};
    static int64_t said[] = {INT64_MIN, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
    static const double no_shares[] = {0, -1, -0.0, 1.5, (double)NAN, (double)INFINITY, -(double)INFINITY};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const insist_throttle_window window = {.starts = 1, .period_ms = bad[i]};
        judge_scheduler(insist_race_static_ms(&bad[i], 1), "offsets");
        judge_scheduler(insist_race_every_ms(bad[i], 1), "delay");
        judge_race(insist_race_at_once(2), insist_start_throttle(&window, 1), "windows");
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const insist_throttle_window window = {.starts = 1000000, .period_ms = good[i]};
        judge_scheduler(insist_race_static_ms(&good[i], 1), NULL);
        judge_scheduler(insist_race_every_ms(good[i], UINT_MAX), NULL);
        judge_race(insist_race_at_once(2), insist_start_throttle(&window, 1), NULL);
    }
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        judge_scheduler((insist_scheduler){.schedule = schedule, .ctx = &said[i]}, NULL);
    for (size_t i = 0; i < sizeof no_shares / sizeof *no_shares; i++) {
        judge_scheduler(insist_race_quantile(no_shares[i], 1), "quantile");
        judge_scheduler(insist_race_auto(no_shares[i], 1), "share");
    }
    judge_scheduler(insist_race_quantile(1, 1), "quantile");
    judge_scheduler(insist_race_auto(1, UINT_MAX), NULL);
    judge_scheduler(insist_race_quantile(nextafter(1, 0), UINT_MAX), NULL);
    judge_scheduler(insist_race_every_ms(1, 0), "times");
    judge_scheduler(insist_race_at_once(0), NULL);
    judge_scheduler(insist_race_at_once(UINT_MAX), NULL);
    judge_scheduler(insist_race_pester(UINT_MAX), NULL);
    judge_race(insist_race_at_once(2),
               insist_start_throttle(&(insist_throttle_window){.starts = 1000001, .period_ms = 1}, 1), "windows");
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, pair_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(options_of_a_client),
        CASE(options_of_the_network),
        CASE(options_of_a_call),
        CASE(deciders),
        CASE(waiters),
        CASE(timeouts),
        CASE(races),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
