/* The test server's pump: what each fault lets through, and what the pump then waits for. Over a pair of sockets; what is
 * TCP's own, the RST, is seen in the integration tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver/pump.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct stage {
    int fds[2]; /* the server's end, the client's */
    struct manner manner;
    struct answer answer;
    struct pump pump;
    uint64_t now_ns;
};

static int begin(void **state) {
    struct stage *stage = calloc(1, sizeof *stage);
    *state = stage;
    return stage ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, stage->fds) : -1;
}

static int end(void **state) {
    struct stage *stage = *state;
    pump_fini(&stage->pump);
    answer_fini(&stage->answer);
    close(stage->fds[0]);
    close(stage->fds[1]);
    free(stage);
    return 0;
}

/* An answer of `size` bytes with a fault at `cut`. */
static void start(struct stage *stage, enum insist_testserver_fault fault, uint64_t size, uint64_t cut) {
    const struct choice choice = {.fault = fault, .cut = cut, .body = BODY_PATTERN, .size = size};
    const struct asked asked = {0};
    assert_true(answer_make(&stage->answer, &choice, &asked));
    assert_true(pump_start(&stage->pump, &stage->answer, &stage->manner, stage->fds[0], NULL));
}

static enum pump_code more(struct stage *stage) {
    return pump_more(&stage->pump, stage->now_ns);
}

/* What has come at the client's end, as a text; *ended: and then the end. */
static size_t receive(const struct stage *stage, char *out, size_t room, bool *ended) {
    size_t size = 0;
    ssize_t count;
    while (size + 1 < room && (count = recv(stage->fds[1], out + size, room - size - 1, 0)) > 0) {
        size += (size_t)count;
    }
    out[size] = '\0';
    *ended = count == 0;
    return size;
}

static const char *body_of(const char *text) {
    const char *end_of_head = strstr(text, "\r\n\r\n");
    assert_non_null(end_of_head);
    return end_of_head + 4;
}

static void a_truncated_body_ends_at_its_cut(void **state) {
    struct stage *stage = *state;
    char text[1024];
    bool ended;
    start(stage, INSIST_TESTSERVER_TRUNCATE, 100, 5);
    assert_int_equal(more(stage), PUMP_STRUCK);
    receive(stage, text, sizeof text, &ended);
    assert_non_null(strstr(text, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(text, "Content-Length: 100\r\n"));
    assert_string_equal(body_of(text), "abcde");
    assert_false(ended); /* that is the connection's to do */
}

static void a_closed_body_ends_with_the_connection(void **state) {
    struct stage *stage = *state;
    char text[1024];
    bool ended;
    start(stage, INSIST_TESTSERVER_CLOSE_BODY, 100, 7);
    assert_int_equal(more(stage), PUMP_STRUCK);
    receive(stage, text, sizeof text, &ended);
    assert_string_equal(body_of(text), "abcdefg");
    assert_true(ended);
}

static void a_stall_is_silent(void **state) {
    struct stage *stage = *state;
    char text[1024];
    bool ended;
    start(stage, INSIST_TESTSERVER_STALL_BODY, 100, 3);
    assert_int_equal(more(stage), PUMP_SILENT);
    receive(stage, text, sizeof text, &ended);
    assert_string_equal(body_of(text), "abc");
    assert_false(ended);
}

static void half_of_a_header_block_has_no_end(void **state) {
    struct stage *stage = *state;
    char text[1024];
    bool ended;
    start(stage, INSIST_TESTSERVER_STALL_HEADERS, 100, 0);
    assert_int_equal(more(stage), PUMP_SILENT);
    assert_true(receive(stage, text, sizeof text, &ended) > 0);
    assert_null(strstr(text, "\r\n\r\n"));
    assert_false(ended);
}

static void a_reset_waits_until_everything_has_arrived(void **state) {
    struct stage *stage = *state;
    char text[1024];
    bool ended;
    start(stage, INSIST_TESTSERVER_RESET_BODY, 100, 3);
    assert_int_equal(more(stage), PUMP_RESTS);
    assert_int_equal(more(stage), PUMP_RESTS);
    receive(stage, text, sizeof text, &ended);
    assert_string_equal(body_of(text), "abc");
    assert_int_equal(more(stage), PUMP_STRUCK);
}

static void a_reset_does_not_wait_for_ever(void **state) {
    struct stage *stage = *state;
    enum pump_code code;
    size_t looks = 0;
    start(stage, INSIST_TESTSERVER_RESET_BODY, 100, 3);
    for (code = more(stage); code == PUMP_RESTS && looks < 20000; looks++) {
        code = more(stage);
    }
    assert_int_equal(code, PUMP_STRUCK);
}

static void a_full_socket_is_waited_for(void **state) {
    struct stage *stage = *state;
    const uint64_t size = 4000000;
    static char piece[65536];
    bool ended = false;
    uint64_t received = 0;
    enum pump_code code;
    start(stage, INSIST_TESTSERVER_CLOSE_BODY, size, size);
    assert_int_equal(more(stage), PUMP_WANTS_ROOM);
    for (code = PUMP_WANTS_ROOM; code == PUMP_WANTS_ROOM && !ended;) {
        received += receive(stage, piece, sizeof piece, &ended);
        code = more(stage);
    }
    assert_int_equal(code, PUMP_STRUCK);
    while (!ended) {
        received += receive(stage, piece, sizeof piece, &ended);
    }
    assert_int_equal(received, stage->pump.tape.stretches[0].size + 2 + size);
}

static void a_client_that_leaves_is_told(void **state) {
    struct stage *stage = *state;
    start(stage, INSIST_TESTSERVER_TRUNCATE, 100, 5);
    shutdown(stage->fds[1], SHUT_RDWR);
    assert_int_equal(more(stage), PUMP_GONE);
}

/* ---- time ------------------------------------------------------------------------------------------------------- */

static const uint64_t ms = 1000000;

/* A body of that size at a pace, at the time 1 s. */
static void start_slow(struct stage *stage, uint64_t size, const struct manner *manner) {
    stage->manner = *manner;
    stage->now_ns = 1000 * ms;
    start(stage, INSIST_TESTSERVER_NO_FAULT, size, 0);
}

/* Bytes that come in one turn. */
static size_t come(struct stage *stage) {
    static char bytes[100000];
    bool ended;
    return receive(stage, bytes, sizeof bytes, &ended);
}

static void drops_come_one_at_a_time_as_planned(void **state) {
    struct stage *stage = *state;
    start_slow(stage, 50, &(struct manner){.given = MANNER_DRIP, .body_pace = {10, 16, 1}});
    assert_int_equal(more(stage), PUMP_RESTS);
    assert_true(come(stage) > 100); /* the header block, and the first */
    assert_int_equal(stage->pump.due_ns, 1010 * ms);
    assert_int_equal(more(stage), PUMP_RESTS); /* too early */
    assert_int_equal(come(stage), 0);
    stage->now_ns = 1013 * ms; /* late, which does not put off the next */
    assert_int_equal(more(stage), PUMP_RESTS);
    assert_int_equal(come(stage), 16);
    assert_int_equal(stage->pump.due_ns, 1020 * ms);
    stage->now_ns = 1040 * ms; /* two at once */
    assert_int_equal(more(stage), PUMP_STRUCK);
    assert_int_equal(come(stage), 18);
}

static void a_rate_comes_out_even_in_the_end(void **state) {
    struct stage *stage = *state;
    size_t all = 0;
    start_slow(stage, 1000, &(struct manner){.given = MANNER_DRIP, .body_pace = {10, 777, 100}});
    more(stage);
    come(stage);
    for (int i = 1; i < 100; i++) {
        stage->now_ns += 10 * ms;
        assert_int_equal(more(stage), PUMP_RESTS);
        size_t some = come(stage);
        assert_true(some == 7 || some == 8);
        all += some;
    }
    assert_int_equal(all, 777 - 7);
}

static void what_was_not_read_is_not_made_up_for(void **state) {
    struct stage *stage = *state;
    start_slow(stage, 100000, &(struct manner){.given = MANNER_DRIP, .body_pace = {10, 16, 1}});
    more(stage);
    come(stage);
    stage->now_ns += 60000 * ms; /* as after a minute without room */
    assert_int_equal(more(stage), PUMP_RESTS);
    assert_int_equal(come(stage), 16);
    assert_int_equal(stage->pump.due_ns, stage->now_ns + 10 * ms);
}

static void pauses_before_body_and_end(void **state) {
    struct stage *stage = *state;
    start_slow(
        stage, 5,
        &(struct manner){.given = MANNER_BODY_DELAY | MANNER_END_DELAY, .body_delay_ms = 20, .end_delay_ms = 30});
    assert_int_equal(more(stage), PUMP_RESTS);
    assert_int_equal(stage->pump.due_ns, 1020 * ms);
    assert_true(come(stage) > 50);
    stage->now_ns = 1020 * ms;
    assert_int_equal(more(stage), PUMP_RESTS);
    assert_int_equal(come(stage), 5);
    assert_int_equal(stage->pump.due_ns, 1050 * ms);
    stage->now_ns = 1050 * ms;
    assert_int_equal(more(stage), PUMP_STRUCK);
}

static void interim_answers_are_followed_by_libmicrohttpds(void **state) {
    struct stage *stage = *state;
    char text[1024];
    bool ended;
    start_slow(stage, 5, &(struct manner){.given = MANNER_INTERIM, .interim_status = 102, .interim_count = 1});
    assert_int_equal(more(stage), PUMP_HANDS_OVER);
    receive(stage, text, sizeof text, &ended);
    assert_string_equal(text, "HTTP/1.1 102 Processing\r\n\r\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_truncated_body_ends_at_its_cut, begin, end),
        cmocka_unit_test_setup_teardown(a_closed_body_ends_with_the_connection, begin, end),
        cmocka_unit_test_setup_teardown(a_stall_is_silent, begin, end),
        cmocka_unit_test_setup_teardown(half_of_a_header_block_has_no_end, begin, end),
        cmocka_unit_test_setup_teardown(a_reset_waits_until_everything_has_arrived, begin, end),
        cmocka_unit_test_setup_teardown(a_reset_does_not_wait_for_ever, begin, end),
        cmocka_unit_test_setup_teardown(a_full_socket_is_waited_for, begin, end),
        cmocka_unit_test_setup_teardown(a_client_that_leaves_is_told, begin, end),
        cmocka_unit_test_setup_teardown(drops_come_one_at_a_time_as_planned, begin, end),
        cmocka_unit_test_setup_teardown(a_rate_comes_out_even_in_the_end, begin, end),
        cmocka_unit_test_setup_teardown(what_was_not_read_is_not_made_up_for, begin, end),
        cmocka_unit_test_setup_teardown(pauses_before_body_and_end, begin, end),
        cmocka_unit_test_setup_teardown(interim_answers_are_followed_by_libmicrohttpds, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
