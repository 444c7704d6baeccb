/* The retry budget: its two rules each by itself, time that jumps, what comes back, and a service under load in
 * virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/random.h"
#include "policy/budget.h"
#include <insist/policy.h>

#define S INT64_C(1000000000) /* nanoseconds */
#define MS INT64_C(1000000)
#define START (1000 * S) /* any instant will do; this one begins a slot */

static unsigned charge_while_allowed(struct budget *budget, unsigned cost, int64_t now_ns) {
    unsigned charged = 0;
    while (budget_charge(budget, cost, now_ns))
        charged++;
    return charged;
}

static void begin_firsts(struct budget *budget, unsigned n, int64_t now_ns) {
    for (unsigned i = 0; i < n; i++)
        budget_first_begun(budget, now_ns);
}

/* ---- the share of extra attempts --------------------------------------------------------------------------------- */

static void test_ten_extras_are_free(void **state) {
    struct budget budget;
    (void)state;
    budget_init(&budget, START);
    assert_int_equal(charge_while_allowed(&budget, BUDGET_COST, START), 10);
}

static void test_a_fifth_of_the_first_attempts_on_top(void **state) {
    struct budget budget;
    (void)state;
    budget_init(&budget, START);
    begin_firsts(&budget, 4, START);
    assert_int_equal(charge_while_allowed(&budget, BUDGET_COST_THROTTLED, START), 10);
    begin_firsts(&budget, 1, START);
    assert_int_equal(charge_while_allowed(&budget, BUDGET_COST_THROTTLED, START), 1);
    begin_firsts(&budget, 100, START);
    assert_int_equal(charge_while_allowed(&budget, BUDGET_COST_THROTTLED, START), 20);
}

static void test_the_window_is_ten_slots(void **state) {
    struct budget budget;
    (void)state;
    budget_init(&budget, START);
    assert_int_equal(charge_while_allowed(&budget, BUDGET_COST_THROTTLED, START + S / 2), 10);
    assert_false(budget_charge(&budget, BUDGET_COST_THROTTLED, START + 10 * S - 1));
    assert_true(budget_charge(&budget, BUDGET_COST_THROTTLED, START + 10 * S));
}

static void test_slots_before_the_clocks_zero(void **state) {
    struct budget budget;
    (void)state;
    budget_init(&budget, -S / 2);
    assert_int_equal(charge_while_allowed(&budget, 0, -S / 2), 10);
    assert_false(budget_charge(&budget, 0, 9 * S - 1));
    assert_true(budget_charge(&budget, 0, 9 * S));
}

static void test_first_attempts_leave_the_window_too(void **state) {
    struct budget budget;
    (void)state;
    budget_init(&budget, START);
    begin_firsts(&budget, 50, START);
    for (int second = 1; second <= 9; second++)
        assert_true(budget_charge(&budget, 0, START + second * S));
    assert_int_equal(charge_while_allowed(&budget, 0, START + 9 * S), 11); /* 20 of 10 + 50 / 5 */
    assert_int_equal(charge_while_allowed(&budget, 0, START + 10 * S), 0); /* 20 of 10 */
    assert_int_equal(charge_while_allowed(&budget, 0, START + 19 * S), 10);
}

/* ---- the bucket -------------------------------------------------------------------------------------------------- */

static void test_the_bucket_starts_full(void **state) {
    struct budget budget;
    (void)state;
    budget_init(&budget, START);
    begin_firsts(&budget, 10000, START);
    assert_int_equal(charge_while_allowed(&budget, BUDGET_COST, START), 500 / 14);
    budget_init(&budget, START);
    begin_firsts(&budget, 10000, START);
    assert_int_equal(charge_while_allowed(&budget, BUDGET_COST_THROTTLED, START), 500 / 5);
}

static void test_the_bucket_gains_with_time(void **state) {
    struct budget budget;
    (void)state;
    budget_init(&budget, START);
    begin_firsts(&budget, 10000, START);
    assert_true(budget_charge(&budget, 500, START));
    assert_false(budget_charge(&budget, 14, START + S - 1));
    assert_true(budget_charge(&budget, 14, START + S));
    assert_false(budget_charge(&budget, 1, START + S));
}

static void test_no_gain_is_lost_by_asking_often(void **state) {
    struct budget budget;
    (void)state;
    budget_init(&budget, START);
    begin_firsts(&budget, 10000, START);
    assert_true(budget_charge(&budget, 500, START));
    for (int64_t ns = START; ns < START + S; ns += 9973) /* a thousandth of a unit would be rounded away each time */
        assert_false(budget_charge(&budget, 14, ns));
    assert_true(budget_charge(&budget, 14, START + S));
}

static void test_the_bucket_gains_with_accepted_firsts(void **state) {
    struct budget budget;
    (void)state;
    budget_init(&budget, START);
    begin_firsts(&budget, 10000, START);
    assert_true(budget_charge(&budget, 500, START));
    for (int i = 0; i < 4; i++)
        budget_first_accepted(&budget, START);
    assert_false(budget_charge(&budget, BUDGET_COST_THROTTLED, START));
    budget_first_accepted(&budget, START);
    assert_true(budget_charge(&budget, BUDGET_COST_THROTTLED, START));
}

static void test_the_bucket_never_holds_more_than_500(void **state) {
    struct budget budget;
    (void)state;
    budget_init(&budget, START);
    for (int i = 0; i < 100; i++)
        budget_first_accepted(&budget, START);
    budget_return_cost(&budget, UINT32_MAX, START);
    budget_give_back(&budget, UINT32_MAX, START, START);
    assert_true(budget_charge(&budget, 0, START)); /* nor are there fewer extras than none */
    assert_false(budget_charge(&budget, 501, START + 3600 * S));
    assert_true(budget_charge(&budget, 500, START + 3600 * S));
}

/* A charge that one rule refuses leaves nothing behind in the other. */
static void test_both_or_neither(void **state) {
    struct budget budget;
    (void)state;
    budget_init(&budget, START);
    for (int i = 0; i < 100; i++)
        assert_false(budget_charge(&budget, 501, START)); /* the bucket says no */
    assert_int_equal(charge_while_allowed(&budget, 1, START), 10);
    for (int i = 0; i < 1000; i++)
        assert_false(budget_charge(&budget, 1, START)); /* the share says no */
    begin_firsts(&budget, 5, START);
    assert_true(budget_charge(&budget, 490, START));
}

/* ---- what comes back --------------------------------------------------------------------------------------------- */

static void test_never_started_is_as_if_not_charged(void **state) {
    struct budget budget;
    (void)state;
    budget_init(&budget, START);
    assert_int_equal(charge_while_allowed(&budget, 50, START), 10);
    budget_give_back(&budget, 50, START, START + 3 * S);
    assert_true(budget_charge(&budget, 50, START + 3 * S));
    assert_false(budget_charge(&budget, 0, START + 3 * S));
}

static void test_an_attempt_that_ran_returns_its_cost_only(void **state) {
    struct budget budget;
    (void)state;
    budget_init(&budget, START);
    assert_int_equal(charge_while_allowed(&budget, 50, START), 10);
    budget_return_cost(&budget, 50, START);
    assert_false(budget_charge(&budget, 0, START)); /* the share is used up */
    begin_firsts(&budget, 10, START);
    assert_true(budget_charge(&budget, 50, START));
    assert_false(budget_charge(&budget, 1, START)); /* and so is the bucket */
}

static void test_given_back_after_the_window(void **state) {
    struct budget budget;
    (void)state;
    budget_init(&budget, START);
    assert_true(budget_charge(&budget, 14, START));
    assert_int_equal(charge_while_allowed(&budget, 0, START + 10 * S), 10);
    budget_give_back(&budget, 14, START, START + 10 * S); /* the same slot, ten seconds later */
    assert_false(budget_charge(&budget, 0, START + 10 * S));
    budget_give_back(&budget, 14, INT64_MIN, START + 10 * S);
    assert_false(budget_charge(&budget, 0, START + 10 * S));
}

static void test_given_back_to_the_slot_that_was_charged(void **state) {
    struct budget budget;
    (void)state;
    budget_init(&budget, START);
    assert_true(budget_charge(&budget, 0, START));
    assert_int_equal(charge_while_allowed(&budget, 0, START + 5 * S), 9);
    budget_give_back(&budget, 0, START, START + 5 * S);
    assert_int_equal(charge_while_allowed(&budget, 0, START + 5 * S), 1);
    assert_false(budget_charge(&budget, 0, START + 10 * S)); /* nothing of second 0 was left to expire */
    assert_true(budget_charge(&budget, 0, START + 15 * S));
}

/* A thread whose clock reading is older than another's has its charge counted with the newest second. */
static void test_given_back_by_a_late_thread(void **state) {
    struct budget budget;
    (void)state;
    budget_init(&budget, START);
    budget_first_begun(&budget, START + S);
    assert_int_equal(charge_while_allowed(&budget, 0, START + S - 1), 10);
    budget_give_back(&budget, 0, START + S - 1, START + S);
    assert_true(budget_charge(&budget, 0, START + S));
    budget_give_back(&budget, 0, START + 99 * S, START + S); /* an instant that has not come */
    assert_true(budget_charge(&budget, 0, START + S));
    assert_false(budget_charge(&budget, 0, START + S));
}

/* ---- time -------------------------------------------------------------------------------------------------------- */

static void test_time_does_not_go_backwards(void **state) {
    struct budget budget;
    (void)state;
    budget_init(&budget, START);
    begin_firsts(&budget, 10000, START);
    assert_true(budget_charge(&budget, 500, START));
    assert_false(budget_charge(&budget, 1, START - 100 * S));
    assert_false(budget_charge(&budget, 1, INT64_MIN));
    assert_false(budget_charge(&budget, 14, START + S - 1)); /* the way back was no gain, nor the way forward again */
    assert_true(budget_charge(&budget, 14, START + S));
}

static void test_long_gaps(void **state) {
    struct budget budget;
    (void)state;
    budget_init(&budget, INT64_MIN);
    assert_int_equal(charge_while_allowed(&budget, 50, INT64_MIN), 10);
    assert_int_equal(charge_while_allowed(&budget, 50, -1), 10);
    assert_int_equal(charge_while_allowed(&budget, 50, 0), 0);
    assert_int_equal(charge_while_allowed(&budget, 50, INT64_MAX), 10);
    assert_int_equal(charge_while_allowed(&budget, 0, INT64_MAX), 0);
}

static void test_counts_saturate(void **state) {
    struct budget budget;
    (void)state;
    budget_init(&budget, START);
    budget.firsts[0] = UINT32_MAX - 1;
    for (int second = 0; second < 3; second++)
        begin_firsts(&budget, 3, START + second * S);
    assert_int_equal(budget.firsts[0], UINT32_MAX);
    budget.extras[0] = UINT32_MAX;
    assert_false(budget_charge(&budget, 0, START));
    for (unsigned i = 0; i < BUDGET_SLOTS; i++)
        budget.firsts[i] = UINT32_MAX;
    assert_true(budget_charge(&budget, 0, START));
}

/* Whatever happens in whatever order: the level stays in 0 to 500 and the extras within their share at each charge. */
static void test_invariants_hold_for_any_sequence(void **state) {
    struct insist_random random;
    struct budget budget;
    int64_t now_ns = START;
    (void)state;
    random_init(&random, 7, 0);
    budget_init(&budget, now_ns);
    for (int step = 0; step < 200000; step++) {
        const uint64_t draw = random_next(&random);
        const unsigned cost = (unsigned)(draw >> 8 & 31);
        now_ns += (int64_t)(draw >> 16 & 0xfffffff) - 0x1000000; /* mostly forward, by up to a quarter of a second */
        switch (draw & 7) {
        case 0: budget_first_accepted(&budget, now_ns); break;
        case 1: budget_return_cost(&budget, cost, now_ns); break;
        case 2: budget_give_back(&budget, cost, now_ns - (int64_t)(draw >> 44) * MS, now_ns); break;
        case 3:
        case 4:
        case 5: budget_first_begun(&budget, now_ns); break;
        default:
            if (budget_charge(&budget, cost, now_ns)) {
                uint64_t firsts = 0, extras = 0;
                for (unsigned i = 0; i < BUDGET_SLOTS; i++)
                    firsts += budget.firsts[i], extras += budget.extras[i];
                assert_true(extras * 5 <= 50 + firsts);
            }
        }
        assert_in_range(budget.level_nano, 0, 500 * INT64_C(1000000000));
    }
}

/* ---- a service under load (goals, W3): 1,000 calls a second, 5 ms each, up to 3 retries, full jitter over 50 ms -- */

#define RUN_MS 60000
#define SERVICE_MS 5
#define CALLS RUN_MS /* one a millisecond */

struct load_call {
    unsigned retries;
    bool charged;
    struct load_call *next; /* that starts an attempt, or ends one, in the same millisecond */
};

struct load {
    struct budget budget;
    struct insist_random random;
    struct load_call calls[CALLS];
    struct load_call *starts[RUN_MS + 2000], *ends[RUN_MS + 2000];
    unsigned outage_from_ms, outage_until_ms; /* every attempt that ends in it fails */
    double error_share;                       /* of the others */
    unsigned attempts, failed, outage_firsts, outage_extras;
    int64_t first_retry_after_outage_ms;
};

static bool in_outage(const struct load *load, unsigned ms) {
    return ms >= load->outage_from_ms && ms < load->outage_until_ms;
}

static void put(struct load_call **list, struct load_call *call) {
    call->next = *list;
    *list = call;
}

static void load_start(struct load *load, struct load_call *call, unsigned ms) {
    load->attempts++;
    if (call->retries == 0)
        budget_first_begun(&load->budget, START + ms * MS);
    if (in_outage(load, ms))
        (*(call->retries == 0 ? &load->outage_firsts : &load->outage_extras))++;
    put(&load->ends[ms + SERVICE_MS], call);
}

static void load_end(struct load *load, struct load_call *call, unsigned ms) {
    const int64_t now_ns = START + ms * MS;
    const bool error = insist_random_unit(&load->random) < load->error_share || in_outage(load, ms);
    if (!error && call->retries == 0)
        budget_first_accepted(&load->budget, now_ns);
    else if (!error)
        budget_return_cost(&load->budget, BUDGET_COST, now_ns);
    if (!error)
        return;
    if (call->retries == 3 || !budget_charge(&load->budget, BUDGET_COST, now_ns)) {
        load->failed++;
        return;
    }
    if (ms >= load->outage_until_ms && load->first_retry_after_outage_ms < 0)
        load->first_retry_after_outage_ms = ms - load->outage_until_ms;
    const double most_ms = 50 << call->retries++;
    put(&load->starts[ms + 1 + (unsigned)(insist_random_unit(&load->random) * most_ms)], call);
}

static struct load *load_run(unsigned outage_from_ms, unsigned outage_until_ms, double error_share) {
    struct load *load = calloc(1, sizeof *load);
    assert_non_null(load);
    load->outage_from_ms = outage_from_ms;
    load->outage_until_ms = outage_until_ms;
    load->error_share = error_share;
    load->first_retry_after_outage_ms = -1;
    random_init(&load->random, 2024, 1);
    budget_init(&load->budget, START);
    for (unsigned ms = 0; ms < RUN_MS + 1000; ms++) {
        if (ms < CALLS)
            put(&load->starts[ms], &load->calls[ms]);
        for (struct load_call *call = load->ends[ms], *next; call; call = next) {
            next = call->next;
            load_end(load, call, ms);
        }
        for (struct load_call *call = load->starts[ms], *next; call; call = next) {
            next = call->next;
            load_start(load, call, ms);
        }
    }
    return load;
}

static void test_total_outage_is_not_amplified(void **state) {
    (void)state;
    struct load *load = load_run(10000, 30000, 0.01);
    const double amplification = 1 + (double)load->outage_extras / load->outage_firsts;
    print_message("outage of 20 s: %.4f attempts a call, first retry %d ms after it\n", amplification,
                  (int)load->first_retry_after_outage_ms);
    assert_int_equal(load->outage_firsts, 20000);
    assert_true(load->outage_extras >= 35 + 19); /* the bucket's 500, then one a second */
    assert_true(amplification <= 1.02);
    assert_in_range(load->first_retry_after_outage_ms, 0, 1000);
    free(load);
}

static void test_random_errors_are_cured_within_the_share(void **state) {
    (void)state;
    struct load *load = load_run(0, 0, 0.20);
    const double amplification = (double)load->attempts / CALLS, failed = (double)load->failed / CALLS;
    print_message("20 %% errors: %.4f attempts a call, %.2f %% fail\n", amplification, failed * 100);
    assert_true(failed <= 0.04);
    assert_true(load->attempts - CALLS <= CALLS / 5 + 10 * RUN_MS / 10000); /* 20 %, and ten in ten seconds: 1.201 */
    assert_true(amplification < 1.205);
    free(load);
}

static void test_few_errors_are_all_cured(void **state) {
    (void)state;
    struct load *load = load_run(0, 0, 0.01);
    assert_int_equal(load->failed, 0);
    assert_true((double)load->attempts / CALLS <= 1.02);
    free(load);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ten_extras_are_free),
        cmocka_unit_test(test_a_fifth_of_the_first_attempts_on_top),
        cmocka_unit_test(test_the_window_is_ten_slots),
        cmocka_unit_test(test_slots_before_the_clocks_zero),
        cmocka_unit_test(test_first_attempts_leave_the_window_too),
        cmocka_unit_test(test_the_bucket_starts_full),
        cmocka_unit_test(test_the_bucket_gains_with_time),
        cmocka_unit_test(test_no_gain_is_lost_by_asking_often),
        cmocka_unit_test(test_the_bucket_gains_with_accepted_firsts),
        cmocka_unit_test(test_the_bucket_never_holds_more_than_500),
        cmocka_unit_test(test_both_or_neither),
        cmocka_unit_test(test_never_started_is_as_if_not_charged),
        cmocka_unit_test(test_an_attempt_that_ran_returns_its_cost_only),
        cmocka_unit_test(test_given_back_after_the_window),
        cmocka_unit_test(test_given_back_to_the_slot_that_was_charged),
        cmocka_unit_test(test_given_back_by_a_late_thread),
        cmocka_unit_test(test_time_does_not_go_backwards),
        cmocka_unit_test(test_long_gaps),
        cmocka_unit_test(test_counts_saturate),
        cmocka_unit_test(test_invariants_hold_for_any_sequence),
        cmocka_unit_test(test_total_outage_is_not_amplified),
        cmocka_unit_test(test_random_errors_are_cured_within_the_share),
        cmocka_unit_test(test_few_errors_are_all_cured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
