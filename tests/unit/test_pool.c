/* The pool: workers, choice of reactor, queue, giving up in every phase, many threads, and the end. Nothing sleeps:
 * the test waits for semaphores and for news. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/time_math.h"
#include "fake_transport.h"
#include "job_example.h"
#include "pool/pool.h"
#include "pool/reactor.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ORIGIN "http://a:80"

static struct job_example example;
static struct fake_wire wire;
static struct counters counters;
static struct pool *pool;

static insist_err try_begin_led(unsigned workers, unsigned reactors, unsigned led, struct permit_limits limits) {
    struct pool_settings settings = {
        .workers = workers,
        .reactors = reactors,
        .led = led,
        .thread_name = "elevenchars",
        .limits = limits,
        .counters = &counters,
        .transport_new = fake_transport_new,
        .transport_ctx = &wire,
    };
    return pool_new(&example.env, &settings, &pool);
}

static insist_err try_begin(unsigned workers, unsigned reactors, struct permit_limits limits) {
    return try_begin_led(workers, reactors, 0, limits);
}

static int set_up(void **state) {
    (void)state;
    job_example_init(&example, ORIGIN);
    fake_wire_init(&wire);
    memset(&counters, 0, sizeof(counters));
    pool = NULL;
    return 0;
}

static void begin(unsigned workers, unsigned reactors, unsigned in_flight, unsigned waiting) {
    struct permit_limits limits = {.in_flight = in_flight, .in_flight_origin = in_flight, .waiting = waiting};
    assert_int_equal(try_begin(workers, reactors, limits), INSIST_OK);
}

static int tear_down(void **state) {
    (void)state;
    pool_free(pool);
    fake_wire_fini(&wire);
    bool clean = job_example_fini(&example);
    return clean && atomic_load(&wire.wrong) == 0 && atomic_load(&wire.freed) == wire.made ? 0 : 1;
}

static struct job *made(enum fake_way way) {
    struct job *job = job_example_new(&example);
    job->tag = &fake_ways[way];
    job->progress.queued_ns = env_now_ns(&example.env);
    return job;
}

static insist_err submit(struct job *job, uint64_t taken, bool *waits) {
    pool_assign(pool, job, taken, false);
    return pool_submit(pool, job, false, waits);
}

static struct job *submitted_without(enum fake_way way, uint64_t taken, bool waits) {
    struct job *job = made(way);
    bool waiting = !waits;
    assert_int_equal(submit(job, taken, &waiting), INSIST_OK);
    assert_int_equal(waiting, waits);
    return job;
}

static struct job *submitted(enum fake_way way) {
    return submitted_without(way, 0, false);
}

static void wait_until_entered(int times) {
    while (times-- > 0)
        sem_wait(&wire.entered);
}

/* Waits until the job ends; the news that it brought. No other job may have any before. */
static unsigned end_of(struct job *job) {
    unsigned all = 0, news;
    struct progress progress;
    insist_err interrupted;
    while (!(all & NEWS_END)) {
        struct job *told = mailbox_read(example.mailbox, &example.taken, &news, &progress);
        if (!told) {
            mailbox_take(example.mailbox, TIME_NEVER, &example.taken, &interrupted);
            continue;
        }
        assert_ptr_equal(told, job);
        all |= news;
    }
    return all;
}

static void assert_answered(struct job *job) {
    end_of(job);
    assert_int_equal(job->outcome.status, 200);
    job_release(job);
}

/* As a call does it. */
static void give_up(struct job *job) {
    struct progress progress;
    job_shut_gate(job);
    assert_false(mailbox_detach(example.mailbox, job, &progress));
    pool_give_up(pool, job);
    job_release(job);
}

static void assert_count(uint64_t in_flight, uint64_t waiting) {
    uint64_t now_in_flight, now_waiting;
    pool_count(pool, &now_in_flight, &now_waiting);
    assert_int_equal(now_in_flight, in_flight);
    assert_int_equal(now_waiting, waiting);
}

static void test_a_job_goes_to_a_worker_and_comes_back(void **state) {
    (void)state;
    begin(1, 2, 10, 10);
    enum fake_way ways[] = {FAKE_AT_ONCE, FAKE_BY_EVENT, FAKE_BY_TIME};
    for (int i = 0; i < 3; i++) {
        struct job *job = submitted(ways[i]);
        assert_int_equal(end_of(job), NEWS_END);
        assert_int_equal(job->outcome.status, 200);
        assert_int_equal(job->progress.reactor, 0);
        assert_true(job->progress.started_ns >= job->progress.queued_ns);
        assert_int_equal(job_how_far(job), INSIST_MAYBE_SENT);
        job_release(job);
    }
    assert_count(0, 0);
    assert_string_equal(wire.thread_name, "elevenchars-0");
    assert_true(sigismember(&wire.blocked, SIGINT) && sigismember(&wire.blocked, SIGTERM));
    sigset_t mine;
    pthread_sigmask(SIG_SETMASK, NULL, &mine);
    assert_false(sigismember(&mine, SIGTERM));
}

static void test_few_reactors_while_little_is_in_flight(void **state) {
    struct job *jobs[50];
    int count = 0;
    (void)state;
    begin(2, 3, 100, 10);
    for (; count < 36; count++) { /* 16 on the first, 16 on the second, 4 on the third */
        jobs[count] = submitted(FAKE_HELD);
        assert_int_equal(jobs[count]->progress.reactor, count / 16);
    }
    jobs[count++] = submitted_without(FAKE_HELD, 1 | 4, false); /* not where its wave is, busy or not */
    assert_int_equal(jobs[count - 1]->progress.reactor, 1);
    jobs[count++] = submitted_without(FAKE_HELD, 1 | 2 | 4, false); /* nowhere else: the one with the fewest */
    assert_int_equal(jobs[count - 1]->progress.reactor, 2);
    while (count < 49)
        jobs[count++] = submitted(FAKE_HELD); /* 16, 17, 16 */
    jobs[count++] =
        submitted_without(FAKE_HELD, 1, false); /* all are busy: the one with the fewest, if it is not taken */
    assert_int_equal(jobs[count - 1]->progress.reactor, 2);
    wait_until_entered(count); /* one whose gate is shut before would end by itself */
    for (int i = 0; i < count; i++)
        give_up(jobs[i]);
}

/* ---- reactors for leaders ---------------------------------------------------------------------------------------- */

struct other_thread {
    sem_t begun, go_on;
    struct job *job;
    int first, second;
};

static struct job *made_for_leaders(void) {
    struct job *job = made(FAKE_HELD);
    bool waits;
    pool_assign(pool, job, 0, true);
    pool_submit(pool, job, false, &waits);
    return job;
}

static void *claim_twice(void *argument) {
    struct other_thread *other = argument;
    other->job = made_for_leaders();
    other->first = other->job->progress.reactor;
    sem_post(&other->begun);
    sem_wait(&other->go_on);
    other->job = made_for_leaders();
    other->second = other->job->progress.reactor;
    return NULL;
}

/* The jobs wait for room, so that they are gone as soon as they are given up. */
static void test_a_thread_gets_the_reactor_that_it_had(void **state) {
    struct permit_limits limits = {.in_flight = 1, .in_flight_origin = 1, .waiting = 10};
    struct other_thread other;
    pthread_t thread;
    (void)state;
    sem_init(&other.begun, 0, 0);
    sem_init(&other.go_on, 0, 0);
    assert_int_equal(try_begin_led(1, 2, 3, limits), INSIST_OK);
    struct job *held = submitted(FAKE_HELD), *mine = made_for_leaders();
    assert_int_equal(pthread_create(&thread, NULL, claim_twice, &other), 0);
    sem_wait(&other.begun);
    give_up(mine);
    give_up(other.job);
    sem_post(&other.go_on);
    pthread_join(thread, NULL);
    mine = made_for_leaders();
    assert_int_equal(other.first, 3);
    assert_int_equal(other.second, 3);
    assert_int_equal(mine->progress.reactor, 2);
    wait_until_entered(1);
    give_up(mine);
    give_up(other.job);
    give_up(held);
    sem_destroy(&other.begun);
    sem_destroy(&other.go_on);
}

/* They need no connection yet: those that are let in all go where the others were, and find theirs. */
static void test_those_that_wait_take_no_other_reactor(void **state) {
    struct job *jobs[40];
    (void)state;
    begin(1, 2, 8, 100);
    for (int i = 0; i < 40; i++) {
        jobs[i] = submitted_without(FAKE_HELD, 0, i >= 8);
        assert_int_equal(jobs[i]->progress.reactor, 0);
    }
    wait_until_entered(8);
    for (int i = 39; i >= 0; i--)
        give_up(jobs[i]);
}

static void test_the_choice_forgets_those_that_ended(void **state) {
    (void)state;
    begin(1, 2, 100, 10);
    for (int i = 0; i < 40; i++) {
        struct job *job = submitted(FAKE_BY_EVENT);
        assert_int_equal(job->progress.reactor, 0);
        assert_answered(job);
    }
}

static void test_beyond_the_limit_jobs_wait_in_turn(void **state) {
    bool waits;
    (void)state;
    begin(2, 2, 1, 1);
    struct job *first = submitted(FAKE_HELD);
    struct job *second = submitted_without(FAKE_HELD, 0, true);
    struct job *third = made(FAKE_HELD);
    assert_int_equal(submit(third, 0, &waits), INSIST_EQUEUEFULL);
    assert_int_equal(atomic_load(&counters.queue_refusals), 1);
    assert_int_equal(atomic_load(&third->references), 1);
    third->hedge = true;
    assert_int_equal(submit(third, 0, &waits), INSIST_EQUEUEFULL);
    assert_int_equal(atomic_load(&counters.queue_refusals), 1);
    job_release(third);
    assert_count(1, 1);
    wait_until_entered(1);
    assert_int_equal(atomic_load(&wire.started), 1);

    fake_answer(&wire, first);
    assert_answered(first);
    wait_until_entered(1);
    fake_answer(&wire, second);
    assert_int_equal(end_of(second), NEWS_STARTED | NEWS_END);
    job_release(second);
    assert_count(0, 0);
}

static void test_no_memory_for_an_origin(void **state) {
    bool waits;
    (void)state;
    begin(1, 2, 1, 1);
    struct job *job = made(FAKE_AT_ONCE);
    fail_alloc_at(&example.memory, 1);
    assert_int_equal(submit(job, 0, &waits), INSIST_ENOMEM);
    fail_alloc_at(&example.memory, 0);
    assert_int_equal(atomic_load(&job->references), 1);
    assert_int_equal(submit(job, 0, &waits), INSIST_OK);
    assert_answered(job);
}

static void test_reading_on_and_closing_idle_connections(void **state) {
    (void)state;
    begin(2, 3, 10, 10);
    struct job *job = submitted(FAKE_HELD);
    wait_until_entered(1);
    pool_read_on(pool, job);
    wait_until_entered(1);
    assert_int_equal(atomic_load(&wire.read_on), 1);
    fake_answer(&wire, job);
    assert_answered(job);
    pool_close_idle(pool);
    for (int i = 0; i < 3; i++)
        sem_wait(&wire.idle);
    assert_int_equal(atomic_load(&wire.idle_closed), 3);
}

static void test_giving_up_in_the_queue(void **state) {
    (void)state;
    begin(1, 2, 1, 2);
    struct job *first = submitted(FAKE_HELD);
    struct job *second = submitted_without(FAKE_HELD, 0, true);
    struct job *third = submitted_without(FAKE_AT_ONCE, 0, true);
    struct progress progress;
    assert_false(mailbox_detach(example.mailbox, second, &progress));
    assert_true(progress.queued_ns == second->progress.queued_ns && progress.started_ns == 0);
    assert_int_equal(progress.reactor, 0); /* a snapshot of one that never moved */
    give_up(second);
    assert_count(1, 1);
    wait_until_entered(1);
    fake_answer(&wire, first);
    assert_answered(first);
    end_of(third); /* it was next */
    job_release(third);
    assert_int_equal(atomic_load(&wire.started), 2);
}

/* The only worker is held inside a start, so what is submitted meanwhile stays in the inbox. */
static void test_giving_up_before_the_reactor_has_seen_it(void **state) {
    (void)state;
    begin(1, 2, 10, 10);
    struct job *blocks = submitted(FAKE_BLOCKS);
    wait_until_entered(1);
    give_up(submitted(FAKE_HELD));
    give_up(submitted_without(FAKE_HELD, 1, false)); /* on the other reactor */
    struct job *last = made(FAKE_AT_ONCE), *other = made(FAKE_AT_ONCE);
    sem_post(&wire.gate);
    assert_answered(blocks);
    bool waits;
    assert_int_equal(submit(last, 0, &waits), INSIST_OK); /* comes after them in the inboxes */
    assert_answered(last);
    assert_int_equal(submit(other, 1, &waits), INSIST_OK);
    assert_answered(other);
    assert_int_equal(atomic_load(&wire.started), 3);
    assert_int_equal(atomic_load(&wire.stopped), 0);
    assert_count(0, 0);
}

/* It got its room, but its reactor is not there yet: START and STOP arrive together. */
static void test_giving_up_between_grant_and_start(void **state) {
    (void)state;
    begin(2, 2, 2, 2);
    struct job *blocks = submitted_without(FAKE_BLOCKS, 1, false); /* holds the second worker */
    struct job *first = submitted(FAKE_HELD);
    struct job *granted = submitted_without(FAKE_HELD, 1, true);
    wait_until_entered(2);
    fake_answer(&wire, first);
    assert_answered(first); /* so the room was handed on */
    assert_count(2, 0);
    give_up(granted);
    sem_post(&wire.gate);
    assert_answered(blocks);
    struct job *last = submitted_without(FAKE_AT_ONCE, 1, false);
    end_of(last);
    job_release(last);
    assert_int_equal(atomic_load(&wire.started), 3);
    assert_int_equal(atomic_load(&wire.stopped), 0);
}

/* More than one turn takes, put into the inbox while its driver is awake, so that nobody wakes it afterwards. */
static void test_a_worker_comes_back_for_what_a_turn_left(void **state) {
    struct job *jobs[300];
    (void)state;
    begin(1, 2, 1000, 10);
    struct job *blocks = submitted(FAKE_BLOCKS);
    wait_until_entered(1);
    for (int i = 0; i < 300; i++)
        jobs[i] = submitted_without(FAKE_AT_ONCE, 2, false); /* all on the first reactor */
    sem_post(&wire.gate);
    assert_answered(blocks);
    for (int i = 0; i < 300; i++)
        assert_answered(jobs[i]);
}

static void test_giving_up_while_running(void **state) {
    (void)state;
    begin(1, 2, 1, 1);
    struct job *first = submitted(FAKE_HELD);
    wait_until_entered(1);
    give_up(first);
    wait_until_entered(1); /* its burial, which gave the room back */
    assert_int_equal(atomic_load(&wire.stopped), 1);
    assert_answered(submitted(FAKE_AT_ONCE));
}

static void test_giving_up_what_has_ended_does_no_harm(void **state) {
    (void)state;
    begin(1, 2, 10, 10);
    struct job *job = submitted(FAKE_AT_ONCE);
    end_of(job);
    pool_give_up(pool, job);
    pool_give_up(pool, job);
    job_release(job);
    assert_answered(submitted(FAKE_AT_ONCE)); /* behind the two in the inbox */
    assert_int_equal(atomic_load(&wire.stopped), 0);
}

static void *end_the_lookup(void *job) {
    while (atomic_load(&wire.stopped) == 0) /* it is the first that is stopped */
        wait_until_entered(1);
    fake_answer(&wire, job);
    job_release(job);
    return NULL;
}

static void *open_the_gate(void *unused) {
    sem_post(&wire.gate);
    return unused;
}

/* Waiting, in the inbox of a blocked worker, running, and waiting for a lookup that only ends while the pool is
 * being freed. */
static void test_freeing_with_jobs_in_every_phase(void **state) {
    pthread_t lookup, opener;
    (void)state;
    begin(2, 2, 4, 5);
    struct job *slow = submitted(FAKE_SLOW_TO_STOP), *held = submitted(FAKE_HELD);
    struct job *blocks = submitted_without(FAKE_BLOCKS, 1, false);
    wait_until_entered(3);
    struct job *unseen = submitted_without(FAKE_HELD, 1, false);
    struct job *waiting = submitted_without(FAKE_HELD, 0, true), *other = submitted_without(FAKE_HELD, 1, true);
    assert_int_equal(pthread_create(&lookup, NULL, end_the_lookup, job_retain(slow)), 0);
    assert_int_equal(pthread_create(&opener, NULL, open_the_gate, NULL), 0);
    pool_free(pool);
    pool = NULL;
    pthread_join(lookup, NULL);
    pthread_join(opener, NULL);
    struct job *left[] = {slow, held, blocks, unseen, waiting, other};
    for (int i = 0; i < 6; i++) {
        assert_int_equal(atomic_load(&left[i]->references), 1);
        job_release(left[i]);
    }
}

/* Its room comes free while the pool is freed, when the reactor that it was meant for is gone. */
static void test_freeing_does_not_start_what_waits(void **state) {
    (void)state;
    begin(1, 2, 1, 1);
    struct job *held = submitted_without(FAKE_HELD, 1, false), *waiting = submitted_without(FAKE_HELD, 2, true);
    wait_until_entered(1);
    pool_free(pool);
    pool = NULL;
    assert_int_equal(atomic_load(&wire.started), 1);
    assert_int_equal(waiting->permit.state, PERMIT_NONE);
    assert_int_equal(waiting->run.phase, JOB_NEW);
    assert_int_equal(atomic_load(&waiting->references), 1);
    job_release(waiting);
    job_release(held);
}

#define THREADS 8
#define JOBS 1250

struct crowd {
    struct job_example example; /* a mailbox of its own */
    unsigned answered, given_up, refused;
};

static void read_one(struct crowd *crowd, unsigned *pending) {
    struct progress progress;
    insist_err interrupted;
    unsigned news;
    mailbox_take(crowd->example.mailbox, TIME_NEVER, &crowd->example.taken, &interrupted);
    for (struct job *job; (job = mailbox_read(crowd->example.mailbox, &crowd->example.taken, &news, &progress));) {
        if (!(news & NEWS_END))
            continue;
        crowd->answered += job->outcome.status == 200;
        *pending -= 1;
        job_release(job);
    }
}

static void give_up_or_collect(struct crowd *crowd, struct job *job, unsigned *pending) {
    struct progress progress;
    job_shut_gate(job);
    if (!mailbox_detach(crowd->example.mailbox, job, &progress)) {
        crowd->given_up++;
        pool_give_up(pool, job);
    } else if (job->outcome.status == 200) {
        crowd->answered++;
    } else { /* it met the shut gate, and was faster */
        crowd->given_up++;
    }
    *pending -= 1;
    job_release(job);
}

static void *submit_many(void *argument) {
    struct crowd *crowd = argument;
    enum fake_way ways[] = {FAKE_AT_ONCE, FAKE_BY_EVENT, FAKE_BY_TIME};
    unsigned pending = 0;
    bool waits;
    for (int i = 0; i < JOBS; i++) {
        struct job *job = job_example_new(&crowd->example);
        job->tag = &fake_ways[ways[i % 3]];
        job->hedge = i % 5 == 0;
        if (submit(job, i % 7 == 0 ? 1 : 0, &waits) != INSIST_OK) {
            crowd->refused++;
            job_release(job);
            continue;
        }
        pending++;
        if (i % 4 == 0)
            give_up_or_collect(crowd, job, &pending);
        else if (pending > 8)
            read_one(crowd, &pending);
    }
    while (pending > 0)
        read_one(crowd, &pending);
    return NULL;
}

static void test_ten_thousand_jobs_of_eight_threads(void **state) {
    struct crowd *crowd = calloc(THREADS, sizeof(*crowd));
    pthread_t threads[THREADS];
    unsigned ended = 0;
    (void)state;
    begin(2, 3, 20, 30);
    for (int i = 0; i < THREADS; i++) {
        job_example_init(&crowd[i].example, i % 2 ? "http://a:80" : "http://b:80");
        assert_int_equal(pthread_create(&threads[i], NULL, submit_many, &crowd[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pool_free(pool); /* buries what was given up last */
    pool = NULL;
    for (int i = 0; i < THREADS; i++) {
        ended += crowd[i].answered + crowd[i].given_up + crowd[i].refused;
        assert_true(job_example_fini(&crowd[i].example));
    }
    free(crowd);
    assert_int_equal(ended, THREADS * JOBS);
}

#define DESCRIPTORS 1024

static int descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < DESCRIPTORS; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void test_descriptors_are_close_on_exec_and_are_given_back(void **state) {
    bool before[DESCRIPTORS];
    int added = 0, inherited = 0, count = descriptors();
    (void)state;
    for (int fd = 0; fd < DESCRIPTORS; fd++)
        before[fd] = fcntl(fd, F_GETFD) >= 0;
    begin(2, 2, 10, 10);
    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        int flags = fcntl(fd, F_GETFD);
        added += !before[fd] && flags >= 0;
        inherited += !before[fd] && flags >= 0 && !(flags & FD_CLOEXEC);
    }
    assert_true(added >= 8); /* of each reactor and each worker two */
    assert_int_equal(inherited, 0);
    pool_free(pool);
    pool = NULL;
    assert_int_equal(descriptors(), count);
}

static void test_numbers_out_of_range(void **state) {
    struct permit_limits limits = {.in_flight = 1, .in_flight_origin = 1, .waiting = 1};
    (void)state;
    assert_int_equal(try_begin(0, 2, limits), INSIST_EINVAL);
    assert_int_equal(try_begin(1, 1, limits), INSIST_EINVAL);
    assert_int_equal(try_begin(3, 2, limits), INSIST_EINVAL);
    assert_int_equal(try_begin(2, 65, limits), INSIST_EINVAL);
    assert_null(pool);
    pool_free(NULL);
}

static void test_what_cannot_be_had_leaves_nothing_behind(void **state) {
    struct permit_limits limits = {.in_flight = 1, .in_flight_origin = 1, .waiting = 1};
    (void)state;
    int before = descriptors();
    for (size_t n = 1;; n++) {
        fail_alloc_at(&example.memory, n);
        insist_err err = try_begin(2, 3, limits);
        if (!fail_alloc_has_failed(&example.memory))
            break;
        assert_int_equal(err, INSIST_ENOMEM);
        assert_null(pool);
        assert_int_equal(descriptors(), before);
    }
    fail_alloc_at(&example.memory, 0);
    pool_free(pool);
    wire.refuse_from = wire.made + 2; /* the third transport */
    assert_int_equal(try_begin(2, 3, limits), INSIST_ENOMEM);
    assert_null(pool);
    assert_int_equal(descriptors(), before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_job_goes_to_a_worker_and_comes_back),
        TEST(test_few_reactors_while_little_is_in_flight),
        TEST(test_a_thread_gets_the_reactor_that_it_had),
        TEST(test_those_that_wait_take_no_other_reactor),
        TEST(test_the_choice_forgets_those_that_ended),
        TEST(test_beyond_the_limit_jobs_wait_in_turn),
        TEST(test_no_memory_for_an_origin),
        TEST(test_reading_on_and_closing_idle_connections),
        TEST(test_giving_up_in_the_queue),
        TEST(test_giving_up_before_the_reactor_has_seen_it),
        TEST(test_giving_up_between_grant_and_start),
        TEST(test_a_worker_comes_back_for_what_a_turn_left),
        TEST(test_giving_up_while_running),
        TEST(test_giving_up_what_has_ended_does_no_harm),
        TEST(test_freeing_with_jobs_in_every_phase),
        TEST(test_freeing_does_not_start_what_waits),
        TEST(test_ten_thousand_jobs_of_eight_threads),
        TEST(test_descriptors_are_close_on_exec_and_are_given_back),
        TEST(test_numbers_out_of_range),
        TEST(test_what_cannot_be_had_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
