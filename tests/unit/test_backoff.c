/* Waiters: formulas, edges and saturation, jitter's range and shape, wrappers and what they refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "policy/backoff.h"
#include "policy/retry.h"
#include "support/fail_alloc.h"
#include "view/execution.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MS INT64_C(1000) /* microseconds */
#define DRAWS 20000

static struct attempt attempt;
static insist_execution execution;

static int set_up(void **state) {
    (void)state;
    memset(&attempt, 0, sizeof attempt);
    memset(&execution, 0, sizeof execution);
    attempt.outcome.retry_after_us = -1;
    attempt.outcome.status = 500;
    execution.current = &attempt;
    execution.retries = 1;
    random_init(&execution.random, 42, 0);
    return 0;
}

static int64_t ask(insist_waiter waiter, unsigned retry) {
    assert_non_null(waiter.wait);
    execution.retries = retry;
    return waiter.wait(waiter.ctx, &execution, &execution.random);
}

static int64_t ask_once(insist_waiter waiter, unsigned retry) {
    const int64_t wait_us = ask(waiter, retry);
    waiter_release(waiter);
    return wait_us;
}

struct scripted {
    int64_t says;
    unsigned released;
};

static int64_t scripted_wait(void *ctx, const insist_execution *about, insist_random *random) {
    assert_ptr_equal(about, &execution);
    assert_ptr_equal(random, &execution.random);
    return ((struct scripted *)ctx)->says;
}

static void scripted_release(void *ctx) {
    ((struct scripted *)ctx)->released++;
}

static insist_waiter scripted_waiter(struct scripted *scripted) {
    return (insist_waiter){scripted_wait, scripted, scripted_release};
}

/* ---- constant and exponential ------------------------------------------------------------------------------------ */

/* B1, H59, P14; a wait of 0 means at once. */
static void test_constant(void **state) {
    (void)state;
    const unsigned retries[] = {0, 1, 2, 63, 128, INT32_MAX, UINT32_MAX};
    for (size_t i = 0; i < COUNT(retries); i++) {
        assert_int_equal(ask_once(insist_wait_constant_ms(250), retries[i]), 250 * MS);
        assert_int_equal(ask_once(insist_wait_constant_ms(0), retries[i]), 0);
    }
    assert_int_equal(ask_once(insist_wait_constant_ms(INSIST_FOREVER), 1), INSIST_FOREVER);
    assert_int_equal(ask_once(insist_wait_constant_ms(INT64_MAX / 2), 1), INT64_MAX); /* saturates */
}

/* B4, H60, R7: base * factor^(retry - 1); 1 2 4 8 s and 8 4 2 1 s. */
static void test_exponential(void **state) {
    (void)state;
    for (unsigned retry = 1; retry <= 4; retry++) {
        assert_int_equal(ask_once(insist_wait_exponential_ms(1000, 2), retry), 1000 * MS << (retry - 1));
        assert_int_equal(ask_once(insist_wait_exponential_ms(8000, 0.5), retry), 8000 * MS >> (retry - 1));
    }
    assert_int_equal(ask_once(insist_wait_exponential_ms(50, 1.1), 3), 60500);
    assert_int_equal(ask_once(insist_wait_exponential_ms(50, 3), 4), 1350 * MS);
    assert_int_equal(ask_once(insist_wait_exponential_ms(100, 0.7), 3), 49 * MS); /* the double is just below */
    assert_int_equal(ask_once(insist_wait_exponential_ms(8000, 0.5), 1000), 0);
    assert_int_equal(ask_once(insist_wait_exponential_ms(50, 2), 0), 50 * MS); /* before the first: as for the first */
}

/* B4's edges: a base or a factor of 0 is no wait at all, a factor of 1 the base, to the last microsecond. */
static void test_exponential_edges(void **state) {
    (void)state;
    for (unsigned retry = 1; retry <= 3; retry++) {
        assert_int_equal(ask_once(insist_wait_exponential_ms(0, 1e300), retry), 0);
        assert_int_equal(ask_once(insist_wait_exponential_ms(1000, 0), retry), 0);
        assert_int_equal(ask_once(insist_wait_exponential_ms(9007199254740993, 1), retry), 9007199254740993 * MS);
    }
}

/* P16 and B4 overflow; R7 and H60 stand it. */
static void test_exponential_saturates(void **state) {
    (void)state;
    const unsigned retries[] = {63, 64, 65, 128, 1000, INT32_MAX, UINT32_MAX};
    for (size_t i = 0; i < COUNT(retries); i++) {
        assert_int_equal(ask_once(insist_wait_exponential_ms(1000, 2), retries[i]), INT64_MAX);
        assert_int_equal(ask_once(insist_wait_exponential_ms(1, 1e308), retries[i]), INT64_MAX);
        assert_int_equal(ask_once(insist_wait_exponential_ms(INSIST_FOREVER, 1.5), retries[i]), INT64_MAX);
        assert_int_equal(ask_once(insist_wait_cap_ms(insist_wait_exponential_ms(1000, 2), 30000), retries[i]),
                         30000 * MS);
    }
    insist_waiter waiter = insist_wait_exponential_ms(50, 2);
    int64_t before_us = 0;
    for (unsigned retry = 1; retry < 200; retry++) { /* never shorter than the wait before */
        const int64_t wait_us = ask(waiter, retry);
        assert_true(wait_us > before_us || wait_us == INT64_MAX);
        before_us = wait_us;
    }
    waiter_release(waiter);
}

/* ---- jitter ------------------------------------------------------------------------------------------------------ */

/* H60, H61: every whole number of [0, w], both ends included, as often as any other; one draw each. */
static void test_full_jitter_is_uniform(void **state) {
    (void)state;
    struct scripted inner = {.says = 9};
    insist_waiter waiter = insist_wait_full_jitter(scripted_waiter(&inner));
    unsigned seen[10] = {0};
    for (int i = 0; i < DRAWS; i++) {
        const int64_t wait_us = ask(waiter, 1);
        assert_in_range(wait_us, 0, 9);
        seen[wait_us]++;
    }
    for (size_t i = 0; i < COUNT(seen); i++)
        assert_in_range(seen[i], DRAWS / 10 - 200, DRAWS / 10 + 200); /* 4.7 standard deviations */
    waiter_release(waiter);
}

static void test_full_jitter_takes_one_draw(void **state) {
    (void)state;
    struct scripted inner = {.says = 1000000};
    insist_waiter waiter = insist_wait_full_jitter(scripted_waiter(&inner));
    struct insist_random twin = execution.random;
    for (int i = 0; i < 1000; i++) {
        const int64_t expected_us = (int64_t)(insist_random_unit(&twin) * 1000001);
        assert_int_equal(ask(waiter, 1), expected_us);
    }
    waiter_release(waiter);
}

static void test_full_jitter_edges(void **state) {
    (void)state;
    struct scripted inner = {.says = 0};
    insist_waiter waiter = insist_wait_full_jitter(scripted_waiter(&inner));
    assert_int_equal(ask(waiter, 1), 0);
    const int64_t large[] = {INT64_MAX, INT64_MAX - 1, INT64_C(1) << 53, (INT64_C(1) << 53) + 1};
    for (size_t i = 0; i < COUNT(large); i++) {
        int64_t most_us = 0;
        inner.says = large[i];
        for (int draw = 0; draw < 1000; draw++) {
            const int64_t wait_us = ask(waiter, 1);
            assert_true(wait_us >= 0 && wait_us <= large[i]);
            most_us = wait_us > most_us ? wait_us : most_us;
        }
        assert_true(most_us > large[i] / 10 * 9);
    }
    waiter_release(waiter);
}

/* The same seed gives the same waits: the stream is handed in, nothing is shared (H61). */
static void test_a_seed_replays_the_waits(void **state) {
    (void)state;
    int64_t first[50];
    for (unsigned i = 0; i < COUNT(first); i++)
        first[i] = ask_once(insist_wait_standard(), 1 + i % 10);
    random_init(&execution.random, 42, 0);
    for (unsigned i = 0; i < COUNT(first); i++)
        assert_int_equal(ask_once(insist_wait_standard(), 1 + i % 10), first[i]);
}

/* ---- the cap ----------------------------------------------------------------------------------------------------- */

/* B6, B10 */
static void test_cap(void **state) {
    (void)state;
    struct scripted inner = {.says = 99 * MS};
    insist_waiter waiter = insist_wait_cap_ms(scripted_waiter(&inner), 100);
    assert_int_equal(ask(waiter, 1), 99 * MS);
    inner.says = 100 * MS + 1;
    assert_int_equal(ask(waiter, 1), 100 * MS);
    inner.says = INT64_MAX;
    assert_int_equal(ask(waiter, 1), 100 * MS);
    waiter_release(waiter);
    assert_int_equal(ask_once(insist_wait_cap_ms(insist_wait_constant_ms(INSIST_FOREVER), INSIST_FOREVER), 1),
                     INT64_MAX);
}

/* B2, B5, B6: EXIT passes through every wrapper; so does any other negative number, INT64_MIN included. */
static void test_exit_passes_through(void **state) {
    (void)state;
    const int64_t negative[] = {INSIST_EXIT, -2, -1000000, INT64_MIN + 1, INT64_MIN};
    for (size_t i = 0; i < COUNT(negative); i++) {
        struct scripted inner = {.says = negative[i]};
        assert_int_equal(ask_once(insist_wait_full_jitter(scripted_waiter(&inner)), 1), INSIST_EXIT);
        assert_int_equal(ask_once(insist_wait_cap_ms(scripted_waiter(&inner), 5), 1), INSIST_EXIT);
        assert_int_equal(ask_once(insist_wait_retry_after(scripted_waiter(&inner), 5), 1), INSIST_EXIT);
        assert_int_equal(ask_once(insist_wait_cap_ms(insist_wait_full_jitter(scripted_waiter(&inner)), 5), 1),
                         INSIST_EXIT);
        attempt.outcome.retry_after_us = 3;
        assert_int_equal(ask_once(insist_wait_retry_after(scripted_waiter(&inner), 5), 1), INSIST_EXIT);
        attempt.outcome.retry_after_us = -1;
        const insist_waiter bare = scripted_waiter(&inner);
        assert_int_equal(waiter_ask(&bare, &execution, &execution.random), INSIST_EXIT);
        assert_int_equal(inner.released, 5);
    }
}

/* ---- what a client uses that was told nothing -------------------------------------------------------------------- */

/* The wait's range for a retry: 0 to that, and the upper tenth of it is reached. */
static void check_standard(unsigned retry, int64_t most_us) {
    int64_t largest_us = 0, smallest_us = INT64_MAX;
    for (int i = 0; i < 1000; i++) {
        const int64_t wait_us = ask_once(insist_wait_standard(), retry);
        assert_true(wait_us >= 0 && wait_us <= most_us);
        largest_us = wait_us > largest_us ? wait_us : largest_us;
        smallest_us = wait_us < smallest_us ? wait_us : smallest_us;
    }
    assert_true(largest_us > most_us / 10 * 9);
    assert_true(smallest_us < most_us / 10);
}

/* H52 with a wider cap, H63: the exponent is the number of the retry, not of the attempt. */
static void test_standard(void **state) {
    (void)state;
    attempt.index = 77;
    const int64_t most_ms[] = {50, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 20000, 20000};
    for (unsigned retry = 1; retry <= COUNT(most_ms); retry++)
        check_standard(retry, most_ms[retry - 1] * MS);
    const unsigned retries[] = {63, 64, 128, INT32_MAX, UINT32_MAX};
    for (size_t i = 0; i < COUNT(retries); i++)
        check_standard(retries[i], 20000 * MS);
    execution.current = NULL;
    check_standard(0, 50 * MS);
}

static void test_standard_is_slower_when_throttled(void **state) {
    (void)state;
    attempt.outcome.status = 429;
    check_standard(1, 1000 * MS);
    check_standard(3, 4000 * MS);
    check_standard(6, 20000 * MS);
    attempt.outcome.status = 503;
    check_standard(1, 50 * MS);
    attempt.outcome.retry_after_us = 0;
    check_standard(1, 1000 * MS);
    attempt.outcome.status = 502;
    check_standard(1, 50 * MS);
}

/* ---- Retry-After ------------------------------------------------------------------------------------------------- */

static insist_retry_policy *policy_of(insist_waiter waiter) {
    insist_retry_policy *policy = NULL;
    assert_int_equal(insist_retry_policy_new(insist_retry_never(), waiter, NULL, &policy), INSIST_OK);
    return policy;
}

static void check_refused(insist_waiter waiter, const char *field) {
    insist_problem problem = {.err = INSIST_OK};
    insist_retry_policy *policy = (void *)1;
    assert_int_equal(insist_retry_policy_new(insist_retry_never(), waiter, &problem, &policy), INSIST_EINVAL);
    assert_null(policy);
    assert_int_equal(problem.err, INSIST_EINVAL);
    assert_string_equal(problem.field, field);
    assert_true(strlen(problem.text) > 10);
}

/* R10: the policy keeps the cap and what is inside; the wrapper is gone. */
static void test_policy_takes_the_wrapper_off(void **state) {
    (void)state;
    struct scripted inner = {.says = 123};
    insist_retry_policy *policy = policy_of(insist_wait_retry_after(scripted_waiter(&inner), 30000));
    assert_int_equal(policy->retry_after_cap_us, 30000 * MS);
    assert_ptr_equal(policy->waiter.ctx, &inner);
    attempt.outcome.retry_after_us = 5;
    assert_int_equal(ask(policy->waiter, 1), 123);
    insist_retry_policy_free(policy);
    assert_int_equal(inner.released, 1);

    policy = policy_of(insist_wait_retry_after(insist_wait_constant_ms(1), 0));
    assert_int_equal(policy->retry_after_cap_us, 0);
    insist_retry_policy_free(policy);
    policy = policy_of(insist_wait_retry_after(insist_wait_constant_ms(1), INSIST_FOREVER)); /* R7: uncapped */
    assert_int_equal(policy->retry_after_cap_us, INSIST_FOREVER);
    insist_retry_policy_free(policy);
    policy = policy_of(insist_wait_constant_ms(1));
    assert_int_equal(policy->retry_after_cap_us, -1);
    insist_retry_policy_free(policy);
}

/* A user's own waiter may hold the wrapper and ask it. */
static void test_the_wrapper_asked_directly(void **state) {
    (void)state;
    struct scripted inner = {.says = 100};
    insist_waiter waiter = insist_wait_retry_after(scripted_waiter(&inner), 2000);
    assert_int_equal(ask(waiter, 1), 100);
    attempt.outcome.retry_after_us = 0;
    assert_int_equal(ask(waiter, 1), 100);
    attempt.outcome.retry_after_us = 2000 * MS;
    assert_int_equal(ask(waiter, 1), 2000 * MS + 100);
    attempt.outcome.retry_after_us++;
    assert_int_equal(ask(waiter, 1), INSIST_EXIT);
    inner.says = INT64_MAX;
    attempt.outcome.retry_after_us = 5;
    assert_int_equal(ask(waiter, 1), INT64_MAX);
    execution.current = NULL;
    inner.says = 7;
    assert_int_equal(ask(waiter, 1), 7);
    waiter_release(waiter);
}

static void test_the_wrapper_must_be_outermost(void **state) {
    (void)state;
    struct scripted inner = {.says = 1};
    check_refused(insist_wait_full_jitter(insist_wait_retry_after(scripted_waiter(&inner), 5)), "waiter");
    check_refused(insist_wait_cap_ms(insist_wait_retry_after(scripted_waiter(&inner), 5), 5), "waiter");
    check_refused(insist_wait_retry_after(insist_wait_retry_after(scripted_waiter(&inner), 5), 5), "waiter");
    check_refused(
        insist_wait_retry_after(insist_wait_cap_ms(insist_wait_retry_after(scripted_waiter(&inner), 5), 5), 5),
        "waiter");
    assert_int_equal(inner.released, 4);
}

/* ---- what is refused --------------------------------------------------------------------------------------------- */

/* B1, B4, H60: bad numbers; what was wrapped is released. */
static void test_bad_arguments_name_their_field(void **state) {
    (void)state;
    struct scripted inner = {.says = 1};
    check_refused(insist_wait_constant_ms(-1), "ms");
    check_refused(insist_wait_constant_ms(INT64_MIN), "ms");
    check_refused(insist_wait_exponential_ms(-1, 2), "base_ms");
    check_refused(insist_wait_exponential_ms(1, -0.5), "factor");
    check_refused(insist_wait_exponential_ms(1, (double)NAN), "factor");
    check_refused(insist_wait_exponential_ms(1, (double)INFINITY), "factor");
    check_refused(insist_wait_cap_ms(scripted_waiter(&inner), 0), "max_ms");
    check_refused(insist_wait_cap_ms(scripted_waiter(&inner), INT64_MIN), "max_ms");
    check_refused(insist_wait_retry_after(scripted_waiter(&inner), -1), "cap_ms");
    assert_int_equal(inner.released, 3);
}

static void test_poison_is_carried_along(void **state) {
    (void)state;
    struct scripted inner = {.says = 1};
    check_refused(
        insist_wait_retry_after(insist_wait_cap_ms(insist_wait_full_jitter(insist_wait_constant_ms(-1)), 0), -1), "ms");
    check_refused((insist_waiter){NULL, &inner, scripted_release}, "waiter");
    check_refused(insist_wait_full_jitter((insist_waiter){NULL, &inner, scripted_release}), "waiter");
    check_refused((insist_waiter){.wait = NULL}, "waiter");
    assert_int_equal(inner.released, 2);
}

static insist_err make_policy(const struct env *env, struct scripted *inner, insist_retry_policy **out) {
    insist_waiter waiter = waiter_cap_ms(env, waiter_full_jitter(env, scripted_waiter(inner)), 10);
    return retry_policy_new(env, insist_retry_never(), waiter_retry_after(env, waiter, 10), NULL, out);
}

static void test_every_allocation_may_fail(void **state) {
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    struct scripted inner = {.says = 1};
    insist_retry_policy *policy = NULL;
    size_t n = 1;
    (void)state;
    for (;; n++) {
        fail_alloc_at(&memory, n);
        const insist_err err = make_policy(&env, &inner, &policy);
        if (!fail_alloc_has_failed(&memory))
            break;
        assert_int_equal(err, INSIST_ENOMEM);
        assert_null(policy);
        assert_int_equal(fail_alloc_outstanding(&memory), 0);
        assert_int_equal(inner.released, n);
    }
    assert_int_equal(n, 5);
    insist_retry_policy_free(policy);
    fail_alloc_at(&memory, 1);
    assert_null(waiter_constant_ms(&env, 5).wait);
    fail_alloc_at(&memory, 1);
    assert_null(waiter_exponential_ms(&env, 5, 2).wait);
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_constant, set_up),
        cmocka_unit_test_setup(test_exponential, set_up),
        cmocka_unit_test_setup(test_exponential_edges, set_up),
        cmocka_unit_test_setup(test_exponential_saturates, set_up),
        cmocka_unit_test_setup(test_full_jitter_is_uniform, set_up),
        cmocka_unit_test_setup(test_full_jitter_takes_one_draw, set_up),
        cmocka_unit_test_setup(test_full_jitter_edges, set_up),
        cmocka_unit_test_setup(test_a_seed_replays_the_waits, set_up),
        cmocka_unit_test_setup(test_cap, set_up),
        cmocka_unit_test_setup(test_exit_passes_through, set_up),
        cmocka_unit_test_setup(test_standard, set_up),
        cmocka_unit_test_setup(test_standard_is_slower_when_throttled, set_up),
        cmocka_unit_test_setup(test_policy_takes_the_wrapper_off, set_up),
        cmocka_unit_test_setup(test_the_wrapper_asked_directly, set_up),
        cmocka_unit_test_setup(test_the_wrapper_must_be_outermost, set_up),
        cmocka_unit_test_setup(test_bad_arguments_name_their_field, set_up),
        cmocka_unit_test_setup(test_poison_is_carried_along, set_up),
        cmocka_unit_test_setup(test_every_allocation_may_fail, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
