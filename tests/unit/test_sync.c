/* Mutex and condition: exclusion, waking, and what the system is asked. Its functions are wrapped, so that they can
 * refuse and the instant handed to them can be seen. Nothing sleeps: every wait ends by a signal or has ended before it
 * began. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/env.h"
#include "base/sync.h"
#include "base/time_math.h"
#include <errno.h>
#include <time.h>

static enum { NOTHING, MUTEX_INIT, CONDATTR_INIT, SETCLOCK, COND_INIT } refused;
static int wait_result = -1; /* -1: the real wait; else what a wait is made to return at once */
static struct timespec waited_until;
static int timed_waits;
static clockid_t clock_set;
static int mutex_type;

int __real_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
int __real_pthread_condattr_init(pthread_condattr_t *attributes);
int __real_pthread_condattr_setclock(pthread_condattr_t *attributes, clockid_t clock);
int __real_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes);
int __real_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
int __wrap_pthread_condattr_init(pthread_condattr_t *attributes);
int __wrap_pthread_condattr_setclock(pthread_condattr_t *attributes, clockid_t clock);
int __wrap_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes);
int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until);

int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes) {
    if (attributes == NULL || pthread_mutexattr_gettype(attributes, &mutex_type) != 0)
        mutex_type = PTHREAD_MUTEX_DEFAULT;
    return refused == MUTEX_INIT ? EAGAIN : __real_pthread_mutex_init(mutex, attributes);
}

int __wrap_pthread_condattr_init(pthread_condattr_t *attributes) {
    return refused == CONDATTR_INIT ? ENOMEM : __real_pthread_condattr_init(attributes);
}

int __wrap_pthread_condattr_setclock(pthread_condattr_t *attributes, clockid_t clock) {
    clock_set = clock;
    return refused == SETCLOCK ? EINVAL : __real_pthread_condattr_setclock(attributes, clock);
}

int __wrap_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes) {
    return refused == COND_INIT ? EAGAIN : __real_pthread_cond_init(condition, attributes);
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until) {
    waited_until = *until;
    timed_waits++;
    return wait_result >= 0 ? wait_result : __real_pthread_cond_timedwait(condition, mutex, until);
}

enum { THREADS = 4, TURNS = 5000 };

struct shared {
    struct mutex mutex;
    struct condition changed;
    int number; /* under the mutex */
    int waiting;
    bool go;
};

static void begin(struct shared *shared) {
    *shared = (struct shared){.number = 0};
    refused = NOTHING;
    wait_result = -1;
    timed_waits = 0;
    assert_true(mutex_init(&shared->mutex));
    assert_true(condition_init(&shared->changed));
}

static void end(struct shared *shared) {
    condition_fini(&shared->changed);
    mutex_fini(&shared->mutex);
}

static void refusals_of_the_system_are_told(void **state) {
    (void)state;
    struct mutex mutex;
    struct condition condition;
    refused = MUTEX_INIT;
    assert_false(mutex_init(&mutex));
    for (refused = CONDATTR_INIT; refused <= COND_INIT; refused++)
        assert_false(condition_init(&condition));
    refused = NOTHING;
}

static void a_mutex_is_looked_at_again_before_a_thread_sleeps(void **state) {
    (void)state;
    struct shared shared;
    begin(&shared);
    assert_int_equal(mutex_type, PTHREAD_MUTEX_ADAPTIVE_NP);
    end(&shared);
}

static void conditions_are_on_the_monotonic_clock(void **state) {
    (void)state;
    struct shared shared;
    clock_set = CLOCK_REALTIME;
    begin(&shared);
    assert_int_equal(clock_set, CLOCK_MONOTONIC);
    end(&shared);
}

static void *count_up(void *arg) {
    struct shared *shared = arg;
    for (int i = 0; i < TURNS; i++) {
        mutex_lock(&shared->mutex);
        shared->number++;
        mutex_unlock(&shared->mutex);
    }
    return NULL;
}

static void one_thread_at_a_time(void **state) {
    (void)state;
    struct shared shared;
    pthread_t threads[THREADS];
    begin(&shared);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, &shared), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(shared.number, THREADS * TURNS);
    end(&shared);
}

/* Makes an odd number even and says so. */
static void *answer(void *arg) {
    struct shared *shared = arg;
    mutex_lock(&shared->mutex);
    while (shared->number < 2 * TURNS) {
        while (shared->number % 2 == 0 && shared->number < 2 * TURNS)
            condition_wait(&shared->changed, &shared->mutex);
        shared->number++;
        condition_signal(&shared->changed);
    }
    mutex_unlock(&shared->mutex);
    return NULL;
}

/* Two threads take turns; the main thread waits until deadline_ns each time and is always woken before. */
static void take_turns(int64_t deadline_ns) {
    struct shared shared;
    pthread_t thread;
    bool woken = true;
    begin(&shared);
    assert_int_equal(pthread_create(&thread, NULL, answer, &shared), 0);
    mutex_lock(&shared.mutex);
    while (shared.number < 2 * TURNS) {
        shared.number++;
        condition_signal(&shared.changed);
        while (shared.number % 2 == 1)
            woken = condition_wait_until(&shared.changed, &shared.mutex, deadline_ns) && woken;
    }
    mutex_unlock(&shared.mutex);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(woken);
    end(&shared);
}

static void a_signal_ends_a_wait_without_end(void **state) {
    (void)state;
    take_turns(TIME_NEVER);
    assert_int_equal(timed_waits, 0);
}

/* On any other clock an hour from now would have passed long ago. */
static void a_signal_ends_a_wait_before_its_deadline(void **state) {
    (void)state;
    take_turns(env_now_ns(&env_standard) + time_from_ms(3600 * 1000));
    assert_true(timed_waits > 0);
}

static void *wait_for_go(void *arg) {
    struct shared *shared = arg;
    mutex_lock(&shared->mutex);
    shared->waiting++;
    while (!shared->go)
        condition_wait(&shared->changed, &shared->mutex);
    shared->number++;
    mutex_unlock(&shared->mutex);
    return NULL;
}

static void a_broadcast_wakes_all(void **state) {
    (void)state;
    struct shared shared;
    pthread_t threads[THREADS];
    begin(&shared);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, wait_for_go, &shared), 0);
    for (bool all = false; !all;) { /* a thread that counts as waiting gives the mutex back only by waiting */
        mutex_lock(&shared.mutex);
        all = shared.waiting == THREADS;
        shared.go = all;
        if (all)
            condition_broadcast(&shared.changed);
        mutex_unlock(&shared.mutex);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(shared.number, THREADS);
    end(&shared);
}

static void an_instant_that_has_passed_is_not_waited_for(void **state) {
    (void)state;
    struct shared shared;
    begin(&shared);
    const int64_t passed[] = {env_now_ns(&env_standard), 1, 0, -1, -1500000000, INT64_MIN};
    mutex_lock(&shared.mutex);
    for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
        assert_false(condition_wait_until(&shared.changed, &shared.mutex, passed[i]));
    mutex_unlock(&shared.mutex);
    end(&shared);
}

static void the_deadline_is_handed_on_exactly(void **state) {
    (void)state;
    static const struct {
        int64_t deadline_ns;
        time_t s;
        long ns;
    } cases[] = {{0, 0, 0},
                 {999999999, 0, 999999999},
                 {1000000000, 1, 0},
                 {1500000001, 1, 500000001},
                 {-1, 0, 0},
                 {INT64_MIN, 0, 0},
                 {INT64_MAX - 1, 9223372036, 854775806}};
    struct shared shared;
    begin(&shared);
    wait_result = ETIMEDOUT;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_false(condition_wait_until(&shared.changed, &shared.mutex, cases[i].deadline_ns));
        assert_int_equal(waited_until.tv_sec, cases[i].s);
        assert_int_equal(waited_until.tv_nsec, cases[i].ns);
    }
    end(&shared);
}

static void any_other_end_of_a_wait_is_a_waking(void **state) {
    (void)state;
    static const int results[] = {0, EINTR, EINVAL, EPERM};
    struct shared shared;
    begin(&shared);
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        wait_result = results[i];
        assert_true(condition_wait_until(&shared.changed, &shared.mutex, 5));
    }
    end(&shared);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_of_the_system_are_told),
        cmocka_unit_test(a_mutex_is_looked_at_again_before_a_thread_sleeps),
        cmocka_unit_test(conditions_are_on_the_monotonic_clock),
        cmocka_unit_test(one_thread_at_a_time),
        cmocka_unit_test(a_signal_ends_a_wait_without_end),
        cmocka_unit_test(a_signal_ends_a_wait_before_its_deadline),
        cmocka_unit_test(a_broadcast_wakes_all),
        cmocka_unit_test(an_instant_that_has_passed_is_not_waited_for),
        cmocka_unit_test(the_deadline_is_handed_on_exactly),
        cmocka_unit_test(any_other_end_of_a_wait_is_a_waking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
