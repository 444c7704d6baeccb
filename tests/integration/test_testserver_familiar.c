/* httpbin's paths on the test server: what each answers, byte by byte or as JSON, and that they are scripts like any
 * other: seeded, counted, foretold, replaced by a path's own script and by ?do=. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver_peer.h"
#include "testserver_process.h"

#include <jansson.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const int64_t patience_ms = 60000;

static int start_server(void **state) {
    insist_testserver *server;
    if (insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.seed = 42), NULL, &server) != INSIST_OK) {
        return -1;
    }
    *state = server;
    return 0;
}

/* One request on a connection of its own; headers: lines, each with its end. */
static struct peer_answer ask(const insist_testserver *server, const char *method, const char *target,
                              const char *headers, const char *body) {
    struct peer peer;
    char *text = NULL;
    char length[48] = "";
    if (body) {
        snprintf(length, sizeof length, "Content-Length: %zu\r\n", strlen(body));
    }
    assert_true(asprintf(&text, "%s %s HTTP/1.1\r\nHost: test\r\n%s%s\r\n%s", method, target, headers, length,
                         body ? body : "") > 0);
    assert_true(peer_connect(&peer, server));
    assert_true(peer_send(&peer, text));
    struct peer_answer answer = strcmp(method, "HEAD") == 0 ? peer_read_head(&peer) : peer_read(&peer);
    assert_non_null(answer.body);
    free(text);
    peer_close(&peer);
    return answer;
}

static struct peer_answer get(const insist_testserver *server, const char *target) {
    return ask(server, "GET", target, "", NULL);
}

/* ---- answers that are the same each time ------------------------------------------------------------------------ */

static const struct plain {
    const char *method, *target, *headers;
    int status;
    const char *name,
        *value; /* a header of the answer; value NULL: it must not be there; name NULL: none is looked at */
    const char *body;
} plain[] = {
    {"GET", "/status/200", "", 200, "Content-Length", "0", ""},
    {"POST", "/status/503", "", 503, "Content-Length", "0", ""},
    {"GET", "/status/204", "", 204, "Content-Type", NULL, ""},
    {"GET", "/status/302", "", 302, "Location", "/redirect/1", ""},
    {"GET", "/status/308", "", 308, "Location", "/redirect/1", ""},
    {"GET", "/status/401", "", 401, "WWW-Authenticate", "Basic realm=\"Fake Realm\"", ""},
    {"GET", "/status/407", "", 407, "Proxy-Authenticate", "Basic realm=\"Fake Realm\"", ""},
    {"GET", "/status/abc", "", 400, NULL, NULL,
     "expected /status/CODE or /status/CODE:WEIGHT,CODE:WEIGHT, CODE from 200 to 999\n"},
    {"GET", "/status/199", "", 400, NULL, NULL,
     "expected /status/CODE or /status/CODE:WEIGHT,CODE:WEIGHT, CODE from 200 to 999\n"},
    {"GET", "/status/200:0", "", 400, NULL, NULL,
     "expected /status/CODE or /status/CODE:WEIGHT,CODE:WEIGHT, CODE from 200 to 999\n"},
    {"GET", "/delay/1%3B503", "", 400, NULL, NULL,
     "expected /delay/TIME, such as 200ms, 1.5s, 2 (seconds) or ln(5ms,2ms)\n"},
    {"GET", "/delay/-1", "", 400, NULL, NULL,
     "expected /delay/TIME, such as 200ms, 1.5s, 2 (seconds) or ln(5ms,2ms)\n"},
    {"GET", "/delay/uniform(1ms,2ms)", "", 200, NULL, NULL, NULL},
    {"GET", "/delay/uniform(9ms,2ms)", "", 400, NULL, NULL, NULL},
    {"GET", "/bytes/0", "", 200, "Content-Length", "0", ""},
    {"GET", "/bytes/9999999999", "", 400, NULL, NULL, "expected /bytes/N?seed=S, N at most 1 GiB\n"},
    {"GET", "/bytes/5?seed=x", "", 400, NULL, NULL, "expected /bytes/N?seed=S, N at most 1 GiB\n"},
    {"GET", "/stream/101", "", 400, NULL, NULL, "expected /stream/N, N at most 100\n"},
    {"GET", "/unstable?rate=0", "", 200, NULL, NULL, ""},
    {"GET", "/unstable?rate=1", "", 500, NULL, NULL, ""},
    {"GET", "/unstable?failure_rate=1", "", 500, NULL, NULL, ""},
    {"GET", "/unstable?rate=2", "", 400, NULL, NULL, "expected /unstable?rate=R&seed=S, R from 0 to 1\n"},
    {"GET", "/hold?for=x", "", 400, NULL, NULL, "expected /hold?for=/PATH&hits=N\n"},
    {"GET", "/hold?for=/hold", "", 200, NULL, NULL, "200 OK\n"},

    {"GET", "/drip?duration=0&numbytes=3", "", 200, "Content-Length", "3", "***"},
    {"GET", "/drip?duration=3ms&numbytes=7&code=202", "", 202, "Content-Type", "application/octet-stream", "*******"},
    {"GET", "/drip?numbytes=0", "", 200, "Content-Length", "0", ""},
    {"GET", "/drip?duration=x", "", 400, NULL, NULL,
     "expected /drip?duration=T&numbytes=N&code=C&delay=T, T such as 200ms or 2 (seconds), N at most 1 MiB\n"},
    {"GET", "/range/3?duration=3ms", "Range: bytes=1-\r\n", 206, "Content-Range", "bytes 1-2/3", "bc"},

    {"GET", "/range/30", "", 200, "Accept-Ranges", "bytes", "abcdefghijklmnopqrstuvwxyzabcd"},
    {"GET", "/range/30", "", 200, "ETag", "\"range30\"", "abcdefghijklmnopqrstuvwxyzabcd"},
    {"GET", "/range/30", "Range: bytes=5-9\r\n", 206, "Content-Range", "bytes 5-9/30", "fghij"},
    {"GET", "/range/30", "Range: bytes=25-\r\n", 206, "Content-Range", "bytes 25-29/30", "zabcd"},
    {"GET", "/range/30", "Range: bytes=28-99\r\n", 206, "Content-Range", "bytes 28-29/30", "cd"},
    {"GET", "/range/30", "Range: bytes=-3\r\n", 206, "Content-Range", "bytes 27-29/30", "bcd"},
    {"GET", "/range/30", "Range: bytes=-99\r\n", 206, "Content-Range", "bytes 0-29/30",
     "abcdefghijklmnopqrstuvwxyzabcd"},
    {"GET", "/range/30", "Range: bytes=30-\r\n", 416, "Content-Range", "bytes */30", ""},
    {"GET", "/range/30", "Range: bytes=-0\r\n", 416, "Content-Range", "bytes */30", ""},
    {"GET", "/range/3", "Range: bytes=2-1\r\n", 200, "Content-Range", NULL, "abc"},
    {"GET", "/range/3", "Range: bytes=0-0,2-2\r\n", 200, "Content-Range", NULL, "abc"},
    {"GET", "/range/3", "Range: lines=1-2\r\n", 200, "Content-Range", NULL, "abc"},
    {"GET", "/range/3", "Range: bytes=1-1\r\nIf-Range: \"other\"\r\n", 200, "Content-Range", NULL, "abc"},
    {"GET", "/range/3", "Range: bytes=1-1\r\nIf-Range: \"range3\"\r\n", 206, "Content-Range", "bytes 1-1/3", "b"},
    {"GET", "/range/0", "", 400, NULL, NULL, "expected /range/N?duration=T, N from 1 to 1 GiB\n"},

    {"GET", "/redirect/1", "", 302, "Location", "/get", ""},
    {"GET", "/redirect/3", "", 302, "Location", "/relative-redirect/2", ""},
    {"GET", "/relative-redirect/2", "", 302, "Location", "/relative-redirect/1", ""},
    {"GET", "/redirect/3?absolute=true", "", 302, "Location", "http://test/absolute-redirect/2", ""},
    {"GET", "/absolute-redirect/1", "", 302, "Location", "http://test/get", ""},
    {"GET", "/redirect/0", "", 400, NULL, NULL, "expected /redirect/N?absolute=true, N from 1\n"},
    {"GET", "/redirect-to?url=http://h/a%3Fb%3D%22c%22", "", 302, "Location", "http://h/a?b=\"c\"", ""},
    {"PUT", "/redirect-to?url=/x&status_code=307", "", 307, "Location", "/x", ""},
    {"GET", "/redirect-to?url=/x&status_code=200", "", 400, NULL, NULL,
     "expected /redirect-to?url=URL&status_code=CODE, CODE from 300 to 399\n"},
    {"GET", "/redirect-to?url=/x%0d%0aX:1", "", 400, NULL, NULL,
     "what this path stands for: column 5: expected a header value without control characters\n"},

    {"GET", "/cookies", "", 200, NULL, NULL, "{\n  \"cookies\": {}\n}\n"},
    {"GET", "/cookies", "Cookie: a=b; c=d=e\r\n", 200, NULL, NULL,
     "{\n  \"cookies\": {\n    \"a\": \"b\",\n    \"c\": \"d=e\"\n  }\n}\n"},
    {"GET", "/cookies/set?a=b", "", 302, "Set-Cookie", "a=b; Path=/", ""},
    {"GET", "/cookies/set/c/d", "", 302, "Set-Cookie", "c=d; Path=/", ""},
    {"GET", "/cookies/set/c/d", "", 302, "Location", "/cookies", ""},
    {"GET", "/cookies/delete?a", "", 302, "Set-Cookie", "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/",
     ""},

    {"GET", "/basic-auth/u/p", "", 401, "WWW-Authenticate", "Basic realm=\"Fake Realm\"", ""},
    {"GET", "/basic-auth/u/p", "Authorization: Basic dTpxCg==\r\n", 401, NULL, NULL, ""},
    {"GET", "/basic-auth/u/p", "Authorization: Basic ?\r\n", 401, NULL, NULL, ""},
    {"GET", "/basic-auth/u/p", "Authorization: Basic dTpw\r\n", 200, NULL, NULL,
     "{\n  \"authenticated\": true,\n  \"user\": \"u\"\n}\n"},
    {"GET", "/hidden-basic-auth/u/p", "", 404, "WWW-Authenticate", NULL, ""},
    {"GET", "/hidden-basic-auth/u/p", "Authorization: Basic dTpw\r\n", 200, NULL, NULL,
     "{\n  \"authenticated\": true,\n  \"user\": \"u\"\n}\n"},
    {"GET", "/bearer", "", 401, "WWW-Authenticate", "Bearer", ""},
    {"GET", "/bearer", "Authorization: Bearer abc\r\n", 200, NULL, NULL,
     "{\n  \"authenticated\": true,\n  \"token\": \"abc\"\n}\n"},

    {"GET", "/response-headers?X-A=1&X-B=2%203", "", 200, "X-B", "2 3",
     "{\n  \"Content-Length\": \"97\",\n  \"Content-Type\": \"application/json\",\n  \"X-A\": \"1\",\n  \"X-B\": \"2 "
     "3\"\n}\n"},
    {"GET", "/response-headers?X-A=", "", 200, "X-A", "", NULL},
    {"GET", "/x?do=503;retry-after=%22%22", "", 503, "Retry-After", "", NULL},
    {"GET", "/response-headers?Content-Length=1", "", 400, NULL, NULL,
     "what this path stands for: column 7: expected another header: the server itself writes Content-Length\n"},
    {"GET", "/cache", "If-None-Match: \"x\"\r\n", 304, "ETag", "\"insist\"", ""},
    {"GET", "/cache/60", "", 200, "Cache-Control", "public, max-age=60", NULL},
    {"GET", "/etag/x", "", 200, "ETag", "\"x\"", NULL},
    {"GET", "/etag/x", "If-None-Match: \"y\", W/\"x\"\r\n", 304, "ETag", "\"x\"", ""},
    {"GET", "/etag/x", "If-None-Match: \"xx\"\r\n", 200, "ETag", "\"x\"", NULL},
    {"GET", "/etag/x", "If-Match: \"y\"\r\n", 412, "ETag", "\"x\"", ""},
    {"GET", "/etag/x", "If-Match: *\r\n", 200, "ETag", "\"x\"", NULL},

    {"GET", "/base64/aGV5ID8_Pw==", "", 200, "Content-Type", "text/html; charset=utf-8", "hey ???"},
    {"GET", "/base64/fn5-", "", 200, NULL, NULL, "~~~"},
    {"GET", "/base64/aGk", "", 200, NULL, NULL, "hi"},
    {"GET", "/base64/!", "", 400, NULL, NULL, "expected /base64/TEXT, TEXT in base64\n"},
    {"GET", "/html", "", 200, "Content-Type", "text/html; charset=utf-8",
     "<!DOCTYPE html>\n<html>\n<head><title>A page</title></head>\n<body>\n<h1>A page</h1>\n"
     "<p>It is always the same.</p>\n</body>\n</html>\n"},
    {"GET", "/xml", "", 200, "Content-Type", "application/xml",
     "<?xml version='1.0' encoding='us-ascii'?>\n<slideshow title='Sample Slide Show'>\n"
     "  <slide type='all'><title>What retries cost</title></slide>\n</slideshow>\n"},
    {"GET", "/encoding/utf8", "", 200, "Content-Type", "text/html; charset=utf-8",
     "<h1>Unicode</h1>\n<p>Grüße, καλημέρα, привет, 你好, 👋: 2 ≤ 3, ∑ xᵢ, 10 €</p>\n"},
    {"GET", "/robots.txt", "", 200, "Content-Type", "text/plain", "User-agent: *\nDisallow: /deny\n"},
    {"POST", "/echo", "Content-Type: a/b\r\n", 200, "Content-Type", NULL, ""},
    {"GET", "/ip", "", 200, "Content-Type", "application/json", "{\n  \"origin\": \"127.0.0.1\"\n}\n"},
    {"GET", "/user-agent", "User-Agent: me/1\r\n", 200, NULL, NULL, "{\n  \"user-agent\": \"me/1\"\n}\n"},
    {"GET", "/user-agent", "", 200, NULL, NULL, "{\n  \"user-agent\": null\n}\n"},
    {"GET", "/headers", "x-one: 1\r\nX-One: 2\r\n", 200, NULL, NULL,
     "{\n  \"headers\": {\n    \"Host\": \"test\",\n    \"X-One\": \"1,2\"\n  }\n}\n"},

    {"POST", "/get", "", 405, "Allow", "GET, HEAD, OPTIONS", ""},
    {"GET", "/post", "", 405, "Allow", "POST, OPTIONS", ""},
    {"PO", "/post", "", 405, "Allow", "POST, OPTIONS", ""},
    {"OPTIONS", "/get", "", 200, "Allow", "GET, HEAD, OPTIONS", ""},
    {"GET", "/get/more", "", 200, NULL, NULL, "200 OK\n"},
    {"GET", "/status", "", 200, NULL, NULL, "200 OK\n"},
    {"GET", "/status/", "", 200, NULL, NULL, "200 OK\n"},
    {"GET", "/users/7", "", 200, NULL, NULL, "200 OK\n"},
};

static void paths_answer_as_the_table_says(void **state) {
    char value[256];
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        const struct plain *row = &plain[i];
        struct peer_answer answer = ask(*state, row->method, row->target, row->headers, NULL);
        bool there = row->name && peer_answer_header(&answer, row->name, value);
        bool same = !row->body || (answer.body_size == strlen(row->body) && strcmp(answer.body, row->body) == 0);
        bool header = !row->name || (row->value ? there && strcmp(value, row->value) == 0 : !there);
        if (answer.status != row->status || !same || !header) {
            fail_msg("%s %s %s\nanswered\n%s", row->method, row->target, row->headers, answer.bytes);
        }
        peer_answer_free(&answer);
    }
}

/* ---- answers as JSON -------------------------------------------------------------------------------------------- */

/* The answer's body, parsed, must be just what is expected. */
static void expect_json(const insist_testserver *server, const char *method, const char *target, const char *headers,
                        const char *body, const char *expected) {
    struct peer_answer answer = ask(server, method, target, headers, body);
    json_t *told = json_loads(answer.body, 0, NULL);
    json_t *wanted = json_loads(expected, 0, NULL);
    assert_non_null(wanted);
    if (answer.status != 200 || !json_equal(told, wanted)) {
        fail_msg("%s %s answered\n%s\nexpected\n%s", method, target, answer.bytes, expected);
    }
    json_decref(told);
    json_decref(wanted);
    peer_answer_free(&answer);
}

static void requests_are_told_back_as_json(void **state) {
    expect_json(*state, "GET", "/get?a=1&b=x%20y&a=2&c&d=p+q", "", NULL,
                "{\"args\": {\"a\": [\"1\", \"2\"], \"b\": \"x y\", \"c\": \"\", \"d\": \"p q\"},"
                "\"headers\": {\"Host\": \"test\"}, \"origin\": \"127.0.0.1\","
                "\"url\": \"http://test/get?a=1&b=x%20y&a=2&c&d=p+q\"}");
    expect_json(*state, "DELETE", "/anything/a/b", "", NULL,
                "{\"args\": {}, \"data\": \"\", \"files\": {}, \"form\": {}, \"json\": null, \"method\": \"DELETE\","
                "\"headers\": {\"Host\": \"test\"}, \"origin\": \"127.0.0.1\", \"url\": \"http://test/anything/a/b\"}");
    expect_json(*state, "GET", "/delay/1ms", "", NULL,
                "{\"args\": {}, \"data\": \"\", \"files\": {}, \"form\": {}, \"headers\": {\"Host\": \"test\"},"
                "\"origin\": \"127.0.0.1\", \"url\": \"http://test/delay/1ms\"}");
}

static void bodies_are_told_back_as_json(void **state) {
    expect_json(*state, "POST", "/post", "Content-Type: application/json\r\n", "{\"a\": [1, null]}",
                "{\"args\": {}, \"data\": \"{\\\"a\\\": [1, null]}\", \"files\": {}, \"form\": {}, \"json\": {\"a\": "
                "[1, null]},"
                "\"headers\": {\"Host\": \"test\", \"Content-Length\": \"16\", \"Content-Type\": \"application/json\"},"
                "\"origin\": \"127.0.0.1\", \"url\": \"http://test/post\"}");
    expect_json(
        *state, "PUT", "/put", "Content-Type: application/x-www-form-urlencoded\r\n", "a=1&b=p+q%21&a=2&e=",
        "{\"args\": {}, \"data\": \"\", \"files\": {}, \"form\": {\"a\": [\"1\", \"2\"], \"b\": \"p q!\", \"e\": \"\"},"
        "\"json\": null, \"headers\": {\"Host\": \"test\", \"Content-Length\": \"19\","
        "\"Content-Type\": \"application/x-www-form-urlencoded\"},"
        "\"origin\": \"127.0.0.1\", \"url\": \"http://test/put\"}");
    expect_json(
        *state, "PATCH", "/patch", "Content-Type: multipart/form-data; boundary=BBB\r\n",
        "--BBB\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\nv\r\n"
        "--BBB\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\nContent-Type: a/b\r\n\r\n\xff\x01\r\n"
        "--BBB\r\nContent-Disposition: form-data; name=\"g\"; filename=\"y\"\r\n\r\nlines\n\r\n--BBB--\r\n",
        "{\"args\": {}, \"data\": \"\", \"files\": {\"f\": \"data:a/b;base64,/wE=\", \"g\": \"lines\\n\"},"
        "\"form\": {\"n\": \"v\"}, \"json\": null, \"headers\": {\"Host\": \"test\", \"Content-Length\": \"224\","
        "\"Content-Type\": \"multipart/form-data; boundary=BBB\"},"
        "\"origin\": \"127.0.0.1\", \"url\": \"http://test/patch\"}");
    expect_json(*state, "DELETE", "/delete", "", "\xfe\xff",
                "{\"args\": {}, \"data\": \"data:application/octet-stream;base64,/v8=\", \"files\": {}, \"form\": {},"
                "\"json\": null, \"headers\": {\"Host\": \"test\", \"Content-Length\": \"2\"},"
                "\"origin\": \"127.0.0.1\", \"url\": \"http://test/delete\"}");
}

/* Both formats, by the header that tells which. */
static void compressed_requests_are_told_back(void **state) {
    const struct {
        const char *target, *coding, *member;
        int window; /* zlib's: + 16 for gzip */
    } rows[] = {{"/gzip", "gzip", "gzipped", 15 + 16}, {"/deflate", "deflate", "deflated", 15}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char value[256];
        char text[1024] = "";
        struct peer_answer answer = get(*state, rows[i].target);
        z_stream stream = {.next_in = (Bytef *)(uintptr_t)answer.body, .avail_in = (uInt)answer.body_size};
        stream.next_out = (Bytef *)text;
        stream.avail_out = sizeof text - 1;
        assert_true(peer_answer_header(&answer, "Content-Encoding", value));
        assert_string_equal(value, rows[i].coding);
        assert_int_equal(inflateInit2(&stream, rows[i].window), Z_OK);
        assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
        inflateEnd(&stream);
        json_t *told = json_loads(text, 0, NULL);
        json_t *wanted = json_pack("{s:b,s:{s:s},s:s,s:s}", rows[i].member, 1, "headers", "Host", "test", "method",
                                   "GET", "origin", "127.0.0.1");
        assert_true(json_equal(told, wanted));
        json_decref(told);
        json_decref(wanted);
        peer_answer_free(&answer);
    }
}

static void uuids_are_of_version_4_and_come_again(void **state) {
    char text[3][64];
    insist_testserver_reset(*state);
    for (size_t i = 0; i < 3; i++) {
        if (i == 2) {
            insist_testserver_reset(*state);
        }
        struct peer_answer answer = get(*state, "/uuid");
        json_t *json = json_loads(answer.body, 0, NULL);
        snprintf(text[i], sizeof text[i], "%s", json_string_value(json_object_get(json, "uuid")));
        json_decref(json);
        peer_answer_free(&answer);
        regex_t form;
        assert_int_equal(regcomp(&form, "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
                                 REG_EXTENDED | REG_NOSUB),
                         0);
        assert_int_equal(regexec(&form, text[i], 0, NULL, 0), 0);
        regfree(&form);
    }
    assert_string_not_equal(text[0], text[1]);
    assert_string_equal(text[0], text[2]);
}

static void what_is_always_json_is_json(void **state) {
    struct peer_answer answer = get(*state, "/json");
    json_t *json = json_loads(answer.body, 0, NULL);
    assert_true(json_is_array(json_object_get(json_object_get(json, "slideshow"), "slides")));
    json_decref(json);
    peer_answer_free(&answer);
}

/* ---- streams, seeds --------------------------------------------------------------------------------------------- */

/* The same request twice, and another: bodies alike, and not. */
static void bytes_come_from_their_seed(void **state) {
    struct peer_answer one = get(*state, "/bytes/1000?seed=7");
    struct peer_answer same = get(*state, "/bytes/1000?seed=7&x");
    struct peer_answer other = get(*state, "/bytes/1000?seed=8");
    assert_int_equal(one.body_size, 1000);
    assert_memory_equal(one.body, same.body, 1000);
    assert_memory_not_equal(one.body, other.body, 1000);
    /* SplitMix64's sequence of seed 7, from the lowest byte on */
    assert_memory_equal(one.body, "\xd7\x0d\x32\x59\xe4\xe1\xcb\x63\x1c\x66\x3c\xf4\xd7\x3c\x4c\x04", 16);
    peer_answer_free(&one);
    peer_answer_free(&same);
    peer_answer_free(&other);
}

static void bytes_without_a_seed_differ_from_hit_to_hit_and_come_again(void **state) {
    struct peer_answer first = get(*state, "/bytes/100");
    struct peer_answer second = get(*state, "/bytes/100");
    insist_testserver_reset(*state);
    struct peer_answer again = get(*state, "/bytes/100");
    assert_memory_not_equal(first.body, second.body, 100);
    assert_memory_equal(first.body, again.body, 100);
    peer_answer_free(&first);
    peer_answer_free(&second);
    peer_answer_free(&again);
}

static void streams_are_chunked(void **state) {
    char value[256];
    struct peer peer;
    assert_true(peer_connect(&peer, *state));
    assert_true(peer_get(&peer, "/stream/2"));
    static const char line[] =
        "{\"args\": {}, \"headers\": {\"Host\": \"test\"}, \"id\": %d, \"origin\": \"127.0.0.1\", "
        "\"url\": \"http://test/stream/2\"}\n";
    char expected[512];
    size_t size = (size_t)snprintf(expected, sizeof expected, line, 0);
    size += (size_t)snprintf(expected + size, sizeof expected - size, line, 1);
    char whole[600];
    snprintf(whole, sizeof whole, "%zX\r\n%s\r\n0\r\n\r\n", size, expected);
    struct peer_answer head = peer_read_bytes(&peer, 17); /* through the status line, and then to the end of the rest */
    struct peer_answer rest = {0};
    assert_true(peer_send(&peer, "GET /status/200 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"));
    rest = peer_read_bytes(&peer, 1 << 20);
    assert_int_equal(head.status, 200);
    assert_true(peer_answer_header(&rest, "Transfer-Encoding", value));
    assert_string_equal(value, "chunked");
    const char *body = strstr(rest.bytes, "\r\n\r\n");
    assert_non_null(body);
    assert_memory_equal(body + 4, whole, strlen(whole));
    assert_memory_equal(body + 4 + strlen(whole), "HTTP/1.1 200 OK\r\n", 17);
    peer_answer_free(&head);
    peer_answer_free(&rest);
    peer_close(&peer);
}

static void chunks_have_the_size_that_is_asked_for(void **state) {
    static const char chunks[] = "\r\n\r\n4\r\n\xd7\x0d\x32\x59\r\n4\r\n\xe4\xe1\xcb\x63\r\n2\r\n\x1c\x66\r\n0\r\n\r\n";
    struct peer peer;
    assert_true(peer_connect(&peer, *state));
    assert_true(peer_get(&peer, "/stream-bytes/10?chunk_size=4&seed=7"));
    struct peer_answer answer = peer_read_bytes(&peer, 1 << 20);
    assert_int_equal(answer.end, PEER_FIN);
    assert_true(answer.size > sizeof chunks);
    assert_memory_equal(answer.bytes + answer.size - (sizeof chunks - 1), chunks, sizeof chunks - 1);
    peer_answer_free(&answer);
    peer_close(&peer);
}

static void a_client_of_http_1_0_gets_no_chunks(void **state) {
    const char *const requests[] = {"GET /stream-bytes/300?seed=7 HTTP/1.0\r\n\r\n",
                                    "GET /stream-bytes/300?seed=7&chunk_size=4 HTTP/1.0\r\n\r\n"};
    for (size_t i = 0; i < 2; i++) {
        char value[256];
        struct peer peer;
        assert_true(peer_connect(&peer, *state));
        assert_true(peer_send(&peer, requests[i]));
        struct peer_answer answer = peer_read(&peer);
        assert_false(peer_answer_header(&answer, "Transfer-Encoding", value));
        assert_true(peer_answer_header(&answer, "Content-Length", value));
        assert_string_equal(value, "300");
        assert_int_equal(answer.body_size, 300);
        assert_memory_equal(answer.body, "\xd7\x0d\x32\x59", 4);
        peer_answer_free(&answer);
        peer_close(&peer);
    }
}

/* ---- scripts like any other ------------------------------------------------------------------------------------- */

/* 40 hits of target: those with the status, one digit each. */
static void hits(insist_testserver *server, const char *target, int status, char digits[41]) {
    for (size_t i = 0; i < 40; i++) {
        digits[i] = peer_status(server, target) == status ? '1' : '0';
    }
    digits[40] = '\0';
}

static void foretold(uint64_t seed, const char *script, const char *key, int status, char digits[41]) {
    for (uint64_t i = 0; i < 40; i++) {
        insist_testserver_step step = {.size = sizeof step};
        assert_int_equal(insist_testserver_foretell(seed, script, key, i, &step), INSIST_OK);
        digits[i] = step.status == status ? '1' : '0';
    }
    digits[40] = '\0';
}

static void draws_are_foretold(void **state) {
    const struct {
        const char *target;
        uint64_t seed;
        const char *script, *key;
        int status;
    } rows[] = {
        {"/unstable?rate=0.3", 42, "0.3:500|200", "/unstable?rate=0.3", 500},
        {"/unstable?rate=0.3&seed=7", 7, "0.3:500|200", "/unstable?rate=0.3&seed=7", 500},
        {"/unstable?rate=0.3&seed=7&key=k", 7, "0.3:500|200", "k", 500},
        {"/status/200:1,503:3", 42, "0.25:200|503", "/status/200:1,503:3", 503},
        {"/status/200,503", 42, "200|503", "/status/200,503", 503},
    };
    char got[41];
    char told[41];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hits(*state, rows[i].target, rows[i].status, got);
        foretold(rows[i].seed, rows[i].script, rows[i].key, rows[i].status, told);
        assert_string_equal(got, told);
        assert_non_null(strchr(got, '0'));
        assert_non_null(strchr(got, '1'));
    }
}

static void scripts_go_before_familiar_paths(void **state) {
    insist_testserver *server = *state;
    assert_int_equal(peer_status(server, "/get?do=418"), 418);
    assert_int_equal(insist_testserver_script(server, "/status/200", "404x2,410", NULL), INSIST_OK);
    assert_int_equal(peer_status(server, "/status/200"), 404);
    assert_int_equal(insist_testserver_script(server, "/status/200", NULL, NULL), INSIST_OK);
    assert_int_equal(peer_status(server, "/status/200"), 200);
    struct peer_answer answer = get(server, "/x?do=503;echo=ip");
    assert_int_equal(answer.status, 503);
    assert_string_equal(answer.body, "{\n  \"origin\": \"127.0.0.1\"\n}\n");
    peer_answer_free(&answer);
}

static void familiar_paths_can_be_turned_off(void **state) {
    insist_testserver *server = NULL;
    (void)state;
    assert_int_equal(insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.no_familiar = true), NULL, &server), INSIST_OK);
    assert_int_equal(peer_status(server, "/status/503"), 200);
    assert_int_equal(peer_status(server, "/status/503?do=echo=ip,404"), 200); /* the items stay */
    assert_int_equal(insist_testserver_script(server, "/status/503", "503", NULL), INSIST_OK);
    assert_int_equal(peer_status(server, "/status/503"), 503);
    insist_testserver_free(server);
}

static void the_program_can_turn_them_off(void **state) {
    const char *const arguments[] = {"--port", "0", "--no-familiar", NULL};
    struct process process;
    struct peer peer;
    (void)state;
    process_start_server(&process, arguments);
    assert_true(peer_connect_port(&peer, process.port));
    assert_true(peer_get(&peer, "/status/503"));
    struct peer_answer answer = peer_read(&peer);
    assert_int_equal(answer.status, 200);
    peer_answer_free(&answer);
    peer_close(&peer);
    assert_int_equal(process_end(&process), 0);
    process_fini(&process);
}

static void bad_items_are_refused(void **state) {
    (void)state;
    const struct {
        const char *script;
        size_t column;
    } rows[] = {
        {"echo=nothing", 6}, {"echo=stream", 12}, {"echo=stream*101", 13}, {"random=2GiB", 8},      {"random=1@x", 10},
        {"size=1@", 8},      {"gzip;deflate", 6}, {"chunked;length=1", 1}, {"random=1;size=1", 10},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t column = 0;
        assert_int_equal(insist_testserver_check(rows[i].script, &column, NULL), INSIST_EINVAL);
        if (column != rows[i].column) {
            fail_msg("%s: column %zu, expected %zu", rows[i].script, column, rows[i].column);
        }
    }
}

static void hits_are_counted_and_in_the_journal(void **state) {
    insist_testserver *server = *state;
    insist_testserver_reset(server);
    assert_int_equal(peer_status(server, "/status/503"), 503);
    assert_true(insist_testserver_wait_idle(server, patience_ms));
    insist_testserver_journal *journal = NULL;
    assert_int_equal(insist_testserver_journal_new(server, "/status/503", NULL, &journal), INSIST_OK);
    assert_int_equal(insist_testserver_journal_count(journal), 1);
    assert_int_equal(insist_testserver_journal_at(journal, 0)->status, 503);
    insist_testserver_journal_free(journal);
}

/* Held until another path has been hit; the delay counts as being held, too. */
static void requests_wait(void **state) {
    insist_testserver *server = *state;
    struct peer peer;
    assert_true(peer_connect(&peer, server));
    assert_true(peer_get(&peer, "/hold?for=/other&hits=2"));
    assert_true(insist_testserver_wait_held(server, 1, patience_ms));
    assert_int_equal(peer_status(server, "/other"), 200);
    assert_true(insist_testserver_wait_held(server, 1, patience_ms));
    assert_int_equal(peer_status(server, "/other"), 200);
    struct peer_answer answer = peer_read(&peer);
    assert_int_equal(answer.status, 200);
    peer_answer_free(&answer);
    peer_close(&peer);

    assert_true(peer_connect(&peer, server));
    assert_true(peer_get(&peer, "/delay/86400"));
    assert_true(insist_testserver_wait_held(server, 1, patience_ms));
    peer_close(&peer);
    assert_true(insist_testserver_wait_idle(server, patience_ms));

    /* two bytes a day apart: the first comes, the second does not */
    assert_true(peer_connect(&peer, server));
    assert_true(peer_get(&peer, "/drip?duration=86400&numbytes=2&delay=1ms"));
    answer = peer_read_head(&peer);
    peer_answer_free(&answer);
    answer = peer_read_bytes(&peer, 1);
    assert_string_equal(answer.bytes, "*");
    peer_answer_free(&answer);
    assert_int_equal(peer_status(server, "/delay/20ms"), 200); /* time in which nothing comes */
    assert_true(insist_testserver_wait_held(server, 1, patience_ms));
    peer_close(&peer);
    assert_true(insist_testserver_wait_idle(server, patience_ms));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_answer_as_the_table_says),
        cmocka_unit_test(requests_are_told_back_as_json),
        cmocka_unit_test(bodies_are_told_back_as_json),
        cmocka_unit_test(compressed_requests_are_told_back),
        cmocka_unit_test(uuids_are_of_version_4_and_come_again),
        cmocka_unit_test(what_is_always_json_is_json),
        cmocka_unit_test(bytes_come_from_their_seed),
        cmocka_unit_test(bytes_without_a_seed_differ_from_hit_to_hit_and_come_again),
        cmocka_unit_test(streams_are_chunked),
        cmocka_unit_test(chunks_have_the_size_that_is_asked_for),
        cmocka_unit_test(a_client_of_http_1_0_gets_no_chunks),
        cmocka_unit_test(draws_are_foretold),
        cmocka_unit_test(scripts_go_before_familiar_paths),
        cmocka_unit_test(familiar_paths_can_be_turned_off),
        cmocka_unit_test(the_program_can_turn_them_off),
        cmocka_unit_test(bad_items_are_refused),
        cmocka_unit_test(hits_are_counted_and_in_the_journal),
        cmocka_unit_test(requests_wait),
    };
    return cmocka_run_group_tests(tests, start_server, peer_free_server);
}
