/* Answers of nginx over http, https and HTTP/2: bodies, codings, connections that are kept, answers without a body. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "nginx_site.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct nginx_site site;

/* ---- bodies
 * --------------------------------------------------------------------------------------------------------- */

static void a_large_file_comes_whole(void **state) {
    const struct nginx_way *way = *state;
    insist_result *result = nginx_site_call(&site, way, NULL, "GET", "/big.bin");
    nginx_site_expect_answer(result, 200, 1);
    nginx_site_expect_body(result, site.big, SITE_BIG_BYTES);
    nginx_site_expect_header(result, "X-Protocol", way->protocol);
    assert_int_equal(insist_result_attempt(result, 0)->bytes, SITE_BIG_BYTES);
    assert_int_equal(insist_result_attempt(result, 0)->sent, INSIST_ANSWERED);
    insist_result_free(result);
}

enum { DOWNLOADS = 8 };

struct download {
    pthread_t thread;
    insist_client *client;
    insist_plan *plan;
    insist_result *result;
};

static void *download(void *argument) {
    struct download *mine = argument;
    return insist_execute(mine->client, mine->plan, NULL, &mine->result) == INSIST_OK ? mine : NULL;
}

static void large_files_come_whole_side_by_side(void **state) {
    const struct nginx_way *way = *state;
    struct download downloads[DOWNLOADS];
    insist_client *client = nginx_site_client(&site, way, NULL);
    insist_plan *plan = nginx_site_plan(&site, way, "GET", "/big.bin");
    for (size_t d = 0; d < DOWNLOADS; d++) {
        downloads[d] = (struct download){.client = client, .plan = plan};
        assert_int_equal(pthread_create(&downloads[d].thread, NULL, download, &downloads[d]), 0);
    }
    for (size_t d = 0; d < DOWNLOADS; d++) {
        pthread_join(downloads[d].thread, NULL);
    }
    for (size_t d = 0; d < DOWNLOADS; d++) {
        nginx_site_expect_answer(downloads[d].result, 200, 1);
        nginx_site_expect_body(downloads[d].result, site.big, SITE_BIG_BYTES);
        insist_result_free(downloads[d].result);
    }
    insist_plan_free(plan);
    insist_client_free(client);
}

static void gzip_is_decoded(void **state) {
    const struct nginx_way *way = *state;
    insist_result *result = nginx_site_call(&site, way, NULL, "GET", "/gzip/text.txt");
    nginx_site_expect_answer(result, 200, 1);
    nginx_site_expect_body(result, site.text, SITE_TEXT_BYTES);
    assert_in_range(insist_result_attempt(result, 0)->bytes, 1, SITE_TEXT_BYTES / 2);
    insist_result_free(result);

    insist_client_options plain = {.size = sizeof plain, .no_gzip = true};
    result = nginx_site_call(&site, way, &plain, "GET", "/gzip/text.txt");
    nginx_site_expect_answer(result, 200, 1);
    nginx_site_expect_body(result, site.text, SITE_TEXT_BYTES);
    assert_int_equal(insist_result_attempt(result, 0)->bytes, SITE_TEXT_BYTES);
    insist_result_free(result);
}

static void chunks_are_joined(void **state) {
    const struct nginx_way *way = *state;
    insist_result *result = nginx_site_call(&site, way, NULL, "GET", "/chunked/text.txt");
    nginx_site_expect_answer(result, 200, 1);
    nginx_site_expect_body(result, site.text, SITE_TEXT_BYTES);
    assert_null(insist_result_header(result, "Content-Length"));
    if (way->version == INSIST_HTTP_1_1) {
        nginx_site_expect_header(result, "Transfer-Encoding", "chunked");
    }
    insist_result_free(result);
}

static void too_much_is_refused(void **state) {
    const struct nginx_way *way = *state;
    insist_client_options options = {.size = sizeof options, .max_body_bytes = SITE_BIG_BYTES - 1};
    insist_result *result = nginx_site_call(&site, way, &options, "GET", "/big.bin");
    nginx_site_expect_error(result, INSIST_ETOOLARGE, INSIST_STOPPED, INSIST_ANSWERED);
    insist_result_free(result);
    options.max_body_bytes = SITE_TEXT_BYTES - 1; /* fits as it comes, not when decoded */
    result = nginx_site_call(&site, way, &options, "GET", "/gzip/text.txt");
    nginx_site_expect_error(result, INSIST_ETOOLARGE, INSIST_STOPPED, INSIST_ANSWERED);
    insist_result_free(result);
}

/* ---- connections
 * ---------------------------------------------------------------------------------------------------- */

static void connections_are_kept(void **state) {
    const struct nginx_way *way = *state;
    insist_client *client = nginx_site_client(&site, way, NULL);
    char connection[32] = "";
    int64_t number = 0;
    for (int n = 1; n <= 5; n++) {
        insist_result *result = NULL;
        assert_int_equal(insist_get(client, nginx_site_url(&site, way, "/small.txt").text, &result), INSIST_OK);
        nginx_site_expect_answer(result, 200, 1);
        nginx_site_expect_body(result, SITE_SMALL, strlen(SITE_SMALL));
        const insist_attempt_record *attempt = insist_result_attempt(result, 0);
        char place[12];
        snprintf(place, sizeof place, "%d", n);
        nginx_site_expect_header(result, "X-Request", place);
        assert_int_equal(attempt->reused, n > 1);
        assert_true(attempt->connection > 0);
        if (n == 1) {
            snprintf(connection, sizeof connection, "%s", insist_result_header(result, "X-Connection"));
            number = attempt->connection;
        }
        nginx_site_expect_header(result, "X-Connection", connection);
        assert_int_equal(attempt->connection, number);
        insist_result_free(result);
    }
    insist_client_free(client);
}

static void a_connection_that_the_server_gives_up_is_not_kept(void **state) {
    const struct nginx_way *way = *state;
    insist_client *client = nginx_site_client(&site, way, NULL);
    for (int n = 0; n < 3 && way->version == INSIST_HTTP_1_1; n++) {
        insist_result *result = NULL;
        assert_int_equal(insist_post(client, nginx_site_url(&site, way, "/close").text, NULL, "x", 1, &result), 0);
        nginx_site_expect_answer(result, 200, 1);
        nginx_site_expect_body(result, "closed", 6);
        assert_false(insist_result_attempt(result, 0)->reused);
        insist_result_free(result);
    }
    insist_client_free(client);
}

/* By a client of its own each time, so that the lookup's thread comes back while the client is about to go. */
static void a_name_is_looked_up(void **state) {
    const struct nginx_way *way = *state;
    char url[128];
    snprintf(url, sizeof url, "%s://localhost:%u/small.txt", way->listener == NGINX_PLAIN ? "http" : "https",
             (unsigned)site.nginx.ports[way->listener]);
    for (int round = 0; round < 30; round++) {
        insist_client *client = nginx_site_client(&site, way, NULL);
        insist_result *result = NULL;
        assert_int_equal(insist_get(client, url, &result), INSIST_OK);
        nginx_site_expect_answer(result, 200, 1);
        nginx_site_expect_body(result, SITE_SMALL, strlen(SITE_SMALL));
        insist_result_free(result);
        insist_client_free(client);
    }
}

/* ---- answers without a body, and refusals
 * ----------------------------------------------------------------------------- */

static void head_has_headers_only(void **state) {
    const struct nginx_way *way = *state;
    insist_client *client = nginx_site_client(&site, way, NULL);
    for (int n = 0; n < 2; n++) { /* the second on the same connection: nothing was left over on it */
        insist_result *result = NULL;
        assert_int_equal(insist_head(client, nginx_site_url(&site, way, "/big.bin").text, &result), 0);
        nginx_site_expect_answer(result, 200, 1);
        nginx_site_expect_body(result, "", 0);
        nginx_site_expect_header(result, "Content-Length", "10485760");
        assert_int_equal(insist_result_attempt(result, 0)->reused, n > 0);
        insist_result_free(result);
    }
    insist_client_free(client);
}

static void answers_may_have_no_body(void **state) {
    const struct nginx_way *way = *state;
    insist_client *client = nginx_site_client(&site, way, NULL);
    insist_result *result = NULL;
    insist_plan *plan = nginx_site_plan(&site, way, "GET", "/empty");
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
    nginx_site_expect_answer(result, 204, 1);
    nginx_site_expect_body(result, "", 0);
    insist_result_free(result);
    insist_plan_free(plan);

    plan = nginx_site_plan(&site, way, "GET", "/small.txt");
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
    nginx_site_expect_answer(result, 200, 1);
    insist_plan *again = nginx_site_plan(&site, way, "GET", "/small.txt");
    assert_int_equal(insist_plan_set_header(again, "If-None-Match", insist_result_header(result, "ETag")), INSIST_OK);
    insist_result_free(result);
    assert_int_equal(insist_execute(client, again, NULL, &result), INSIST_OK);
    nginx_site_expect_answer(result, 304, 1);
    nginx_site_expect_body(result, "", 0);
    assert_true(insist_result_attempt(result, 0)->reused);
    insist_result_free(result);
    insist_plan_free(again);
    insist_plan_free(plan);
    insist_client_free(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_file_comes_whole),
        cmocka_unit_test(large_files_come_whole_side_by_side),
        cmocka_unit_test(gzip_is_decoded),
        cmocka_unit_test(chunks_are_joined),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(connections_are_kept),
        cmocka_unit_test(a_connection_that_the_server_gives_up_is_not_kept),
        cmocka_unit_test(a_name_is_looked_up),
        cmocka_unit_test(head_has_headers_only),
        cmocka_unit_test(answers_may_have_no_body),
    };
    return nginx_site_run(&site, tests, sizeof tests / sizeof tests[0]);
}
