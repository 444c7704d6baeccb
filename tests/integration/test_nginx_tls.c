/* What https and HTTP/2 accept as a certificate and as TLS, against nginx. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "nginx_site.h"
#include <string.h>

static struct nginx_site site;

static const struct nginx_way https_ways[] = {{"https", NGINX_TLS, INSIST_HTTP_1_1, "HTTP/1.1"},
                                              {"HTTP/2", NGINX_TLS, INSIST_HTTP_2, "HTTP/2.0"}};
static const struct nginx_way other_host = {"other host", NGINX_OTHER, INSIST_HTTP_1_1, "HTTP/1.1"};
static const struct nginx_way old_tls = {"TLS 1.1", NGINX_OLD, INSIST_HTTP_1_1, "HTTP/1.1"};

static void an_unknown_authority_is_not_trusted(void **state) {
    (void)state;
    insist_tls_options tls = {.size = sizeof tls}; /* the system's authorities */
    insist_client_options options = {.size = sizeof options, .tls = &tls};
    for (size_t i = 0; i < 2; i++) {
        insist_result *result = nginx_site_call(&site, &https_ways[i], &options, "GET", "/small.txt");
        nginx_site_expect_error(result, INSIST_ECERT, INSIST_STOPPED, INSIST_NOT_SENT);
        assert_int_equal(insist_result_status(result), 0);
        insist_result_free(result);
    }
    tls.insecure = true;
    for (size_t i = 0; i < 2; i++) {
        insist_result *result = nginx_site_call(&site, &https_ways[i], &options, "GET", "/small.txt");
        nginx_site_expect_answer(result, 200, 1);
        nginx_site_expect_body(result, SITE_SMALL, strlen(SITE_SMALL));
        insist_result_free(result);
    }
}

static void a_certificate_for_another_host_is_not_accepted(void **state) {
    (void)state;
    insist_result *result = nginx_site_call(&site, &other_host, NULL, "GET", "/small.txt");
    nginx_site_expect_error(result, INSIST_ECERT, INSIST_STOPPED, INSIST_NOT_SENT);
    insist_result_free(result);
    insist_tls_options tls = {.size = sizeof tls, .insecure = true};
    insist_client_options options = {.size = sizeof options, .tls = &tls};
    result = nginx_site_call(&site, &other_host, &options, "GET", "/small.txt");
    nginx_site_expect_answer(result, 200, 1);
    insist_result_free(result);
}

static void old_tls_is_refused(void **state) {
    (void)state;
    insist_tls_options tls = {.size = sizeof tls, .insecure = true};
    insist_client_options options = {.size = sizeof options, .tls = &tls};
    insist_result *result = nginx_site_call(&site, &old_tls, &options, "GET", "/small.txt");
    nginx_site_expect_error(result, INSIST_ETLS, INSIST_STOPPED, INSIST_NOT_SENT);
    insist_result_free(result);
    assert_true(nginx_reload(&site.nginx));
    assert_true(nginx_count_lines_with(&site.nginx, "error.log", "unsupported protocol") > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_authority_is_not_trusted),
        cmocka_unit_test(a_certificate_for_another_host_is_not_accepted),
        cmocka_unit_test(old_tls_is_refused),
    };
    if (!nginx_site_start(&site)) {
        return nginx_site_stop(&site, 1);
    }
    return nginx_site_stop(&site, cmocka_run_group_tests(tests, NULL, NULL));
}
