/* The test server's faults as libcurl reports them, http and https; and what libcurl makes of a connection that dies
 * when it is used again, which is what this project's client has to cope with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <curl/curl.h>
#include <insist/testserver.h>
#include <stdio.h>
#include <string.h>

enum { PLAIN, TLS, KINDS };

static int start_servers(void **state) {
    static insist_testserver *servers[KINDS];
    curl_global_init(CURL_GLOBAL_DEFAULT);
    for (int i = 0; i < KINDS; i++) {
        if (insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.tls = i == TLS), NULL, &servers[i]) != INSIST_OK) {
            return -1;
        }
    }
    *state = servers;
    return 0;
}

static int free_servers(void **state) {
    insist_testserver **servers = *state;
    for (int i = 0; i < KINDS; i++) {
        insist_testserver_free(servers[i]);
    }
    return 0;
}

struct fetched {
    CURLcode code;
    long status;
    size_t bytes;
};

static size_t count_bytes(char *data, size_t size, size_t count, void *ctx) {
    size_t *bytes = ctx;
    (void)data;
    *bytes += size * count;
    return size * count;
}

/* An easy handle that trusts the server's certificate. */
static CURL *handle_for(const insist_testserver *server) {
    CURL *easy = curl_easy_init();
    const char *pem = insist_testserver_certificate(server);
    assert_non_null(easy);
    if (pem) {
        struct curl_blob ca = {.data = (void *)(uintptr_t)pem, .len = strlen(pem), .flags = CURL_BLOB_COPY};
        curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &ca);
    }
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, count_bytes);
    return easy;
}

static struct fetched fetch(CURL *easy, const insist_testserver *server, const char *target, const char *body) {
    char url[512];
    struct fetched fetched = {.status = 0};
    snprintf(url, sizeof url, "%s%s", insist_testserver_url(server), target);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &fetched.bytes);
    if (body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    fetched.code = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &fetched.status);
    return fetched;
}

static void codes(insist_testserver *server) {
    const struct {
        const char *target;
        CURLcode code;
        long status;
        size_t bytes;
    } rows[] = {
        {"/?do=200;body=abc", CURLE_OK, 200, 3},
        {"/?do=404;size=100KB", CURLE_OK, 404, 100000},
        {"/?do=reset", CURLE_RECV_ERROR, 0, 0},
        {"/?do=reset@body:100", CURLE_RECV_ERROR, 200, 100},
        {"/?do=reset@body:300000", CURLE_RECV_ERROR, 200, 300000},
        {"/?do=close", CURLE_GOT_NOTHING, 0, 0},
        {"/?do=close@body:100", CURLE_PARTIAL_FILE, 200, 100},
        {"/?do=truncate@100", CURLE_PARTIAL_FILE, 200, 100},
        {"/?do=truncate@300000", CURLE_PARTIAL_FILE, 200, 300000},
        {"/?do=503;truncate@0", CURLE_PARTIAL_FILE, 503, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CURL *easy = handle_for(server);
        struct fetched fetched = fetch(easy, server, rows[i].target, NULL);
        if (fetched.code != rows[i].code || fetched.status != rows[i].status || fetched.bytes != rows[i].bytes) {
            fail_msg("%s: code %d, status %ld, %zu bytes", rows[i].target, (int)fetched.code, fetched.status,
                     fetched.bytes);
        }
        curl_easy_cleanup(easy);
    }
}

static void test_codes(void **state) {
    insist_testserver **servers = *state;
    codes(servers[PLAIN]);
    codes(servers[TLS]);
}

static void gzip_is_decoded(insist_testserver *server) {
    CURL *easy = handle_for(server);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    struct fetched fetched = fetch(easy, server, "/?do=size=1MB;gzip", NULL);
    assert_int_equal(fetched.code, CURLE_OK);
    assert_int_equal(fetched.bytes, 1000000);
    curl_easy_cleanup(easy);
}

static void test_gzip_is_decoded(void **state) {
    insist_testserver **servers = *state;
    gzip_is_decoded(servers[PLAIN]);
    gzip_is_decoded(servers[TLS]);
}

static void redirects_are_followed(insist_testserver *server) {
    CURL *easy = handle_for(server);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    assert_int_equal(insist_testserver_script(server, "/there", "200;body=there", NULL), INSIST_OK);
    struct fetched fetched = fetch(easy, server, "/here?do=307=/there", NULL);
    assert_int_equal(fetched.code, CURLE_OK);
    assert_int_equal(fetched.status, 200);
    assert_int_equal(fetched.bytes, 5);
    curl_easy_cleanup(easy);
}

static void test_redirects_are_followed(void **state) {
    insist_testserver **servers = *state;
    redirects_are_followed(servers[PLAIN]);
    redirects_are_followed(servers[TLS]);
}

/* A POST on a kept-alive connection that dies with the port closed at the same moment: libcurl tries to send it
 * again, finds nobody, and says that it could not connect, though the server has had the request, once. */
static void a_dying_reused_connection_and_a_closed_port(insist_testserver *server) {
    const char *faults[] = {"reset", "close"};
    for (size_t i = 0; i < 2; i++) {
        CURLcode code = CURLE_OK;
        for (int closed_ms = 300; closed_ms < 60000 && code != CURLE_COULDNT_CONNECT; closed_ms *= 2) {
            char target[64];
            CURL *easy = handle_for(server);
            snprintf(target, sizeof target, "/post?do=%s;refuse=%dms", faults[i], closed_ms);
            while (fetch(easy, server, "/warm", NULL).code != CURLE_OK) { /* the port may still be closed */
            }
            insist_testserver_reset(server);
            code = fetch(easy, server, target, "x=1").code; /* on a busy machine the port may be open again */
            curl_easy_cleanup(easy);
        }
        assert_int_equal(code, CURLE_COULDNT_CONNECT);
        assert_int_equal(insist_testserver_hits(server, "/post"), 1);
    }
}

static void test_a_dying_reused_connection_and_a_closed_port(void **state) {
    insist_testserver **servers = *state;
    a_dying_reused_connection_and_a_closed_port(servers[PLAIN]);
    a_dying_reused_connection_and_a_closed_port(servers[TLS]);
}

/* Without the closed port libcurl sends it again by itself, and the server counts both. */
static void a_dying_reused_connection_alone(insist_testserver *server) {
    CURL *easy = handle_for(server);
    insist_testserver_reset(server);
    while (fetch(easy, server, "/warm", NULL).code != CURLE_OK) {
    }
    struct fetched fetched = fetch(easy, server, "/post?do=close,200&key=again", "x=1");
    assert_int_equal(fetched.code, CURLE_OK);
    assert_int_equal(insist_testserver_hits(server, "/post"), 2);
    curl_easy_cleanup(easy);
}

static void test_a_dying_reused_connection_alone(void **state) {
    insist_testserver **servers = *state;
    a_dying_reused_connection_alone(servers[PLAIN]);
    a_dying_reused_connection_alone(servers[TLS]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_gzip_is_decoded),
        cmocka_unit_test(test_redirects_are_followed),
        cmocka_unit_test(test_a_dying_reused_connection_and_a_closed_port),
        cmocka_unit_test(test_a_dying_reused_connection_alone),
    };
    return cmocka_run_group_tests(tests, start_servers, free_servers);
}
