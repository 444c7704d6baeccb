/* The memory that waiting requests hold together: beyond it they are refused with 503, and it is given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver/server.h"
#include "testserver_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t patience_ms = 60000;
static const char echo[] = "/e?do=echo;hold=/go>=1";

static insist_testserver *start(size_t limit) {
    insist_testserver *server;
    assert_int_equal(insist_testserver_start(NULL, NULL, &server), INSIST_OK);
    atomic_store(&server->allowance.limit, limit);
    return server;
}

/* A connection of its own for a request of any size. */
static struct peer ask(const insist_testserver *server, const char *target, const char *body) {
    struct peer peer;
    char *text;
    assert_true(asprintf(&text, "POST %s HTTP/1.1\r\nHost: test\r\nContent-Length: %zu\r\n\r\n%s", target, strlen(body),
                         body) > 0);
    assert_true(peer_connect(&peer, server) && peer_send(&peer, text));
    free(text);
    return peer;
}

static void must_be(struct peer *peer, int status, const char *text) {
    struct peer_answer answer = peer_read(peer);
    assert_int_equal(answer.status, status);
    assert_non_null(answer.body);
    assert_non_null(strstr(answer.body, text));
    peer_answer_free(&answer);
    peer_close(peer);
}

/* A target whose script has `count` choices; for free(). */
static char *long_target(size_t count) {
    size_t room = 32 + count * strlen("hang|");
    char *target = malloc(room);
    assert_non_null(target);
    strcpy(target, "/s?do=");
    for (size_t i = 0; i < count; i++) {
        strcat(target, "hang|");
    }
    target[strlen(target) - 1] = '\0';
    return target;
}

static void scripts_of_requests_have_a_limit(void **state) {
    (void)state;
    insist_testserver *server = start(1 << 20);
    char *target = long_target(1200);
    struct peer held, refused;
    held = ask(server, target, "");
    assert_true(insist_testserver_wait_held(server, 1, patience_ms));
    refused = ask(server, target, "");
    must_be(&refused, 503, "memory");
    assert_int_equal(peer_status(server, "/plain?do=204"), 204); /* what is small has room */
    peer_close(&held);
    assert_true(insist_testserver_wait_idle(server, patience_ms));
    held = ask(server, target, "");
    assert_true(insist_testserver_wait_held(server, 1, patience_ms));
    peer_close(&held);
    free(target);
    insist_testserver_free(server);
}

static char *body_of(size_t size) {
    char *body = malloc(size + 1);
    assert_non_null(body);
    memset(body, 'b', size);
    body[size] = '\0';
    return body;
}

/* Four bodies of 256 KiB have room in 1.5 MiB, as none is kept twice; one of 512 KiB besides has not. */
static void bodies_have_a_limit(void **state) {
    (void)state;
    enum { FIT = 4, SIZE = 256 << 10 };
    insist_testserver *server = start(3 << 19);
    char *body = body_of(SIZE), *large = body_of(2 * SIZE);
    struct peer held[FIT], refused;
    for (unsigned round = 0; round < 3; round++) {
        insist_testserver_reset(server);
        for (unsigned i = 0; i < FIT; i++) {
            held[i] = ask(server, echo, body);
            assert_true(insist_testserver_wait_held(server, i + 1, patience_ms));
        }
        refused = ask(server, echo, large);
        must_be(&refused, 503, "memory");
        assert_int_equal(peer_status(server, "/go"), 200);
        for (unsigned i = 0; i < FIT; i++) {
            must_be(&held[i], 200, body);
        }
        assert_true(insist_testserver_wait_idle(server, patience_ms));
    }
    free(large);
    free(body);
    insist_testserver_free(server);
}

/* It does not use up a step of its script. */
static void a_refused_request_is_no_hit_of_its_script(void **state) {
    (void)state;
    insist_testserver *server = start(100 << 10);
    char *body = body_of(256 << 10);
    struct peer peer;
    assert_int_equal(insist_testserver_script(server, "/p", "201,echo", NULL), INSIST_OK);
    peer = ask(server, "/p", body);
    must_be(&peer, 503, "memory");
    assert_int_equal(peer_status(server, "/p"), 201);
    free(body);
    insist_testserver_free(server);
}

static void what_is_told_of_a_request_counts_too(void **state) {
    (void)state;
    insist_testserver *server = start(600 << 10);
    char *body = body_of(256 << 10);
    struct peer peer;
    for (unsigned round = 0; round < 3; round++) {
        peer = ask(server, "/post", body);
        must_be(&peer, 200, "bbbb");
        assert_true(insist_testserver_wait_idle(server, patience_ms));
    }
    free(body);
    insist_testserver_free(server);
}

static void a_key_that_cannot_be_counted_is_refused(void **state) {
    (void)state;
    insist_testserver *server = start(1 << 20);
    pthread_mutex_lock(&server->rules.lock);
    server->rules.keys.limit = 2;
    pthread_mutex_unlock(&server->rules.lock);
    struct peer peer;
    assert_int_equal(peer_status(server, "/?do=201,202&key=a"), 201);
    assert_int_equal(peer_status(server, "/?do=201,202&key=b"), 201);
    assert_true(peer_connect(&peer, server) && peer_get(&peer, "/?do=201,202&key=c"));
    must_be(&peer, 503, "keys");
    assert_int_equal(peer_status(server, "/?do=201;read=1KB/s,202&key=c"), 503); /* chosen before its body is read */
    assert_int_equal(peer_status(server, "/?do=201,202&key=a"), 202);
    insist_testserver_reset(server);
    assert_int_equal(peer_status(server, "/?do=201,202&key=c"), 201);
    insist_testserver_free(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts_of_requests_have_a_limit),
        cmocka_unit_test(bodies_have_a_limit),
        cmocka_unit_test(a_refused_request_is_no_hit_of_its_script),
        cmocka_unit_test(what_is_told_of_a_request_counts_too),
        cmocka_unit_test(a_key_that_cannot_be_counted_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
