/* Header lines that begin with a blank and go on with nothing, on handles that have had another answer before. libcurl 7.88.1
 * would go on with a header that it has freed: the address sanitizer shows it, and without it the process may die. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/wire_fixture.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_LINE "HTTP/1.1 200 OK\r\n"
#define FINE STATUS_LINE "A: b\r\nC: d\r\nContent-Length: 0\r\n\r\n"
#define ENDS "Content-Length: 0\r\n\r\n"
#define ROUNDS 8

struct answers {
    const char *closing;        /* of a fine answer: "", or that its connection ends */
    const char *first, *second; /* two pieces; the second may be NULL */
};

/* "/fine" is answered well, "/lead" leads to another path, and any other path gets what the test wants. */
static void answer_by_path(struct raw_connection *connection, void *ctx) {
    const struct answers *answers = ctx;
    char fine[256], path[16];
    snprintf(fine, sizeof(fine), STATUS_LINE "A: b\r\nC: d\r\n%s" ENDS, answers->closing);
    while (raw_read_request(connection)) {
        sscanf(raw_request(connection), "%*s %15s", path);
        if (strcmp(path, "/fine") == 0) {
            raw_send(connection, fine);
            if (answers->closing[0])
                return;
        } else if (strcmp(path, "/lead") == 0) {
            raw_send(connection, "HTTP/1.1 302 Found\r\nA: b\r\nLocation: /other\r\n" ENDS);
        } else {
            raw_send(connection, answers->first);
            if (answers->second)
                raw_send(connection, answers->second);
        }
    }
}

static insist_err ask(const char *path) {
    struct wire_attempt attempt;
    fixture_run(&attempt, "GET", path);
    insist_err err = attempt.job->outcome.err;
    wire_attempt_fini(&attempt);
    return err;
}

/* Again and again, since the memory's next owner need not be there at once. */
static void expect(const struct answers *answers, insist_err err, const char *path) {
    fixture_serve(answer_by_path, answers);
    for (int again = 0; again < ROUNDS; again++) {
        insist_err fine = ask("/fine"), other = ask(path);
        if (fine != INSIST_OK || other != err)
            fail_msg("%s: %s, %s", answers->first, insist_err_name(fine), insist_err_name(other));
    }
    raw_server_free(server);
    server = NULL;
}

static void test_behind_a_status_line(void **state) {
    static const struct answers rows[] = {
        {"", STATUS_LINE " of: nothing\r\n" ENDS, NULL},
        {"", STATUS_LINE "\tof: nothing\r\n" ENDS, NULL},
        {"", STATUS_LINE "  \r\n" ENDS, NULL},
        {"", STATUS_LINE " ", "of: nothing\r\n" ENDS},
        {"", STATUS_LINE, " of: nothing\r\n" ENDS},
        {"", STATUS_LINE " a\r\n b\r\n c\r\n" ENDS, NULL},
        {"Connection: close\r\n", STATUS_LINE " of: nothing\r\n" ENDS, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(&rows[i], INSIST_EPROTO, "/other");
}

static void test_around_an_interim_answer(void **state) {
    static const struct answers rows[] = {
        {"", "HTTP/1.1 103 Early\r\n of: nothing\r\n\r\n", FINE},
        {"", "HTTP/1.1 100 Continue\r\n\r\n", STATUS_LINE " of: nothing\r\n" ENDS},
        {"", "HTTP/1.1 103 Early\r\nLink: a\r\n\r\n", STATUS_LINE " of: nothing\r\n" ENDS},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(&rows[i], INSIST_EPROTO, "/other");
}

static void test_behind_a_redirect(void **state) {
    static const struct answers answers = {"", STATUS_LINE " of: nothing\r\n" ENDS, NULL};
    (void)state;
    expect(&answers, INSIST_EPROTO, "/lead");
}

/* What does go on with something goes through. */
static void test_what_goes_on(void **state) {
    static const struct answers rows[] = {
        {"", STATUS_LINE "A: b\r\n c\r\n\td\r\n" ENDS, NULL},
        {"", STATUS_LINE "Transfer-Encoding: chunked\r\n\r\n0\r\n of: a trailer\r\n\r\n", NULL},
        {"", "HTTP/1.1 103 Early\r\nLink: a\r\n b\r\n\r\n", FINE},
        {"", "HTTP/1.1 204 No Content\r\n\r\n", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(&rows[i], INSIST_OK, "/other");
}

/* libcurl shows 16 KiB of it at a time, and each piece but the first begins with a blank. */
static void test_a_long_first_line(void **state) {
    enum { BLANKS = 60000 };
    static char text[BLANKS + 200];
    struct answers answers = {"", text, NULL};
    (void)state;
    int length = snprintf(text, sizeof(text), STATUS_LINE "A: b%*sc\r\n" ENDS, (int)BLANKS, "");
    assert_true(length > BLANKS);
    expect(&answers, INSIST_OK, "/other");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WIRE_TEST(test_behind_a_status_line), WIRE_TEST(test_around_an_interim_answer),
        WIRE_TEST(test_behind_a_redirect),    WIRE_TEST(test_what_goes_on),
        WIRE_TEST(test_a_long_first_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
