/* Deciders and the retry policy: every verdict, the combinators cell by cell, what is refused, who releases what. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "policy/backoff.h"
#include "policy/retry.h"
#include "support/fail_alloc.h"
#include "view/execution.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MS INT64_C(1000000) /* nanoseconds */

static struct attempt attempt;
static insist_execution execution;

static int set_up(void **state) {
    (void)state;
    memset(&attempt, 0, sizeof attempt);
    memset(&execution, 0, sizeof execution);
    attempt.outcome.retry_after_us = -1;
    execution.current = &attempt;
    execution.attempts_started = execution.attempt_ends = 1;
    return 0;
}

static void answer(int status) {
    attempt.outcome.err = INSIST_OK;
    attempt.outcome.transience = INSIST_NOT_TRANSIENT;
    attempt.outcome.status = status;
}

static void error(insist_err err, insist_transience transience) {
    attempt.outcome.err = err;
    attempt.outcome.transience = transience;
    attempt.outcome.status = 0;
}

static insist_verdict ask(insist_decider decider) {
    insist_err err = INSIST_OK;
    const insist_verdict verdict = decider.decide(decider.ctx, &execution, &err);
    assert_int_equal(err, INSIST_OK);
    return verdict;
}

static insist_verdict ask_once(insist_decider decider) {
    assert_non_null(decider.decide);
    const insist_verdict verdict = ask(decider);
    decider_release(decider);
    return verdict;
}

/* ---- a decider that says what it is told, and counts ------------------------------------------------------------- */

struct scripted {
    insist_verdict says;
    insist_err error;
    unsigned asked, released;
};

static insist_verdict scripted_decide(void *ctx, const insist_execution *about, insist_err *err) {
    struct scripted *scripted = ctx;
    assert_ptr_equal(about, &execution);
    scripted->asked++;
    if (scripted->says == INSIST_FAIL || scripted->error)
        *err = scripted->error;
    return scripted->says;
}

static void scripted_release(void *ctx) {
    ((struct scripted *)ctx)->released++;
}

static insist_decider scripted_decider(struct scripted *scripted) {
    return (insist_decider){scripted_decide, scripted, scripted_release};
}

static int64_t counted_wait(void *ctx, const insist_execution *about, insist_random *random) {
    (void)ctx, (void)about, (void)random;
    return 7;
}

static insist_waiter counted_waiter(struct scripted *scripted) {
    return (insist_waiter){counted_wait, scripted, scripted_release};
}

/* ---- counts and time --------------------------------------------------------------------------------------------- */

/* H54: n retries; unlike its model hedges are none. H53: times(0) is one attempt. */
static void test_times(void **state) {
    (void)state;
    execution.attempts_started = 40; /* hedges */
    for (unsigned n = 0; n < 4; n++) {
        insist_decider decider = insist_retry_times(n);
        for (execution.retries = 0; execution.retries < n; execution.retries++)
            assert_int_equal(ask(decider), INSIST_RETRY);
        assert_int_equal(ask(decider), INSIST_EXHAUSTED);
        execution.retries = UINT32_MAX;
        assert_int_equal(ask(decider), INSIST_EXHAUSTED);
        decider_release(decider);
    }
}

/* P4: total attempts, here hedges included. */
static void test_attempts(void **state) {
    (void)state;
    insist_decider decider = insist_retry_attempts(3);
    for (execution.attempts_started = 1; execution.attempts_started < 3; execution.attempts_started++)
        assert_int_equal(ask(decider), INSIST_RETRY);
    assert_int_equal(ask(decider), INSIST_EXHAUSTED);
    decider_release(decider);
}

/* H55, B8: a time is up when it is reached. */
static void test_before(void **state) {
    (void)state;
    insist_decider decider = insist_retry_before_ms(250);
    execution.start_ns = 1000 * MS;
    execution.now_ns = 1250 * MS - 1;
    assert_int_equal(ask(decider), INSIST_RETRY);
    execution.now_ns++;
    assert_int_equal(ask(decider), INSIST_EXHAUSTED);
    decider_release(decider);

    execution.now_ns = execution.start_ns;
    assert_int_equal(ask_once(insist_retry_before_ms(0)), INSIST_EXHAUSTED);
    execution.now_ns = INT64_MAX - 1;
    assert_int_equal(ask_once(insist_retry_before_ms(INSIST_FOREVER)), INSIST_RETRY);
    assert_int_equal(ask_once(insist_retry_before_ms(INSIST_FOREVER - 1)), INSIST_RETRY); /* saturates */
}

/* ---- outcomes ---------------------------------------------------------------------------------------------------- */

/* H56: a response with a listed code; the list is copied. */
static void test_on_status(void **state) {
    (void)state;
    int statuses[] = {404, 100, 999, 404};
    insist_decider decider = insist_retry_on_status(statuses, COUNT(statuses));
    memset(statuses, 0, sizeof statuses);
    for (int status = -1; status < 1100; status++) {
        answer(status);
        assert_int_equal(ask(decider), status == 404 || status == 100 || status == 999 ? INSIST_RETRY : INSIST_ACCEPT);
    }
    error(INSIST_ERESET, INSIST_CONN_RESET);
    assert_int_equal(ask(decider), INSIST_ACCEPT);
    attempt.outcome.status = 404; /* its body did not come whole: an error, not an answer */
    assert_int_equal(ask(decider), INSIST_ACCEPT);
    execution.current = NULL;
    assert_int_equal(ask(decider), INSIST_ACCEPT);
    decider_release(decider);
}

static void test_on_status_class(void **state) {
    (void)state;
    for (int digit = 1; digit <= 9; digit++) {
        insist_decider decider = insist_retry_on_status_class(digit);
        for (int status = 0; status < 1100; status++) {
            answer(status);
            assert_int_equal(ask(decider), status / 100 == digit ? INSIST_RETRY : INSIST_ACCEPT);
        }
        decider_release(decider);
    }
}

/* M17: both ends included. */
static void test_on_status_range(void **state) {
    static const int ranges[][2] = {{500, 599}, {404, 404}, {100, 999}};
    (void)state;
    for (size_t i = 0; i < COUNT(ranges); i++) {
        insist_decider decider = insist_retry_on_status_range(ranges[i][0], ranges[i][1]);
        for (int status = 0; status < 1100; status++) {
            answer(status);
            assert_int_equal(ask(decider),
                             status >= ranges[i][0] && status <= ranges[i][1] ? INSIST_RETRY : INSIST_ACCEPT);
        }
        error(INSIST_ERESET, INSIST_CONN_RESET);
        assert_int_equal(ask(decider), INSIST_ACCEPT);
        decider_release(decider);
    }
}

/* H57: transient errors only, responses ignored. */
static void test_on_transient(void **state) {
    (void)state;
    for (int kind = INSIST_TIMEOUT; kind <= INSIST_BAD_FRAMING; kind++) {
        error(INSIST_ERESET, (insist_transience)kind);
        assert_int_equal(ask_once(insist_retry_on_transient()), INSIST_RETRY);
    }
    error(INSIST_ECERT, INSIST_NOT_TRANSIENT);
    assert_int_equal(ask_once(insist_retry_on_transient()), INSIST_ACCEPT);
    answer(503);
    assert_int_equal(ask_once(insist_retry_on_transient()), INSIST_ACCEPT);
    execution.current = NULL;
    assert_int_equal(ask_once(insist_retry_on_transient()), INSIST_ACCEPT);
}

/* P5, R3: any error. A validator's rejection is one (R16). */
static void test_on_error(void **state) {
    (void)state;
    error(INSIST_ECERT, INSIST_NOT_TRANSIENT);
    assert_int_equal(ask_once(insist_retry_on_error()), INSIST_RETRY);
    error(INSIST_EREJECTED, INSIST_NOT_TRANSIENT);
    assert_int_equal(ask_once(insist_retry_on_error()), INSIST_RETRY);
    answer(500);
    assert_int_equal(ask_once(insist_retry_on_error()), INSIST_ACCEPT);
    execution.current = NULL;
    assert_int_equal(ask_once(insist_retry_on_error()), INSIST_ACCEPT);
}

/* H51: the default's statuses, with 408, 425 and 500 added, and transient errors. */
static void test_standard(void **state) {
    static const int retried[] = {408, 425, 429, 500, 502, 503, 504};
    (void)state;
    for (int status = 100; status < 1000; status++) {
        bool wanted = false;
        for (size_t i = 0; i < COUNT(retried); i++)
            wanted = wanted || status == retried[i];
        answer(status);
        assert_int_equal(ask_once(insist_retry_standard()), wanted ? INSIST_RETRY : INSIST_ACCEPT);
    }
    error(INSIST_ETIMEOUT, INSIST_TIMEOUT);
    assert_int_equal(ask_once(insist_retry_standard()), INSIST_RETRY);
    attempt.outcome.status = 200; /* a broken body */
    assert_int_equal(ask_once(insist_retry_standard()), INSIST_RETRY);
    error(INSIST_ERESOLVE, INSIST_NOT_TRANSIENT);
    assert_int_equal(ask_once(insist_retry_standard()), INSIST_ACCEPT);
}

/* H53 */
static void test_never(void **state) {
    (void)state;
    answer(503);
    assert_int_equal(ask_once(insist_retry_never()), INSIST_ACCEPT);
    error(INSIST_ERESET, INSIST_CONN_RESET);
    assert_int_equal(ask_once(insist_retry_never()), INSIST_ACCEPT);
}

/* ---- combinators: H58, with four values -------------------------------------------------------------------------- */

#define A INSIST_ACCEPT
#define R INSIST_RETRY
#define E INSIST_EXHAUSTED
#define F INSIST_FAIL

/* Rows: the first side's verdict, columns: the second's, in the order ACCEPT, RETRY, EXHAUSTED, FAIL. */
static const insist_verdict and_table[4][4] = {{A, A, A, F}, {A, R, E, F}, {A, E, E, F}, {F, F, F, F}};
static const insist_verdict or_table[4][4] = {{A, R, E, F}, {R, R, R, F}, {E, R, E, F}, {F, F, F, F}};
static const insist_verdict not_table[4] = {R, A, R, F};

#undef A
#undef R
#undef E
#undef F

static void check_table(insist_decider (*combine)(insist_decider, insist_decider), const insist_verdict table[4][4]) {
    for (int a = 0; a < 4; a++) {
        for (int b = 0; b < 4; b++) {
            struct scripted first = {.says = (insist_verdict)a, .error = a == INSIST_FAIL ? INSIST_ECERT : INSIST_OK};
            struct scripted second = {.says = (insist_verdict)b, .error = b == INSIST_FAIL ? INSIST_ETLS : INSIST_OK};
            insist_err err = INSIST_OK;
            insist_decider both = combine(scripted_decider(&first), scripted_decider(&second));
            assert_int_equal(both.decide(both.ctx, &execution, &err), table[a][b]);
            assert_int_equal(first.asked, 1);
            assert_int_equal(second.asked, a == INSIST_FAIL ? 0 : 1); /* only a failure settles both tables */
            assert_int_equal(err, a == INSIST_FAIL ? INSIST_ECERT : b == INSIST_FAIL ? INSIST_ETLS : INSIST_OK);
            decider_release(both);
            assert_int_equal(first.released, 1);
            assert_int_equal(second.released, 1);
        }
    }
}

static void test_and(void **state) {
    (void)state;
    check_table(insist_retry_and, and_table);
}

static void test_or(void **state) {
    (void)state;
    check_table(insist_retry_or, or_table);
}

static void test_not(void **state) {
    (void)state;
    for (int says = 0; says < 4; says++) {
        struct scripted scripted = {.says = (insist_verdict)says,
                                    .error = says == INSIST_FAIL ? INSIST_ETLS : INSIST_OK};
        insist_err err = INSIST_OK;
        insist_decider inverse = insist_retry_not(scripted_decider(&scripted));
        assert_int_equal(inverse.decide(inverse.ctx, &execution, &err), not_table[says]);
        assert_int_equal(err, scripted.error);
        assert_int_equal(scripted.asked, 1);
        decider_release(inverse);
        assert_int_equal(scripted.released, 1);
    }
}

/* A user's function may answer nonsense, or fail without an error, or set an error and not fail. */
static void test_nonsense_is_contained(void **state) {
    (void)state;
    struct scripted mad = {.says = (insist_verdict)17}, silent = {.says = INSIST_FAIL},
                    chatty = {.says = INSIST_RETRY, .error = INSIST_ETLS};
    insist_err err = INSIST_OK;
    insist_decider decider = insist_retry_not(scripted_decider(&mad));
    assert_int_equal(decider.decide(decider.ctx, &execution, &err), INSIST_FAIL);
    assert_int_equal(err, INSIST_EINVAL);
    decider_release(decider);

    err = INSIST_OK;
    decider = insist_retry_and(scripted_decider(&chatty), scripted_decider(&silent));
    assert_int_equal(decider.decide(decider.ctx, &execution, &err), INSIST_FAIL);
    assert_int_equal(err, INSIST_EINVAL);
    decider_release(decider);

    decider = insist_retry_or(scripted_decider(&chatty), insist_retry_never());
    assert_int_equal(ask_once(decider), INSIST_RETRY); /* and no error is left behind */
}

/* R4, M23: what is exhausted fails: with the attempt's own error, or the one given when an answer came. */
static void test_fail_exhausted(void **state) {
    const insist_verdict says[] = {INSIST_ACCEPT, INSIST_RETRY, INSIST_EXHAUSTED, INSIST_FAIL};
    const insist_verdict expected[] = {INSIST_ACCEPT, INSIST_RETRY, INSIST_FAIL, INSIST_FAIL};
    const insist_err after_answer[] = {INSIST_OK, INSIST_OK, INSIST_EREJECTED, INSIST_ETLS};
    const insist_err after_reset[] = {INSIST_OK, INSIST_OK, INSIST_ERESET, INSIST_ETLS};
    (void)state;
    for (size_t i = 0; i < COUNT(says); i++) {
        struct scripted inner = {.says = says[i], .error = says[i] == INSIST_FAIL ? INSIST_ETLS : INSIST_OK};
        insist_decider decider = insist_retry_fail_exhausted(scripted_decider(&inner), INSIST_EREJECTED);
        insist_err err = INSIST_OK;
        answer(503);
        assert_int_equal(decider.decide(decider.ctx, &execution, &err), expected[i]);
        assert_int_equal(err, after_answer[i]);
        err = INSIST_OK;
        error(INSIST_ERESET, INSIST_CONN_RESET);
        assert_int_equal(decider.decide(decider.ctx, &execution, &err), expected[i]);
        assert_int_equal(err, after_reset[i]);
        execution.current = NULL;
        err = INSIST_OK;
        decider.decide(decider.ctx, &execution, &err);
        assert_int_equal(err, after_answer[i]);
        execution.current = &attempt;
        decider_release(decider);
        assert_int_equal(inner.released, 1);
    }
}

static void test_combinators_nest(void **state) {
    static const int not_found[] = {404};
    (void)state;
    insist_decider decider =
        insist_retry_and(insist_retry_and(insist_retry_times(2), insist_retry_before_ms(1000)),
                         insist_retry_or(insist_retry_on_status(not_found, 1), insist_retry_standard()));
    answer(404);
    assert_int_equal(ask(decider), INSIST_RETRY);
    answer(200);
    assert_int_equal(ask(decider), INSIST_ACCEPT);
    execution.retries = 2;
    assert_int_equal(ask(decider), INSIST_ACCEPT); /* a good answer is good, however late */
    answer(404);
    assert_int_equal(ask(decider), INSIST_EXHAUSTED);
    decider_release(decider);
}

/* ---- the policy -------------------------------------------------------------------------------------------------- */

static insist_retry_policy *policy_of(insist_decider decider, insist_waiter waiter) {
    insist_retry_policy *policy = NULL;
    assert_int_equal(insist_retry_policy_new(decider, waiter, NULL, &policy), INSIST_OK);
    assert_non_null(policy);
    return policy;
}

static void check_refused(insist_decider decider, insist_waiter waiter, insist_err err, const char *field) {
    insist_problem problem = {.err = INSIST_OK};
    insist_retry_policy *policy = (void *)1;
    assert_int_equal(insist_retry_policy_new(decider, waiter, &problem, &policy), err);
    assert_null(policy);
    assert_int_equal(problem.err, err);
    assert_string_equal(problem.field, field);
    assert_true(strlen(problem.text) > 10);
}

/* H50, H64 */
static void test_policy_holds_its_parts(void **state) {
    (void)state;
    struct scripted decides = {.says = INSIST_RETRY}, waits = {.says = INSIST_ACCEPT};
    insist_retry_policy *policy = policy_of(scripted_decider(&decides), counted_waiter(&waits));
    assert_int_equal(ask(policy->decider), INSIST_RETRY);
    assert_int_equal(policy->waiter.wait(policy->waiter.ctx, &execution, &execution.random), 7);
    assert_int_equal(policy->retry_after_cap_us, -1);
    assert_ptr_equal(retry_policy_retain(policy), policy);
    insist_retry_policy_free(policy);
    assert_int_equal(decides.released + waits.released, 0);
    insist_retry_policy_free(policy);
    assert_int_equal(decides.released, 1);
    assert_int_equal(waits.released, 1);
    insist_retry_policy_free(NULL);
}

static void test_bad_arguments_name_their_field(void **state) {
    static const int bad[][2] = {{200, 99}, {200, 1000}, {200, -1}, {0, 200}};
    (void)state;
    check_refused(insist_retry_attempts(0), insist_wait_standard(), INSIST_EINVAL, "n");
    check_refused(insist_retry_before_ms(-1), insist_wait_standard(), INSIST_EINVAL, "ms");
    check_refused(insist_retry_before_ms(INT64_MIN), insist_wait_standard(), INSIST_EINVAL, "ms");
    check_refused(insist_retry_on_status(bad[0], 0), insist_wait_standard(), INSIST_EINVAL, "statuses");
    check_refused(insist_retry_on_status(NULL, 1), insist_wait_standard(), INSIST_EINVAL, "statuses");
    for (size_t i = 0; i < COUNT(bad); i++)
        check_refused(insist_retry_on_status(bad[i], 2), insist_wait_standard(), INSIST_EINVAL, "statuses");
    check_refused(insist_retry_on_status_range(99, 500), insist_wait_standard(), INSIST_EINVAL, "first");
    check_refused(insist_retry_on_status_range(INT_MIN, INT_MAX), insist_wait_standard(), INSIST_EINVAL, "first");
    check_refused(insist_retry_on_status_range(500, 1000), insist_wait_standard(), INSIST_EINVAL, "last");
    check_refused(insist_retry_on_status_range(500, 499), insist_wait_standard(), INSIST_EINVAL, "last");
    check_refused(insist_retry_fail_exhausted(insist_retry_times(1), INSIST_OK), insist_wait_standard(), INSIST_EINVAL,
                  "err");
    check_refused(insist_retry_on_status_class(0), insist_wait_standard(), INSIST_EINVAL, "first_digit");
    check_refused(insist_retry_on_status_class(10), insist_wait_standard(), INSIST_EINVAL, "first_digit");
}

/* Poison travels through combinators, and what it meets on its way is released. */
static void test_poison_is_carried_along(void **state) {
    (void)state;
    struct scripted other = {.says = INSIST_RETRY}, waits = {.says = INSIST_ACCEPT};
    check_refused(insist_retry_and(insist_retry_attempts(0), scripted_decider(&other)), counted_waiter(&waits),
                  INSIST_EINVAL, "n");
    assert_int_equal(other.released, 1);
    check_refused(insist_retry_or(scripted_decider(&other), insist_retry_before_ms(-5)), counted_waiter(&waits),
                  INSIST_EINVAL, "ms");
    assert_int_equal(other.released, 2);
    check_refused(insist_retry_not(insist_retry_not(insist_retry_attempts(0))), counted_waiter(&waits), INSIST_EINVAL,
                  "n");
    check_refused(insist_retry_and(insist_retry_attempts(0), insist_retry_before_ms(-1)), counted_waiter(&waits),
                  INSIST_EINVAL, "n");
    assert_int_equal(waits.released, 4);
    check_refused(insist_retry_fail_exhausted(insist_retry_attempts(0), INSIST_OK), insist_wait_standard(),
                  INSIST_EINVAL, "n");
    check_refused(insist_retry_fail_exhausted(scripted_decider(&other), INSIST_OK), insist_wait_standard(),
                  INSIST_EINVAL, "err");
    assert_int_equal(other.released, 3);
    assert_int_equal(other.asked, 0);
}

/* H50: parts that are missing. Whatever the value holds beside its missing function is released. */
static void test_values_without_a_function(void **state) {
    (void)state;
    struct scripted decides = {.says = INSIST_RETRY}, waits = {.says = INSIST_ACCEPT};
    check_refused((insist_decider){NULL, &decides, scripted_release}, counted_waiter(&waits), INSIST_EINVAL, "decider");
    check_refused((insist_decider){.decide = NULL}, counted_waiter(&waits), INSIST_EINVAL, "decider");
    check_refused(insist_retry_not((insist_decider){NULL, &decides, scripted_release}), counted_waiter(&waits),
                  INSIST_EINVAL, "decider");
    assert_int_equal(decides.released, 2);
    assert_int_equal(waits.released, 3);
    check_refused(scripted_decider(&decides), (insist_waiter){NULL, &waits, scripted_release}, INSIST_EINVAL, "waiter");
    assert_int_equal(decides.released, 3);
    assert_int_equal(waits.released, 4);
}

static void test_nowhere_to_put_the_policy(void **state) {
    (void)state;
    struct scripted decides = {.says = INSIST_RETRY}, waits = {.says = INSIST_ACCEPT};
    insist_problem problem;
    assert_int_equal(insist_retry_policy_new(scripted_decider(&decides), counted_waiter(&waits), &problem, NULL),
                     INSIST_EINVAL);
    assert_string_equal(problem.field, "out");
    assert_int_equal(decides.released + waits.released, 2);
}

/* ---- bounds ------------------------------------------------------------------------------------------------------ */

static void check_bounds(insist_decider decider, uint32_t retries, uint32_t attempts) {
    insist_retry_policy *policy = policy_of(decider, insist_wait_standard());
    assert_int_equal(policy->retry_bound, retries);
    assert_int_equal(policy->attempt_bound, attempts);
    insist_retry_policy_free(policy);
}

static void test_bounds(void **state) {
    static const int statuses[] = {503};
    struct scripted custom = {.says = INSIST_RETRY};
    const uint32_t none = RETRY_UNBOUNDED;
    (void)state;
    check_bounds(insist_retry_times(3), 3, none);
    check_bounds(insist_retry_times(0), 0, none);
    check_bounds(insist_retry_attempts(4), none, 4);
    check_bounds(insist_retry_never(), 0, none);
    check_bounds(insist_retry_standard(), none, none);
    check_bounds(insist_retry_before_ms(1), none, none);
    check_bounds(insist_retry_on_status(statuses, 1), none, none);
    check_bounds(scripted_decider(&custom), none, none);
    check_bounds(insist_retry_and(insist_retry_times(3), insist_retry_standard()), 3, none);
    check_bounds(insist_retry_and(scripted_decider(&custom), insist_retry_times(3)), 3, none);
    check_bounds(insist_retry_and(insist_retry_times(3), insist_retry_times(2)), 2, none);
    check_bounds(insist_retry_and(insist_retry_times(3), insist_retry_attempts(5)), 3, 5);
    check_bounds(insist_retry_or(insist_retry_times(3), insist_retry_on_status(statuses, 1)), none, none);
    check_bounds(insist_retry_or(insist_retry_times(3), insist_retry_times(5)), 5, none);
    check_bounds(insist_retry_or(insist_retry_times(3), insist_retry_attempts(5)), none, none);
    check_bounds(insist_retry_or(insist_retry_times(3), insist_retry_never()), 3, none);
    check_bounds(insist_retry_not(insist_retry_times(3)), none, none);
    check_bounds(insist_retry_fail_exhausted(insist_retry_times(3), INSIST_ECERT), 3, none);
    check_bounds(insist_retry_fail_exhausted(insist_retry_attempts(3), INSIST_ECERT), none, 3);
    check_bounds(
        insist_retry_and(insist_retry_or(insist_retry_times(1), insist_retry_times(4)), insist_retry_standard()), 4,
        none);
    assert_int_equal(custom.released, 2);
}

/* A bound is never too small: once it is reached no outcome is answered with RETRY. */
static void test_bounds_are_true(void **state) {
    (void)state;
    insist_decider deciders[] = {insist_retry_times(2),
                                 insist_retry_and(insist_retry_times(3), insist_retry_standard()),
                                 insist_retry_or(insist_retry_times(1), insist_retry_times(4)), insist_retry_never()};
    for (size_t i = 0; i < COUNT(deciders); i++) {
        const struct retry_bounds bounds = decider_bounds(&deciders[i]);
        for (execution.retries = bounds.retries; execution.retries < bounds.retries + 3; execution.retries++) {
            for (int status = 100; status < 600; status++) {
                answer(status);
                assert_int_not_equal(ask(deciders[i]), INSIST_RETRY);
            }
        }
        decider_release(deciders[i]);
    }
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static insist_err make_policy(const struct env *env, struct scripted *decides, struct scripted *waits,
                              insist_problem *problem, insist_retry_policy **out) {
    static const int statuses[] = {404, 503};
    insist_decider outcomes =
        decider_or(env, decider_on_status(env, statuses, COUNT(statuses)), scripted_decider(decides));
    insist_decider limits = decider_and(env, decider_times(env, 3), decider_attempts(env, 9));
    insist_decider calm = decider_not(env, decider_on_status_range(env, 200, 299));
    insist_decider decider =
        decider_and(env, decider_and(env, limits, decider_before_ms(env, 100)), decider_and(env, calm, outcomes));
    decider = decider_fail_exhausted(env, decider, INSIST_ECERT);
    insist_waiter waiter = waiter_retry_after(env, waiter_cap_ms(env, counted_waiter(waits), 100), 100);
    return retry_policy_new(env, decider, waiter, problem, out);
}

static void test_every_allocation_may_fail(void **state) {
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    struct scripted decides = {.says = INSIST_ACCEPT}, waits = {.says = INSIST_ACCEPT};
    insist_retry_policy *policy = NULL;
    insist_problem problem;
    size_t n = 1;
    (void)state;
    for (;; n++) {
        fail_alloc_at(&memory, n);
        const insist_err err = make_policy(&env, &decides, &waits, &problem, &policy);
        if (!fail_alloc_has_failed(&memory))
            break;
        assert_int_equal(err, INSIST_ENOMEM);
        assert_int_equal(problem.err, INSIST_ENOMEM);
        assert_null(policy);
        assert_int_equal(fail_alloc_outstanding(&memory), 0);
        assert_int_equal(decides.released, n);
        assert_int_equal(waits.released, n);
    }
    assert_true(n > 13);
    assert_non_null(policy);
    assert_int_equal(policy->retry_bound, 3);
    assert_int_equal(policy->attempt_bound, 9);
    insist_retry_policy_free(policy);
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_times, set_up),
        cmocka_unit_test_setup(test_attempts, set_up),
        cmocka_unit_test_setup(test_before, set_up),
        cmocka_unit_test_setup(test_on_status, set_up),
        cmocka_unit_test_setup(test_on_status_class, set_up),
        cmocka_unit_test_setup(test_on_status_range, set_up),
        cmocka_unit_test_setup(test_on_transient, set_up),
        cmocka_unit_test_setup(test_on_error, set_up),
        cmocka_unit_test_setup(test_standard, set_up),
        cmocka_unit_test_setup(test_never, set_up),
        cmocka_unit_test_setup(test_and, set_up),
        cmocka_unit_test_setup(test_or, set_up),
        cmocka_unit_test_setup(test_not, set_up),
        cmocka_unit_test_setup(test_nonsense_is_contained, set_up),
        cmocka_unit_test_setup(test_fail_exhausted, set_up),
        cmocka_unit_test_setup(test_combinators_nest, set_up),
        cmocka_unit_test_setup(test_policy_holds_its_parts, set_up),
        cmocka_unit_test_setup(test_bad_arguments_name_their_field, set_up),
        cmocka_unit_test_setup(test_poison_is_carried_along, set_up),
        cmocka_unit_test_setup(test_values_without_a_function, set_up),
        cmocka_unit_test_setup(test_nowhere_to_put_the_policy, set_up),
        cmocka_unit_test_setup(test_bounds, set_up),
        cmocka_unit_test_setup(test_bounds_are_true, set_up),
        cmocka_unit_test_setup(test_every_allocation_may_fail, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
