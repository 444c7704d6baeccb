/* A reactor without a worker: the test's own thread drives it, so every turn is as the test wants it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/time_math.h"
#include "fake_transport.h"
#include "job_example.h"
#include "pool/reactor.h"
#include <poll.h>
#include <pthread.h>

static struct job_example example;
static struct fake_wire wire;
static struct permits *permits;
static struct reactor *reactor;

static int set_up(void **state) {
    struct permit_limits limits = {.in_flight = 1000, .in_flight_origin = 1000, .waiting = 1000};
    (void)state;
    job_example_init(&example, "http://a:80");
    fake_wire_init(&wire);
    if (permits_new(&example.env, &limits, &permits) != INSIST_OK)
        return 1;
    return reactor_new(&example.env, permits, fake_transport_new, &wire, &reactor) == INSIST_OK ? 0 : 1;
}

static void free_reactor(void) {
    reactor_free(reactor);
    reactor = NULL;
}

static int tear_down(void **state) {
    (void)state;
    reactor_free(reactor);
    permits_free(permits);
    fake_wire_fini(&wire);
    return job_example_fini(&example) && atomic_load(&wire.wrong) == 0 && atomic_load(&wire.freed) == 1 ? 0 : 1;
}

/* A job as pool_submit() hands it over, but for its START. The caller's reference is the one that is returned. */
static struct job *submitted(enum fake_way way) {
    bool waits;
    struct job *job = job_retain(job_example_new(&example));
    job->tag = &fake_ways[way];
    job->reactor = reactor;
    job->progress.reactor = 0;
    atomic_fetch_add(&reactor->in_flight, 1);
    assert_int_equal(permits_enter(permits, &job->permit, "http://a:80", false, &waits), INSIST_OK);
    assert_false(waits);
    return job;
}

static bool turn(void) {
    assert_true(reactor_try_take(reactor));
    reactor_turn(reactor);
    return reactor_release(reactor);
}

static bool is_awake(void) { /* its sleeper would be */
    struct pollfd ready = {.fd = reactor->epoll, .events = POLLIN};
    return poll(&ready, 1, 0) == 1;
}

static void assert_end(struct job *job, int status) {
    unsigned news = 0;
    assert_ptr_equal(job_example_read(&example, &news), job);
    assert_true(news & NEWS_END);
    assert_int_equal(job->outcome.status, status);
    job_release(job);
}

static void assert_no_news(void) {
    unsigned news;
    assert_null(job_example_read(&example, &news));
}

static void test_a_job_from_start_to_end(void **state) {
    (void)state;
    struct job *job = submitted(FAKE_HELD);
    job->progress.queued_ns = env_now_ns(&example.env);
    reactor_push(reactor, job, JOB_START);
    assert_int_equal(atomic_load(&wire.started), 0);
    turn();
    assert_int_equal(atomic_load(&wire.started), 1);
    assert_no_news();
    assert_true(job->mail.progress.started_ns >= job->progress.queued_ns); /* already there for a snapshot */
    fake_answer(&wire, job);
    turn();
    assert_int_equal(atomic_load(&reactor->in_flight), 0);
    assert_end(job, 200);
}

static void test_only_one_drives(void **state) {
    (void)state;
    assert_true(reactor_try_take(reactor));
    assert_false(reactor_try_take(reactor));
    assert_false(reactor_release(reactor));
    assert_true(reactor_try_take(reactor));
    reactor_release(reactor);
}

static void test_only_a_sleeper_is_woken_and_only_once(void **state) {
    (void)state;
    struct job *first = submitted(FAKE_AT_ONCE), *second = submitted(FAKE_AT_ONCE);
    assert_false(is_awake());
    assert_true(reactor_try_take(reactor));
    reactor_push(reactor, first, JOB_START);
    assert_false(is_awake());              /* somebody drives */
    assert_true(reactor_release(reactor)); /* and is told */
    reactor_push(reactor, second, JOB_START);
    assert_true(is_awake()); /* nobody does */
    assert_true(atomic_load(&reactor->driver.woken));
    assert_false(turn());
    assert_false(is_awake());
    assert_false(atomic_load(&reactor->driver.woken));
    assert_end(first, 200);
    assert_end(second, 200);
    reactor_order(reactor, ORDER_CLOSE_IDLE);
    assert_true(is_awake()); /* the next wake-up is a new one */
    turn();
    assert_int_equal(atomic_load(&wire.idle_closed), 1);
}

static void test_a_turn_is_bounded(void **state) {
    struct job *jobs[300];
    (void)state;
    for (int i = 0; i < 300; i++) {
        jobs[i] = submitted(FAKE_AT_ONCE);
        reactor_push(reactor, jobs[i], JOB_START);
    }
    assert_true(turn());
    assert_int_equal(atomic_load(&wire.started), 256);
    assert_false(turn());
    assert_int_equal(atomic_load(&wire.started), 300);
    for (int i = 0; i < 300; i++)
        job_release(jobs[i]);
}

static void test_commands_of_one_job_are_one_piece(void **state) {
    (void)state;
    struct job *job = submitted(FAKE_HELD);
    reactor_push(reactor, job, JOB_START);
    reactor_push(reactor, job, JOB_READ_ON);
    reactor_push(reactor, job, JOB_RESOLVED);
    assert_int_equal(atomic_load(&job->references), 3); /* the call's, the transport's, the inbox's */
    turn();
    assert_int_equal(atomic_load(&job->references), 1);
    assert_int_equal(atomic_load(&wire.resolved), 1);
    assert_int_equal(atomic_load(&wire.read_on), 0); /* it was over before */
    assert_end(job, 200);
}

static void test_a_stop_before_its_start_is_remembered(void **state) {
    (void)state;
    struct job *job = submitted(FAKE_HELD);
    atomic_store(&job->stop, true);
    reactor_push(reactor, job, JOB_STOP);
    turn();
    assert_int_equal(job->run.phase, JOB_NEW);
    reactor_push(reactor, job, JOB_START);
    turn();
    assert_int_equal(job->run.phase, JOB_FINISHED);
    assert_int_equal(atomic_load(&wire.started) + atomic_load(&wire.stopped), 0);
    assert_int_equal(atomic_load(&job->gate), GATE_OPEN);
    assert_end(job, 0);
}

static void test_a_stop_while_running_reaches_the_transport_once(void **state) {
    (void)state;
    struct job *job = submitted(FAKE_SLOW_TO_STOP);
    reactor_push(reactor, job, JOB_START);
    turn();
    atomic_store(&job->stop, true);
    reactor_push(reactor, job, JOB_STOP);
    turn();
    reactor_push(reactor, job, JOB_STOP | JOB_READ_ON);
    turn();
    assert_int_equal(atomic_load(&wire.stopped), 1);
    assert_int_equal(atomic_load(&wire.read_on), 0);
    assert_no_news();
    fake_answer(&wire, job); /* the lookup that it had to wait for */
    turn();
    assert_int_equal(atomic_load(&wire.resolved), 1);
    assert_end(job, 200);
}

static void test_what_comes_after_the_end_is_ignored(void **state) {
    (void)state;
    struct job *job = submitted(FAKE_AT_ONCE);
    reactor_push(reactor, job, JOB_START);
    turn();
    reactor_push(reactor, job, JOB_START | JOB_STOP | JOB_READ_ON | JOB_RESOLVED);
    turn();
    assert_int_equal(atomic_load(&wire.started), 1);
    assert_int_equal(atomic_load(&wire.stopped) + atomic_load(&wire.resolved) + atomic_load(&wire.read_on), 0);
    assert_int_equal(atomic_load(&job->references), 1);
    assert_end(job, 200);
}

static void test_it_says_when_it_wants_a_turn(void **state) {
    (void)state;
    assert_true(atomic_load(&reactor->due_ns) == TIME_NEVER); /* no job, no need */
    turn();
    assert_true(atomic_load(&reactor->due_ns) == TIME_NEVER);
    struct job *job = submitted(FAKE_BY_TIME);
    reactor_push(reactor, job, JOB_START);
    turn();
    assert_true(atomic_load(&reactor->due_ns) == job->progress.started_ns + 500000);
    atomic_store(&job->stop, true);
    reactor_push(reactor, job, JOB_STOP);
    turn();
    assert_true(atomic_load(&reactor->due_ns) == TIME_NEVER);
    assert_end(job, 0);
}

static void test_room_that_is_given_back_starts_those_that_waited(void **state) {
    bool waits;
    (void)state;
    struct permit_limits one = {.in_flight = 1, .in_flight_origin = 1, .waiting = 1};
    permits_free(permits);
    assert_int_equal(permits_new(&example.env, &one, &permits), INSIST_OK);
    reactor->permits = permits;
    struct job *first = submitted(FAKE_AT_ONCE), *second = job_retain(job_example_new(&example));
    second->tag = &fake_ways[FAKE_AT_ONCE];
    second->reactor = reactor;
    atomic_fetch_add(&reactor->in_flight, 1);
    assert_int_equal(permits_enter(permits, &second->permit, "http://a:80", false, &waits), INSIST_OK);
    assert_true(waits);
    reactor_push(reactor, first, JOB_START);
    assert_false(turn()); /* the second was put into the inbox while it was being emptied */
    assert_end(first, 200);
    assert_end(second, 200);
    assert_int_equal(atomic_load(&wire.started), 2);
    assert_int_equal(atomic_load(&reactor->in_flight), 0);
}

/* Sleeps, reads what has ended, and sleeps again, until it is interrupted. */
static void *read_ends(void *ctx) {
    insist_err interrupted = INSIST_OK;
    (void)ctx;
    while (interrupted == INSIST_OK) {
        struct list taken;
        struct progress progress;
        struct job *job;
        unsigned news;
        mailbox_take(example.mailbox, TIME_NEVER, &taken, &interrupted);
        while ((job = mailbox_read(example.mailbox, &taken, &news, &progress)))
            job_release(job);
    }
    return NULL;
}

static void *drive(void *ctx) {
    (void)ctx;
    turn();
    return NULL;
}

/* In one turn a job ends and another begins, which blocks: only behind that is the call woken that waits for the first.
 * Tried until the call really slept. */
static void test_sleepers_are_woken_at_the_end_of_the_turn(void **state) {
    pthread_t caller, driver;
    bool waits = false;
    (void)state;
    assert_int_equal(pthread_create(&caller, NULL, read_ends, NULL), 0);
    while (!waits) {
        struct job *ends = job_retain(submitted(FAKE_AT_ONCE));
        reactor_push(reactor, ends, JOB_START);
        reactor_push(reactor, submitted(FAKE_BLOCKS), JOB_START);
        assert_int_equal(pthread_create(&driver, NULL, drive, NULL), 0);
        sem_wait(&wire.entered);
        sem_wait(&wire.entered);
        assert_int_equal(ends->run.phase, JOB_FINISHED);
        waits = !list_empty(&reactor->to_ring);
        sem_post(&wire.gate);
        pthread_join(driver, NULL);
        assert_true(list_empty(&reactor->to_ring));
        job_release(ends);
    }
    mailbox_interrupt(example.mailbox, INSIST_ECANCELED);
    pthread_join(caller, NULL);
}

/* In the inbox, running, and stopped but waiting for something else. */
static void test_freeing_buries_jobs_in_every_phase(void **state) {
    struct job *jobs[4];
    enum fake_way ways[4] = {FAKE_HELD, FAKE_SLOW_TO_STOP, FAKE_HELD, FAKE_HELD};
    (void)state;
    for (int i = 0; i < 3; i++) {
        jobs[i] = submitted(ways[i]);
        reactor_push(reactor, jobs[i], JOB_START);
    }
    turn();
    reactor_push(reactor, jobs[1], JOB_STOP);
    turn();
    fake_answer(&wire, jobs[1]);
    jobs[3] = submitted(ways[3]);
    reactor_push(reactor, jobs[3], JOB_START);
    free_reactor();
    assert_int_equal(atomic_load(&wire.started), 3); /* the last one never */
    assert_int_equal(atomic_load(&wire.stopped), 3);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(jobs[i]->run.phase, JOB_FINISHED);
        assert_int_equal(atomic_load(&jobs[i]->references), 1);
        job_release(jobs[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_job_from_start_to_end),
        TEST(test_only_one_drives),
        TEST(test_only_a_sleeper_is_woken_and_only_once),
        TEST(test_a_turn_is_bounded),
        TEST(test_commands_of_one_job_are_one_piece),
        TEST(test_a_stop_before_its_start_is_remembered),
        TEST(test_a_stop_while_running_reaches_the_transport_once),
        TEST(test_what_comes_after_the_end_is_ignored),
        TEST(test_it_says_when_it_wants_a_turn),
        TEST(test_room_that_is_given_back_starts_those_that_waited),
        TEST(test_sleepers_are_woken_at_the_end_of_the_turn),
        TEST(test_freeing_buries_jobs_in_every_phase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
