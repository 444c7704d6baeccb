/* Many jobs in flight: on which reactors they are, and what becomes of leaders. The transport has no wire. Nothing sleeps:
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
#include "led_job.h"
#include "pool/pool.h"
#include <pthread.h>

enum { SHARED = 2, LED = 4, EACH = 128, MOST = 900 };

static struct job_example example;
static struct fake_wire wire;
static struct counters counters;
static struct birthmark birthmark;
static struct pool *pool;
static struct job *crowd[2 * MOST];
static int crowd_size;

static bool begin(unsigned limit) {
    struct pool_settings settings = {
        .workers = 2,
        .reactors = SHARED,
        .led = LED,
        .thread_name = "worker",
        .limits = {.in_flight = limit, .in_flight_origin = limit, .waiting = MOST},
        .counters = &counters,
        .birthmark = &birthmark,
        .transport_new = fake_transport_new,
        .transport_ctx = &wire,
    };
    return pool_new(&example.env, &settings, &pool) == INSIST_OK;
}

static int set_up(void **state) {
    (void)state;
    job_example_init(&example, "http://a:80");
    fake_wire_init(&wire);
    birthmark_init(&birthmark, &example.env);
    crowd_size = 0;
    return begin(MOST) ? 0 : 1;
}

static int tear_down(void **state) {
    (void)state;
    pool_free(pool);
    birthmark_fini(&birthmark);
    fake_wire_fini(&wire);
    bool clean = job_example_fini(&example);
    return clean && atomic_load(&wire.wrong) == 0 && atomic_load(&wire.freed) == wire.made ? 0 : 1;
}

/* *leads: wanted or not, and then whether it is so. */
static struct job *submitted_to(struct job_example *call, enum fake_way way, uint64_t taken, bool *leads) {
    struct job *job = job_example_new(call);
    bool waits;
    job->tag = &fake_ways[way];
    job->progress.queued_ns = env_now_ns(&call->env);
    *leads = pool_assign(pool, job, taken, *leads);
    pool_submit(pool, job, *leads, &waits);
    return job;
}

static struct job *submitted(struct job_example *call, enum fake_way way, uint64_t taken, bool leads) {
    return submitted_to(call, way, taken, &leads);
}

/* As it can be for leaders only while jobs are few. */
static bool is_led(const struct job *job) {
    return job->progress.reactor >= SHARED;
}

/* Returns where it is. */
static int one_more(void) {
    crowd[crowd_size] = submitted(&example, FAKE_HELD, 0, false);
    return crowd[crowd_size++]->progress.reactor;
}

static void fill(int size) {
    while (crowd_size < size)
        one_more();
}

/* As a call does it. Its start must have been seen, or it would end by itself. */
static void give_up(struct job *job) {
    struct progress progress;
    job_shut_gate(job);
    mailbox_detach(example.mailbox, job, &progress);
    pool_give_up(pool, job);
    job_release(job);
}

static void give_up_crowd(void) {
    for (int i = 0; i < crowd_size; i++)
        sem_wait(&wire.entered);
    for (int i = 0; i < crowd_size; i++)
        give_up(crowd[i]);
}

static void assert_ends(struct job_example *call, struct job *job) {
    struct progress progress;
    insist_err interrupted;
    unsigned news;
    mailbox_take(call->mailbox, TIME_NEVER, &call->taken, &interrupted);
    assert_ptr_equal(mailbox_read(call->mailbox, &call->taken, &news, &progress), job);
    assert_int_equal(job->outcome.status, 200);
    job_release(job);
}

/* ---- the choice -------------------------------------------------------------------------------------------------- */

static void test_few_stay_on_those_that_are_shared(void **state) {
    (void)state;
    while (crowd_size < SHARED * EACH)
        assert_in_range(one_more(), 0, SHARED - 1);
    give_up_crowd();
}

static void test_many_fill_those_of_leaders_one_after_the_other(void **state) {
    (void)state;
    fill(SHARED * EACH);
    for (int reactor = SHARED; reactor < SHARED + LED; reactor++)
        for (int i = 0; i < EACH; i++)
            assert_int_equal(one_more(), reactor);
    give_up_crowd();
}

static void test_more_than_all_hold_are_spread_evenly(void **state) {
    int on[SHARED + LED] = {0};
    (void)state;
    fill((SHARED + LED) * EACH);
    for (int i = 0; i < 10 * (SHARED + LED); i++)
        on[one_more()]++;
    for (int reactor = 0; reactor < SHARED + LED; reactor++)
        assert_int_equal(on[reactor], 10);
    give_up_crowd();
}

static void test_a_crowd_keeps_off_where_its_wave_is(void **state) {
    (void)state;
    fill(SHARED * EACH);
    crowd[crowd_size] = submitted(&example, FAKE_HELD, 1U << SHARED, false);
    assert_int_equal(crowd[crowd_size++]->progress.reactor, SHARED + 1);
    crowd[crowd_size] = submitted(&example, FAKE_HELD, (1U << SHARED) - 1, false); /* one of the shared after all */
    assert_in_range(crowd[crowd_size++]->progress.reactor, 0, SHARED - 1);
    give_up_crowd();
}

/* They need no connection yet, and will find those that are there. */
static void test_those_that_wait_are_not_spread(void **state) {
    const int limit = (SHARED + 1) * EACH;
    uint64_t in_flight, waiting;
    (void)state;
    pool_free(pool);
    assert_true(begin((unsigned)limit));
    fill(limit);
    one_more(); /* nobody has waited before it */
    for (int i = 0; i < SHARED * EACH; i++)
        assert_in_range(one_more(), 0, SHARED - 1);
    pool_count(pool, &in_flight, &waiting);
    assert_int_equal(waiting, 1 + SHARED * EACH);
    while (waiting-- > 0)
        give_up(crowd[--crowd_size]);
    assert_true(one_more() >= SHARED);
    give_up(crowd[--crowd_size]);
    give_up_crowd();
}

/* ---- leaders and a crowd ----------------------------------------------------------------------------------------- */

/* Its job is held, and will be given up with the crowd. */
static void start_leading(struct led_job *led) {
    crowd[crowd_size] = submitted(&example, FAKE_HELD, 0, true);
    led_job_start(led, pool, crowd[crowd_size++]);
}

/* Nothing is in its mailbox, and its call is never due. */
static void test_a_leader_leaves_his_job_to_the_worker_when_others_come(void **state) {
    (void)state;
    struct led_job led;
    start_leading(&led);
    assert_int_equal(led.job->progress.reactor, SHARED);
    fill(1 + SHARED * EACH);
    assert_int_equal(one_more(), SHARED);
    led_job_join(&led);
    assert_false(led_job_is_asleep(&led));
    assert_false(mailbox_has_something(example.mailbox));
    for (int i = 2; i < EACH; i++)
        assert_int_equal(one_more(), SHARED);
    fake_answer(&wire, led.job);
    crowd[0] = crowd[--crowd_size];
    assert_ends(&example, led.job);
    sem_wait(&wire.entered);
    give_up_crowd();
}

static void test_a_leader_drives_on_where_nobody_comes(void **state) {
    (void)state;
    struct led_job led;
    start_leading(&led);
    led_job_wait_until_asleep(&led);
    fill(1 + SHARED * EACH);
    assert_true(led_job_is_asleep(&led));
    fake_answer(&wire, led.job);
    led_job_join(&led);
    crowd[0] = crowd[--crowd_size];
    assert_ends(&example, led.job);
    sem_wait(&wire.entered);
    give_up_crowd();
}

static struct job *led_at_once(struct job_example *call) {
    struct job *job = submitted(call, FAKE_AT_ONCE, 0, true);
    assert_true(is_led(job));
    assert_true(pool_lead(pool, job, TIME_NEVER));
    return job;
}

/* The reactor rests since a leader was there: a worker has to watch it again, and a leader to take it over again. */
static void test_a_leader_comes_back_when_the_last_of_a_crowd_has_gone(void **state) {
    (void)state;
    struct job_example call;
    job_example_init(&call, "http://a:80");
    struct job *led = led_at_once(&call);
    assert_int_equal(led->progress.reactor, SHARED);
    assert_ends(&call, led);
    fill(SHARED * EACH);
    struct job *left = submitted(&call, FAKE_HELD, 0, false);
    assert_int_equal(left->progress.reactor, SHARED);
    for (int i = 0; i < 2; i++) /* the first leader's */
        sem_wait(&wire.entered);
    give_up_crowd();
    crowd_size = 0;
    uint64_t in_flight = 2, waiting;
    while (in_flight > 1)
        pool_count(pool, &in_flight, &waiting);
    led = submitted(&example, FAKE_AT_ONCE, 0, true);
    assert_int_equal(led->progress.reactor, SHARED + 1);
    assert_true(pool_lead(pool, led, TIME_NEVER));
    assert_ends(&example, led);
    fake_answer(&wire, left);
    assert_ends(&call, left);
    struct job *again[LED];
    for (int i = 0; i < LED; i++)
        again[i] = submitted(&example, FAKE_AT_ONCE, 0, true);
    for (int i = LED - 1; i >= 0; i--) {
        assert_true(is_led(again[i]));
        assert_true(pool_lead(pool, again[i], TIME_NEVER));
        assert_ends(&example, again[i]);
    }
    job_example_fini(&call);
}

/* ---- in any order ------------------------------------------------------------------------------------------------ */

enum { THREADS = 6, ROUNDS = 20, CALLS = 40, BURST = 100 };

static bool lead_one(struct job_example *call, unsigned i) {
    const enum fake_way ways[] = {FAKE_AT_ONCE, FAKE_BY_EVENT, FAKE_BY_TIME};
    bool leads = true;
    struct job *job = submitted_to(call, ways[i % 3], 0, &leads);
    struct progress progress;
    insist_err interrupted;
    unsigned news;
    if (leads)
        pool_lead(pool, job, i % 5 == 0 ? 0 : TIME_NEVER);
    mailbox_take(call->mailbox, TIME_NEVER, &call->taken, &interrupted);
    bool well = mailbox_read(call->mailbox, &call->taken, &news, &progress) == job && job->outcome.status == 200;
    job_release(job);
    return well;
}

static bool burst(struct job_example *call) {
    const enum fake_way ways[] = {FAKE_BY_TIME, FAKE_BY_EVENT};
    bool well = true;
    for (unsigned i = 0; i < BURST; i++)
        submitted(call, ways[i % 2], 0, false);
    for (unsigned left = BURST; left > 0;) {
        struct progress progress;
        insist_err interrupted;
        unsigned news;
        mailbox_take(call->mailbox, TIME_NEVER, &call->taken, &interrupted);
        for (struct job *job; (job = mailbox_read(call->mailbox, &call->taken, &news, &progress)); left--) {
            well = well && job->outcome.status == 200 && news & NEWS_END;
            job_release(job);
        }
    }
    return well;
}

static void *lead_and_crowd(void *argument) {
    bool well = true;
    for (unsigned round = 0; round < ROUNDS; round++) {
        well = burst(argument) && well;
        for (unsigned i = 0; i < CALLS; i++)
            well = lead_one(argument, i) && well;
    }
    return well ? argument : NULL;
}

/* The transport notes two drivers at once. In the end no reactor has anybody. */
static void test_leaders_and_crowds_of_many_threads(void **state) {
    static struct job_example calls[THREADS];
    pthread_t threads[THREADS];
    (void)state;
    for (int i = 0; i < THREADS; i++) {
        job_example_init(&calls[i], "http://a:80");
        assert_int_equal(pthread_create(&threads[i], NULL, lead_and_crowd, &calls[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *well = NULL;
        pthread_join(threads[i], &well);
        assert_ptr_equal(well, &calls[i]);
    }
    struct job *jobs[LED];
    for (int i = 0; i < LED; i++) {
        jobs[i] = submitted(&example, FAKE_AT_ONCE, 0, true);
        assert_true(is_led(jobs[i]));
    }
    for (int i = 0; i < LED; i++) {
        assert_true(pool_lead(pool, jobs[i], TIME_NEVER));
        assert_ends(&example, jobs[i]);
    }
    pool_free(pool); /* nothing refers to what they had any more */
    pool = NULL;
    for (int i = 0; i < THREADS; i++)
        assert_true(job_example_fini(&calls[i]));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_few_stay_on_those_that_are_shared),
        TEST(test_many_fill_those_of_leaders_one_after_the_other),
        TEST(test_more_than_all_hold_are_spread_evenly),
        TEST(test_a_crowd_keeps_off_where_its_wave_is),
        TEST(test_those_that_wait_are_not_spread),
        TEST(test_a_leader_leaves_his_job_to_the_worker_when_others_come),
        TEST(test_a_leader_drives_on_where_nobody_comes),
        TEST(test_a_leader_comes_back_when_the_last_of_a_crowd_has_gone),
        TEST(test_leaders_and_crowds_of_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
