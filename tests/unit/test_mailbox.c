/* Mailboxes: the order of news, what is dropped, interruptions, and a job whose news change hands while it is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/time_math.h"
#include "job_example.h"
#include <pthread.h>
#include <sched.h>

static struct job_example example;
static struct job *jobs[3];

static int set_up(void **state) {
    (void)state;
    job_example_init(&example, "http://a:80");
    for (int i = 0; i < 3; i++)
        jobs[i] = job_example_new(&example);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++)
        job_release(jobs[i]);
    return job_example_fini(&example) ? 0 : 1;
}

static void post(int i, unsigned news) {
    mailbox_post(example.mailbox, jobs[i], news);
}

static insist_err take(struct list *taken) {
    insist_err interrupted;
    mailbox_take(example.mailbox, 0, taken, &interrupted);
    return interrupted;
}

/* The next piece on the list is this job's, with these news. */
static void assert_next(struct list *taken, int i, unsigned expected) {
    struct progress progress;
    unsigned news = 0;
    assert_ptr_equal(mailbox_read(example.mailbox, taken, &news, &progress), jobs[i]);
    assert_int_equal(news, expected);
}

static void assert_no_more(struct list *taken) {
    struct progress progress;
    unsigned news = 0;
    assert_null(mailbox_read(example.mailbox, taken, &news, &progress));
}

static void test_news_come_in_the_order_of_the_ends(void **state) {
    struct list taken;
    (void)state;
    post(0, NEWS_SENT);
    post(1, NEWS_SENT);
    post(2, NEWS_END);
    post(1, NEWS_HEADERS); /* keeps its place */
    post(0, NEWS_END);     /* goes behind the other end */
    take(&taken);
    assert_next(&taken, 1, NEWS_SENT | NEWS_HEADERS);
    assert_next(&taken, 2, NEWS_END);
    assert_next(&taken, 0, NEWS_SENT | NEWS_END);
    assert_no_more(&taken);
}

static void test_bits_are_handed_out_once(void **state) {
    struct list taken;
    (void)state;
    post(0, NEWS_SENT);
    take(&taken);
    assert_next(&taken, 0, NEWS_SENT);
    post(0, NEWS_END);
    take(&taken);
    assert_next(&taken, 0, NEWS_END);
    take(&taken);
    assert_no_more(&taken);
}

static void test_progress_is_that_of_the_last_post(void **state) {
    struct list taken;
    struct progress progress;
    unsigned news;
    (void)state;
    jobs[0]->progress.status = 200;
    post(0, NEWS_HEADERS);
    jobs[0]->progress.bytes = 77; /* not posted: nobody sees it */
    take(&taken);
    assert_ptr_equal(mailbox_read(example.mailbox, &taken, &news, &progress), jobs[0]);
    assert_int_equal(progress.status, 200);
    assert_int_equal(progress.bytes, 0);
}

static void test_a_post_without_news_leaves_the_progress_for_the_snapshot(void **state) {
    struct list taken;
    struct progress progress;
    (void)state;
    jobs[0]->progress.sent_ns = 42;
    post(0, 0);
    take(&taken);
    assert_no_more(&taken);
    assert_false(mailbox_detach(example.mailbox, jobs[0], &progress));
    assert_int_equal(progress.sent_ns, 42);
}

static void test_what_was_taken_and_not_read_still_learns_more(void **state) {
    struct list taken, later;
    (void)state;
    post(0, NEWS_STARTED);
    post(1, NEWS_STARTED);
    take(&taken);
    post(0, NEWS_SENT); /* it stays where it is */
    assert_next(&taken, 0, NEWS_STARTED | NEWS_SENT);
    post(1, NEWS_END); /* an end goes back to the mailbox, with all that was not read */
    assert_no_more(&taken);
    take(&later);
    assert_next(&later, 1, NEWS_STARTED | NEWS_END);
    assert_no_more(&later);
}

static void test_a_detached_job_is_on_no_list_and_its_news_are_dropped(void **state) {
    struct list taken;
    struct progress progress;
    (void)state;
    post(0, NEWS_SENT);
    post(1, NEWS_SENT);
    take(&taken);
    post(2, NEWS_SENT);
    assert_false(mailbox_detach(example.mailbox, jobs[1], &progress)); /* taken, not read */
    assert_false(mailbox_detach(example.mailbox, jobs[2], &progress)); /* posted, not taken */
    jobs[1]->progress.status = 500;
    post(1, NEWS_END);
    post(2, NEWS_END);
    assert_next(&taken, 0, NEWS_SENT);
    assert_no_more(&taken);
    take(&taken);
    assert_no_more(&taken);
    assert_false(mailbox_detach(example.mailbox, jobs[1], &progress));
    assert_int_equal(progress.status, 0);
}

static void test_detaching_tells_of_an_end_that_was_there(void **state) {
    struct list taken;
    struct progress progress;
    (void)state;
    jobs[0]->progress.status = 204;
    post(0, NEWS_END);
    assert_true(mailbox_detach(example.mailbox, jobs[0], &progress)); /* posted */
    assert_int_equal(progress.status, 204);
    post(1, NEWS_END);
    take(&taken);
    assert_true(mailbox_detach(example.mailbox, jobs[1], &progress)); /* taken */
    assert_no_more(&taken);
    post(2, NEWS_END);
    take(&taken);
    assert_next(&taken, 2, NEWS_END);
    assert_true(mailbox_detach(example.mailbox, jobs[2], &progress)); /* read */
}

static void test_the_first_interruption_counts_and_wakes_once(void **state) {
    struct list taken;
    (void)state;
    assert_int_equal(take(&taken), INSIST_OK);
    assert_int_equal(mailbox_interruption(example.mailbox), INSIST_OK);
    mailbox_interrupt(example.mailbox, INSIST_ECANCELED);
    mailbox_interrupt(example.mailbox, INSIST_ESHUTDOWN);
    assert_int_equal(mailbox_interruption(example.mailbox), INSIST_ECANCELED); /* which does not count as seen */
    post(0, NEWS_END);
    insist_err interrupted;
    mailbox_take(example.mailbox, TIME_NEVER, &taken,
                 &interrupted); /* returns at once: with news and the interruption */
    assert_int_equal(interrupted, INSIST_ECANCELED);
    assert_next(&taken, 0, NEWS_END);
    post(1, NEWS_END);
    mailbox_take(example.mailbox, TIME_NEVER, &taken, &interrupted); /* by the news: the interruption was seen */
    assert_int_equal(interrupted, INSIST_ECANCELED);
    assert_next(&taken, 1, NEWS_END);
    mailbox_take(example.mailbox, 1, &taken, &interrupted); /* by the time, which has passed */
    assert_no_more(&taken);
}

static void test_a_closed_mailbox_drops_what_comes(void **state) {
    struct list taken;
    (void)state;
    mailbox_close(example.mailbox);
    post(0, NEWS_END);
    take(&taken);
    assert_no_more(&taken);
}

static void *post_an_end(void *job) {
    struct job *posted = job;
    posted->progress.status = 200;
    mailbox_post(posted->mailbox, posted, NEWS_END);
    return NULL;
}

static void *interrupt(void *mailbox) {
    mailbox_interrupt(mailbox, INSIST_ESHUTDOWN);
    return NULL;
}

static void test_a_sleeping_call_is_woken_by_news_and_by_an_interruption(void **state) {
    struct list taken;
    insist_err interrupted;
    pthread_t thread;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, post_an_end, jobs[0]), 0);
    mailbox_take(example.mailbox, TIME_NEVER, &taken, &interrupted);
    assert_next(&taken, 0, NEWS_END);
    assert_int_equal(interrupted, INSIST_OK);
    pthread_join(thread, NULL);

    assert_int_equal(pthread_create(&thread, NULL, interrupt, example.mailbox), 0);
    mailbox_take(example.mailbox, TIME_NEVER, &taken, &interrupted);
    assert_int_equal(interrupted, INSIST_ESHUTDOWN);
    assert_no_more(&taken);
    pthread_join(thread, NULL);

    /* an interruption that was seen does not wake again */
    assert_int_equal(pthread_create(&thread, NULL, post_an_end, jobs[1]), 0);
    mailbox_take(example.mailbox, TIME_NEVER, &taken, &interrupted);
    assert_next(&taken, 1, NEWS_END);
    assert_int_equal(interrupted, INSIST_ESHUTDOWN);
    pthread_join(thread, NULL);
}

/* Takes until the last job has ended. */
static void *take_all(void *mailbox) {
    struct progress progress;
    struct job *job = NULL;
    while (job != jobs[2]) {
        struct list taken;
        insist_err interrupted;
        unsigned news;
        mailbox_take(mailbox, TIME_NEVER, &taken, &interrupted);
        for (struct job *read; (read = mailbox_read(mailbox, &taken, &news, &progress));)
            job = read;
    }
    return NULL;
}

static void test_one_of_those_who_put_has_to_ring_a_sleeper(void **state) {
    pthread_t thread;
    (void)state;
    assert_false(mailbox_put(example.mailbox, jobs[1], NEWS_SENT)); /* nobody sleeps */
    assert_int_equal(pthread_create(&thread, NULL, take_all, example.mailbox), 0);
    while (!mailbox_put(example.mailbox, jobs[0], NEWS_SENT))
        sched_yield();
    assert_false(mailbox_put(example.mailbox, jobs[1], NEWS_END)); /* the first one rings */
    assert_false(mailbox_put(example.mailbox, jobs[2], NEWS_END));
    mailbox_ring(example.mailbox);
    pthread_join(thread, NULL);
}

static void count_wake(void *ctx) {
    ++*(int *)ctx;
}

static void test_a_leader_is_woken_by_its_function(void **state) {
    struct list taken;
    int wakes = 0;
    (void)state;
    mailbox_set_leader(example.mailbox, count_wake, &wakes);
    assert_false(mailbox_has_something(example.mailbox));
    post(0, 0);
    assert_int_equal(wakes, 0);
    post(0, NEWS_SENT);
    assert_int_equal(wakes, 1);
    assert_true(mailbox_has_something(example.mailbox));
    take(&taken);
    assert_next(&taken, 0, NEWS_SENT);
    assert_false(mailbox_has_something(example.mailbox));
    mailbox_interrupt(example.mailbox, INSIST_ECANCELED);
    assert_int_equal(wakes, 2);
    assert_true(mailbox_has_something(example.mailbox));
    assert_int_equal(take(&taken), INSIST_ECANCELED);
    assert_false(mailbox_has_something(example.mailbox)); /* it was seen */
    mailbox_set_leader(example.mailbox, NULL, NULL);
    post(1, NEWS_END);
    assert_int_equal(wakes, 2);
    take(&taken);
    assert_next(&taken, 1, NEWS_END);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_news_come_in_the_order_of_the_ends),
        TEST(test_bits_are_handed_out_once),
        TEST(test_progress_is_that_of_the_last_post),
        TEST(test_a_post_without_news_leaves_the_progress_for_the_snapshot),
        TEST(test_what_was_taken_and_not_read_still_learns_more),
        TEST(test_a_detached_job_is_on_no_list_and_its_news_are_dropped),
        TEST(test_detaching_tells_of_an_end_that_was_there),
        TEST(test_the_first_interruption_counts_and_wakes_once),
        TEST(test_a_closed_mailbox_drops_what_comes),
        TEST(test_a_sleeping_call_is_woken_by_news_and_by_an_interruption),
        TEST(test_one_of_those_who_put_has_to_ring_a_sleeper),
        TEST(test_a_leader_is_woken_by_its_function),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
