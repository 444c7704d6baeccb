/* Certificates of clients, pinned keys, authorities in a directory and the least version of TLS, against nginx. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "nginx_site.h"
#include "support/authority.h"
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static struct nginx_site site;

static const struct nginx_way https = {"https", NGINX_TLS, INSIST_HTTP_1_1, "HTTP/1.1"};
static const struct nginx_way tls_1_3 = {"TLS 1.3", NGINX_OTHER, INSIST_HTTP_1_1, "HTTP/1.1"};

/* A file of the site's directory; good until called twice more. */
static const char *file(const char *name) {
    static char paths[3][128];
    static unsigned turn;
    char *path = paths[turn++ % 3];
    snprintf(path, sizeof paths[0], "%s/%s", site.nginx.directory, name);
    return path;
}

static const char *pin(const char *name) {
    static char text[128];
    FILE *in = fopen(file(name), "re");
    assert_non_null(in);
    assert_non_null(fgets(text, sizeof text, in));
    fclose(in);
    return text;
}

static insist_result *call(insist_tls_options *tls, const struct nginx_way *way, const char *path) {
    insist_client_options options = {.size = sizeof options, .tls = tls};
    return nginx_site_call(&site, way, &options, "GET", path);
}

static void expect_client(insist_tls_options *tls, const char *text) {
    tls->ca_file = site.ca_file;
    insist_result *result = call(tls, &https, "/client");
    nginx_site_expect_answer(result, 200, 1);
    assert_string_equal(insist_result_body(result, NULL), text);
    insist_result_free(result);
}

static void a_client_shows_its_certificate(void **state) {
    (void)state;
    expect_client(INSIST_TLS_OPTIONS(0), "NONE ");
    expect_client(INSIST_TLS_OPTIONS(.certificate_file = file("localhost.pem"), .key_file = file("localhost.key")),
                  "SUCCESS CN=localhost");
    expect_client(INSIST_TLS_OPTIONS(.certificate_file = file("localhost.pem"), .key_file = file("locked.key"),
                                     .key_password = AUTHORITY_PASSWORD),
                  "SUCCESS CN=localhost");
}

static void expect_error(insist_result *result, insist_err err) {
    nginx_site_expect_error(result, err, INSIST_STOPPED, INSIST_NOT_SENT);
    insist_result_free(result);
}

static void a_key_that_does_not_open_or_fit_sends_nothing(void **state) {
    (void)state;
    insist_tls_options *locked = INSIST_TLS_OPTIONS(.ca_file = site.ca_file, .certificate_file = file("localhost.pem"),
                                                    .key_file = file("locked.key"), .key_password = "wrong");
    insist_tls_options *foreign = INSIST_TLS_OPTIONS(.ca_file = site.ca_file, .certificate_file = file("localhost.pem"),
                                                     .key_file = file("other.key"));
    expect_error(call(locked, &https, "/client"), INSIST_ETLS);
    expect_error(call(foreign, &https, "/client"), INSIST_ETLS);
}

static void a_pinned_key_has_to_be_the_servers(void **state) {
    (void)state;
    char both[300];
    insist_tls_options tls = {.size = sizeof tls, .ca_file = site.ca_file, .pinned_key = pin("localhost.pin")};
    insist_result *result = call(&tls, &https, "/small.txt");
    nginx_site_expect_answer(result, 200, 1);
    insist_result_free(result);

    tls.pinned_key = pin("other.pin");
    expect_error(call(&tls, &https, "/small.txt"), INSIST_ECERT);
    tls.insecure = true; /* a pin counts all the same */
    expect_error(call(&tls, &https, "/small.txt"), INSIST_ECERT);

    int length = snprintf(both, sizeof both, "%s;", pin("other.pin"));
    snprintf(both + length, sizeof both - (size_t)length, "%s", pin("localhost.pin"));
    tls.pinned_key = both;
    result = call(&tls, &https, "/small.txt");
    nginx_site_expect_answer(result, 200, 1);
    insist_result_free(result);
}

static void authorities_can_be_in_a_directory(void **state) {
    (void)state;
    char authority[4096];
    FILE *in = fopen(site.ca_file, "re");
    assert_non_null(in);
    size_t length = fread(authority, 1, sizeof authority, in);
    fclose(in);
    assert_int_equal(mkdir(file("authorities"), 0700), 0);
    expect_error(call(INSIST_TLS_OPTIONS(.ca_dir = file("authorities")), &https, "/small.txt"), INSIST_ECERT);
    assert_true(nginx_write(&site.nginx, "authorities/" AUTHORITY_HASHED_NAME, authority, length));
    insist_result *result = call(INSIST_TLS_OPTIONS(.ca_dir = file("authorities")), &https, "/small.txt");
    nginx_site_expect_answer(result, 200, 1);
    insist_result_free(result);
}

/* In place of the directory that libcurl trusts by itself: the one with the site's authority. */
static void trust_directory(void *easy, void *ctx) {
    curl_easy_setopt(easy, CURLOPT_CAPATH, ctx);
}

static void who_names_authorities_trusts_no_others(void **state) {
    (void)state;
    char directory[128];
    snprintf(directory, sizeof directory, "%s", file("authorities"));
    insist_tls_options tls = {.size = sizeof tls};
    insist_client_options options = {
        .size = sizeof options, .tls = &tls, .curl_setup = trust_directory, .curl_setup_ctx = directory};
    insist_result *result = nginx_site_call(&site, &https, &options, "GET", "/small.txt");
    nginx_site_expect_answer(result, 200, 1);
    insist_result_free(result);
    tls.ca_file = file("other.pem");
    expect_error(nginx_site_call(&site, &https, &options, "GET", "/small.txt"), INSIST_ECERT);
}

static void an_older_version_than_asked_for_is_not_spoken(void **state) {
    (void)state;
    insist_tls_options *strict = INSIST_TLS_OPTIONS(.insecure = true, .min_version = INSIST_TLS_1_3);
    expect_error(call(strict, &https, "/small.txt"), INSIST_ETLS); /* it knows no more than 1.2 */
    insist_result *result = call(strict, &tls_1_3, "/small.txt");
    nginx_site_expect_answer(result, 200, 1);
    insist_result_free(result);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_shows_its_certificate),
        cmocka_unit_test(a_key_that_does_not_open_or_fit_sends_nothing),
        cmocka_unit_test(a_pinned_key_has_to_be_the_servers),
        cmocka_unit_test(authorities_can_be_in_a_directory),
        cmocka_unit_test(who_names_authorities_trusts_no_others),
        cmocka_unit_test(an_older_version_than_asked_for_is_not_spoken),
    };
    if (!nginx_site_start(&site)) {
        return nginx_site_stop(&site, 1);
    }
    return nginx_site_stop(&site, cmocka_run_group_tests(tests, NULL, NULL));
}
