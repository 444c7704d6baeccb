/* Requests that nginx refuses, redirects or has to swallow, over http, https and HTTP/2: statuses, redirects, large
 * headers, uploads. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "nginx_site.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct nginx_site site;

/* ---- refusals --------------------------------------------------------------------------------------------------- */

static void a_refusal_is_an_answer_and_not_tried_again(void **state) {
    const struct nginx_way *way = *state;
    char path[64];
    char line[128];
    snprintf(path, sizeof path, "/small.txt?key=%s", way->name);
    insist_result *result = nginx_site_call(&site, way, NULL, "POST", path);
    nginx_site_expect_answer(result, 405, 1);
    insist_result_free(result);
    result = nginx_site_call(&site, way, NULL, "GET", "/nothing-here");
    nginx_site_expect_answer(result, 404, 1);
    insist_result_free(result);
    assert_true(nginx_reload(&site.nginx)); /* all log lines are written */
    snprintf(line, sizeof line, "POST %s %s", path, way->protocol);
    assert_int_equal(nginx_count_lines(&site.nginx, "access.log", line), 1);
}

/* ---- redirects
 * -------------------------------------------------------------------------------------------------------- */

static void redirects_are_followed(void **state) {
    const struct nginx_way *way = *state;
    static const char *const paths[] = {"/redirect/absolute", "/redirect/relative", "/redirect/repeat"};
    for (size_t p = 0; p < 3; p++) {
        insist_result *result = nginx_site_call(&site, way, NULL, "GET", paths[p]);
        nginx_site_expect_answer(result, 200, 1);
        nginx_site_expect_body(result, SITE_SMALL, strlen(SITE_SMALL));
        assert_string_equal(insist_result_url(result), nginx_site_url(&site, way, "/small.txt").text);
        insist_result_free(result);
    }
    insist_client_options stay = {.size = sizeof stay, .no_redirects = true};
    insist_result *result = nginx_site_call(&site, way, &stay, "GET", "/redirect/relative");
    nginx_site_expect_answer(result, 302, 1);
    nginx_site_expect_header(result, "Location", "../small.txt");
    insist_result_free(result);
}

static void a_redirected_post_is_not_repeated(void **state) {
    const struct nginx_way *way = *state;
    insist_result *result = nginx_site_call(&site, way, NULL, "POST", "/redirect/absolute"); /* becomes a GET */
    nginx_site_expect_answer(result, 200, 1);
    nginx_site_expect_body(result, SITE_SMALL, strlen(SITE_SMALL));
    insist_result_free(result);
    result = nginx_site_call(&site, way, NULL, "POST", "/redirect/repeat");
    nginx_site_expect_answer(result, 307, 1);
    insist_result_free(result);
    insist_client_options options = {.size = sizeof options, .repeat_unsafe = true};
    result = nginx_site_call(&site, way, &options, "POST", "/redirect/repeat"); /* is a POST to a file there */
    nginx_site_expect_answer(result, 405, 1);
    insist_result_free(result);
}

static void a_loop_of_redirects_is_an_error(void **state) {
    const struct nginx_way *way = *state;
    insist_result *result = nginx_site_call(&site, way, NULL, "GET", "/redirect/loop");
    nginx_site_expect_error(result, INSIST_EREDIRECT, INSIST_STOPPED, INSIST_ANSWERED);
    assert_int_equal(insist_result_status(result), 302);
    insist_result_free(result);
}

/* ---- large headers and uploads
 * ---------------------------------------------------------------------------------------- */

static void large_headers_pass(void **state) {
    const struct nginx_way *way = *state;
    enum { LONG = 6000, TIMES = 6 }; /* as often as nginx.conf repeats it */
    static char text[LONG + 1];
    memset(text, 'h', LONG);
    insist_client *client = nginx_site_client(&site, way, NULL);
    insist_plan *plan = nginx_site_plan(&site, way, "GET", "/headers");
    assert_int_equal(insist_plan_set_header(plan, "X-Long", text), INSIST_OK);
    insist_result *result = NULL;
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
    nginx_site_expect_answer(result, 204, 1);
    const char *large = insist_result_header(result, "X-Large");
    assert_non_null(large);
    assert_int_equal(strlen(large), LONG * TIMES);
    assert_int_equal(strspn(large, "h"), LONG * TIMES);
    insist_result_free(result);
    insist_client_free(client);

    insist_client_options options = {.size = sizeof options, .max_header_bytes = LONG * TIMES};
    client = nginx_site_client(&site, way, &options);
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_ETOOLARGE);
    assert_int_equal(insist_result_attempts(result), 1);
    assert_int_equal(insist_result_reason(result), INSIST_STOPPED);
    insist_result_free(result);
    insist_plan_free(plan);
    insist_client_free(client);
}

enum { UPLOAD_BYTES = 5 * 1000 * 1000 };

static void an_upload_arrives_whole(void **state) {
    const struct nginx_way *way = *state;
    insist_client *client = nginx_site_client(&site, way, NULL);
    char path[32];
    snprintf(path, sizeof path, "/upload/%s.bin", way->name);
    struct nginx_url url = nginx_site_url(&site, way, path);
    insist_result *result = NULL;
    assert_int_equal(insist_put(client, url.text, "application/octet-stream", site.big, UPLOAD_BYTES, &result), 0);
    nginx_site_expect_answer(result, 201, 1);
    insist_result_free(result);
    assert_int_equal(insist_get(client, url.text, &result), INSIST_OK);
    nginx_site_expect_answer(result, 200, 1);
    nginx_site_expect_body(result, site.big, UPLOAD_BYTES);
    insist_result_free(result);
    insist_client_free(client);
}

static void a_413_during_an_upload_is_the_answer(void **state) {
    const struct nginx_way *way = *state;
    insist_client *client = nginx_site_client(&site, way, NULL);
    struct nginx_url url = nginx_site_url(&site, way, "/too-large");
    for (int n = 0; n < 5; n++) {
        insist_result *result = NULL;
        assert_int_equal(insist_post(client, url.text, NULL, site.big, UPLOAD_BYTES, &result), INSIST_OK);
        nginx_site_expect_answer(result, 413, 1);
        assert_int_equal(insist_result_attempt(result, 0)->sent, INSIST_ANSWERED);
        insist_result_free(result);
    }
    insist_client_free(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_is_an_answer_and_not_tried_again),
        cmocka_unit_test(redirects_are_followed),
        cmocka_unit_test(a_redirected_post_is_not_repeated),
        cmocka_unit_test(a_loop_of_redirects_is_an_error),
        cmocka_unit_test(large_headers_pass),
        cmocka_unit_test(an_upload_arrives_whole),
        cmocka_unit_test(a_413_during_an_upload_is_the_answer),
    };
    return nginx_site_run(&site, tests, sizeof tests / sizeof tests[0]);
}
