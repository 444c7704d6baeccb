/* What a client does that was told nothing: three retries, the standard waits, Retry-After up to 30 s, five seconds an
 * attempt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "policy/defaults.h"
#include "support/fail_alloc.h"
#include "view/execution.h"

static struct attempt attempt;
static insist_execution execution;

static int set_up(void **state) {
    (void)state;
    memset(&attempt, 0, sizeof attempt);
    memset(&execution, 0, sizeof execution);
    attempt.outcome.retry_after_us = -1;
    execution.current = &attempt;
    random_init(&execution.random, 1, 1);
    return 0;
}

static insist_verdict ask(const insist_retry_policy *policy, int status, unsigned retries) {
    insist_err err;
    attempt.outcome.status = status;
    execution.retries = retries;
    return policy->decider.decide(policy->decider.ctx, &execution, &err);
}

static int64_t longest_wait_us(const insist_retry_policy *policy, unsigned retry) {
    int64_t longest_us = 0;
    execution.retries = retry;
    for (int i = 0; i < 1000; i++) {
        const int64_t wait_us = policy->waiter.wait(policy->waiter.ctx, &execution, &execution.random);
        longest_us = wait_us > longest_us ? wait_us : longest_us;
    }
    return longest_us;
}

/* H26, H51, H52: the zero configuration, with this library's numbers. */
static void test_retry_policy(void **state) {
    insist_retry_policy *policy = NULL;
    (void)state;
    assert_int_equal(defaults_retry_policy(&env_standard, &policy), INSIST_OK);
    for (unsigned retries = 0; retries < 3; retries++) {
        assert_int_equal(ask(policy, 503, retries), INSIST_RETRY);
        assert_int_equal(ask(policy, 200, retries), INSIST_ACCEPT);
        assert_int_equal(ask(policy, 404, retries), INSIST_ACCEPT);
        assert_int_equal(ask(policy, 501, retries), INSIST_ACCEPT);
    }
    assert_int_equal(ask(policy, 503, 3), INSIST_EXHAUSTED);
    assert_int_equal(ask(policy, 200, 3), INSIST_ACCEPT);
    attempt.outcome.err = INSIST_ERESET;
    attempt.outcome.transience = INSIST_CONN_RESET;
    assert_int_equal(ask(policy, 0, 0), INSIST_RETRY);
    assert_int_equal(policy->retry_bound, 3);
    assert_int_equal(policy->attempt_bound, RETRY_UNBOUNDED);
    assert_int_equal(policy->retry_after_cap_us, 30000000);
    assert_in_range(longest_wait_us(policy, 1), 45000, 50000);
    assert_in_range(longest_wait_us(policy, 3), 180000, 200000);
    insist_retry_policy_free(policy);
}

/* H66 */
static void test_timeout_policy(void **state) {
    insist_timeout_policy *policy = NULL;
    (void)state;
    assert_int_equal(defaults_timeout_policy(&env_standard, &policy), INSIST_OK);
    assert_int_equal(policy->timeout(policy->ctx, &execution), 5000000);
    assert_true(policy->takes_the_rest);
    insist_timeout_policy_free(policy);
}

static void test_every_allocation_may_fail(void **state) {
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    (void)state;
    for (size_t n = 1;; n++) {
        insist_retry_policy *retry = NULL;
        insist_timeout_policy *timeout = NULL;
        fail_alloc_at(&memory, n);
        insist_err err = defaults_retry_policy(&env, &retry);
        if (err == INSIST_OK)
            err = defaults_timeout_policy(&env, &timeout);
        const bool has_failed = fail_alloc_has_failed(&memory);
        assert_int_equal(err, has_failed ? INSIST_ENOMEM : INSIST_OK);
        insist_retry_policy_free(retry);
        insist_timeout_policy_free(timeout);
        assert_int_equal(fail_alloc_outstanding(&memory), 0);
        if (!has_failed)
            break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_retry_policy, set_up),
        cmocka_unit_test_setup(test_timeout_policy, set_up),
        cmocka_unit_test_setup(test_every_allocation_may_fail, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
