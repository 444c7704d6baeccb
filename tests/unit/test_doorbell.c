/* The doorbell: rings that are kept, instants that have passed, and a ring that comes while somebody sleeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/doorbell.h"
#include "base/env.h"
#include "base/time_math.h"
#include <pthread.h>

static void a_ring_is_kept(void **state) {
    (void)state;
    struct doorbell bell;
    doorbell_init(&bell);
    doorbell_ring(&bell);
    assert_true(doorbell_sleep_until(&bell, TIME_NEVER));
    doorbell_ring(&bell);
    assert_true(doorbell_sleep_until(&bell, 0)); /* has passed, but it rang before */
    doorbell_fini(&bell);
}

static void an_instant_that_has_passed_ends_the_sleep(void **state) {
    (void)state;
    struct doorbell bell;
    doorbell_init(&bell);
    assert_false(doorbell_sleep_until(&bell, env_now_ns(&env_standard)));
    assert_false(doorbell_sleep_until(&bell, 0));
    assert_false(doorbell_sleep_until(&bell, INT64_MIN));
    doorbell_fini(&bell);
}

static void *ring(void *bell) {
    doorbell_ring(bell);
    return NULL;
}

static void another_thread_rings(void **state) {
    (void)state;
    struct doorbell bell;
    pthread_t thread;
    doorbell_init(&bell);
    assert_int_equal(pthread_create(&thread, NULL, ring, &bell), 0);
    while (!doorbell_sleep_until(&bell, TIME_NEVER))
        ;
    pthread_join(thread, NULL);
    assert_int_equal(pthread_create(&thread, NULL, ring, &bell), 0);
    while (!doorbell_sleep_until(&bell, TIME_NEVER - 1)) /* an instant, if a late one */
        ;
    pthread_join(thread, NULL);
    doorbell_fini(&bell);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_is_kept),
        cmocka_unit_test(an_instant_that_has_passed_ends_the_sleep),
        cmocka_unit_test(another_thread_rings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
