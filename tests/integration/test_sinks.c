/* Bodies that go to a sink, over real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pair.h"
#include <fcntl.h>
#include <insist/insist.h>
#include <insist/testserver.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_MOST (64 * 1024)
#define PATIENCE_MS 30000

/* What a sink took. */
struct taken {
    size_t bytes, pieces, largest, rewinds;
    uint64_t sum;
    size_t refuse_at; /* the piece that it refuses, from 1 */
};

static int take(void *ctx, const void *data, size_t len) {
    struct taken *taken = ctx;
    if (++taken->pieces == taken->refuse_at)
        return -1;
    for (size_t i = 0; i < len; i++)
        taken->sum = taken->sum * 31 + ((const unsigned char *)data)[i];
    taken->bytes += len;
    taken->largest = len > taken->largest ? len : taken->largest;
    return 0;
}

static int forget(void *ctx) {
    struct taken *taken = ctx;
    taken->bytes = 0;
    taken->sum = 0;
    taken->rewinds++;
    return 0;
}

static insist_err get(const char *path, const insist_call_options *options, insist_result **result) {
    char url[256];
    insist_plan *plan = NULL;
    snprintf(url, sizeof url, "%s%s", insist_testserver_url(server), path);
    assert_int_equal(insist_plan_new("GET", url, NULL, &plan), INSIST_OK);
    insist_err err = insist_execute(client, plan, options, result);
    insist_plan_free(plan);
    return err;
}

static uint64_t sum_of_whole(const char *path, size_t *length) {
    struct taken whole = {0};
    insist_result *result = NULL;
    assert_int_equal(get(path, NULL, &result), INSIST_OK);
    const void *body = insist_result_body(result, length);
    assert_int_equal(take(&whole, body, *length), 0);
    insist_result_free(result);
    return whole.sum;
}

static void same_bytes_in_pieces(const char *path, size_t expected) {
    struct taken taken = {0};
    insist_sink sink = {.write = take, .ctx = &taken};
    insist_result *result = NULL;
    size_t length = 0;
    uint64_t sum = sum_of_whole(path, &length);
    assert_int_equal(length, expected);
    assert_int_equal(get(path, INSIST_CALL_OPTIONS(.sink = &sink), &result), INSIST_OK);
    assert_int_equal(insist_result_status(result), 200);
    assert_int_equal(taken.bytes, expected);
    assert_int_equal(taken.sum, sum);
    assert_true(taken.largest <= PIECE_MOST);
    insist_result_body(result, &length);
    assert_int_equal(length, 0);
    insist_result_free(result);
}

static void body_comes_in_pieces(void **state) {
    (void)state;
    same_bytes_in_pieces("/big?do=200;size=3000000", 3000000);
    same_bytes_in_pieces("/small?do=200;size=1", 1);
}

static void encoded_body_comes_decoded_in_pieces(void **state) {
    (void)state;
    same_bytes_in_pieces("/big?do=200;size=3000000;gzip", 3000000);
}

static void empty_body_gives_no_piece(void **state) {
    (void)state;
    struct taken taken = {0};
    insist_sink sink = {.write = take, .ctx = &taken};
    insist_result *result = NULL;
    assert_int_equal(get("/none?do=204", INSIST_CALL_OPTIONS(.sink = &sink), &result), INSIST_OK);
    assert_int_equal(insist_result_status(result), 204);
    assert_int_equal(taken.pieces, 0);
    insist_result_free(result);
}

static void what_would_be_retried_never_reaches_the_sink(void **state) {
    (void)state;
    struct taken taken = {0};
    insist_sink sink = {.write = take, .ctx = &taken};
    insist_result *result = NULL;
    assert_int_equal(
        get("/r?do=503;retry-after=0;size=100000,200;body=good&key=r", INSIST_CALL_OPTIONS(.sink = &sink), &result),
        INSIST_OK);
    assert_int_equal(insist_result_attempts(result), 2);
    assert_int_equal(taken.bytes, 4);
    insist_result_free(result);
}

static void broken_body_ends_the_call(void **state) {
    (void)state;
    struct taken taken = {0};
    insist_sink sink = {.write = take, .ctx = &taken};
    insist_result *result = NULL;
    assert_int_equal(get("/t?do=truncate@100000;size=200000&key=t", INSIST_CALL_OPTIONS(.sink = &sink), &result),
                     INSIST_EEOF);
    assert_int_equal(insist_result_reason(result), INSIST_NOT_REPEATABLE);
    assert_int_equal(insist_result_attempts(result), 1);
    assert_int_equal(taken.bytes, 100000);
    insist_result_free(result);
}

static void broken_body_is_rewound_and_asked_for_again(void **state) {
    (void)state;
    struct taken taken = {0};
    insist_sink sink = {.write = take, .rewind = forget, .ctx = &taken};
    insist_result *result = NULL;
    assert_int_equal(
        get("/t?do=truncate@100000;size=200000,200;size=200000&key=u", INSIST_CALL_OPTIONS(.sink = &sink), &result),
        INSIST_OK);
    assert_int_equal(insist_result_attempts(result), 2);
    assert_int_equal(taken.rewinds, 1);
    assert_int_equal(taken.bytes, 200000);
    insist_result_free(result);
}

static void sink_that_refuses_ends_the_call(void **state) {
    (void)state;
    struct taken taken = {.refuse_at = 2};
    insist_sink sink = {.write = take, .ctx = &taken};
    insist_result *result = NULL;
    assert_int_equal(get("/big?do=200;size=3000000", INSIST_CALL_OPTIONS(.sink = &sink), &result), INSIST_ESINK);
    assert_int_equal(insist_result_reason(result), INSIST_STOPPED);
    assert_int_equal(taken.pieces, 2);
    insist_result_free(result);
}

static void assert_nothing_is_kept(const char *path, const insist_sink *sink, insist_err expected) {
    insist_result *result = NULL;
    size_t length = 1;
    assert_int_equal(get(path, INSIST_CALL_OPTIONS(.sink = sink), &result), expected);
    insist_result_body(result, &length);
    assert_int_equal(length, 0);
    insist_result_free(result);
}

static void what_a_sink_did_not_take_is_no_body_of_the_result(void **state) {
    (void)state;
    struct taken taken = {.refuse_at = 1};
    insist_sink sink = {.write = take, .ctx = &taken};
    assert_nothing_is_kept("/big?do=200;size=3000000", &sink, INSIST_ESINK);
    assert_nothing_is_kept("/broken?do=200;gzip=crc;size=20KB", &sink, INSIST_EDECODE);
    assert_int_equal(taken.pieces, 1);
}

/* The answer is taken at its headers, however late its body comes: the attempt's own timeout no longer counts. */
static void answer_is_committed_at_its_headers(void **state) {
    (void)state;
    struct taken taken = {0};
    insist_sink sink = {.write = take, .ctx = &taken};
    insist_timeout_policy *timeout = NULL;
    insist_result *result = NULL;
    bool committed = false;
    for (int64_t ms = 800; ms < 60000 && !committed; ms *= 2) { /* a busy machine may have no headers by then */
        insist_testserver_reset(server);
        assert_int_equal(insist_timeout_fixed_new(ms, NULL, &timeout), INSIST_OK);
        assert_int_equal(get("/s?do=200;size=100;stall=body@0&key=s",
                             INSIST_CALL_OPTIONS(.sink = &sink, .timeout = timeout, .deadline_ms = 2 * ms + 400), &result),
                         INSIST_EDEADLINE);
        committed = insist_result_attempts(result) == 1 && insist_result_attempt(result, 0)->status == 200 &&
                    insist_testserver_hits_by_key(server, "s") == 1;
        insist_result_free(result);
        insist_timeout_policy_free(timeout);
    }
    assert_true(committed);
}

static void redirect_that_is_not_followed_is_kept(void **state) {
    (void)state;
    struct taken taken = {0};
    insist_sink sink = {.write = take, .ctx = &taken};
    insist_result *result = NULL;
    assert_int_equal(insist_testserver_script(server, "/loop", "302;h:Location=/loop;body=around", NULL), INSIST_OK);
    assert_int_equal(get("/loop", INSIST_CALL_OPTIONS(.sink = &sink), &result), INSIST_EREDIRECT);
    assert_int_equal(taken.bytes, 0);
    assert_string_equal(insist_result_body(result, NULL), "around");
    insist_result_free(result);
}

static void sink_without_a_function_is_refused(void **state) {
    (void)state;
    insist_sink sink = {.rewind = forget};
    insist_result *result = NULL;
    assert_int_equal(get("/never", INSIST_CALL_OPTIONS(.sink = &sink), &result), INSIST_EINVAL);
    assert_int_equal(insist_testserver_hits(server, "/never"), 0);
    insist_result_free(result);
}

static void only_what_is_at_the_end_of_a_file_can_be_cut(void **state) {
    (void)state;
    char name[] = "/tmp/insist-sink-XXXXXX", text[64] = {0};
    int fd = mkstemp(name);
    insist_fd_sink file;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "HEADTAIL", 8), 8);
    assert_non_null(insist_fd_sink_init(&file, fd).rewind);
    assert_int_equal(lseek(fd, 4, SEEK_SET), 4);
    assert_null(insist_fd_sink_init(&file, fd).rewind);
    int appending = open(name, O_WRONLY | O_APPEND | O_CLOEXEC);
    insist_sink sink = insist_fd_sink_init(&file, appending);
    assert_int_equal(sink.write(sink.ctx, "more", 4), 0);
    assert_int_equal(sink.rewind(sink.ctx), 0);
    assert_int_equal(sink.write(sink.ctx, "NEW", 3), 0);
    assert_int_equal(pread(fd, text, sizeof text - 1, 0), 11);
    assert_string_equal(text, "HEADTAILNEW");
    close(appending);
    close(fd);
    unlink(name);
}

static void file_is_cut_and_written_again(void **state) {
    (void)state;
    char name[] = "/tmp/insist-sink-XXXXXX", head[5] = {0};
    int fd = mkstemp(name);
    insist_fd_sink file;
    insist_result *result = NULL;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "mine", 4), 4);
    insist_sink sink = insist_fd_sink_init(&file, fd);
    assert_int_equal(
        get("/f?do=truncate@100000;size=200000,200;size=50&key=f", INSIST_CALL_OPTIONS(.sink = &sink), &result),
        INSIST_OK);
    assert_int_equal(lseek(fd, 0, SEEK_END), 54);
    assert_int_equal(pread(fd, head, 4, 0), 4);
    assert_string_equal(head, "mine");
    insist_result_free(result);
    close(fd);
    unlink(name);
}

/* A pipe that nobody reads, in non-blocking mode. */
static insist_sink open_full_pipe(int ends[2], insist_fd_sink *state) {
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 4096); /* full with the first piece */
    return insist_fd_sink_init(state, ends[1]);
}

static void close_pipe(const int ends[2]) {
    close(ends[0]);
    close(ends[1]);
}

static void descriptor_that_takes_nothing_does_not_outlast_the_deadline(void **state) {
    (void)state;
    int ends[2];
    insist_fd_sink file;
    insist_sink sink = open_full_pipe(ends, &file);
    insist_result *result = NULL;
    do { /* on a busy machine it may pass before there is an attempt */
        insist_result_free(result);
        assert_int_equal(get("/p?do=200;size=1000000", INSIST_CALL_OPTIONS(.sink = &sink, .deadline_ms = 300), &result),
                         INSIST_EDEADLINE);
    } while (insist_result_attempts(result) == 0);
    assert_int_equal(insist_result_reason(result), INSIST_DEADLINE);
    assert_int_equal(insist_result_attempts(result), 1);
    assert_int_equal(insist_result_attempt(result, 0)->why_ended, INSIST_ENDED_DEADLINE);
    assert_true(insist_result_attempt(result, 0)->ended_us >= 300000);
    insist_result_free(result);
    close_pipe(ends);
}

struct canceller {
    int pipe; /* that is being filled */
    insist_cancel *cancel;
};

static void *cancel_once_full(void *ctx) {
    struct canceller *canceller = ctx;
    struct pollfd filled = {.fd = canceller->pipe, .events = POLLIN};
    (void)poll(&filled, 1, PATIENCE_MS);
    insist_cancel_fire(canceller->cancel);
    return NULL;
}

static void descriptor_that_takes_nothing_does_not_outlast_a_cancel(void **state) {
    (void)state;
    int ends[2];
    insist_fd_sink file;
    insist_sink sink = open_full_pipe(ends, &file);
    insist_result *result = NULL;
    struct canceller canceller = {.pipe = ends[0]};
    pthread_t thread;
    assert_int_equal(insist_cancel_new(&canceller.cancel), INSIST_OK);
    assert_int_equal(pthread_create(&thread, NULL, cancel_once_full, &canceller), 0);
    assert_int_equal(get("/p?do=200;size=1000000",
                         INSIST_CALL_OPTIONS(.sink = &sink, .deadline_ms = INSIST_FOREVER, .cancel = canceller.cancel),
                         &result),
                     INSIST_ECANCELED);
    assert_int_equal(insist_result_reason(result), INSIST_CANCELLED);
    assert_int_equal(insist_result_attempt(result, 0)->why_ended, INSIST_ENDED_CANCELLED);
    pthread_join(thread, NULL);
    insist_result_free(result);
    insist_cancel_free(canceller.cancel);
    close_pipe(ends);
}

/* ---- the pause at the headers ---- */

struct held {
    struct taken *taken;
    bool sets_sink;
};

static int hold_at_headers(void *ctx, insist_event event, insist_execution *execution) {
    struct held *held = ctx;
    insist_sink sink = {.write = take, .ctx = held->taken};
    size_t len = 1;
    (void)event;
    assert_int_equal(insist_execution_status(execution), 200);
    assert_non_null(insist_execution_header(execution, "Content-Type"));
    insist_execution_body(execution, &len);
    assert_int_equal(len, 0);
    if (held->sets_sink)
        return insist_execution_set_sink(execution, &sink) == INSIST_OK ? 0 : 1;
    return 9; /* ends the call while the server is still sending */
}

static insist_handlers *listening(struct held *held) {
    insist_handlers *handlers = NULL;
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    assert_int_equal(insist_handlers_push(handlers, INSIST_BEFORE_READ_BODY, hold_at_headers, held), INSIST_OK);
    return handlers;
}

static void handler_may_set_a_sink(void **state) {
    (void)state;
    struct taken taken = {0};
    struct held held = {.taken = &taken, .sets_sink = true};
    insist_handlers *handlers = listening(&held);
    insist_result *result = NULL;
    assert_int_equal(get("/h?do=200;size=500000", INSIST_CALL_OPTIONS(.handlers = handlers), &result), INSIST_OK);
    assert_int_equal(taken.bytes, 500000);
    insist_result_free(result);
    insist_handlers_free(handlers);
}

/* Of ten megabytes the server had got rid of less than one when the handler ended the call: the transfer really pauses. */
static void transfer_pauses_at_the_headers(void **state) {
    (void)state;
    struct taken taken = {0};
    struct held held = {.taken = &taken};
    insist_handlers *handlers = listening(&held);
    insist_result *result = NULL;
    insist_testserver_journal *journal = NULL;
    assert_int_equal(get("/ten?do=200;size=10MB&key=ten", INSIST_CALL_OPTIONS(.handlers = handlers), &result),
                     INSIST_EHANDLER);
    assert_int_equal(insist_result_handler_number(result), 9);
    insist_result_free(result);
    insist_client_free(client); /* the connection is gone for certain */
    client = NULL;
    assert_true(insist_testserver_wait_idle(server, PATIENCE_MS));
    assert_int_equal(insist_testserver_journal_new(server, NULL, "ten", &journal), INSIST_OK);
    assert_int_equal(insist_testserver_journal_count(journal), 1);
    const insist_testserver_entry *entry = insist_testserver_journal_at(journal, 0);
    assert_true(entry->client_gone);
    print_message("%llu bytes had been acknowledged\n", (unsigned long long)entry->gone_bytes);
    assert_true(entry->gone_bytes < 1000000);
    insist_testserver_journal_free(journal);
    insist_handlers_free(handlers);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, pair_begin, pair_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(body_comes_in_pieces),
        CASE(encoded_body_comes_decoded_in_pieces),
        CASE(empty_body_gives_no_piece),
        CASE(what_would_be_retried_never_reaches_the_sink),
        CASE(broken_body_ends_the_call),
        CASE(broken_body_is_rewound_and_asked_for_again),
        CASE(sink_that_refuses_ends_the_call),
        CASE(what_a_sink_did_not_take_is_no_body_of_the_result),
        CASE(answer_is_committed_at_its_headers),
        CASE(redirect_that_is_not_followed_is_kept),
        CASE(sink_without_a_function_is_refused),
        CASE(only_what_is_at_the_end_of_a_file_can_be_cut),
        CASE(file_is_cut_and_written_again),
        CASE(descriptor_that_takes_nothing_does_not_outlast_the_deadline),
        CASE(descriptor_that_takes_nothing_does_not_outlast_a_cancel),
        CASE(handler_may_set_a_sink),
        CASE(transfer_pauses_at_the_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
