/* See nginx_site.h. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "nginx_site.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct nginx_way nginx_ways[NGINX_WAYS] = {
    {"http", NGINX_PLAIN, INSIST_HTTP_1_1, "HTTP/1.1"},
    {"https", NGINX_TLS, INSIST_HTTP_1_1, "HTTP/1.1"},
    {"http2", NGINX_TLS, INSIST_HTTP_2, "HTTP/2.0"},
};

/* The same bytes in every run, each of 4 KiB different (a linear congruential generator's upper bits). */
static void fill(unsigned char *bytes, size_t len) {
    uint64_t state = 20;
    for (size_t i = 0; i < len; i++) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        bytes[i] = (unsigned char)(state >> 56);
    }
}

static bool make_pages(struct nginx_site *site) {
    site->big = malloc(SITE_BIG_BYTES);
    site->text = malloc(SITE_TEXT_BYTES + 16);
    if (site->big == NULL || site->text == NULL) {
        return false;
    }
    site->slow = site->big;
    fill(site->big, SITE_BIG_BYTES);
    for (size_t at = 0; at < SITE_TEXT_BYTES; at += 10) {
        snprintf(site->text + at, 11, "line %04zu\n", at / 10 % 10000);
    }
    return nginx_write(&site->nginx, "site/big.bin", site->big, SITE_BIG_BYTES) &&
           nginx_write(&site->nginx, "site/slow.bin", site->slow, SITE_SLOW_BYTES) &&
           nginx_write(&site->nginx, "site/text.txt", site->text, SITE_TEXT_BYTES) &&
           nginx_write(&site->nginx, "site/small.txt", SITE_SMALL, strlen(SITE_SMALL));
}

bool nginx_site_start(struct nginx_site *site) {
    *site = (struct nginx_site){0};
    if (!nginx_start(&site->nginx, NGINX_CONFIGURATION)) {
        return false;
    }
    snprintf(site->ca_file, sizeof site->ca_file, "%s/ca.pem", site->nginx.directory);
    return make_pages(site) && insist_timeout_fixed_new(60000, NULL, &site->patient) == INSIST_OK;
}

int nginx_site_stop(struct nginx_site *site, int failed) {
    if (failed != 0) {
        nginx_print_errors(&site->nginx);
    }
    nginx_stop(&site->nginx);
    insist_timeout_policy_free(site->patient);
    free(site->big);
    free(site->text);
    return failed;
}

static struct nginx_way chosen; /* a copy, for cmocka wants a pointer to what is not const */

static int pass_way(void **state) {
    *state = &chosen;
    return 0;
}

int nginx_site_run_each_way(const struct CMUnitTest *tests, size_t count) {
    int failed = 0;
    for (size_t i = 0; i < NGINX_WAYS; i++) {
        chosen = nginx_ways[i];
        failed += _cmocka_run_group_tests(chosen.name, tests, count, pass_way, NULL);
    }
    return failed;
}

int nginx_site_run(struct nginx_site *site, const struct CMUnitTest *tests, size_t count) {
    int failed = nginx_site_start(site) ? nginx_site_run_each_way(tests, count) : 1;
    return nginx_site_stop(site, failed);
}

insist_client *nginx_site_client(const struct nginx_site *site, const struct nginx_way *way,
                                 insist_client_options *options) {
    insist_tls_options tls = {.size = sizeof tls, .ca_file = site->ca_file};
    insist_client_options all = {.size = sizeof all};
    if (options != NULL) {
        all = *options;
    }
    all.tls = all.tls != NULL ? all.tls : &tls;
    all.timeout = site->patient;
    all.deadline_ms = 100000;
    all.http_version = way->version;
    insist_problem problem = {0};
    insist_client *client = NULL;
    if (insist_client_new(&all, &problem, &client) != INSIST_OK) {
        fail_msg("%s: %s", problem.field, problem.text);
    }
    return client;
}

insist_client *nginx_site_lone_client(const struct nginx_site *site, const struct nginx_way *way) {
    insist_retry_policy *never = NULL;
    insist_client_options options = {.size = sizeof options, .workers = 1, .budget = insist_budget_none()};
    assert_int_equal(insist_retry_policy_new(insist_retry_never(), insist_wait_constant_ms(1), NULL, &never),
                     INSIST_OK);
    options.retry = never;
    insist_client *client = nginx_site_client(site, way, &options);
    insist_retry_policy_free(never);
    return client;
}

struct nginx_url nginx_site_url(const struct nginx_site *site, const struct nginx_way *way, const char *path) {
    return nginx_url(&site->nginx, way->listener, path);
}

insist_plan *nginx_site_plan(const struct nginx_site *site, const struct nginx_way *way, const char *method,
                             const char *path) {
    insist_problem problem = {0};
    insist_plan *plan = NULL;
    if (insist_plan_new(method, nginx_site_url(site, way, path).text, &problem, &plan) != INSIST_OK) {
        fail_msg("%s: %s", problem.field, problem.text);
    }
    return plan;
}

insist_result *nginx_site_call(const struct nginx_site *site, const struct nginx_way *way,
                               insist_client_options *options, const char *method, const char *path) {
    insist_client *client = nginx_site_client(site, way, options);
    insist_plan *plan = nginx_site_plan(site, way, method, path);
    insist_result *result = NULL;
    insist_err error = insist_execute(client, plan, NULL, &result);
    assert_int_equal(error, insist_result_error(result));
    insist_plan_free(plan);
    insist_client_free(client);
    return result;
}

void nginx_site_expect_answer(const insist_result *result, int status, size_t attempts) {
    assert_non_null(result);
    if (insist_result_error(result) != INSIST_OK || insist_result_reason(result) != INSIST_DONE ||
        insist_result_status(result) != status || insist_result_attempts(result) != attempts) {
        fail_msg("%s, reason %s: a %d after %zu attempts was expected", insist_result_explain(result),
                 insist_reason_name(insist_result_reason(result)), status, attempts);
    }
}

void nginx_site_expect_error(const insist_result *result, insist_err error, insist_reason reason, insist_sent sent) {
    assert_non_null(result);
    const insist_attempt_record *attempt = insist_result_attempt(result, 0);
    insist_sent got = attempt != NULL ? attempt->sent : INSIST_SENT_MAX;
    if (insist_result_error(result) != error || insist_result_reason(result) != reason ||
        insist_result_attempts(result) != 1 || got != sent) {
        fail_msg("%s, error %s, reason %s, %zu attempts, %s: %s, %s, 1, %s were expected",
                 insist_result_explain(result), insist_err_name(insist_result_error(result)),
                 insist_reason_name(insist_result_reason(result)), insist_result_attempts(result),
                 insist_sent_name(got), insist_err_name(error), insist_reason_name(reason), insist_sent_name(sent));
    }
}

bool nginx_site_has_body(const insist_result *result, const void *bytes, size_t len) {
    size_t got = 0;
    const void *body = insist_result_body(result, &got);
    return got == len && memcmp(body, bytes, len) == 0;
}

void nginx_site_expect_body(const insist_result *result, const void *bytes, size_t len) {
    if (!nginx_site_has_body(result, bytes, len)) {
        size_t got = 0;
        insist_result_body(result, &got);
        fail_msg("%s: the body's %zu bytes are not the %zu expected", insist_result_explain(result), got, len);
    }
}

void nginx_site_expect_header(const insist_result *result, const char *name, const char *value) {
    const char *got = insist_result_header(result, name);
    if (got == NULL || strcmp(got, value) != 0) {
        fail_msg("%s: %s is %s, not %s", insist_result_explain(result), name, got != NULL ? got : "missing", value);
    }
}
