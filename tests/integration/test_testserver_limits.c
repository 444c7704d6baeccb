/* The test server against what nobody should send: malformed and oversized requests, bodies without end, more
 * connections than it takes, ten thousand that say nothing. It answers 4xx or ends the connection, goes on serving, and
 * neither its memory nor its descriptors grow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver_peer.h"
#include "testserver_process.h"
#include "support/usage.h"

#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static const int64_t patience_ms = 60000;

static insist_testserver *start(const insist_testserver_options *options) {
    insist_testserver *server;
    assert_int_equal(insist_testserver_start(options, NULL, &server), INSIST_OK);
    return server;
}

static insist_testserver_stats stats_of(const insist_testserver *server) {
    insist_testserver_stats stats = {.size = sizeof stats};
    assert_int_equal(insist_testserver_get_stats(server, &stats), INSIST_OK);
    return stats;
}

static void descriptors_must_become(size_t expected) {
    for (int i = 0; i < 60000 && usage_descriptors(getpid()) != expected; i++) {
        usleep(1000);
    }
    assert_int_equal(usage_descriptors(getpid()), expected);
}

/* ---- oversized -------------------------------------------------------------------------------------------------- */

/* A text of `before`, that many times c, and `after`; for free(). */
static char *padded(const char *before, char c, size_t count, const char *after) {
    size_t head = strlen(before);
    char *text = malloc(head + count + strlen(after) + 1);
    assert_non_null(text);
    memcpy(text, before, head);
    memset(text + head, c, count);
    memcpy(text + head + count, after, strlen(after) + 1);
    return text;
}

/* Answers whose header block is longer than libmicrohttpd has room for come all the same, whatever has been asked. */
static void long_header_blocks_are_sent(void **state) {
    (void)state;
    insist_testserver *server = start(NULL);
    const struct {
        const char *before; /* of the request, padded */
        size_t count;
        const char *after;
        size_t length; /* of the header's value */
    } rows[] = {
        {"GET /long HTTP/1.1\r\nHost: test\r\nX: ", 1, "\r\n\r\n", 17000},
        {"GET /long HTTP/1.0\r\nHost: test\r\nX: ", 1, "\r\n\r\n", 60000},
        {"GET /long HTTP/1.1\r\nHost: test\r\nX: ", 1, "\r\n\r\n", 11500},
        {"GET /long HTTP/1.1\r\nHost: test\r\nX: ", 1, "\r\n\r\n", 12500},
        {"GET /long HTTP/1.1\r\nHost: test\r\nX: ", 10000, "\r\n\r\n", 1500},
        {"GET /long HTTP/1.1\r\nHost: test\r\nX: ", 10000, "\r\n\r\n", 5000},
        {"GET /long HTTP/1.1\r\nHost: test\r\nCookie: a=", 5000, "\r\n\r\n", 4000},
        {"GET /long?a=", 5000, "&b&c&d&e&f HTTP/1.1\r\nHost: test\r\n\r\n", 6000},
        {"POST /long HTTP/1.1\r\nHost: test\r\nContent-Length: 50001\r\n\r\n", 50001, "", 9000},
        {"POST /long HTTP/1.1\r\nHost: test\r\nContent-Length: 50000\r\n\r\n", 50000, "", 11500},
        {"POST /long HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n", 1000, "", 11500},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        insist_testserver_entry *entry;
        struct peer peer;
        char *script = padded("200;body=done;h:X=", 'x', rows[i].length, "");
        char *text = padded(rows[i].before, 'y', rows[i].count, rows[i].after);
        assert_int_equal(insist_testserver_script(server, "/long", script, NULL), INSIST_OK);
        assert_true(peer_connect(&peer, server));
        assert_true(peer_send(&peer, text));
        struct peer_answer answer = peer_read(&peer);
        if (answer.status != 200 || answer.size < rows[i].length || !answer.body || strcmp(answer.body, "done") != 0) {
            fail_msg("row %zu: status %d, %zu bytes", i, answer.status, answer.size);
        }
        peer_answer_free(&answer);
        peer_close(&peer);
        assert_true(insist_testserver_wait_idle(server, patience_ms));
        entry = insist_testserver_last(server, "/long");
        assert_non_null(entry);
        assert_int_equal(entry->status, 200);
        assert_false(entry->client_gone);
        insist_testserver_entry_free(entry);
        free(text);
        free(script);
    }
    insist_testserver_free(server);
}

/* The status of the answer to what is sent; 0 where the connection ended without one. The server may end it before all
 * was sent. */
static int status_of(insist_testserver *server, const char *text) {
    struct peer peer;
    assert_true(peer_connect(&peer, server));
    (void)peer_send(&peer, text);
    struct peer_answer answer = peer_read(&peer);
    assert_int_not_equal(answer.end, PEER_TIMEOUT);
    int status = answer.status;
    peer_answer_free(&answer);
    peer_close(&peer);
    return status;
}

static void oversized_heads(void **state) {
    (void)state;
    insist_testserver *server = start(NULL);
    const struct {
        const char *before;
        size_t count;
        const char *after;
        int low, high; /* statuses */
    } rows[] = {
        {"GET /", 10000, " HTTP/1.1\r\nHost: test\r\n\r\n", 200, 200},
        {"GET /", 40000, " HTTP/1.1\r\nHost: test\r\n\r\n", 414, 414},
        {"GET /", 1000000, " HTTP/1.1\r\nHost: test\r\n\r\n", 0, 431},
        {"GET / HTTP/1.1\r\nHost: test\r\nX: ", 10000, "\r\n\r\n", 200, 200},
        {"GET / HTTP/1.1\r\nHost: test\r\nX: ", 40000, "\r\n\r\n", 431, 431},
        {"GET / HTTP/1.1\r\nHost: test\r\nX: ", 1000000, "\r\n\r\n", 0, 431},
        {"", 1000000, "", 0, 431},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = padded(rows[i].before, 'a', rows[i].count, rows[i].after);
        int status = status_of(server, text);
        free(text);
        if (status < rows[i].low || status > rows[i].high) {
            fail_msg("row %zu: status %d", i, status);
        }
    }
    assert_int_equal(stats_of(server).requests, 2);
    insist_testserver_free(server);
}

/* The status of the answer, which must be a single one: nothing comes behind it where it says that the connection ends.
 * A '\a' in the text is sent as NUL. */
static int single_status_of(insist_testserver *server, const char *text) {
    struct peer peer;
    char bytes[512], value[256];
    size_t size = strlen(text);
    assert_in_range(size, 1, sizeof bytes);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)(text[i] == '\a' ? '\0' : text[i]);
    }
    assert_true(peer_connect(&peer, server));
    assert_int_equal(send(peer.fd, bytes, size, MSG_NOSIGNAL), size);
    struct peer_answer answer = peer_read(&peer);
    assert_int_not_equal(answer.end, PEER_TIMEOUT);
    assert_non_null(answer.body);
    assert_null(strstr(answer.body, "HTTP/1."));
    assert_true(peer_answer_header(&answer, "Content-Length", value));
    assert_int_equal(strtoull(value, NULL, 10), answer.body_size);
    if (peer_answer_header(&answer, "Connection", value)) {
        assert_true(recv(peer.fd, bytes, sizeof bytes, 0) <= 0);
    }
    int status = answer.status;
    peer_answer_free(&answer);
    peer_close(&peer);
    return status;
}

static void malformed_heads(void **state) {
    (void)state;
    insist_testserver *server = start(NULL);
    const struct {
        const char *text;
        int status;
    } rows[] = {
        {"GET /a\ab HTTP/1.1\r\nHost: test\r\n\r\n", 400},
        {"GET /a\x01 HTTP/1.1\r\nHost: test\r\n\r\n", 400},
        {"GE\x01T / HTTP/1.1\r\nHost: test\r\n\r\n", 400},
        {"GET a HTTP/1.1\r\nHost: test\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: test\r\nHost: other\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello", 400},
        {"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
        {"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
        {"GET http://test/ HTTP/1.1\r\nHost: test\r\n\r\n", 200},
        {"OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n", 200},
        {"GET / HTTP/1.0\r\n\r\n", 200},
        {"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", 200},
        {"GET /\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nno colon\r\nHost: test\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost : test\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: test\r\n folded\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nX: a\ab\r\nHost: test\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: test\r\nX: a\ab\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: test\r\nX: a\a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: test\r\nX:\r\nY: a \r\n\r\n", 200},
        {"GET / HTTP/1.1\r\nHost: test\r\nX: a\r\n folded\r\nY: b\r\n\r\n", 200},
        {"GET / HTTP/1.1\nHost: test\nX: a\n\n", 200},
        {"GET / HTTP/1.0\n\n", 200},
        {"GET / HTTP/1.1\nHost: test\nX: a\ab\n\n", 400},
        {"GET / HTTP/1.1\nHost: test\nX: a\a\n\n", 400},
        {"GET / HTTP/1.1\nX: a\a\nHost: test\n\n", 400},
        {"GET / HTTP/1.1\nX: a\n folded\nHost: test\nY: a\a\n\n", 400},
        {"GET / HTTP/1.1\r\nX: a\r\n folded\r\nHost: test\a\a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: test\r\nX: a\a\n\n", 400},
        {"GET / HTTP/1.1\r\nHost: test\nX: a\r\n\r\n", 400},
        {"GET / HTTP/9.9\r\nHost: test\r\n\r\n", 505},
        {"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: many\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: -1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 99999999999999999999999\r\n\r\n", 413},
        {"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
        {"GET /%zz HTTP/1.1\r\nHost: test\r\n\r\n", 400},
        {"GET /?do=rezet HTTP/1.1\r\nHost: test\r\n\r\n", 400},
        {"PUT /__admin/scripts?path=/p HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n200,x", 400},
        {"PUT /__admin/scripts HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\n200", 400},
        {"GET /__admin/journal?limit=x HTTP/1.1\r\nHost: test\r\n\r\n", 400},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int status = single_status_of(server, rows[i].text);
        if (status != rows[i].status) {
            fail_msg("%s: status %d", rows[i].text, status);
        }
    }
    assert_int_equal(peer_status(server, "/"), 200);
    insist_testserver_free(server);
}

static int post_status(insist_testserver *server, const char *head, size_t size, const char *after) {
    char *text = padded(head, 'b', size, after);
    int status = status_of(server, text);
    free(text);
    return status;
}

static void oversized_bodies(void **state) {
    (void)state;
    insist_testserver *server = start(INSIST_TESTSERVER_OPTIONS(.body_limit = 1000));
    const char *announced = "POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: ";
    char head[128];
    snprintf(head, sizeof head, "%s1000\r\n\r\n", announced);
    assert_int_equal(post_status(server, head, 1000, ""), 200);
    snprintf(head, sizeof head, "%s1001\r\n\r\n", announced);
    assert_int_equal(post_status(server, head, 1001, ""), 413);
    assert_int_equal(post_status(server, head, 0, ""), 413); /* nobody waits for the body */
    assert_int_equal(insist_testserver_hits(server, "/a"), 1);
    const char *chunked = "POST /c HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
    snprintf(head, sizeof head, "%s3e8\r\n", chunked);
    assert_int_equal(post_status(server, head, 1000, "\r\n0\r\n\r\n"), 200);
    snprintf(head, sizeof head, "%s186A0\r\n", chunked);
    assert_int_equal(post_status(server, head, 100000, "\r\n0\r\n\r\n"), 413);
    assert_int_equal(insist_testserver_hits(server, "/c"), 2);
    snprintf(head, sizeof head,
             "POST /__admin/scripts?path=/p HTTP/1.1\r\nHost: test\r\nContent-Length: 70000\r\n\r\n");
    assert_int_equal(post_status(server, head, 70000, ""), 413); /* 64 KiB, whatever the limit */
    insist_testserver_free(server);
}

/* A chunk's size line, or a trailer, that fits in no buffer: neither the server's thread nor the connection is kept busy
 * by it, whether the client stays or leaves. */
static void oversized_chunk_lines(void **state) {
    (void)state;
    const char *chunked = "POST /a HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
    const char *const lines[] = {"3;", "0\r\nTrailer: "};
    for (int i = 0; i < 8; i++) {
        insist_testserver *server = start(INSIST_TESTSERVER_OPTIONS(.tls = (i & 1) != 0));
        struct peer peer;
        char head[128];
        snprintf(head, sizeof head, "%s%s", chunked, lines[(i >> 1) & 1]);
        char *text = padded(head, 'x', 17000, "");
        assert_true(peer_connect(&peer, server));
        assert_true(peer_send(&peer, text));
        free(text);
        if ((i & 4) == 0) {
            struct peer_answer answer = peer_read(&peer);
            assert_in_range(answer.status, 413, 431);
            peer_answer_free(&answer);
        }
        peer_close(&peer);
        for (int turn = 0; turn < 60000 && stats_of(server).connections_open > 0; turn++) {
            usleep(1000);
        }
        assert_int_equal(stats_of(server).connections_open, 0);
        assert_int_equal(stats_of(server).requests, 0);
        insist_testserver_free(server);
    }
}

/* ---- connections ------------------------------------------------------------------------------------------------ */

/* The longest idle one makes room; what is under way stays. */
static void a_full_server_drops_idle_connections(void **state) {
    (void)state;
    enum { LIMIT = 50, BUSY = 20, IDLE = 200 };
    for (int tls = 0; tls < 2; tls++) {
        insist_testserver *server = start(INSIST_TESTSERVER_OPTIONS(.connection_limit = LIMIT, .tls = tls));
        struct peer busy[BUSY], idle[IDLE];
        for (size_t i = 0; i < BUSY; i++) {
            assert_true(peer_connect(&busy[i], server));
            assert_true(peer_get(&busy[i], "/busy?do=201;hold=/go>=1"));
        }
        assert_true(insist_testserver_wait_held(server, BUSY, patience_ms));
        for (size_t i = 0; i < IDLE; i++) {
            assert_true(peer_connect(&idle[i], server));
        }
        assert_int_equal(peer_status(server, "/"), 200);
        insist_testserver_stats stats = stats_of(server);
        assert_true(stats.connections_open <= LIMIT);
        assert_true(stats.connections_dropped >= IDLE - (LIMIT - BUSY));
        struct peer_answer gone = peer_read(&idle[0]); /* the longest idle */
        assert_int_equal(gone.size, 0);
        assert_int_not_equal(gone.end, PEER_TIMEOUT);
        peer_answer_free(&gone);
        assert_int_equal(peer_status(server, "/go"), 200);
        for (size_t i = 0; i < BUSY; i++) {
            struct peer_answer answer = peer_read(&busy[i]);
            assert_int_equal(answer.status, 201);
            peer_answer_free(&answer);
            peer_close(&busy[i]);
        }
        for (size_t i = 0; i < IDLE; i++) {
            peer_close(&idle[i]);
        }
        insist_testserver_free(server);
    }
}

/* Where nobody is idle, those who come wait until somebody leaves. */
static void a_busy_server_lets_others_wait(void **state) {
    (void)state;
    enum { LIMIT = 10, COUNT = 100 };
    insist_testserver *server = start(INSIST_TESTSERVER_OPTIONS(.connection_limit = LIMIT));
    struct peer peers[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(peer_connect(&peers[i], server));
        assert_true(peer_get(&peers[i], "/?do=200;delay=5ms;h:Connection=close"));
    }
    for (size_t i = 0; i < COUNT; i++) {
        struct peer_answer answer = peer_read(&peers[i]);
        assert_int_equal(answer.status, 200);
        peer_answer_free(&answer);
        peer_close(&peers[i]);
    }
    assert_true(stats_of(server).in_flight_peak <= LIMIT);
    insist_testserver_free(server);
}

/* Whoever is kept from asking for longer than the idle have is closed, and comes again. */
static void ask_in_time(insist_testserver *server, struct peer *peer, const char *path, const char *script) {
    char target[64];
    snprintf(target, sizeof target, "%s?do=%s", path, script);
    assert_true(peer_connect(peer, server));
    while (!peer_get(peer, target) || !insist_testserver_wait_hits(server, path, 1, 5000)) {
        peer_close(peer);
        assert_true(peer_connect(peer, server));
    }
}

static void idle_connections_have_their_time(void **state) {
    (void)state;
    insist_testserver *server = start(INSIST_TESTSERVER_OPTIONS(.idle_timeout_s = 1));
    struct peer silent, used, slow;
    assert_true(peer_connect(&silent, server));
    ask_in_time(server, &used, "/used", "200");
    ask_in_time(server, &slow, "/slow", "202;delay=3s");
    struct peer_answer answer = peer_read(&used);
    assert_int_equal(answer.status, 200);
    peer_answer_free(&answer);
    struct peer *const idle[] = {&silent, &used};
    for (size_t i = 0; i < 2; i++) {
        answer = peer_read(idle[i]);
        assert_int_equal(answer.size, 0);
        assert_int_equal(answer.end, PEER_FIN);
        peer_answer_free(&answer);
        peer_close(idle[i]);
    }
    answer = peer_read(&slow); /* waits for the server, and is not idle */
    assert_int_equal(answer.status, 202);
    peer_answer_free(&answer);
    peer_close(&slow);
    insist_testserver_free(server);
}

/* ---- ten thousand that say nothing ------------------------------------------------------------------------------ */

static json_t *stats_by_port(uint16_t admin_port) {
    struct peer peer;
    assert_true(peer_connect_port(&peer, admin_port));
    assert_true(peer_get(&peer, "/__admin/stats"));
    struct peer_answer answer = peer_read(&peer);
    assert_int_equal(answer.status, 200);
    json_t *json = json_loads(answer.body, 0, NULL);
    assert_non_null(json);
    peer_answer_free(&answer);
    peer_close(&peer);
    return json;
}

static json_int_t number_by_port(uint16_t admin_port, const char *name) {
    json_t *json = stats_by_port(admin_port);
    json_int_t number = json_integer_value(json_object_get(json, name));
    json_decref(json);
    return number;
}

static void ask_by_port(uint16_t port) {
    struct peer peer;
    assert_true(peer_connect_port(&peer, port));
    assert_true(peer_get(&peer, "/"));
    struct peer_answer answer = peer_read(&peer);
    assert_int_equal(answer.status, 200);
    peer_answer_free(&answer);
    peer_close(&peer);
}

static void silent_connections(const char *const *arguments, size_t count, json_int_t most) {
    struct process server;
    process_start_server(&server, arguments);
    struct peer *peers = calloc(count, sizeof *peers);
    assert_non_null(peers);
    ask_by_port(server.port);
    long before_kb = usage_resident_kb(server.pid);
    for (size_t i = 0; i < count; i++) {
        assert_true(peer_connect_port(&peers[i], server.port));
        if (i % 2 == 0) { /* half of them begin to say something */
            assert_true(peer_send(&peers[i], "GET / HTTP/1.1\r\nHost: te"));
        }
    }
    json_int_t wanted = (json_int_t)count < most ? (json_int_t)count : most;
    while (number_by_port(server.admin_port, "connections_accepted") < wanted + 1) {
        usleep(1000);
    }
    ask_by_port(server.port);
    json_int_t open = number_by_port(server.admin_port, "connections_open");
    json_int_t dropped = number_by_port(server.admin_port, "connections_dropped");
    long grown_kb = usage_resident_kb(server.pid) - before_kb;
    print_message("%zu silent connections: %lld open, %lld dropped; the server's memory grew by %ld KiB\n", count,
                  (long long)open, (long long)dropped, grown_kb);
    assert_true(open <= most + 1);
    assert_true(open >= wanted - 1);
    for (size_t i = 0; i < count; i++) {
        peer_close(&peers[i]);
    }
    while (number_by_port(server.admin_port, "connections_open") > 0) {
        usleep(1000);
    }
    ask_by_port(server.port);
    free(peers);
    assert_int_equal(process_end(&server), 0);
    process_fini(&server);
}

static void ten_thousand_silent_connections(void **state) {
    (void)state;
    struct rlimit limit;
    const char *by_descriptors[] = {NULL};
    const char *limited[] = {"--connections", "1000", NULL};
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    size_t count = limit.rlim_cur > 10200 ? 10000 : (size_t)limit.rlim_cur - 200;
    silent_connections(by_descriptors, count, (json_int_t)count);
    silent_connections(limited, count, 1000);
}

/* ---- few descriptors -------------------------------------------------------------------------------------------- */

enum { FEW_DESCRIPTORS = 64 };

/* Until the server has taken in whom it takes in. */
static void let_settle(pid_t pid) {
    size_t before = 0;
    for (size_t now = usage_descriptors(pid); now != before; now = usage_descriptors(pid)) {
        before = now;
        usleep(5000);
    }
}

/* Connects to a port until the server has no descriptor left, or there would be none if it took them all; how often.
 * They say no more than one of these. */
static size_t crowd_at(uint16_t port, pid_t pid, const char *const beginnings[3], struct peer peers[FEW_DESCRIPTORS]) {
    size_t count = 0;
    for (; count < FEW_DESCRIPTORS && usage_descriptors(pid) < FEW_DESCRIPTORS; count++) {
        assert_true(peer_connect_port(&peers[count], port));
        assert_true(peer_send(&peers[count], beginnings[count % 3]));
        let_settle(pid);
    }
    return count;
}

static void start_with_few_descriptors(struct process *server, const char *argument) {
    process_start(server, (const char *const[]){argument, NULL}, FEW_DESCRIPTORS);
    process_read_ports(server);
}

static void end_with_few_descriptors(struct process *server, struct peer *peers, size_t count) {
    for (size_t i = 0; i < count; i++) {
        peer_close(&peers[i]);
    }
    assert_int_equal(process_end(server), 0);
    process_fini(server);
}

/* Neither the port that serves nor the control port itself can be kept from others. */
static void a_crowd_at_the_control_port(void **state) {
    static const char *const beginnings[] = {
        "", "GET /__admin/stats HTTP/1.1\r\nHost: te",
        "PUT /__admin/scripts HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n2"};
    struct process server;
    struct peer peers[FEW_DESCRIPTORS];
    (void)state;
    start_with_few_descriptors(&server, NULL);
    size_t count = crowd_at(server.admin_port, server.pid, beginnings, peers);
    ask_by_port(server.port);
    assert_int_equal(number_by_port(server.admin_port, "requests"), 1);
    end_with_few_descriptors(&server, peers, count);
}

/* Answers that nobody reads do not keep the control port: the one that has been under way longest is cut, and the others
 * are there still. */
static void a_crowd_that_does_not_read(void **state) {
    enum { LIMIT = 16, REQUESTS = 600, LENGTH = 12000 };
    (void)state;
    insist_testserver *server = start(NULL);
    uint16_t admin_port = insist_testserver_admin_port(server);
    char *request = padded("GET /", 'x', LENGTH, " HTTP/1.1\r\nHost: test\r\n\r\n");
    for (int i = 0; i < REQUESTS; i++) {
        assert_int_equal(status_of(server, request), 200);
    }
    free(request);
    struct peer peers[LIMIT];
    for (size_t i = 0; i < LIMIT; i++) {
        assert_true(peer_connect_port(&peers[i], admin_port));
        assert_true(peer_send(&peers[i], "GET /__admin/journal HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"));
    }
    assert_int_equal(number_by_port(admin_port, "requests"), REQUESTS);
    struct peer_answer cut = peer_read_bytes(&peers[0], (size_t)2 * REQUESTS * LENGTH);
    struct peer_answer whole = peer_read_bytes(&peers[1], (size_t)2 * REQUESTS * LENGTH);
    assert_int_equal(cut.end, PEER_RESET);
    assert_true(cut.size < REQUESTS * LENGTH);
    assert_int_equal(whole.end, PEER_FIN);
    assert_true(whole.size > REQUESTS * LENGTH);
    peer_answer_free(&cut);
    peer_answer_free(&whole);
    for (size_t i = 0; i < LIMIT; i++) {
        peer_close(&peers[i]);
    }
    insist_testserver_free(server);
}

/* TLS takes descriptors, too, for the doors of its faults. */
static void a_crowd_beside_the_control_port(void **state) {
    struct process server;
    struct peer peers[FEW_DESCRIPTORS];
    (void)state;
    start_with_few_descriptors(&server, "--tls");
    size_t count = crowd_at(server.port, server.pid, (const char *const[]){"", "", ""}, peers);
    assert_int_equal(number_by_port(server.admin_port, "requests"), 0);
    end_with_few_descriptors(&server, peers, count);
}

/* ---- anything at all -------------------------------------------------------------------------------------------- */

/* A small generator of its own, so that a seed means the same bytes everywhere (xorshift64). */
static uint64_t next_random(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static size_t below(uint64_t *seed, size_t limit) {
    return (size_t)(next_random(seed) % limit);
}

static const char *const models[] = {
    "GET /users/7?do=404x2,200&key=a HTTP/1.1\r\nHost: test\r\n\r\n",
    "POST /echo?do=echo HTTP/1.1\r\nHost: test\r\nContent-Length: 11\r\n\r\nhello world",
    "POST /c HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
    "GET /?do=0.5:503|200;delay=1ms;size=1KB;gzip HTTP/1.1\r\nHost: test\r\n\r\n",
    "PUT /__admin/scripts?path=/fuzz HTTP/1.1\r\nHost: test\r\nContent-Length: 17\r\n\r\n404x2,\"200\";h:A=B",
    "GET /__admin/journal?path=/fuzz&limit=3 HTTP/1.1\r\nHost: test\r\n\r\n",
    "DELETE /__admin/scripts?path=/fuzz HTTP/1.1\r\nHost: test\r\n\r\n",
    "GET /status/503 HTTP/1.1\r\nHost: test\r\nAccept: a/b;q=0.5, */*\r\nIf-None-Match: \"x\"\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: test\r\n\r\nGET /b?do=hang HTTP/1.1\r\nHost: test\r\n\r\nGET /c HTTP/1.0\r\n\r\n",
    "HEAD /anything?x=%41%zz&key=%00 HTTP/1.1\r\nHost: test\r\nCookie: a=b; c=\"d\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nUpgrade: h2c\r\n\r\n",
    "GET http://test:1/path?do=reset@body:10 HTTP/1.1\r\nHost: test\r\nAuthorization: Basic !!!\r\n\r\n",
};
enum { MODELS = sizeof models / sizeof models[0], ROOM = 4096 };

/* Cuts, doubles, overwrites and inserts; the length of what comes out. */
static size_t spoil(uint64_t *seed, char *text, size_t length) {
    static const char spice[] = "\r\n\r\n \t:;,|@%?&=\"\\/0x9999999999\0\x80\xff";
    for (size_t changes = 1 + below(seed, 6); changes > 0 && length > 0; changes--) {
        size_t at = below(seed, length);
        size_t span = 1 + below(seed, 20);
        span = span < length - at ? span : length - at;
        switch (below(seed, 5)) {
        case 0: text[at] = (char)next_random(seed); break;
        case 1: text[at] = spice[below(seed, sizeof spice)]; break;
        case 2: /* left out */
            memmove(text + at, text + at + span, length - at - span);
            length -= span;
            break;
        case 3: /* doubled */
            if (length + span < ROOM) {
                memmove(text + at + span, text + at, length - at);
                length += span;
            }
            break;
        default: length = at + 1; break; /* cut off */
        }
    }
    return length;
}

static size_t make_nonsense(uint64_t *seed, char text[ROOM]) {
    if (below(seed, 10) == 0) {
        size_t length = 1 + below(seed, 600);
        for (size_t i = 0; i < length; i++) {
            text[i] = (char)next_random(seed);
        }
        return length;
    }
    const char *model = models[below(seed, MODELS)];
    size_t length = strlen(model);
    memcpy(text, model, length);
    return spoil(seed, text, length);
}

/* Sends it in one or two pieces, looks for an answer that is there, and leaves in one of three ways. */
static void send_nonsense(uint64_t *seed, uint16_t port, const char *text, size_t length) {
    struct peer peer;
    char answer[4096];
    assert_true(peer_connect_port(&peer, port));
    size_t cut = below(seed, length + 1);
    (void)!send(peer.fd, text, cut, MSG_NOSIGNAL);
    (void)!send(peer.fd, text + cut, length - cut, MSG_NOSIGNAL);
    size_t way = below(seed, 4);
    if (way == 0) {
        shutdown(peer.fd, SHUT_WR);
    }
    if (way <= 1) {
        struct pollfd readable = {.fd = peer.fd, .events = POLLIN};
        if (poll(&readable, 1, 1) > 0) {
            (void)!recv(peer.fd, answer, sizeof answer, MSG_DONTWAIT);
        }
    }
    if (way == 3) { /* RST */
        const struct linger now = {.l_onoff = 1, .l_linger = 0};
        setsockopt(peer.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    peer_close(&peer);
}

static void ten_thousand_malformed_requests(void **state) {
    (void)state;
    enum { SEEDS = 10, EACH = 1000 };
    insist_testserver *server = start(INSIST_TESTSERVER_OPTIONS(.body_limit = 100000));
    size_t descriptors = usage_descriptors(getpid());
    for (uint64_t first = 1; first <= SEEDS; first++) {
        uint64_t seed = first * UINT64_C(0x9e3779b97f4a7c15);
        for (int i = 0; i < EACH; i++) {
            char text[ROOM];
            size_t length = make_nonsense(&seed, text);
            uint16_t port =
                below(&seed, 8) == 0 ? insist_testserver_admin_port(server) : insist_testserver_port(server);
            send_nonsense(&seed, port, text, length);
        }
        assert_int_equal(insist_testserver_script(server, "/still", "201", NULL), INSIST_OK);
        if (peer_status(server, "/still") != 201) {
            fail_msg("no answer after seed %d", (int)first);
        }
    }
    assert_true(insist_testserver_wait_idle(server, patience_ms));
    descriptors_must_become(descriptors);
    assert_int_equal(stats_of(server).connections_open, 0);
    insist_testserver_free(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_header_blocks_are_sent),
        cmocka_unit_test(oversized_heads),
        cmocka_unit_test(malformed_heads),
        cmocka_unit_test(oversized_bodies),
        cmocka_unit_test(oversized_chunk_lines),
        cmocka_unit_test(a_full_server_drops_idle_connections),
        cmocka_unit_test(a_busy_server_lets_others_wait),
        cmocka_unit_test(idle_connections_have_their_time),
        cmocka_unit_test(ten_thousand_silent_connections),
        cmocka_unit_test(a_crowd_at_the_control_port),
        cmocka_unit_test(a_crowd_that_does_not_read),
        cmocka_unit_test(a_crowd_beside_the_control_port),
        cmocka_unit_test(ten_thousand_malformed_requests),
    };
    usage_raise_descriptor_limit();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
