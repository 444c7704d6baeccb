/* A worker's alarm: it is moved to what is due first, and to nothing later. What threads do to each other there is in
 * test_interleave_leader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/env.h"
#include "base/time_math.h"
#include "pool/alarm.h"
#include <poll.h>
#include <sys/timerfd.h>

#define HOUR_NS INT64_C(3600000000000)

static struct alarm_clock alarm_clock;

static int set_up(void **state) {
    (void)state;
    return alarm_clock_init(&alarm_clock) ? 0 : 1;
}

static int tear_down(void **state) {
    (void)state;
    alarm_clock_fini(&alarm_clock);
    return 0;
}

/* Until the timer itself rings, in seconds rounded up; 0: it is not set, or has rung. */
static int64_t left_s(void) {
    struct itimerspec left;
    assert_int_equal(timerfd_gettime(alarm_clock.timer, &left), 0);
    return left.it_value.tv_sec + (left.it_value.tv_nsec > 0);
}

static void test_the_first_that_is_due_counts(void **state) {
    const int64_t now_ns = env_now_ns(&env_standard);
    (void)state;
    assert_int_equal(left_s(), 0);
    alarm_clock_set(&alarm_clock, TIME_NEVER);
    assert_int_equal(left_s(), 0);
    alarm_clock_set(&alarm_clock, now_ns + 2 * HOUR_NS);
    assert_in_range(left_s(), 3601, 7200);
    alarm_clock_set(&alarm_clock, now_ns + HOUR_NS);
    assert_in_range(left_s(), 1, 3600);
    alarm_clock_set(&alarm_clock, now_ns + 3 * HOUR_NS);
    assert_in_range(left_s(), 1, 3600);
    assert_int_equal(atomic_load(&alarm_clock.due_ns), now_ns + HOUR_NS);
}

static void test_after_it_has_rung_it_is_set_anew(void **state) {
    const int64_t now_ns = env_now_ns(&env_standard);
    (void)state;
    alarm_clock_set(&alarm_clock, INT64_MIN); /* at once, and not never */
    assert_int_equal(poll(&(struct pollfd){.fd = alarm_clock.timer, .events = POLLIN}, 1, 20000), 1);
    alarm_clock_rung(&alarm_clock);
    assert_int_equal(atomic_load(&alarm_clock.due_ns), TIME_NEVER);
    alarm_clock_set(&alarm_clock, now_ns + HOUR_NS);
    assert_in_range(left_s(), 1, 3600);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_first_that_is_due_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_after_it_has_rung_it_is_set_anew, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
