/* Jobs: what they refer to, what is given back, and the gate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/time_math.h"
#include "job_example.h"

static void test_a_job_refers_to_its_request_and_mailbox_until_the_last_reference_goes(void **state) {
    struct job_example example;
    (void)state;
    job_example_init(&example, "http://a:80");
    struct job *job = job_example_new(&example);
    assert_non_null(job);
    assert_int_equal(atomic_load(&example.request.references), 2);
    assert_ptr_equal(job_retain(job), job);
    assert_int_equal(headers_add(&job->own_headers, "X-One", "1"), INSIST_OK);
    assert_int_equal(headers_add(&job->outcome.headers, "X-Two", "2"), INSIST_OK);
    assert_int_equal(body_append(&job->outcome.body, "abc", 3), INSIST_OK);
    job_release(job);
    assert_int_equal(atomic_load(&example.request.references), 2);

    mailbox_release(example.mailbox); /* the job keeps it */
    example.mailbox = NULL;
    mailbox_post(job->mailbox, job, NEWS_END);
    job_release(job);
    assert_true(job_example_fini(&example));
}

static void test_a_new_job_has_reached_nothing_and_has_no_deadline(void **state) {
    struct job_example example;
    (void)state;
    job_example_init(&example, "http://a:80");
    struct job *job = job_example_new(&example);
    assert_int_equal(job->progress.reactor, -1);
    assert_int_equal(job->mail.progress.reactor, -1);
    assert_true(job->deadline_ns == TIME_NEVER && job->deadline_once_sent_ns == TIME_NEVER);
    assert_int_equal(job_how_far(job), INSIST_NOT_SENT);
    assert_int_equal(job->run.phase, JOB_NEW);
    assert_true(job->outcome.body.limit == 1000);
    job_release(job);
    job_release(NULL);
    assert_true(job_example_fini(&example));
}

static void test_the_gate_moves_once(void **state) {
    struct job_example example;
    (void)state;
    job_example_init(&example, "http://a:80");

    struct job *sent = job_example_new(&example);
    assert_true(job_pass_gate(sent));
    assert_true(job_pass_gate(sent)); /* the next hop of a redirect */
    assert_false(job_shut_gate(sent));
    assert_int_equal(job_how_far(sent), INSIST_MAYBE_SENT);

    struct job *shut = job_example_new(&example);
    assert_true(job_shut_gate(shut));
    assert_true(job_shut_gate(shut));
    assert_false(job_pass_gate(shut));
    assert_int_equal(job_how_far(shut), INSIST_NOT_SENT);

    job_release(sent);
    job_release(shut);
    assert_true(job_example_fini(&example));
}

static void test_no_memory_for_a_job_or_a_mailbox(void **state) {
    struct job_example example;
    (void)state;
    job_example_init(&example, "http://a:80");
    fail_alloc_from(&example.memory, 1);
    assert_null(job_example_new(&example));
    assert_null(mailbox_new(&example.env));
    example.request.body_is_read = true;
    for (size_t n = 1; n <= 3; n++) { /* the job, the room for its answer, what is read of its body */
        fail_alloc_at(&example.memory, n);
        assert_null(job_example_new(&example));
    }
    assert_true(job_example_fini(&example));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_job_refers_to_its_request_and_mailbox_until_the_last_reference_goes),
        cmocka_unit_test(test_a_new_job_has_reached_nothing_and_has_no_deadline),
        cmocka_unit_test(test_the_gate_moves_once),
        cmocka_unit_test(test_no_memory_for_a_job_or_a_mailbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
