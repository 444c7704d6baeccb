/* The waits and verdicts of the three libraries that presets follow, against values written out from the map of their
 * behaviour, not computed here. */
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
#define S (1000 * MS)

static struct waiter_example example;

static int set_up(void **state) {
    (void)state;
    waiter_example_init(&example);
    return 0;
}

static int64_t ask(insist_waiter waiter, unsigned retry, double number) {
    return waiter_example_ask_once(&example, waiter, retry, number);
}

/* ---- pester ------------------------------------------------------------------------------------------------------ */

/* P14 */
static void test_pester_default(void **state) {
    const unsigned retries[] = {0, 1, 2, 63, 128, INT32_MAX};
    (void)state;
    for (size_t i = 0; i < COUNT(retries); i++)
        assert_int_equal(ask(insist_wait_pester_default(), retries[i], NO_DRAW), 1 * S);
}

/* P15: i seconds. */
static void test_pester_linear(void **state) {
    (void)state;
    assert_int_equal(ask(insist_wait_pester_linear(), 1, NO_DRAW), 1 * S);
    assert_int_equal(ask(insist_wait_pester_linear(), 2, NO_DRAW), 2 * S);
    assert_int_equal(ask(insist_wait_pester_linear(), 63, NO_DRAW), 63 * S);
    assert_int_equal(ask(insist_wait_pester_linear(), 128, NO_DRAW), 128 * S);
    assert_int_equal(ask(insist_wait_pester_linear(), INT32_MAX, NO_DRAW), 2147483647 * S);
}

/* P16: 2 4 8 s; where theirs turns negative, at 34, and into 0, at 64, ours goes on and then stays. */
static void test_pester_exponential(void **state) {
    (void)state;
    assert_int_equal(ask(insist_wait_pester_exponential(), 1, NO_DRAW), 2 * S);
    assert_int_equal(ask(insist_wait_pester_exponential(), 2, NO_DRAW), 4 * S);
    assert_int_equal(ask(insist_wait_pester_exponential(), 3, NO_DRAW), 8 * S);
    assert_int_equal(ask(insist_wait_pester_exponential(), 34, NO_DRAW), 17179869184 * S);
    assert_int_equal(ask(insist_wait_pester_exponential(), 63, NO_DRAW), INT64_MAX);
    assert_int_equal(ask(insist_wait_pester_exponential(), 64, NO_DRAW), INT64_MAX);
    assert_int_equal(ask(insist_wait_pester_exponential(), 128, NO_DRAW), INT64_MAX);
    assert_int_equal(ask(insist_wait_pester_exponential(), INT32_MAX, NO_DRAW), INT64_MAX);
}

/* P17: whole milliseconds in [ms - ms/3, ms + ms/3). */
static void test_pester_linear_jitter(void **state) {
    (void)state;
    assert_int_equal(ask(insist_wait_pester_linear_jitter(), 1, LOWEST), 667 * MS);
    assert_int_equal(ask(insist_wait_pester_linear_jitter(), 1, 0.5), 1000 * MS);
    assert_int_equal(ask(insist_wait_pester_linear_jitter(), 1, 0.75), 1166 * MS);
    assert_int_equal(ask(insist_wait_pester_linear_jitter(), 1, HIGHEST), 1332 * MS);
    assert_int_equal(ask(insist_wait_pester_linear_jitter(), 3, LOWEST), 2000 * MS);
    assert_int_equal(ask(insist_wait_pester_linear_jitter(), 3, HIGHEST), 3999 * MS);
    assert_int_equal(ask(insist_wait_pester_linear_jitter(), 0, LOWEST), 667 * MS); /* theirs panics */
    assert_int_equal(ask(insist_wait_pester_linear_jitter(), 63, LOWEST), 42000 * MS);
    assert_int_equal(ask(insist_wait_pester_linear_jitter(), 128, HIGHEST), 170665 * MS);
    assert_int_equal(ask(insist_wait_pester_linear_jitter(), INT32_MAX, LOWEST), 1431655764667 * MS);
}

/* P17 */
static void test_pester_exponential_jitter(void **state) {
    const unsigned retries[] = {63, 64, 128, INT32_MAX};
    (void)state;
    assert_int_equal(ask(insist_wait_pester_exponential_jitter(), 1, LOWEST), 1334 * MS);
    assert_int_equal(ask(insist_wait_pester_exponential_jitter(), 1, HIGHEST), 2665 * MS);
    assert_int_equal(ask(insist_wait_pester_exponential_jitter(), 3, LOWEST), 5334 * MS);
    assert_int_equal(ask(insist_wait_pester_exponential_jitter(), 3, 0.5), 8000 * MS);
    for (size_t i = 0; i < COUNT(retries); i++) {
        assert_int_equal(ask(insist_wait_pester_exponential_jitter(), retries[i], LOWEST), 6148914691236517000);
        assert_int_equal(ask(insist_wait_pester_exponential_jitter(), retries[i], HIGHEST), INT64_MAX);
    }
}

/* P17: never below 1 ms, no division by nothing; EXIT passes through. */
static void test_pester_jitter_edges(void **state) {
    const int64_t inside_us[] = {0, 999, 1000, 2999, 3000, INSIST_EXIT, INT64_MIN};
    const int64_t lowest_us[] = {1000, 1000, 1000, 2000, 2000, INSIST_EXIT, INSIST_EXIT};
    (void)state;
    for (size_t i = 0; i < COUNT(inside_us); i++) {
        struct inner_example inner = {.says = inside_us[i]};
        insist_waiter waiter = waiter_pester_jitter(&env_standard, inner_example_waiter(&inner));
        assert_int_equal(ask(waiter, 1, inside_us[i] < 0 ? NO_DRAW : LOWEST), lowest_us[i]);
        assert_int_equal(inner.released, 1);
    }
}

/* ---- go-retryablehttp: waits ------------------------------------------------------------------------------------- */

/* R7: min * 2^n, at most max; the suite's 1 2 4 8 s, and attempts 63 and 128. */
static void test_retryablehttp(void **state) {
    const int64_t expected_s[] = {1, 2, 4, 8, 16, 30, 30};
    const unsigned retries[] = {63, 64, 128, 129, INT32_MAX};
    (void)state;
    for (unsigned retry = 1; retry <= COUNT(expected_s); retry++)
        assert_int_equal(ask(insist_wait_retryablehttp(1000, 30000), retry, NO_DRAW), expected_s[retry - 1] * S);
    for (size_t i = 0; i < COUNT(retries); i++)
        assert_int_equal(ask(insist_wait_retryablehttp(1000, 30000), retries[i], NO_DRAW), 30 * S);
    assert_int_equal(ask(insist_wait_retryablehttp(0, 30000), 9, NO_DRAW), 0);
    assert_int_equal(ask(insist_wait_retryablehttp(INSIST_FOREVER, INSIST_FOREVER), 1, NO_DRAW), INSIST_FOREVER);
}

static void answer(int status, int64_t header_us) {
    example.attempt.outcome.err = INSIST_OK;
    example.attempt.outcome.transience = INSIST_NOT_TRANSIENT;
    example.attempt.outcome.status = status;
    example.attempt.outcome.retry_after_us = header_us;
}

/* R7: Retry-After of 429 and 503 wins, uncapped; of 502 it is nothing. */
static void test_retryablehttp_follows_the_header(void **state) {
    (void)state;
    answer(429, 2 * S);
    assert_int_equal(ask(insist_wait_retryablehttp(1000, 30000), 5, NO_DRAW), 2 * S);
    answer(503, 1743477608 * S); /* the "484289h20m8s" of its issues */
    assert_int_equal(ask(insist_wait_retryablehttp(1000, 30000), 5, NO_DRAW), 1743477608 * S);
    answer(503, INT64_MAX); /* R8: theirs overflows and retries at once */
    assert_int_equal(ask(insist_wait_retryablehttp(1000, 30000), 5, NO_DRAW), INT64_MAX);
    answer(503, 0);
    assert_int_equal(ask(insist_wait_retryablehttp(1000, 30000), 5, NO_DRAW), 0);
    answer(502, 2 * S);
    assert_int_equal(ask(insist_wait_retryablehttp(1000, 30000), 5, NO_DRAW), 16 * S);
    answer(503, -1);
    assert_int_equal(ask(insist_wait_retryablehttp(1000, 30000), 5, NO_DRAW), 16 * S);
    insist_retry_policy *policy = waiter_example_policy(insist_wait_retryablehttp(1000, 30000));
    assert_int_equal(policy->retry_after_cap_us, INSIST_FOREVER);
    assert_true(policy->retry_after_replaces && policy->retry_after_listed);
    insist_retry_policy_free(policy);
}

/* R9: uniform in [min, max), times the number of the retry; max is no cap. */
static void test_retryablehttp_linear_jitter(void **state) {
    (void)state;
    assert_int_equal(ask(insist_wait_retryablehttp_linear_jitter(800, 1200), 1, LOWEST), 800 * MS);
    assert_int_equal(ask(insist_wait_retryablehttp_linear_jitter(800, 1200), 1, 0.5), 1000 * MS);
    assert_int_equal(ask(insist_wait_retryablehttp_linear_jitter(800, 1200), 1, HIGHEST), 1200 * MS - 1);
    assert_int_equal(ask(insist_wait_retryablehttp_linear_jitter(800, 1200), 3, 0.25), 2700 * MS);
    assert_int_equal(ask(insist_wait_retryablehttp_linear_jitter(1000, 1000), 10, NO_DRAW), 10 * S);
    assert_int_equal(ask(insist_wait_retryablehttp_linear_jitter(0, 0), 10, NO_DRAW), 0);
    assert_int_equal(ask(insist_wait_retryablehttp_linear_jitter(800, 1200), 0, LOWEST), 800 * MS);
    answer(429, 5 * S); /* knows no Retry-After */
    assert_int_equal(ask(insist_wait_retryablehttp_linear_jitter(800, 1200), 1, LOWEST), 800 * MS);
}

static void test_retryablehttp_linear_jitter_saturates(void **state) {
    const unsigned retries[] = {63, 128, INT32_MAX, UINT32_MAX};
    (void)state;
    for (size_t i = 0; i < COUNT(retries); i++) {
        assert_int_equal(ask(insist_wait_retryablehttp_linear_jitter(1000, 1000), retries[i], NO_DRAW),
                         (int64_t)retries[i] * S);
        const int64_t long_ms = INT64_MAX / 1000 / 60;
        assert_int_equal(ask(insist_wait_retryablehttp_linear_jitter(long_ms, INSIST_FOREVER), retries[i], 0.5),
                         INT64_MAX);
        assert_int_equal(ask(insist_wait_retryablehttp_linear_jitter(0, INSIST_FOREVER), retries[i], LOWEST), 0);
    }
}

/* R10, with its suite's cases: the header wins, below min and above max; 502 ignores it. */
static void test_retryablehttp_rate_limit(void **state) {
    (void)state;
    answer(429, 1);
    assert_int_equal(ask(insist_wait_retryablehttp_rate_limit(800, 1200), 2, LOWEST), 1);
    answer(503, 1000 * S);
    assert_int_equal(ask(insist_wait_retryablehttp_rate_limit(800, 1200), 2, 0.5), 1000 * S);
    answer(502, 1000 * S);
    assert_int_equal(ask(insist_wait_retryablehttp_rate_limit(800, 1200), 2, 0.5), 2 * S);
    answer(429, -1);
    assert_int_equal(ask(insist_wait_retryablehttp_rate_limit(800, 1200), 2, 0.5), 2 * S);
}

static void test_bad_arguments_name_their_field(void **state) {
    insist_waiter (*const make[])(int64_t, int64_t) = {
        insist_wait_retryablehttp, insist_wait_retryablehttp_linear_jitter, insist_wait_retryablehttp_rate_limit};
    (void)state;
    for (size_t i = 0; i < COUNT(make); i++) {
        waiter_example_refused(make[i](-1, 5), "min_ms");
        waiter_example_refused(make[i](6, 5), "max_ms");
        waiter_example_refused(make[i](0, INT64_MIN), "max_ms");
    }
    waiter_example_refused(insist_wait_retryablehttp(0, 0), "max_ms");
    waiter_example_refused(insist_wait_cap_ms(insist_wait_retryablehttp(1, 2), 5), "waiter");
}

/* ---- verdicts ---------------------------------------------------------------------------------------------------- */

static void fails(insist_err err, insist_transience transience, int status) {
    answer(status, -1);
    example.attempt.outcome.err = err;
    example.attempt.outcome.transience = transience;
}

static bool retries(insist_decider decider) {
    insist_err err = INSIST_OK;
    assert_non_null(decider.decide);
    const insist_verdict verdict = decider_ask(&decider, &example.execution, &err);
    decider_release(decider);
    assert_true(verdict == INSIST_RETRY || verdict == INSIST_ACCEPT);
    return verdict == INSIST_RETRY;
}

/* H51, and the decider's suite: 429 502 503 504, not 500; the transient errors of H72 to H75, no other. */
static void test_httpx(void **state) {
    (void)state;
    example.execution.retries = 0;
    for (int status = 100; status < 1000; status++) {
        answer(status, -1);
        assert_int_equal(retries(insist_retry_httpx()), status == 429 || (status >= 502 && status <= 504));
    }
    fails(INSIST_ETIMEOUT, INSIST_TIMEOUT, 0);
    assert_true(retries(insist_retry_httpx()));
    fails(INSIST_ECONNECT, INSIST_CONN_REFUSED, 0);
    assert_true(retries(insist_retry_httpx()));
    fails(INSIST_ERESET, INSIST_CONN_RESET, 0);
    assert_true(retries(insist_retry_httpx()));
    fails(INSIST_ETLS, INSIST_TLS_INTERRUPTED, 0);
    assert_true(retries(insist_retry_httpx()));
    fails(INSIST_EEOF, INSIST_UNEXPECTED_EOF, 400); /* "eof transience": even with a status */
    assert_true(retries(insist_retry_httpx()));
    fails(INSIST_ERESOLVE, INSIST_RESOLVE_AGAIN, 0);
    assert_false(retries(insist_retry_httpx()));
    fails(INSIST_EPROTO, INSIST_BAD_FRAMING, 200);
    assert_false(retries(insist_retry_httpx()));
    fails(INSIST_ECERT, INSIST_NOT_TRANSIENT, 0);
    assert_false(retries(insist_retry_httpx()));
}

/* P5, P6: 500 and above, 501 too; 429 when asked. */
static void test_pester_statuses(void **state) {
    (void)state;
    for (int status = 100; status < 1000; status++) {
        answer(status, -1);
        assert_int_equal(retries(insist_retry_pester(false)), status >= 500);
        assert_int_equal(retries(insist_retry_pester(true)), status >= 500 || status == 429);
    }
}

/* P5: every error, TLS and redirects too. */
static void test_pester_errors(void **state) {
    (void)state;
    for (int i = INSIST_EINVAL; i <= INSIST_EPORT; i++) {
        fails((insist_err)i, INSIST_NOT_TRANSIENT, 0);
        assert_true(retries(insist_retry_pester(false)));
        assert_true(retries(insist_retry_pester(true)));
    }
    fails(INSIST_EREDIRECT, INSIST_NOT_TRANSIENT, 302);
    assert_true(retries(insist_retry_pester(false)));
    fails(INSIST_EREJECTED, INSIST_NOT_TRANSIENT, 200);
    assert_true(retries(insist_retry_pester(false)));
}

/* R3: 429, 500 and above but 501. */
static void test_retryablehttp_statuses(void **state) {
    (void)state;
    for (int status = 100; status < 1000; status++) {
        answer(status, -1);
        assert_int_equal(retries(insist_retry_retryablehttp()), status == 429 || (status >= 500 && status != 501));
    }
}

/* R3: every error but those that stay; R16: a validator's rejection is judged as one. */
static void test_retryablehttp_errors(void **state) {
    (void)state;
    for (int i = INSIST_EINVAL; i <= INSIST_EPORT; i++) {
        const bool stays = i == INSIST_EINVAL || i == INSIST_EURL || i == INSIST_ECERT || i == INSIST_EREDIRECT;
        fails((insist_err)i, INSIST_NOT_TRANSIENT, 0);
        assert_int_equal(retries(insist_retry_retryablehttp()), !stays);
    }
    fails(INSIST_EREDIRECT, INSIST_NOT_TRANSIENT, 302);
    assert_false(retries(insist_retry_retryablehttp()));
    fails(INSIST_EREJECTED, INSIST_NOT_TRANSIENT, 200);
    assert_true(retries(insist_retry_retryablehttp()));
}

/* Table 1.5, "body read inside retry": httpx's only. The other two judge by the status that had come. */
static void test_a_body_that_breaks_off(void **state) {
    const int statuses[] = {200, 404, 429, 500, 501, 503};
    const bool pester[] = {false, false, false, true, true, true};
    const bool retryablehttp[] = {false, false, true, true, false, true};
    (void)state;
    example.execution.retries = 0;
    for (size_t i = 0; i < COUNT(statuses); i++) {
        fails(INSIST_EEOF, INSIST_UNEXPECTED_EOF, statuses[i]);
        assert_true(retries(insist_retry_httpx()));
        assert_int_equal(retries(insist_retry_pester(false)), pester[i]);
        assert_int_equal(retries(insist_retry_retryablehttp()), retryablehttp[i]);
    }
}

/* Behind a good status line: Go's client has no answer then, only an error. */
static void test_headers_that_break_off(void **state) {
    (void)state;
    fails(INSIST_EEOF, INSIST_UNEXPECTED_EOF, 200);
    example.attempt.outcome.head_open = true;
    assert_true(retries(insist_retry_pester(false)));
    assert_true(retries(insist_retry_retryablehttp()));
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static bool makes_all(const struct env *env) {
    const insist_waiter waiters[] = {waiter_pester_jitter(env, insist_wait_once()), waiter_retryablehttp(env, 1, 5),
                                     waiter_retryablehttp_linear_jitter(env, 1, 5),
                                     waiter_retryablehttp_rate_limit(env, 1, 5)};
    bool all = true;
    for (size_t i = 0; i < COUNT(waiters); i++) {
        all = all && waiters[i].wait != NULL;
        waiter_release(waiters[i]);
    }
    return all;
}

static void test_every_allocation_may_fail(void **state) {
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    size_t n = 1;
    (void)state;
    for (;; n++) {
        fail_alloc_at(&memory, n);
        const bool all = makes_all(&env);
        assert_int_equal(fail_alloc_outstanding(&memory), 0);
        assert_int_equal(all, !fail_alloc_has_failed(&memory));
        if (all)
            break;
    }
    assert_int_equal(n, 1 + 3 + 1 + 2 + 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_pester_default, set_up),
        cmocka_unit_test_setup(test_pester_linear, set_up),
        cmocka_unit_test_setup(test_pester_exponential, set_up),
        cmocka_unit_test_setup(test_pester_linear_jitter, set_up),
        cmocka_unit_test_setup(test_pester_exponential_jitter, set_up),
        cmocka_unit_test_setup(test_pester_jitter_edges, set_up),
        cmocka_unit_test_setup(test_retryablehttp, set_up),
        cmocka_unit_test_setup(test_retryablehttp_follows_the_header, set_up),
        cmocka_unit_test_setup(test_retryablehttp_linear_jitter, set_up),
        cmocka_unit_test_setup(test_retryablehttp_linear_jitter_saturates, set_up),
        cmocka_unit_test_setup(test_retryablehttp_rate_limit, set_up),
        cmocka_unit_test_setup(test_bad_arguments_name_their_field, set_up),
        cmocka_unit_test_setup(test_httpx, set_up),
        cmocka_unit_test_setup(test_pester_statuses, set_up),
        cmocka_unit_test_setup(test_pester_errors, set_up),
        cmocka_unit_test_setup(test_retryablehttp_statuses, set_up),
        cmocka_unit_test_setup(test_retryablehttp_errors, set_up),
        cmocka_unit_test_setup(test_a_body_that_breaks_off, set_up),
        cmocka_unit_test_setup(test_headers_that_break_off, set_up),
        cmocka_unit_test_setup(test_every_allocation_may_fail, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
