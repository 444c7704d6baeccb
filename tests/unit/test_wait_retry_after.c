/* Following Retry-After on some statuses only, added to the wait or in its place: what a policy keeps of it, what the
 * wrapper says when it is asked itself, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "policy/retry.h"
#include "support/fail_alloc.h"
#include "waiter_example.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct waiter_example example;
static struct inner_example inner;
static const int listed[] = {429, 503};

static int set_up(void **state) {
    (void)state;
    waiter_example_init(&example);
    inner = (struct inner_example){.says = 100};
    return 0;
}

static insist_waiter following(insist_retry_after_use use, int64_t cap_ms) {
    return insist_wait_retry_after_on(inner_example_waiter(&inner), listed, COUNT(listed), use, cap_ms);
}

/* What it says after an answer with that status and header. */
static int64_t ask(insist_waiter waiter, int status, int64_t header_us) {
    example.attempt.outcome.status = status;
    example.attempt.outcome.retry_after_us = header_us;
    return waiter_example_ask(&example, waiter, 1, NO_DRAW);
}

/* R7, R10: the policy keeps the rule and what is inside; the wrapper is gone. */
static void test_policy_takes_the_wrapper_off(void **state) {
    (void)state;
    insist_retry_policy *policy = waiter_example_policy(following(INSIST_RETRY_AFTER_REPLACES, INSIST_FOREVER));
    assert_ptr_equal(policy->waiter.ctx, &inner);
    assert_int_equal(policy->retry_after_cap_us, INSIST_FOREVER);
    assert_true(policy->retry_after_replaces);
    assert_true(policy->retry_after_listed);
    for (int status = 0; status < 1100; status++)
        assert_int_equal(status_set_has(&policy->retry_after_statuses, status), status == 429 || status == 503);
    insist_retry_policy_free(policy);
    assert_int_equal(inner.released, 1);

    policy = waiter_example_policy(following(INSIST_RETRY_AFTER_ADDS, 7));
    assert_int_equal(policy->retry_after_cap_us, 7 * MS);
    assert_false(policy->retry_after_replaces);
    assert_true(policy->retry_after_listed);
    insist_retry_policy_free(policy);

    policy = waiter_example_policy(insist_wait_retry_after(inner_example_waiter(&inner), 7)); /* any status */
    assert_false(policy->retry_after_replaces);
    assert_false(policy->retry_after_listed);
    insist_retry_policy_free(policy);
}

/* R7, R10: the header's delay alone, below or above what the inner waiter says; other statuses have none. */
static void test_in_place_of_the_wait(void **state) {
    (void)state;
    insist_waiter waiter = following(INSIST_RETRY_AFTER_REPLACES, INSIST_FOREVER);
    assert_int_equal(ask(waiter, 429, 2000 * MS), 2000 * MS);
    assert_int_equal(ask(waiter, 503, 5), 5);
    assert_int_equal(ask(waiter, 503, 0), 0);
    assert_int_equal(ask(waiter, 503, INT64_MAX), INT64_MAX); /* saturated, not negative (R8) */
    assert_int_equal(ask(waiter, 502, 2000 * MS), 100);
    assert_int_equal(ask(waiter, 429, -1), 100);
    inner.says = INT64_MIN;
    assert_int_equal(ask(waiter, 429, 2000 * MS), INSIST_EXIT);
    example.execution.current = NULL;
    inner.says = 7;
    assert_int_equal(ask(waiter, 429, 2000 * MS), 7);
    waiter_release(waiter);
}

static void test_added_to_the_wait(void **state) {
    (void)state;
    insist_waiter waiter = following(INSIST_RETRY_AFTER_ADDS, 2000);
    assert_int_equal(ask(waiter, 429, 2000 * MS), 2000 * MS + 100);
    assert_int_equal(ask(waiter, 429, 2000 * MS + 1), INSIST_EXIT); /* beyond the cap */
    assert_int_equal(ask(waiter, 500, 2000 * MS + 1), 100);
    inner.says = INT64_MAX;
    assert_int_equal(ask(waiter, 503, 5), INT64_MAX);
    inner.says = INSIST_EXIT;
    assert_int_equal(ask(waiter, 503, 5), INSIST_EXIT);
    waiter_release(waiter);
}

static void test_the_list_is_copied(void **state) {
    int statuses[] = {404};
    (void)state;
    insist_waiter waiter = insist_wait_retry_after_on(inner_example_waiter(&inner), statuses, 1,
                                                      INSIST_RETRY_AFTER_REPLACES, INSIST_FOREVER);
    statuses[0] = 500;
    assert_int_equal(ask(waiter, 404, 9), 9);
    assert_int_equal(ask(waiter, 500, 9), 100);
    waiter_release(waiter);
}

static insist_waiter refusing(const int *statuses, size_t n, int use, int64_t cap_ms) {
    return insist_wait_retry_after_on(inner_example_waiter(&inner), statuses, n, (insist_retry_after_use)use, cap_ms);
}

static void test_bad_arguments_name_their_field(void **state) {
    const int bad[] = {429, 99, 1000};
    (void)state;
    waiter_example_refused(refusing(listed, 0, INSIST_RETRY_AFTER_ADDS, 5), "statuses");
    waiter_example_refused(refusing(NULL, 2, INSIST_RETRY_AFTER_ADDS, 5), "statuses");
    waiter_example_refused(refusing(bad, 2, INSIST_RETRY_AFTER_ADDS, 5), "statuses");
    waiter_example_refused(refusing(bad + 2, 1, INSIST_RETRY_AFTER_ADDS, 5), "statuses");
    waiter_example_refused(refusing(listed, 2, 2, 5), "use");
    waiter_example_refused(refusing(listed, 2, INSIST_RETRY_AFTER_REPLACES, -1), "cap_ms");
    assert_int_equal(inner.released, 6);
    insist_waiter twice = following(INSIST_RETRY_AFTER_ADDS, 5);
    waiter_example_refused(insist_wait_retry_after(twice, 5), "waiter");
    waiter_example_refused(insist_wait_full_jitter(following(INSIST_RETRY_AFTER_ADDS, 5)), "waiter");
    waiter_example_refused(insist_wait_retry_after_on(insist_wait_constant_ms(-1), NULL, 0, 0, -1), "ms");
    assert_int_equal(inner.released, 8);
}

static void test_every_allocation_may_fail(void **state) {
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    (void)state;
    fail_alloc_at(&memory, 1);
    assert_null(waiter_retry_after_on(&env, inner_example_waiter(&inner), listed, 2, INSIST_RETRY_AFTER_ADDS, 5).wait);
    assert_int_equal(inner.released, 1);
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_policy_takes_the_wrapper_off, set_up),
        cmocka_unit_test_setup(test_in_place_of_the_wait, set_up),
        cmocka_unit_test_setup(test_added_to_the_wait, set_up),
        cmocka_unit_test_setup(test_the_list_is_copied, set_up),
        cmocka_unit_test_setup(test_bad_arguments_name_their_field, set_up),
        cmocka_unit_test_setup(test_every_allocation_may_fail, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
