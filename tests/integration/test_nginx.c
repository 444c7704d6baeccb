/* Calls to nginx: bodies, codings, headers, statuses, redirects, uploads and certificates, over http, https and
 * HTTP/2. */
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

/* One call on a client of its own. */
static insist_result *call_once(const struct nginx_way *way, insist_client_options *options, const char *method,
                                const char *path) {
    insist_client *client = nginx_site_client(&site, way, options);
    insist_plan *plan = nginx_site_plan(&site, way, method, path);
    insist_result *result = NULL;
    insist_err error = insist_execute(client, plan, NULL, &result);
    assert_int_equal(error, insist_result_error(result));
    insist_plan_free(plan);
    insist_client_free(client);
    return result;
}

/* ---- bodies
 * --------------------------------------------------------------------------------------------------------- */

static void a_large_file_comes_whole(void **state) {
    (void)state;
    for (size_t i = 0; i < NGINX_WAYS; i++) {
        insist_result *result = call_once(&nginx_ways[i], NULL, "GET", "/big.bin");
        nginx_site_expect_answer(result, 200, 1);
        nginx_site_expect_body(result, site.big, SITE_BIG_BYTES);
        nginx_site_expect_header(result, "X-Protocol", nginx_ways[i].protocol);
        assert_int_equal(insist_result_attempt(result, 0)->bytes, SITE_BIG_BYTES);
        assert_int_equal(insist_result_attempt(result, 0)->sent, INSIST_ANSWERED);
        insist_result_free(result);
    }
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
    (void)state;
    for (size_t i = 0; i < NGINX_WAYS; i++) {
        struct download downloads[DOWNLOADS];
        insist_client *client = nginx_site_client(&site, &nginx_ways[i], NULL);
        insist_plan *plan = nginx_site_plan(&site, &nginx_ways[i], "GET", "/big.bin");
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
}

static void gzip_is_decoded(void **state) {
    (void)state;
    for (size_t i = 0; i < NGINX_WAYS; i++) {
        insist_result *result = call_once(&nginx_ways[i], NULL, "GET", "/gzip/text.txt");
        nginx_site_expect_answer(result, 200, 1);
        nginx_site_expect_body(result, site.text, SITE_TEXT_BYTES);
        assert_in_range(insist_result_attempt(result, 0)->bytes, 1, SITE_TEXT_BYTES / 2);
        insist_result_free(result);

        insist_client_options plain = {.size = sizeof plain, .no_gzip = true};
        result = call_once(&nginx_ways[i], &plain, "GET", "/gzip/text.txt");
        nginx_site_expect_answer(result, 200, 1);
        nginx_site_expect_body(result, site.text, SITE_TEXT_BYTES);
        assert_int_equal(insist_result_attempt(result, 0)->bytes, SITE_TEXT_BYTES);
        insist_result_free(result);
    }
}

static void chunks_are_joined(void **state) {
    (void)state;
    for (size_t i = 0; i < NGINX_WAYS; i++) {
        insist_result *result = call_once(&nginx_ways[i], NULL, "GET", "/chunked/text.txt");
        nginx_site_expect_answer(result, 200, 1);
        nginx_site_expect_body(result, site.text, SITE_TEXT_BYTES);
        assert_null(insist_result_header(result, "Content-Length"));
        if (nginx_ways[i].version == INSIST_HTTP_1_1) {
            nginx_site_expect_header(result, "Transfer-Encoding", "chunked");
        }
        insist_result_free(result);
    }
}

static void too_much_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < NGINX_WAYS; i++) {
        insist_client_options options = {.size = sizeof options, .max_body_bytes = SITE_BIG_BYTES - 1};
        insist_result *result = call_once(&nginx_ways[i], &options, "GET", "/big.bin");
        nginx_site_expect_error(result, INSIST_ETOOLARGE, INSIST_STOPPED, INSIST_ANSWERED);
        insist_result_free(result);
        options.max_body_bytes = SITE_TEXT_BYTES - 1; /* fits as it comes, not when decoded */
        result = call_once(&nginx_ways[i], &options, "GET", "/gzip/text.txt");
        nginx_site_expect_error(result, INSIST_ETOOLARGE, INSIST_STOPPED, INSIST_ANSWERED);
        insist_result_free(result);
    }
}

/* ---- connections
 * ---------------------------------------------------------------------------------------------------- */

static void connections_are_kept(void **state) {
    (void)state;
    for (size_t i = 0; i < NGINX_WAYS; i++) {
        insist_client *client = nginx_site_client(&site, &nginx_ways[i], NULL);
        char connection[32] = "";
        int64_t number = 0;
        for (int n = 1; n <= 5; n++) {
            insist_result *result = NULL;
            assert_int_equal(insist_get(client, nginx_url(&site.nginx, nginx_ways[i].listener, "/small.txt").text, &result), 0);
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
}

static void a_connection_that_the_server_gives_up_is_not_kept(void **state) {
    (void)state;
    for (size_t i = 0; i < NGINX_WAYS; i++) {
        insist_client *client = nginx_site_client(&site, &nginx_ways[i], NULL);
        for (int n = 0; n < 3 && nginx_ways[i].version == INSIST_HTTP_1_1; n++) {
            insist_result *result = NULL;
            assert_int_equal(insist_post(client, nginx_url(&site.nginx, nginx_ways[i].listener, "/close").text, NULL, "x", 1, &result), 0);
            nginx_site_expect_answer(result, 200, 1);
            nginx_site_expect_body(result, "closed", 6);
            assert_false(insist_result_attempt(result, 0)->reused);
            insist_result_free(result);
        }
        insist_client_free(client);
    }
}

static void a_name_is_looked_up(void **state) {
    (void)state;
    for (size_t i = 0; i < NGINX_WAYS; i++) {
        insist_client *client = nginx_site_client(&site, &nginx_ways[i], NULL);
        char url[128];
        snprintf(url, sizeof url, "%s://localhost:%u/small.txt", nginx_ways[i].listener == NGINX_PLAIN ? "http" : "https",
                 (unsigned)site.nginx.ports[nginx_ways[i].listener]);
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
    (void)state;
    for (size_t i = 0; i < NGINX_WAYS; i++) {
        insist_client *client = nginx_site_client(&site, &nginx_ways[i], NULL);
        for (int n = 0; n < 2; n++) { /* the second on the same connection: nothing was left over on it */
            insist_result *result = NULL;
            assert_int_equal(insist_head(client, nginx_url(&site.nginx, nginx_ways[i].listener, "/big.bin").text, &result), 0);
            nginx_site_expect_answer(result, 200, 1);
            nginx_site_expect_body(result, "", 0);
            nginx_site_expect_header(result, "Content-Length", "10485760");
            assert_int_equal(insist_result_attempt(result, 0)->reused, n > 0);
            insist_result_free(result);
        }
        insist_client_free(client);
    }
}

static void answers_may_have_no_body(void **state) {
    (void)state;
    for (size_t i = 0; i < NGINX_WAYS; i++) {
        insist_client *client = nginx_site_client(&site, &nginx_ways[i], NULL);
        insist_result *result = NULL;
        insist_plan *plan = nginx_site_plan(&site, &nginx_ways[i], "GET", "/empty");
        assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
        nginx_site_expect_answer(result, 204, 1);
        nginx_site_expect_body(result, "", 0);
        insist_result_free(result);
        insist_plan_free(plan);

        plan = nginx_site_plan(&site, &nginx_ways[i], "GET", "/small.txt");
        assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
        nginx_site_expect_answer(result, 200, 1);
        insist_plan *again = nginx_site_plan(&site, &nginx_ways[i], "GET", "/small.txt");
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
}

static void a_refusal_is_an_answer_and_not_tried_again(void **state) {
    (void)state;
    for (size_t i = 0; i < NGINX_WAYS; i++) {
        char path[64];
        char line[128];
        snprintf(path, sizeof path, "/small.txt?key=405-%zu", i);
        insist_result *result = call_once(&nginx_ways[i], NULL, "POST", path);
        nginx_site_expect_answer(result, 405, 1);
        insist_result_free(result);
        result = call_once(&nginx_ways[i], NULL, "GET", "/nothing-here");
        nginx_site_expect_answer(result, 404, 1);
        insist_result_free(result);
        assert_true(nginx_reload(&site.nginx)); /* all log lines are written */
        snprintf(line, sizeof line, "POST %s %s", path, nginx_ways[i].protocol);
        assert_int_equal(nginx_count_lines(&site.nginx, "access.log", line), 1);
    }
}

/* ---- redirects
 * -------------------------------------------------------------------------------------------------------- */

static void redirects_are_followed(void **state) {
    (void)state;
    static const char *const paths[] = {"/redirect/absolute", "/redirect/relative", "/redirect/repeat"};
    for (size_t i = 0; i < NGINX_WAYS; i++) {
        for (size_t p = 0; p < 3; p++) {
            insist_result *result = call_once(&nginx_ways[i], NULL, "GET", paths[p]);
            nginx_site_expect_answer(result, 200, 1);
            nginx_site_expect_body(result, SITE_SMALL, strlen(SITE_SMALL));
            assert_string_equal(insist_result_url(result),
                                nginx_url(&site.nginx, nginx_ways[i].listener, "/small.txt").text);
            insist_result_free(result);
        }
        insist_client_options stay = {.size = sizeof stay, .no_redirects = true};
        insist_result *result = call_once(&nginx_ways[i], &stay, "GET", "/redirect/relative");
        nginx_site_expect_answer(result, 302, 1);
        nginx_site_expect_header(result, "Location", "../small.txt");
        insist_result_free(result);
    }
}

static void a_redirected_post_is_not_repeated(void **state) {
    (void)state;
    for (size_t i = 0; i < NGINX_WAYS; i++) {
        insist_result *result = call_once(&nginx_ways[i], NULL, "POST", "/redirect/absolute"); /* becomes a GET */
        nginx_site_expect_answer(result, 200, 1);
        nginx_site_expect_body(result, SITE_SMALL, strlen(SITE_SMALL));
        insist_result_free(result);
        result = call_once(&nginx_ways[i], NULL, "POST", "/redirect/repeat");
        nginx_site_expect_answer(result, 307, 1);
        insist_result_free(result);
        insist_client_options options = {.size = sizeof options, .repeat_unsafe = true};
        result = call_once(&nginx_ways[i], &options, "POST", "/redirect/repeat"); /* is a POST to a file there */
        nginx_site_expect_answer(result, 405, 1);
        insist_result_free(result);
    }
}

static void a_loop_of_redirects_is_an_error(void **state) {
    (void)state;
    for (size_t i = 0; i < NGINX_WAYS; i++) {
        insist_result *result = call_once(&nginx_ways[i], NULL, "GET", "/redirect/loop");
        nginx_site_expect_error(result, INSIST_EREDIRECT, INSIST_STOPPED, INSIST_ANSWERED);
        assert_int_equal(insist_result_status(result), 302);
        insist_result_free(result);
    }
}

/* ---- large headers and uploads
 * ---------------------------------------------------------------------------------------- */

static void large_headers_pass(void **state) {
    (void)state;
    enum { LONG = 6000, TIMES = 6 }; /* as often as nginx.conf repeats it */
    static char text[LONG + 1];
    memset(text, 'h', LONG);
    for (size_t i = 0; i < NGINX_WAYS; i++) {
        insist_client *client = nginx_site_client(&site, &nginx_ways[i], NULL);
        insist_plan *plan = nginx_site_plan(&site, &nginx_ways[i], "GET", "/headers");
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
        client = nginx_site_client(&site, &nginx_ways[i], &options);
        assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_ETOOLARGE);
        assert_int_equal(insist_result_attempts(result), 1);
        assert_int_equal(insist_result_reason(result), INSIST_STOPPED);
        insist_result_free(result);
        insist_plan_free(plan);
        insist_client_free(client);
    }
}

enum { UPLOAD_BYTES = 5 * 1000 * 1000 };

static void an_upload_arrives_whole(void **state) {
    (void)state;
    for (size_t i = 0; i < NGINX_WAYS; i++) {
        insist_client *client = nginx_site_client(&site, &nginx_ways[i], NULL);
        char path[32];
        snprintf(path, sizeof path, "/upload/%zu.bin", i);
        struct nginx_url url = nginx_url(&site.nginx, nginx_ways[i].listener, path);
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
}

static void a_413_during_an_upload_is_the_answer(void **state) {
    (void)state;
    for (size_t i = 0; i < NGINX_WAYS; i++) {
        insist_client *client = nginx_site_client(&site, &nginx_ways[i], NULL);
        struct nginx_url url = nginx_url(&site.nginx, nginx_ways[i].listener, "/too-large");
        for (int n = 0; n < 5; n++) {
            insist_result *result = NULL;
            assert_int_equal(insist_post(client, url.text, NULL, site.big, UPLOAD_BYTES, &result), INSIST_OK);
            nginx_site_expect_answer(result, 413, 1);
            assert_int_equal(insist_result_attempt(result, 0)->sent, INSIST_ANSWERED);
            insist_result_free(result);
        }
        insist_client_free(client);
    }
}

/* ---- certificates
 * ----------------------------------------------------------------------------------------------------- */

static const struct nginx_way https_ways[] = {{"https", NGINX_TLS, INSIST_HTTP_1_1, "HTTP/1.1"},
                                              {"HTTP/2", NGINX_TLS, INSIST_HTTP_2, "HTTP/2.0"}};
static const struct nginx_way other_host = {"other host", NGINX_OTHER, INSIST_HTTP_1_1, "HTTP/1.1"};
static const struct nginx_way old_tls = {"TLS 1.1", NGINX_OLD, INSIST_HTTP_1_1, "HTTP/1.1"};

static void an_unknown_authority_is_not_trusted(void **state) {
    (void)state;
    insist_tls_options tls = {.size = sizeof tls}; /* the system's authorities */
    insist_client_options options = {.size = sizeof options, .tls = &tls};
    for (size_t i = 0; i < 2; i++) {
        insist_result *result = call_once(&https_ways[i], &options, "GET", "/small.txt");
        nginx_site_expect_error(result, INSIST_ECERT, INSIST_STOPPED, INSIST_NOT_SENT);
        assert_int_equal(insist_result_status(result), 0);
        insist_result_free(result);
    }
    tls.insecure = true;
    for (size_t i = 0; i < 2; i++) {
        insist_result *result = call_once(&https_ways[i], &options, "GET", "/small.txt");
        nginx_site_expect_answer(result, 200, 1);
        nginx_site_expect_body(result, SITE_SMALL, strlen(SITE_SMALL));
        insist_result_free(result);
    }
}

static void a_certificate_for_another_host_is_not_accepted(void **state) {
    (void)state;
    insist_result *result = call_once(&other_host, NULL, "GET", "/small.txt");
    nginx_site_expect_error(result, INSIST_ECERT, INSIST_STOPPED, INSIST_NOT_SENT);
    insist_result_free(result);
    insist_tls_options tls = {.size = sizeof tls, .insecure = true};
    insist_client_options options = {.size = sizeof options, .tls = &tls};
    result = call_once(&other_host, &options, "GET", "/small.txt");
    nginx_site_expect_answer(result, 200, 1);
    insist_result_free(result);
}

static void old_tls_is_refused(void **state) {
    (void)state;
    insist_tls_options tls = {.size = sizeof tls, .insecure = true};
    insist_client_options options = {.size = sizeof options, .tls = &tls};
    insist_result *result = call_once(&old_tls, &options, "GET", "/small.txt");
    nginx_site_expect_error(result, INSIST_ETLS, INSIST_STOPPED, INSIST_NOT_SENT);
    insist_result_free(result);
    assert_true(nginx_reload(&site.nginx));
    assert_true(nginx_count_lines_with(&site.nginx, "error.log", "unsupported protocol") > 0);
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
        cmocka_unit_test(a_refusal_is_an_answer_and_not_tried_again),
        cmocka_unit_test(redirects_are_followed),
        cmocka_unit_test(a_redirected_post_is_not_repeated),
        cmocka_unit_test(a_loop_of_redirects_is_an_error),
        cmocka_unit_test(large_headers_pass),
        cmocka_unit_test(an_upload_arrives_whole),
        cmocka_unit_test(a_413_during_an_upload_is_the_answer),
        cmocka_unit_test(an_unknown_authority_is_not_trusted),
        cmocka_unit_test(a_certificate_for_another_host_is_not_accepted),
        cmocka_unit_test(old_tls_is_refused),
    };
    if (!nginx_site_start(&site)) {
        return nginx_site_stop(&site, 1);
    }
    return nginx_site_stop(&site, cmocka_run_group_tests(tests, NULL, NULL));
}
