/* Budgets by origin: origins do not share, clients do, the oldest go, no memory means no. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "origin/budgets.h"
#include "policy/budget.h"
#include "support/fail_alloc.h"
#include <pthread.h>
#include <stdio.h>

#define A "http://a:80"
#define B "http://b:80"
#define NOW_NS INT64_C(1000000000000)

static struct fail_alloc memory;
static struct env env;
static insist_budget *budget;

static int set_up(void **state) {
    (void)state;
    env = fail_alloc_env(&memory, &env_standard);
    return budgets_new(&env, &budget) == INSIST_OK ? 0 : 1;
}

static int tear_down(void **state) {
    (void)state;
    budgets_release(budget);
    return fail_alloc_outstanding(&memory) == 0 ? 0 : 1;
}

/* How many extra attempts are allowed at once. */
static int drain(const char *origin) {
    int allowed = 0;
    while (budgets_charge(budget, origin, BUDGET_COST_THROTTLED, NOW_NS))
        allowed++;
    return allowed;
}

static void test_each_origin_has_its_own(void **state) {
    (void)state;
    assert_int_equal(drain(A), 10);
    assert_int_equal(drain(B), 10);
    for (int i = 0; i < 5; i++)
        budgets_first_begun(budget, A, NOW_NS);
    assert_int_equal(drain(B), 0);
    assert_int_equal(drain(A), 1); /* a fifth of five */
}

static void test_what_never_started_may_be_charged_again(void **state) {
    (void)state;
    assert_int_equal(drain(A), 10);
    budgets_give_back(budget, A, BUDGET_COST_THROTTLED, NOW_NS, NOW_NS);
    assert_int_equal(drain(A), 1);
}

/* 500 in the bucket pay for 35; 70 have no chance but for what comes back. */
static void test_costs_come_back_and_accepted_first_attempts_add(void **state) {
    (void)state;
    for (int i = 0; i < 1000; i++)
        budgets_first_begun(budget, A, NOW_NS);
    int allowed = 0;
    while (budgets_charge(budget, A, BUDGET_COST, NOW_NS))
        allowed++;
    assert_int_equal(allowed, 35); /* 10 are left */
    budgets_return_cost(budget, A, BUDGET_COST, NOW_NS);
    assert_true(budgets_charge(budget, A, BUDGET_COST, NOW_NS));
    for (int i = 0; i < 3; i++)
        budgets_first_accepted(budget, A, NOW_NS);
    assert_false(budgets_charge(budget, A, BUDGET_COST, NOW_NS)); /* 13 */
    budgets_first_accepted(budget, A, NOW_NS);
    assert_true(budgets_charge(budget, A, BUDGET_COST, NOW_NS));
}

static void test_the_least_recently_used_origin_goes(void **state) {
    char origin[32];
    (void)state;
    assert_int_equal(drain(A), 10);
    assert_int_equal(drain(B), 10);
    for (int i = 0; i < 1022; i++) {
        snprintf(origin, sizeof(origin), "http://h%d:80", i);
        budgets_first_begun(budget, origin, NOW_NS);
    }
    long long full = fail_alloc_outstanding(&memory);
    assert_int_equal(drain(A), 0); /* 1,024 fit; this makes b the oldest */
    budgets_first_begun(budget, "http://one-more:80", NOW_NS);
    assert_int_equal(fail_alloc_outstanding(&memory), full);
    assert_int_equal(drain(A), 0);
    assert_int_equal(drain(B), 10); /* forgotten */
}

static void test_none_allows_everything(void **state) {
    (void)state;
    insist_budget *none = insist_budget_none();
    for (int i = 0; i < 10000; i++)
        assert_true(budgets_charge(none, A, BUDGET_COST, NOW_NS));
    budgets_first_begun(none, A, NOW_NS);
    budgets_first_accepted(none, A, NOW_NS);
    budgets_return_cost(none, A, BUDGET_COST, NOW_NS);
    budgets_give_back(none, A, BUDGET_COST, NOW_NS, NOW_NS);
    assert_ptr_equal(budgets_retain(none), none);
    budgets_release(none);
    insist_budget_free(none);
    insist_budget_free(insist_budget_none());
}

static void test_a_user_gives_it_up_and_a_client_keeps_it(void **state) {
    insist_budget *own = NULL;
    (void)state;
    assert_int_equal(insist_budget_new(NULL), INSIST_EINVAL);
    assert_int_equal(insist_budget_new(&own), INSIST_OK);
    assert_ptr_equal(budgets_retain(own), own);
    insist_budget_free(own);
    assert_true(budgets_charge(own, A, BUDGET_COST, NOW_NS));
    budgets_release(own);
    insist_budget_free(NULL);
}

static void test_no_memory(void **state) {
    insist_budget *other = NULL;
    (void)state;
    for (size_t n = 1;; n++) {
        fail_alloc_at(&memory, n);
        insist_err err = budgets_new(&env, &other);
        if (!fail_alloc_has_failed(&memory))
            break;
        assert_int_equal(err, INSIST_ENOMEM);
        assert_null(other);
    }
    budgets_release(other);
    fail_alloc_from(&memory, 1);
    budgets_first_begun(budget, A, NOW_NS);
    assert_false(budgets_charge(budget, A, BUDGET_COST, NOW_NS));
    budgets_give_back(budget, A, BUDGET_COST, NOW_NS, NOW_NS);
    fail_alloc_at(&memory, 0);
    assert_true(budgets_charge(budget, A, BUDGET_COST, NOW_NS));
}

#define THREADS 8

static atomic_int charged;

static void *charge_all(void *unused) {
    while (budgets_charge(budget, A, BUDGET_COST_THROTTLED, NOW_NS))
        atomic_fetch_add(&charged, 1);
    return unused;
}

static void test_threads_share_the_ten(void **state) {
    pthread_t threads[THREADS];
    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, charge_all, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&charged), 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_each_origin_has_its_own),
        TEST(test_what_never_started_may_be_charged_again),
        TEST(test_costs_come_back_and_accepted_first_attempts_add),
        TEST(test_the_least_recently_used_origin_goes),
        TEST(test_none_allows_everything),
        TEST(test_a_user_gives_it_up_and_a_client_keeps_it),
        TEST(test_no_memory),
        TEST(test_threads_share_the_ten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
