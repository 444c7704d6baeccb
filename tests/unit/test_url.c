/* URLs: what is taken apart, what is refused and with which words, and where redirects lead. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/fail_alloc.h"
#include "wire/url.h"
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct url *make(const char *text) {
    struct url *url;
    insist_problem problem = {.text = ""};
    if (url_new(&env_standard, text, &problem, &url) != INSIST_OK)
        fail_msg("%s: %s", text, problem.text);
    return url;
}

static void refused(const char *text, const char *words) {
    struct url *url;
    insist_problem problem = {.err = INSIST_OK};
    insist_err err = url_new(&env_standard, text, &problem, &url);
    if (err != INSIST_EURL || !strstr(problem.text, words))
        fail_msg("%.60s: %s, %s", text ? text : "NULL", insist_err_name(err), problem.text);
    assert_int_equal(problem.err, INSIST_EURL);
    assert_string_equal(problem.field, "url");
    assert_null(url);
}

static void expect_text(const char *given, const char *text, const char *origin, const char *host) {
    struct url *url = make(given);
    assert_string_equal(url->text, text);
    assert_string_equal(url->origin, origin);
    assert_string_equal(url->host, host);
    url_free(url);
}

static void parts_are_taken_apart(void **state) {
    (void)state;
    struct url *url = make("https://api.example:8443/a/b?c=d");
    assert_string_equal(url->text, "https://api.example:8443/a/b?c=d");
    assert_string_equal(url->origin, "https://api.example:8443");
    assert_string_equal(url->host, "api.example");
    assert_int_equal(url->port, 8443);
    assert_true(url->https);
    assert_null(url->authorization);
    url_free(url);
}

static void the_handle_says_the_same_as_the_text(void **state) {
    (void)state;
    char *text;
    struct url *url = make("HTTP://user:word@Host.Example:80/a?b#c");
    assert_int_equal(curl_url_get(url->handle, CURLUPART_URL, &text, 0), CURLUE_OK);
    assert_string_equal(text, "http://host.example/a?b");
    assert_string_equal(url->text, text);
    curl_free(text);
    url_free(url);
}

static void expect_target(const char *given, const char *target) {
    struct url *url = make(given);
    if (target == NULL)
        assert_null(url->target);
    else
        assert_string_equal(url->target, target);
    url_free(url);
}

static void the_target_is_path_and_query_where_there_is_a_query(void **state) {
    (void)state;
    expect_target("http://h/a/b?c=d", "/a/b?c=d");
    expect_target("https://user:word@h:81/a?b/c?d#e?f", "/a?b/c?d");
    expect_target("http://h?a", "/?a");
    expect_target("http://[::1]:81?a", "/?a");
    expect_target("https://h/\xc3\xbc?\xc3\xbc", "/%c3%bc?%c3%bc");
    expect_target("http://h/a/../b?c", "/b?c");
    expect_target("http://h/a/b", NULL);
    expect_target("http://h/a#b?c", NULL);
    expect_target("https://h", NULL);
}

static void usual_ports_are_filled_in_and_empty_ones_stripped(void **state) {
    (void)state;
    expect_text("http://h", "http://h/", "http://h:80", "h");
    expect_text("https://h", "https://h/", "https://h:443", "h");
    expect_text("http://h:/x", "http://h/x", "http://h:80", "h");
    expect_text("http://h:80/", "http://h/", "http://h:80", "h");
    expect_text("http://h:443/", "http://h:443/", "http://h:443", "h");
    expect_text("https://h:080/", "https://h:80/", "https://h:80", "h");
    expect_text("http://h:65535/", "http://h:65535/", "http://h:65535", "h");
    expect_text("http://h:1/", "http://h:1/", "http://h:1", "h");
}

static void hosts_are_lower_case_paths_are_not(void **state) {
    (void)state;
    expect_text("HTTP://WWW.Example.ORG/Path?Query=A", "http://www.example.org/Path?Query=A",
                "http://www.example.org:80", "www.example.org");
    expect_text("http://a_b-c.d./", "http://a_b-c.d./", "http://a_b-c.d.:80", "a_b-c.d.");
    expect_text("http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/", "http://xn--bcher-kva.example:80",
                "xn--bcher-kva.example");
}

static void addresses_stand_for_hosts(void **state) {
    (void)state;
    expect_text("http://127.0.0.1:8080/", "http://127.0.0.1:8080/", "http://127.0.0.1:8080", "127.0.0.1");
    expect_text("http://127.0.0%2e1/", "http://127.0.0.1/", "http://127.0.0.1:80", "127.0.0.1");
    expect_text("http://127.1/", "http://127.0.0.1/", "http://127.0.0.1:80", "127.0.0.1");
    expect_text("http://[::1]/x", "http://[::1]/x", "http://[::1]:80", "::1");
    expect_text("https://[2001:DB8::A]:8443/", "https://[2001:db8::a]:8443/", "https://[2001:db8::a]:8443",
                "2001:db8::a");
}

static void fragments_and_dot_segments_go(void **state) {
    (void)state;
    expect_text("http://h/a#b?c", "http://h/a", "http://h:80", "h");
    expect_text("http://h#b", "http://h/", "http://h:80", "h");
    expect_text("http://h/a/./b/../c", "http://h/a/c", "http://h:80", "h");
    expect_text("http://h?q=1", "http://h/?q=1", "http://h:80", "h");
}

static void bytes_beyond_ascii_are_encoded_encoded_ones_kept(void **state) {
    (void)state;
    expect_text("http://h/\xc3\xbc?\xc3\xbc", "http://h/%c3%bc?%c3%bc", "http://h:80", "h");
    expect_text("http://h/%C3%bc%2F?a+b%20c", "http://h/%C3%bc%2F?a+b%20c", "http://h:80", "h");
}

static void expect_authorization(const char *given, const char *authorization) {
    struct url *url = make(given);
    assert_string_equal(url->text, "http://h/");
    if (authorization)
        assert_string_equal(url->authorization, authorization);
    else
        assert_null(url->authorization);
    url_free(url);
}

static void user_and_password_become_a_header(void **state) {
    (void)state;
    /* RFC 7617 section 2 */
    expect_authorization("http://Aladdin:open%20sesame@h/", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    expect_authorization("http://user@h/", "Basic dXNlcjo=");
    expect_authorization("http://:word@h/", "Basic OndvcmQ=");
    expect_authorization("http://a:b%3ac:d@h/", "Basic YTpiOmM6ZA==");
    expect_authorization("http://u%40x:%c3%bc@h/", "Basic dUB4OsO8");
    expect_authorization("http://@h/", NULL);
    expect_authorization("http://:@h/", NULL);
    expect_authorization("http://h/", NULL);
}

static void unusable_users_are_refused(void **state) {
    (void)state;
    refused("http://a%3ab:c@h/", "colon");
    refused("http://a:%00@h/", "control character");
    refused("http://a%0d%0ab:c@h/", "control character");
}

static void what_is_no_url_is_refused(void **state) {
    (void)state;
    refused(NULL, "missing");
    refused("", "empty");
    refused("/path", "http://");
    refused("//host/path", "http://");
    refused("path", "http://");
    refused("host:8080/path", "http://");
    refused("ftp://host/", "http://");
    refused("file:///etc/passwd", "http://");
    refused("httpss://host/", "http://");
    refused("javascript:alert(1)", "http://");
    refused("http:host", "two slashes");
    refused("http:/host", "two slashes");
    refused("http:\\\\host\\", "two slashes");
}

static void hosts_that_cannot_be_are_refused(void **state) {
    (void)state;
    refused("http://", "no host");
    refused("http:///path", "no host");
    refused("http://:80/", "no host");
    refused("http://?q", "no host");
    refused("http://user:word@/", "no host");
    refused("http://a..b/", "empty part");
    refused("http://./", "empty part");
    refused("http://.a/", "empty part");
    refused("http://h|/", "character");
    refused("http://a,b/", "character");
    refused("http://h\\x/", "character");
    refused("http://a@b@c/", "");
    refused("http://b\303\274cher.example/", "xn--");
    refused("http://[::1/", "IPv6");
    refused("http://[]/", "IPv6");
    refused("http://[1::2::3]/", "IPv6");
    refused("http://5%2e7/", "four numbers");
    refused("http://0x7f%2e1/", "four numbers");
    refused("http://[12345::]/", "IPv6");
    refused("http://[fe80::1%25eth0]/", "zone");
}

static void ports_that_cannot_be_are_refused(void **state) {
    (void)state;
    static const char *const ports[] = {"0", "65536", "99999999999999999999", "8a", "a", "-1", "+80", "0x50"};
    char text[64];
    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
        snprintf(text, sizeof(text), "http://h:%s/", ports[i]);
        refused(text, "port must be a number from 1 to 65535");
    }
}

static void blanks_and_control_characters_are_refused(void **state) {
    (void)state;
    char text[] = "http://host/a?";
    for (int c = 1; c < 0x20; c++) {
        text[13] = (char)c;
        refused(text, "control character");
        text[13] = '?';
    }
    refused("http://host/\x7f", "control character");
    refused("http://host/\r\nX: y", "control character");
    refused("http://host/a b", "blank");
    refused(" http://host/", "blank");
    refused("http://host/ ", "blank");
    refused("http://ho st/", "blank");
}

static void length_is_limited(void **state) {
    (void)state;
    const size_t most = 64 * 1024;
    char *text = malloc(most + 2);
    assert_non_null(text);
    memset(text, 'a', most + 1);
    memcpy(text, "http://h/", 9);
    text[most + 1] = '\0';
    refused(text, "longer than 65536 bytes");
    text[most] = '\0';
    url_free(make(text));

    memset(text + 7, 'a', 254);
    strcpy(text + 7 + 254, "/");
    refused(text, "longer than a name");
    free(text);
}

static void a_problem_need_not_be_asked_for(void **state) {
    (void)state;
    struct url *url;
    assert_int_equal(url_new(&env_standard, "x", NULL, &url), INSIST_EURL);
    url_free(NULL);
}

static const char base_text[] = "http://h.example:8080/a/b/c?x=1";

static void leads_to(const char *location, const char *text) {
    struct url *base = make(base_text), *next;
    const char *sentence;
    insist_err err = url_follow(base, location, &next, &sentence);
    if (err != INSIST_OK)
        fail_msg("%s: %s", location, insist_err_name(err));
    assert_null(sentence);
    assert_string_equal(next->text, text);
    assert_null(next->authorization);
    url_free(next);
    assert_string_equal(base->text, base_text);
    url_free(base);
}

static void leads_nowhere(const char *location, const char *why) {
    struct url *base = make("http://h.example/a"), *next;
    const char *sentence;
    insist_err err = url_follow(base, location, &next, &sentence);
    if (err != INSIST_EREDIRECT || next)
        fail_msg("%s: %s", location ? location : "NULL", insist_err_name(err));
    assert_string_equal(sentence, why);
    url_free(base);
}

static void redirects_lead_on(void **state) {
    (void)state;
    leads_to("d", "http://h.example:8080/a/b/d");
    leads_to("./d?y=2", "http://h.example:8080/a/b/d?y=2");
    leads_to("../d", "http://h.example:8080/a/d");
    leads_to("../../../../d", "http://h.example:8080/d");
    leads_to("/d", "http://h.example:8080/d");
    leads_to("?y", "http://h.example:8080/a/b/c?y");
    leads_to("/d#part", "http://h.example:8080/d");
    leads_to("//o/x", "http://o/x");
    leads_to("//o:9", "http://o:9/");
    leads_to("https://O", "https://o/");
    leads_to("HTTP://o:80/", "http://o/");
    leads_to("http://user:word@o/", "http://o/");
    leads_to("http://a%3ab:%00@o/", "http://o/");
    leads_to("http://[::1]:81/", "http://[::1]:81/");
    leads_to("/a b", "http://h.example:8080/a%20b");
    leads_to("/\xc3\xbc", "http://h.example:8080/%c3%bc");
    leads_to("#part", base_text);
    leads_to("./d:e", "http://h.example:8080/a/b/d:e");
}

static void redirects_to_nowhere_are_errors(void **state) {
    (void)state;
    static const char scheme[] = "it must begin with http:// or https://";
    static const char slashes[] = "two slashes must stand between the scheme and the host";
    static const char control[] = "it has a control character";
    leads_nowhere("", "it is empty");
    leads_nowhere("ftp://o/", scheme);
    leads_nowhere("mailto:a@b", scheme);
    leads_nowhere("javascript:alert(1)", scheme);
    leads_nowhere("file:///etc/passwd", scheme);
    leads_nowhere("d:e", scheme);
    leads_nowhere("http://", "it has no host");
    leads_nowhere("http:d", slashes);
    leads_nowhere("http:/d", slashes);
    leads_nowhere("http:///d", "it has no host");
    leads_nowhere("http://o:0/", "the port must be a number from 1 to 65535");
    leads_nowhere("http://o:99999/", "the port must be a number from 1 to 65535");
    leads_nowhere("http://o x/", "the host has a character that no host name can have");
    leads_nowhere("http://\xc3\xbc/", "the host has letters beyond ASCII: write its ASCII form (xn--...)");
    leads_nowhere("http://[::1/", "what stands in brackets is not an IPv6 address");
    leads_nowhere("http://a..b/", "the host has an empty part before a dot");
    leads_nowhere("//", "it has no host");
    leads_nowhere("/a\tb", control);
    leads_nowhere("/a\nb", control);
    leads_nowhere("/\x7f", control);
    leads_nowhere(NULL, "it is missing");
}

/* What libcurl does with a handle that it is given: copies it and reads the copy. */
static void *read_on_a_thread(void *handle) {
    intptr_t wrong = 0;
    for (int i = 0; i < 2000; i++) {
        char *text = NULL;
        CURLU *copy = curl_url_dup(handle);
        if (!copy || curl_url_get(copy, CURLUPART_URL, &text, 0) || strcmp(text, "http://h:8080/a?b") != 0)
            wrong++;
        curl_free(text);
        text = NULL;
        if (curl_url_get(handle, CURLUPART_URL, &text, CURLU_PUNYCODE) || strcmp(text, "http://h:8080/a?b") != 0)
            wrong++;
        curl_free(text);
        curl_url_cleanup(copy);
    }
    return (void *)wrong;
}

static void many_threads_read_one_url(void **state) {
    (void)state;
    pthread_t threads[8];
    struct url *url = make("http://h:8080/a?b");
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_on_a_thread, url->handle), 0);
    for (size_t i = 0; i < 8; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    url_free(url);
}

static void memory_may_run_out_anywhere(void **state) {
    (void)state;
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    struct url *url, *next;
    const char *sentence;
    insist_problem problem;
    size_t n = 1;
    for (;; n++) {
        fail_alloc_at(&memory, n);
        insist_err err = url_new(&env, "https://user:word@h/", &problem, &url);
        if (!fail_alloc_has_failed(&memory))
            break;
        assert_int_equal(err, INSIST_ENOMEM);
        assert_int_equal(problem.err, INSIST_ENOMEM);
        assert_null(url);
    }
    assert_true(n > 5);
    for (n = 1;; n++) {
        fail_alloc_at(&memory, n);
        insist_err err = url_follow(url, "/x", &next, &sentence);
        if (!fail_alloc_has_failed(&memory))
            break;
        assert_int_equal(err, INSIST_ENOMEM);
        assert_null(next);
    }
    assert_true(n > 3);
    url_free(url);
    url_free(next);
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_taken_apart),
        cmocka_unit_test(the_handle_says_the_same_as_the_text),
        cmocka_unit_test(the_target_is_path_and_query_where_there_is_a_query),
        cmocka_unit_test(usual_ports_are_filled_in_and_empty_ones_stripped),
        cmocka_unit_test(hosts_are_lower_case_paths_are_not),
        cmocka_unit_test(addresses_stand_for_hosts),
        cmocka_unit_test(fragments_and_dot_segments_go),
        cmocka_unit_test(bytes_beyond_ascii_are_encoded_encoded_ones_kept),
        cmocka_unit_test(user_and_password_become_a_header),
        cmocka_unit_test(unusable_users_are_refused),
        cmocka_unit_test(what_is_no_url_is_refused),
        cmocka_unit_test(hosts_that_cannot_be_are_refused),
        cmocka_unit_test(ports_that_cannot_be_are_refused),
        cmocka_unit_test(blanks_and_control_characters_are_refused),
        cmocka_unit_test(length_is_limited),
        cmocka_unit_test(a_problem_need_not_be_asked_for),
        cmocka_unit_test(redirects_lead_on),
        cmocka_unit_test(redirects_to_nowhere_are_errors),
        cmocka_unit_test(many_threads_read_one_url),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
