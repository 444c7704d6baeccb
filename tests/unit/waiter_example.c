/* The stream is splitmix64: a counter, scrambled on its way out. Run backwards it tells the counter for any number. */
#include "waiter_example.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define GAMMA UINT64_C(0x9e3779b97f4a7c15)

static uint64_t unshift(uint64_t shifted, unsigned by) {
    uint64_t value = shifted;
    for (unsigned known = by; known < 64; known += by)
        value = shifted ^ (value >> by);
    return value;
}

/* The multipliers are the inverses, modulo 2^64, of the stream's. */
static uint64_t unscramble(uint64_t z) {
    z = unshift(z, 31) * UINT64_C(0x319642b2d24d8ec3);
    z = unshift(z, 27) * UINT64_C(0x96de1b173f119089);
    return unshift(z, 30);
}

static void random_says(insist_random *random, double number) {
    const uint64_t before = unscramble((uint64_t)(number * 0x1.0p53) << 11) - GAMMA;
    random->state = before;
    assert_true(insist_random_unit(random) >= number && insist_random_unit(&(insist_random){before}) <= number);
    random->state = before;
}

void waiter_example_init(struct waiter_example *example) {
    memset(example, 0, sizeof *example);
    example->attempt.outcome.retry_after_us = -1;
    example->attempt.outcome.status = 500;
    example->execution.current = &example->attempt;
    example->execution.retries = 1;
    example->execution.attempts_started = example->execution.attempt_ends = 1;
}

static int64_t inner_wait(void *ctx, const insist_execution *execution, insist_random *random) {
    struct inner_example *inner = ctx;
    (void)execution, (void)random;
    inner->asked++;
    return inner->says;
}

static void inner_release(void *ctx) {
    ((struct inner_example *)ctx)->released++;
}

insist_waiter inner_example_waiter(struct inner_example *inner) {
    return (insist_waiter){inner_wait, inner, inner_release};
}

int64_t waiter_example_ask(struct waiter_example *example, insist_waiter waiter, unsigned retry, double number) {
    insist_execution *execution = &example->execution;
    const bool draws = number >= 0;
    assert_non_null(waiter.wait);
    execution->retries = retry;
    if (draws)
        random_says(&execution->random, number);
    const uint64_t before = execution->random.state;
    const int64_t wait_us = waiter.wait(waiter.ctx, execution, &execution->random);
    assert_true(execution->random.state == before + (draws ? GAMMA : 0));
    return wait_us;
}

int64_t waiter_example_ask_once(struct waiter_example *example, insist_waiter waiter, unsigned retry, double number) {
    const int64_t wait_us = waiter_example_ask(example, waiter, retry, number);
    waiter_release(waiter);
    return wait_us;
}

insist_retry_policy *waiter_example_policy(insist_waiter waiter) {
    insist_retry_policy *policy = NULL;
    assert_int_equal(insist_retry_policy_new(insist_retry_never(), waiter, NULL, &policy), INSIST_OK);
    return policy;
}

void waiter_example_refused(insist_waiter waiter, const char *field) {
    insist_problem problem = {.err = INSIST_OK};
    insist_retry_policy *policy = (void *)1;
    assert_int_equal(insist_retry_policy_new(insist_retry_never(), waiter, &problem, &policy), INSIST_EINVAL);
    assert_null(policy);
    assert_int_equal(problem.err, INSIST_EINVAL);
    assert_string_equal(problem.field, field);
    assert_true(strlen(problem.text) > 10);
}
