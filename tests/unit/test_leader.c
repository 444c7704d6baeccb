/* Calling threads that drive the reactor of their job themselves, beside a worker: what they do, what they leave to the
 * worker, what wakes them. The transport has no wire; where one thread must be asleep the token says so. */
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
#include "pool/reactor.h"
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SHARED 2
#define LED 2

static struct job_example example, other; /* two calls, each with a mailbox */
static struct fake_wire wire;
static struct counters counters;
static struct birthmark birthmark;
static struct pool *pool;

static int set_up(void **state) {
    (void)state;
    struct pool_settings settings = {
        .workers = 1,
        .reactors = SHARED,
        .led = LED,
        .thread_name = "worker",
        .limits = {.in_flight = 20, .in_flight_origin = 20, .waiting = 20},
        .counters = &counters,
        .birthmark = &birthmark,
        .transport_new = fake_transport_new,
        .transport_ctx = &wire,
    };
    job_example_init(&example, "http://a:80");
    job_example_init(&other, "http://a:80");
    fake_wire_init(&wire);
    birthmark_init(&birthmark, &example.env);
    return pool_new(&example.env, &settings, &pool) == INSIST_OK ? 0 : 1;
}

static int tear_down(void **state) {
    (void)state;
    pool_free(pool);
    birthmark_fini(&birthmark);
    fake_wire_fini(&wire);
    bool clean = job_example_fini(&other) && job_example_fini(&example);
    return clean && atomic_load(&wire.wrong) == 0 && atomic_load(&wire.freed) == wire.made ? 0 : 1;
}

static struct job *made(struct job_example *call, enum fake_way way) {
    struct job *job = job_example_new(call);
    job->tag = &fake_ways[way];
    job->progress.queued_ns = env_now_ns(&call->env);
    return job;
}

static struct job *submitted(enum fake_way way, bool leads) {
    struct job *job = made(&example, way);
    bool waits = true;
    bool may = pool_assign(pool, job, 0, leads);
    assert_int_equal(may, job->progress.reactor >= SHARED);
    assert_int_equal(pool_submit(pool, job, may, &waits), INSIST_OK);
    assert_false(waits);
    return job;
}

/* On another job's reactor, whatever the pool would have chosen. */
static struct job *submitted_to(struct reactor *reactor, enum fake_way way) {
    struct job *job = made(&other, way);
    bool waits = true;
    job->reactor = reactor;
    job->progress.reactor = SHARED;
    atomic_fetch_add(&reactor->in_flight, 1);
    assert_int_equal(pool_submit(pool, job, false, &waits), INSIST_OK);
    return job;
}

static void assert_ends(struct job_example *call, struct job *job) {
    struct progress progress;
    insist_err interrupted;
    unsigned news = 0;
    if (list_empty(&call->taken))
        mailbox_take(call->mailbox, TIME_NEVER, &call->taken, &interrupted);
    assert_ptr_equal(mailbox_read(call->mailbox, &call->taken, &news, &progress), job);
    assert_int_equal(news, NEWS_END);
    assert_int_equal(job->outcome.status, 200);
    job_release(job);
}

static int64_t soon_ns(void) {
    return env_now_ns(&example.env) + 100000;
}

/* ---- a thread that leads until there is something ----------------------------------------------------------------- */

/* Its job is held, and it sleeps. */
static void lead_and_sleep(struct led_job *leading) {
    led_job_start(leading, pool, submitted(FAKE_HELD, true));
    sem_wait(&wire.entered);
    led_job_wait_until_asleep(leading);
}

static void assert_comes_back(struct led_job *leading) {
    led_job_join(leading);
    assert_ends(&example, leading->job);
}

/* ---- tests -------------------------------------------------------------------------------------------------------- */

static void test_the_calling_thread_does_it_all(void **state) {
    const enum fake_way ways[] = {FAKE_AT_ONCE, FAKE_BY_EVENT, FAKE_BY_TIME};
    char own_name[16];
    (void)state;
    pthread_getname_np(pthread_self(), own_name, sizeof(own_name));
    for (int i = 0; i < 3; i++) {
        struct job *job = submitted(ways[i], true);
        assert_int_equal(job->progress.reactor, SHARED);
        assert_int_equal(atomic_load(&wire.started), i); /* nobody was told */
        assert_true(pool_lead(pool, job, TIME_NEVER));
        assert_true(mailbox_has_something(example.mailbox));
        assert_false(atomic_load(&job->reactor->driver.woken)); /* nor afterwards */
        assert_true(driver_try_take(&job->reactor->driver));
        driver_let_go(&job->reactor->driver);
        assert_ends(&example, job);
    }
    assert_string_equal(wire.thread_name, own_name);
    const int held[] = {SIGINT, SIGTERM, SIGPIPE, SIGPROF, SIGALRM, SIGRTMAX},
              let_through[] = {SIGSEGV, SIGBUS, SIGABRT};
    for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
        assert_true(sigismember(&wire.blocked, held[i]));
    for (size_t i = 0; i < sizeof(let_through) / sizeof(let_through[0]); i++)
        assert_false(sigismember(&wire.blocked, let_through[i]));
}

/* Whatever stage it is at: not started, or started and waiting for an event, a command or the time. */
static void test_a_worker_takes_over_what_is_left(void **state) {
    const enum fake_way ways[] = {FAKE_AT_ONCE, FAKE_BY_EVENT, FAKE_BY_TIME};
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct job *job = submitted(ways[i], true);
        assert_true(pool_lead(pool, job, 0));
        assert_ends(&example, job);
    }
    struct job *later = submitted(FAKE_BY_TIME, true);
    pool_lead(pool, later, soon_ns());
    assert_ends(&example, later);
    struct job *held = submitted(FAKE_HELD, true);
    pool_lead(pool, held, soon_ns());
    assert_false(mailbox_has_something(example.mailbox));
    fake_answer(&wire, held);
    assert_ends(&example, held);
}

static struct reactor *led_once(void) {
    struct job *job = submitted(FAKE_AT_ONCE, true);
    struct reactor *reactor = job->reactor;
    assert_true(pool_lead(pool, job, TIME_NEVER));
    assert_ends(&example, job);
    return reactor;
}

static void test_a_reactor_rests_between_two_leaders(void **state) {
    (void)state;
    struct reactor *reactor = led_once();
    for (int64_t late_ns = env_now_ns(&example.env) + INT64_C(20000000000);
         !atomic_load(&reactor->watched) && env_now_ns(&example.env) < late_ns;)
        sched_yield();
    assert_true(atomic_load(&reactor->watched)); /* after a moment */
    assert_ptr_equal(led_once(), reactor);
    assert_true(driver_try_take(&reactor->driver));
    assert_false(atomic_load(&reactor->watched));
    reactor->rests_until_ns = TIME_NEVER;
    atomic_store(&reactor->due_ns, TIME_NEVER);
    driver_let_go(&reactor->driver);
    for (int i = 0; i < 2; i++) /* its worker is told, for one turn */
        assert_ends(&other, submitted_to(reactor, FAKE_AT_ONCE));
    struct job *held = submitted_to(reactor, FAKE_BY_EVENT); /* which it has to watch for */
    assert_ends(&other, held);
}

static void test_a_leader_takes_commands_while_it_sleeps(void **state) {
    (void)state;
    struct led_job leading;
    lead_and_sleep(&leading);
    fake_answer(&wire, leading.job);
    assert_comes_back(&leading);
}

static atomic_int moments;

/* In place of the system's: a worker that gives way. */
int nanosleep(const struct timespec *time, struct timespec *left) {
    atomic_fetch_add(&moments, 1);
    return clock_nanosleep(CLOCK_MONOTONIC, 0, time, left);
}

static void test_a_worker_gives_way_to_whoever_drives(void **state) {
    (void)state;
    struct job *job = made(&example, FAKE_AT_ONCE);
    assert_true(pool_assign(pool, job, 0, true));
    assert_true(driver_try_take(&job->reactor->driver));
    reactor_wake(job->reactor); /* it is ready, and the worker watches it */
    for (int64_t late_ns = env_now_ns(&example.env) + INT64_C(20000000000);
         atomic_load(&moments) < 3 && env_now_ns(&example.env) < late_ns;)
        sched_yield();
    driver_let_go(&job->reactor->driver);
    bool waits = true;
    assert_int_equal(pool_submit(pool, job, false, &waits), INSIST_OK);
    assert_ends(&example, job);
    assert_true(atomic_load(&moments) >= 3);
}

static sem_t handled;

static void note_signal(int number) {
    (void)number;
    sem_post(&handled);
}

/* A descriptor that is always ready keeps it from sleeping. */
static void test_signals_come_through_while_there_is_always_work(void **state) {
    const struct sigaction noting = {.sa_handler = note_signal};
    struct epoll_event always = {.events = EPOLLIN};
    struct sigaction before;
    struct timespec late;
    (void)state;
    struct led_job leading;
    struct job *job = submitted(FAKE_HELD, true);
    int ready = eventfd(1, EFD_CLOEXEC);
    sem_init(&handled, 0, 0);
    struct reactor *reactor = job->reactor;
    reactor_watch(reactor, false); /* as the leader will have it: the worker shall not come before it */
    assert_int_equal(epoll_ctl(reactor->epoll, EPOLL_CTL_ADD, ready, &always), 0);
    assert_int_equal(sigaction(SIGUSR1, &noting, &before), 0);
    led_job_start(&leading, pool, job);
    sem_wait(&wire.entered); /* it holds signals back by then */
    assert_int_equal(pthread_kill(leading.thread, SIGUSR1), 0);
    clock_gettime(CLOCK_REALTIME, &late);
    late.tv_sec += 20;
    int waited = sem_timedwait(&handled, &late);
    fake_answer(&wire, leading.job);
    assert_comes_back(&leading);
    close(ready);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    assert_int_equal(waited, 0);
}

static int64_t over_ns; /* when the leader is to be back */
static _Thread_local volatile sig_atomic_t is_over;
static atomic_int slept_on;

/* In place of the system's: nobody sleeps who should be back. */
int epoll_pwait(int epoll, struct epoll_event *events, int most, int timeout_ms, const sigset_t *signals) {
    if (is_over && timeout_ms != 0)
        atomic_fetch_add(&slept_on, 1);
    /* Each argument as wide as the register it goes into. */
    return (int)syscall(SYS_epoll_pwait, (long)epoll, events, (long)most, (long)timeout_ms, signals, (long)_NSIG / 8);
}

static void take_too_long(int number) {
    (void)number;
    while (env_now_ns(&env_standard) < over_ns) {
    }
    is_over = true;
}

static void *signal_the_leader(void *thread) {
    sem_wait(&wire.entered);
    pthread_kill(*(pthread_t *)thread, SIGUSR1);
    return NULL;
}

static void test_a_handler_that_takes_its_time_is_no_reason_to_sleep(void **state) {
    const struct sigaction taking = {.sa_handler = take_too_long};
    struct epoll_event always = {.events = EPOLLIN};
    struct sigaction before;
    pthread_t self = pthread_self(), thread;
    (void)state;
    struct job *job = submitted(FAKE_HELD, true);
    int ready = eventfd(1, EFD_CLOEXEC);
    reactor_watch(job->reactor, false);
    assert_int_equal(epoll_ctl(job->reactor->epoll, EPOLL_CTL_ADD, ready, &always), 0);
    assert_int_equal(sigaction(SIGUSR1, &taking, &before), 0);
    assert_int_equal(pthread_create(&thread, NULL, signal_the_leader, &self), 0);
    over_ns = env_now_ns(&env_standard) + 50 * 1000000;
    assert_true(pool_lead(pool, job, over_ns));
    assert_int_equal(pthread_join(thread, NULL), 0);
    is_over = false; /* behind the last moment at which the signal may come */
    close(ready);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    fake_answer(&wire, job);
    assert_ends(&example, job);
    assert_int_equal(atomic_load(&slept_on), 0);
}

static void test_an_interruption_wakes_a_leader(void **state) {
    (void)state;
    struct led_job leading;
    lead_and_sleep(&leading);
    mailbox_interrupt(example.mailbox, INSIST_ECANCELED);
    led_job_join(&leading);
    fake_answer(&wire, leading.job);
    struct list taken;
    insist_err interrupted = INSIST_OK;
    mailbox_take(example.mailbox, 0, &taken, &interrupted);
    assert_int_equal(interrupted, INSIST_ECANCELED);
    list_move_all(&taken, &example.taken);
    assert_ends(&example, leading.job);
}

static void test_a_job_that_joins_outlives_the_leader(void **state) {
    (void)state;
    struct led_job leading;
    lead_and_sleep(&leading);
    struct job *guest = submitted_to(leading.job->reactor, FAKE_HELD);
    sem_wait(&wire.entered); /* by the leader: nobody else may */
    fake_answer(&wire, leading.job);
    assert_comes_back(&leading);
    fake_answer(&wire, guest);
    assert_ends(&other, guest);
}

static void test_a_second_leader_leaves_it_to_the_first(void **state) {
    (void)state;
    struct led_job leading;
    lead_and_sleep(&leading);
    struct job *guest = submitted_to(leading.job->reactor, FAKE_AT_ONCE);
    assert_ends(&other, guest);
    struct job *late = made(&other, FAKE_AT_ONCE);
    bool waits;
    late->reactor = leading.job->reactor;
    late->progress.reactor = SHARED;
    atomic_fetch_add(&late->reactor->in_flight, 1);
    assert_int_equal(pool_submit(pool, late, true, &waits), INSIST_OK);
    assert_true(pool_lead(pool, late, TIME_NEVER)); /* returns: another thread drives */
    assert_ends(&other, late);
    fake_answer(&wire, leading.job);
    assert_comes_back(&leading);
}

static void test_idle_connections_of_a_led_reactor_are_closed(void **state) {
    (void)state;
    struct led_job leading;
    lead_and_sleep(&leading);
    pool_close_idle(pool);
    for (int i = 0; i < SHARED + LED; i++)
        sem_wait(&wire.idle);
    fake_answer(&wire, leading.job);
    assert_comes_back(&leading);
}

static void assert_reactor(struct job *job, int expected) {
    assert_int_equal(job->progress.reactor, expected);
}

static void assert_led(struct job *job, int reactor) {
    assert_reactor(job, reactor);
    pool_lead(pool, job, TIME_NEVER);
    assert_ends(&example, job);
}

/* One each; whoever finds none, or does not lead, goes where the workers' jobs are. */
static void test_each_leader_has_a_reactor_of_its_own(void **state) {
    (void)state;
    struct job *first = submitted(FAKE_AT_ONCE, true), *second = submitted(FAKE_AT_ONCE, true);
    struct job *third = submitted(FAKE_AT_ONCE, true);
    assert_reactor(third, 0);
    assert_ends(&example, third);
    struct job *unled = submitted(FAKE_AT_ONCE, false);
    assert_reactor(unled, 0);
    assert_ends(&example, unled);
    assert_led(second, SHARED + 1);
    assert_led(submitted(FAKE_AT_ONCE, true), SHARED + 1);
    assert_led(first, SHARED);
    assert_led(submitted(FAKE_AT_ONCE, true), SHARED);

    struct job *apart = made(&example, FAKE_AT_ONCE);
    bool waits;
    assert_true(pool_assign(pool, apart, 1U << SHARED, true)); /* not where its wave is */
    assert_int_equal(pool_submit(pool, apart, true, &waits), INSIST_OK);
    assert_led(apart, SHARED + 1);
}

static void test_workers_alone_drive_when_much_is_in_flight(void **state) {
    struct job *jobs[SHARED + LED];
    (void)state;
    for (int i = 0; i < SHARED + LED; i++)
        jobs[i] = submitted(FAKE_HELD, false);
    struct job *late = submitted(FAKE_AT_ONCE, true);
    assert_reactor(late, 0);
    assert_ends(&example, late);
    for (int i = 0; i < SHARED + LED; i++) {
        fake_answer(&wire, jobs[i]);
        assert_ends(&example, jobs[i]);
    }
    assert_led(submitted(FAKE_AT_ONCE, true), SHARED);
}

#define THREADS 6
#define JOBS 2000

static void *lead_many(void *argument) {
    struct job_example *call = argument;
    const enum fake_way ways[] = {FAKE_AT_ONCE, FAKE_BY_EVENT, FAKE_BY_TIME};
    unsigned ended = 0;
    for (unsigned i = 0; i < JOBS; i++) {
        struct job *job = made(call, ways[i % 3]);
        struct progress progress;
        insist_err interrupted;
        bool waits = false;
        unsigned news;
        bool leads = pool_assign(pool, job, 0, true);
        if (pool_submit(pool, job, leads, &waits) == INSIST_OK && leads && !waits)
            pool_lead(pool, job, i % 5 == 0 ? 0 : i % 7 == 0 ? soon_ns() : TIME_NEVER);
        mailbox_take(call->mailbox, TIME_NEVER, &call->taken, &interrupted);
        ended += mailbox_read(call->mailbox, &call->taken, &news, &progress) == job && job->outcome.status == 200;
        job_release(job);
    }
    return ended == JOBS ? call : NULL;
}

static void test_many_leaders_and_a_worker(void **state) {
    static struct job_example calls[THREADS];
    pthread_t threads[THREADS];
    (void)state;
    for (int i = 0; i < THREADS; i++) {
        job_example_init(&calls[i], "http://a:80");
        assert_int_equal(pthread_create(&threads[i], NULL, lead_many, &calls[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *well = NULL;
        pthread_join(threads[i], &well);
        assert_ptr_equal(well, &calls[i]);
    }
    pool_free(pool); /* nothing refers to what they had any more */
    pool = NULL;
    for (int i = 0; i < THREADS; i++)
        assert_true(job_example_fini(&calls[i]));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_the_calling_thread_does_it_all),
        TEST(test_a_worker_takes_over_what_is_left),
        TEST(test_a_reactor_rests_between_two_leaders),
        TEST(test_a_leader_takes_commands_while_it_sleeps),
        TEST(test_a_worker_gives_way_to_whoever_drives),
        TEST(test_signals_come_through_while_there_is_always_work),
        TEST(test_a_handler_that_takes_its_time_is_no_reason_to_sleep),
        TEST(test_an_interruption_wakes_a_leader),
        TEST(test_a_job_that_joins_outlives_the_leader),
        TEST(test_a_second_leader_leaves_it_to_the_first),
        TEST(test_idle_connections_of_a_led_reactor_are_closed),
        TEST(test_each_leader_has_a_reactor_of_its_own),
        TEST(test_workers_alone_drive_when_much_is_in_flight),
        TEST(test_many_leaders_and_a_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
