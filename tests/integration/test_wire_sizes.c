/* A receive buffer that fits the answer. This program stands in front of the system's recv(), and notes how much libcurl asks
 * for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/wire_fixture.h"
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { KIB = 1024, LARGE = 300000 };

typedef ssize_t recv_fn(int, void *, size_t, int);

static _Thread_local size_t most; /* that this thread asked for at once */

__attribute__((visibility("default"))) ssize_t recv(int fd, void *bytes, size_t length, int flags) {
    recv_fn *real;
    void *found = dlsym(RTLD_NEXT, "recv");
    memcpy(&real, &found, sizeof(real));
    most = length > most ? length : most;
    return real(fd, bytes, length, flags);
}

/* "…/large": many bytes, of which HEAD gets none; any other path: two. */
static void answer_by_path(struct raw_connection *connection, void *ctx) {
    static char large[LARGE];
    char method[8], path[32], head[96];
    (void)ctx;
    while (raw_read_request(connection)) {
        sscanf(raw_request(connection), "%7s %31s", method, path);
        bool is_large = strstr(path, "large") != NULL;
        size_t length = is_large ? LARGE : 2;
        snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", length);
        raw_send(connection, head);
        if (strcmp(method, "HEAD") != 0)
            raw_send_bytes(connection, large, length);
    }
}

static void expect(const char *method, const char *path, size_t buffer) {
    struct wire_attempt attempt;
    most = 0;
    fixture_run(&attempt, method, path);
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    bool is_large = strstr(path, "large") && strcmp(method, "GET") == 0;
    assert_int_equal(attempt.job->outcome.body.length, strcmp(method, "HEAD") == 0 ? 0 : is_large ? LARGE : 2);
    assert_int_equal(most, buffer);
    wire_attempt_fini(&attempt);
}

static void test_grows_and_shrinks(void **state) {
    (void)state;
    fixture_serve(answer_by_path, NULL);
    expect("GET", "/a/small", 16 * KIB); /* of which nothing is known */
    expect("GET", "/a/large", 2 * KIB);
    expect("GET", "/a/large", 64 * KIB);
    expect("GET", "/b/small", 16 * KIB);
    expect("HEAD", "/a/large", 64 * KIB);
    expect("GET", "/a/large?again", 64 * KIB);
    for (size_t buffer = 64 * KIB; buffer >= 2 * KIB; buffer /= 2)
        expect("GET", "/a/small", buffer);
    expect("GET", "/a/small", 2 * KIB);
}

/* Those that wait for their lookups are in flight, too. */
static void test_many_in_flight(void **state) {
    enum { FEW = 16 };
    static struct wire_attempt others[FEW];
    (void)state;
    fixture_serve(answer_by_path, NULL);
    host.hold_lookups = true;
    for (int i = 0; i < FEW; i++) {
        if (i == FEW - 1)
            expect("GET", "/few/small", 16 * KIB);
        wire_attempt_init(&others[i], &host, "GET", "http://name.test:1/x");
        wire_attempt_start(&others[i]);
    }
    expect("GET", "/many/small", 2 * KIB);
    for (int i = 0; i < FEW; i++) {
        wire_attempt_stop(&others[i]);
        wire_attempt_fini(&others[i]);
    }
    sem_post(&host.lookup_gate);
}

static void test_what_pauses_at_its_headers_gets_the_largest(void **state) {
    struct wire_attempt attempt;
    (void)state;
    fixture_serve(answer_by_path, NULL);
    most = 0;
    wire_attempt_init(&attempt, &host, "GET", fixture_url("/a/large"));
    attempt.job->pauses_at_headers = true;
    wire_attempt_start(&attempt);
    assert_true(wire_run_until_news(&attempt, NEWS_HEADERS));
    wire_attempt_read_on(&attempt);
    assert_true(wire_run(&attempt));
    fixture_expect(&attempt, INSIST_OK, 200, INSIST_ANSWERED);
    assert_int_equal(most, 64 * KIB);
    wire_attempt_fini(&attempt);
}

int main(void) {
    const struct CMUnitTest tests[] = {WIRE_TEST(test_grows_and_shrinks), WIRE_TEST(test_many_in_flight),
                                       WIRE_TEST(test_what_pauses_at_its_headers_gets_the_largest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
