/* Presets over real sockets, as users come by them: options, a client, the preset given up, then the calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <insist/insist.h>
#include <insist/testserver.h>
#include <stdio.h>
#include <string.h>

static insist_testserver *server;
static char url[512];

static int begin(void **state) {
    (void)state;
    return insist_testserver_start(NULL, NULL, &server) == INSIST_OK ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    insist_testserver_free(server);
    return 0;
}

static const char *at(const char *path) {
    snprintf(url, sizeof url, "%s%s", insist_testserver_url(server), path);
    return url;
}

/* The options point into the preset; the client does not. */
static insist_client *client_of(insist_client_options *options, insist_preset *preset) {
    insist_client *client = NULL;
    insist_problem problem = {.err = INSIST_OK};
    if (insist_client_new(options, &problem, &client) != INSIST_OK)
        fail_msg("%s: %s", problem.field, problem.text);
    insist_preset_free(preset);
    return client;
}

static insist_client *httpx(void) {
    insist_client_options options;
    insist_preset *preset = NULL;
    insist_client_options_init(&options);
    assert_int_equal(insist_preset_httpx(&options, &preset), INSIST_OK);
    return client_of(&options, preset);
}

static insist_client *pester(void) {
    insist_client_options options;
    insist_preset *preset = NULL;
    insist_client_options_init(&options);
    assert_int_equal(insist_preset_pester(&options, false, 4, &preset), INSIST_OK);
    return client_of(&options, preset);
}

static insist_client *retryablehttp(void) {
    insist_client_options options;
    insist_preset *preset = NULL;
    insist_client_options_init(&options);
    assert_int_equal(insist_preset_retryablehttp(&options, &preset), INSIST_OK);
    return client_of(&options, preset);
}

static void httpx_keeps_the_last_answer(void **state) { /* H25, H51: POST too */
    insist_client *client = httpx();
    insist_result *result = NULL;
    size_t len = 0;
    (void)state;
    assert_int_equal(insist_post(client, at("/x?do=503;body=busy&key=httpx"), NULL, "a", 1, &result), INSIST_OK);
    assert_int_equal(insist_result_status(result), 503);
    assert_int_equal(insist_result_attempts(result), 6);
    assert_int_equal(insist_testserver_hits_by_key(server, "httpx"), 6);
    assert_string_equal(insist_result_body(result, &len), "busy");
    assert_int_equal(insist_result_reason(result), INSIST_COUNT);
    insist_result_free(result);
    insist_client_free(client);
}

/* One answer won; those without one were given up for it, and none of them by time. */
static void assert_won_against_hung_ones(const insist_result *result) {
    size_t won = 0, lost = 0, retried = 0;
    for (size_t i = 0; i < insist_result_attempts(result); i++) {
        insist_why_ended why = insist_result_attempt(result, i)->why_ended;
        won += why == INSIST_ENDED_WON;
        lost += why == INSIST_ENDED_LOST;
        retried += why == INSIST_ENDED_RETRYABLE;
    }
    assert_int_equal(won, 1);
    assert_true(lost > 0 && lost + retried == insist_result_attempts(result) - 1);
}

static void pester_races_get(void **state) { /* P7 */
    insist_client *client = pester();
    insist_result *result = NULL;
    (void)state;
    assert_int_equal(insist_get(client, at("/p?do=500,hang,200,hang&key=get"), &result), INSIST_OK);
    assert_int_equal(insist_result_status(result), 200);
    assert_true(insist_result_attempts(result) >= 3);
    assert_won_against_hung_ones(result);
    insist_result_free(result);
    assert_int_equal(insist_post(client, at("/p?do=404&key=post"), NULL, "a", 1, &result), INSIST_OK);
    assert_int_equal(insist_result_attempts(result), 1);
    insist_result_free(result);
    insist_client_free(client);
}

static void retryablehttp_gives_up_with_an_error(void **state) { /* R7, R21, R22, R23 */
    insist_client *client = retryablehttp();
    insist_result *result = NULL;
    char expected[600];
    (void)state;
    assert_int_equal(insist_get(client, at("/r?do=503;retry-after=0&key=r"), &result), INSIST_EGAVEUP);
    assert_int_equal(insist_result_status(result), 503); /* theirs drops it */
    assert_int_equal(insist_result_attempts(result), 5);
    assert_int_equal(insist_testserver_hits_by_key(server, "r"), 5);
    snprintf(expected, sizeof expected, "GET %s giving up after 5 attempt(s)", url);
    assert_string_equal(insist_result_giving_up(result), expected);
    insist_result_free(result);
    insist_client_free(client);
}

/* From /hop/0 each leads to the next. */
static void make_hops(unsigned last) {
    for (unsigned i = 0; i <= last; i++) {
        char path[32], script[48];
        snprintf(path, sizeof path, "/hop/%u", i);
        snprintf(script, sizeof script, "redirect=/hop/%u", i + 1);
        assert_int_equal(insist_testserver_script(server, path, i < last ? script : "200", NULL), INSIST_OK);
    }
}

/* Ten requests, of which the last one's redirect is not followed; and no other attempt. */
static void ten_requests_and_no_more(void **state) { /* R3: TestClient_DefaultRetryPolicy_redirects */
    insist_client *client = retryablehttp();
    insist_result *result = NULL;
    (void)state;
    make_hops(9);
    assert_int_equal(insist_get(client, at("/hop/0"), &result), INSIST_OK);
    assert_int_equal(insist_result_status(result), 200);
    insist_result_free(result);
    make_hops(10);
    assert_int_equal(insist_get(client, at("/hop/0"), &result), INSIST_EREDIRECT);
    assert_int_equal(insist_result_attempts(result), 1);
    insist_result_free(result);
    insist_client_free(client);
}

/* 65 MiB: beyond the limit of a client that was told nothing. They may take longer than the preset's timeout. */
static void sizes_have_no_limit(void **state) {
    insist_client_options options;
    insist_preset *preset = NULL;
    insist_timeout_policy *patient = NULL;
    insist_result *result = NULL;
    size_t len = 0;
    (void)state;
    insist_client_options_init(&options);
    assert_int_equal(insist_preset_httpx(&options, &preset), INSIST_OK);
    assert_int_equal(insist_timeout_infinite_new(NULL, &patient), INSIST_OK);
    options.timeout = patient;
    insist_client *client = client_of(&options, preset);
    insist_timeout_policy_free(patient);
    assert_int_equal(insist_get(client, at("/big?do=size=65MiB"), &result), INSIST_OK);
    insist_result_body(result, &len);
    assert_int_equal(len, 65 << 20);
    insist_result_free(result);
    insist_client_free(client);
}

/* A deadline below the preset's timeout of an attempt is no contradiction. */
static void deadline_may_be_set_afterwards(void **state) {
    insist_client_options options;
    insist_preset *preset = NULL;
    insist_result *result = NULL;
    (void)state;
    insist_client_options_init(&options);
    assert_int_equal(insist_preset_httpx(&options, &preset), INSIST_OK);
    options.deadline_ms = 300;
    insist_client *client = client_of(&options, preset);
    assert_int_equal(insist_get(client, at("/r?do=hang"), &result), INSIST_EDEADLINE);
    insist_result_free(result);
    insist_client_free(client);
}

static void what_is_set_afterwards_counts(void **state) {
    insist_client_options options;
    insist_preset *preset = NULL;
    insist_result *result = NULL;
    (void)state;
    insist_client_options_init(&options);
    assert_int_equal(insist_preset_retryablehttp(&options, &preset), INSIST_OK);
    options.deadline_ms = 900; /* below the first wait */
    options.on_exhausted = NULL;
    insist_client *client = client_of(&options, preset);
    insist_err err = INSIST_EDEADLINE;
    for (int i = 0; i < 20 && err == INSIST_EDEADLINE; i++) { /* a busy machine may have no answer by then */
        insist_result_free(result);
        insist_testserver_reset(server);
        err = insist_get(client, at("/r?do=503&key=late"), &result);
    }
    assert_int_equal(err, INSIST_OK);
    assert_int_equal(insist_result_reason(result), INSIST_NO_TIME);
    assert_int_equal(insist_testserver_hits_by_key(server, "late"), 1);
    insist_result_free(result);
    insist_client_free(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(httpx_keeps_the_last_answer),
        cmocka_unit_test(pester_races_get),
        cmocka_unit_test(retryablehttp_gives_up_with_an_error),
        cmocka_unit_test(ten_requests_and_no_more),
        cmocka_unit_test(sizes_have_no_limit),
        cmocka_unit_test(deadline_may_be_set_afterwards),
        cmocka_unit_test(what_is_set_afterwards_counts),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
