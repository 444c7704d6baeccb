/* A user's transport between its host and the user: what is told of an exchange that goes out, and what its end may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/time_math.h"
#include "job_example.h"
#include "wire/transport_custom.h"

static struct job_example example;
static struct custom_settings settings;
static struct transport *transport;
static struct job *job;
static insist_exchange *exchange;
static int handed_back, aborted;

static void take(void *ctx, insist_exchange *taken) {
    (void)ctx;
    exchange = taken;
}

static void give_up(void *ctx, insist_exchange *given_up) {
    (void)ctx;
    (void)given_up;
    aborted++;
}

static void push(void *ctx, struct job *pushed, unsigned command) {
    (void)ctx;
    assert_ptr_equal(pushed, job);
    assert_int_equal(command, JOB_RESOLVED);
    handed_back++;
}

static void finished(void *ctx, struct job *done) {
    (void)ctx;
    (void)done;
}

static int set_up(void **state) {
    const struct transport_host host = {.epoll = -1, .push = push, .finished = finished};
    (void)state;
    job_example_init(&example, "http://a:80");
    settings = (struct custom_settings){
        .env = &example.env, .max_header_bytes = 30, .transport = {.start = take, .abort = give_up}};
    transport = transport_custom_new(&settings, &host);
    job = job_example_new(&example);
    handed_back = aborted = 0;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    transport->class->free(transport);
    job_release(job);
    return job_example_fini(&example) ? 0 : 1;
}

static void start(void) {
    exchange = NULL;
    transport->class->start(transport, job, 1);
    assert_non_null(exchange);
}

static void end(int status, insist_err err) {
    insist_exchange_end(exchange, status, err, INSIST_NOT_TRANSIENT);
    transport->class->resolved(transport, job, 2);
}

static void race_hears_that_it_is_on_the_wire(void **state) {
    unsigned news = 0;
    (void)state;
    job->wants_sent = true;
    start();
    assert_null(job_example_read(&example, &news));
    assert_true(insist_exchange_send(exchange));
    assert_ptr_equal(job_example_read(&example, &news), job);
    assert_int_equal(news, NEWS_SENT);
    int64_t sent_ns = job->progress.sent_ns;
    assert_true(sent_ns > 0);
    assert_true(insist_exchange_send(exchange)); /* asked again: it has been said */
    assert_null(job_example_read(&example, &news));
    assert_true(job->progress.sent_ns == sent_ns);
    end(200, INSIST_OK);
}

static void nobody_else_is_woken_but_its_record_knows(void **state) {
    struct progress progress;
    unsigned news = 0;
    (void)state;
    start();
    assert_true(insist_exchange_send(exchange));
    assert_null(job_example_read(&example, &news));
    assert_false(mailbox_detach(example.mailbox, job, &progress));
    assert_true(progress.sent_ns > 0);
    end(200, INSIST_OK);
}

static void what_was_given_up_is_not_sent(void **state) {
    unsigned news = 0;
    (void)state;
    job->wants_sent = true;
    start();
    assert_true(job_shut_gate(job));
    assert_false(insist_exchange_send(exchange));
    assert_null(job_example_read(&example, &news));
    assert_true(job->progress.sent_ns == 0);
    end(0, INSIST_ECANCELED);
    assert_int_equal(job->outcome.sent, INSIST_NOT_SENT);
}

static void deadline_moves_when_it_is_sent(void **state) {
    (void)state;
    job->deadline_ns = 5000;
    job->deadline_once_sent_ns = 7000;
    start();
    assert_true(insist_exchange_deadline_ns(exchange) == 5000);
    assert_true(insist_exchange_send(exchange));
    assert_true(insist_exchange_deadline_ns(exchange) == 7000);
    end(200, INSIST_OK);
}

static void only_a_final_status_is_an_answer(void **state) {
    static const struct {
        int status;
        insist_err err;
        int expected_status;
        insist_err expected_err;
        insist_sent sent;
    } rows[] = {
        {200, INSIST_OK, 200, INSIST_OK, INSIST_ANSWERED},
        {999, INSIST_OK, 999, INSIST_OK, INSIST_ANSWERED},
        {503, INSIST_ERESET, 503, INSIST_ERESET, INSIST_ANSWERED}, /* its body did not come whole */
        {0, INSIST_ERESET, 0, INSIST_ERESET, INSIST_MAYBE_SENT},
        {0, INSIST_OK, 0, INSIST_EPROTO, INSIST_MAYBE_SENT},
        {199, INSIST_OK, 0, INSIST_EPROTO, INSIST_MAYBE_SENT},
        {1000, INSIST_OK, 0, INSIST_EPROTO, INSIST_MAYBE_SENT},
        {-5, INSIST_OK, 0, INSIST_EPROTO, INSIST_MAYBE_SENT},
        {-5, INSIST_ERESET, 0, INSIST_ERESET, INSIST_MAYBE_SENT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        start();
        assert_true(insist_exchange_send(exchange));
        end(rows[i].status, rows[i].err);
        assert_int_equal(job->outcome.status, rows[i].expected_status);
        assert_int_equal(job->progress.status, rows[i].expected_status);
        assert_int_equal(job->outcome.err, rows[i].expected_err);
        assert_int_equal(job->outcome.sent, rows[i].sent);
    }
}

static void second_end_is_ignored(void **state) {
    (void)state;
    start();
    insist_exchange_end(exchange, 200, INSIST_OK, INSIST_NOT_TRANSIENT);
    transport->class->stop(transport, job);
    end(0, INSIST_ERESET);
    assert_int_equal(handed_back, 1);
    assert_int_equal(aborted, 0);
    assert_int_equal(job->outcome.status, 200);
    assert_int_equal(job->outcome.err, INSIST_OK);
}

/* Counted as HTTP/1.1 writes them. What is too much is not kept, and nothing behind it makes the answer whole again. */
static void headers_without_end_are_not_kept(void **state) {
    (void)state;
    start();
    assert_true(insist_exchange_send(exchange));
    assert_int_equal(insist_exchange_add_header(exchange, "Abc", "0123456789"), INSIST_OK); /* 17 bytes */
    assert_int_equal(insist_exchange_add_header(exchange, "Abc", "01"), INSIST_OK);         /* 26 */
    assert_int_equal(insist_exchange_add_header(exchange, "A", ""), INSIST_ETOOLARGE);      /* 31 */
    for (int i = 0; i < 1000; i++)
        assert_int_equal(insist_exchange_add_header(exchange, "Abc", "0123456789"), INSIST_ETOOLARGE);
    assert_int_equal(headers_count(&job->outcome.headers), 2);
    end(200, INSIST_OK);
    assert_int_equal(job->outcome.err, INSIST_ETOOLARGE);
    assert_int_equal(job->outcome.status, 200);
    assert_string_equal(job->outcome.cause.sentence, "its headers are longer than max_header_bytes");
    assert_true(job->outcome.cause.limit == 30);
}

static void headers_up_to_the_limit_are_kept(void **state) {
    (void)state;
    start();
    assert_true(insist_exchange_send(exchange));
    assert_int_equal(insist_exchange_add_header(exchange, "Abc", "0123456789"), INSIST_OK); /* 17 bytes */
    assert_int_equal(insist_exchange_add_header(exchange, "Abc", "012345"), INSIST_OK);     /* 30 */
    end(200, INSIST_OK);
    assert_int_equal(job->outcome.err, INSIST_OK);
    assert_int_equal(headers_count(&job->outcome.headers), 2);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(race_hears_that_it_is_on_the_wire), CASE(nobody_else_is_woken_but_its_record_knows),
        CASE(what_was_given_up_is_not_sent),     CASE(deadline_moves_when_it_is_sent),
        CASE(only_a_final_status_is_an_answer),  CASE(second_end_is_ignored),
        CASE(headers_without_end_are_not_kept),  CASE(headers_up_to_the_limit_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
