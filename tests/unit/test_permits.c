/* Permits: the limits to the unit, the order of the queue across origins, hedges, memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "origin/permits.h"
#include "support/fail_alloc.h"
#include <pthread.h>
#include <stdio.h>

#define A "http://a:80"
#define B "http://b:80"
#define C "http://c:80"

static struct fail_alloc memory;
static struct env env;
static struct permits *permits;
static struct permit all[64];

static void begin(unsigned in_flight, unsigned in_flight_origin, unsigned waiting) {
    struct permit_limits limits = {.in_flight = in_flight, .in_flight_origin = in_flight_origin, .waiting = waiting};
    env = fail_alloc_env(&memory, &env_standard);
    assert_int_equal(permits_new(&env, &limits, &permits), INSIST_OK);
}

static void end(void) {
    permits_free(permits);
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
}

static void assert_holds(int i, const char *origin) {
    bool waits = true;
    assert_int_equal(permits_enter(permits, &all[i], origin, false, &waits), INSIST_OK);
    assert_false(waits);
    assert_int_equal(all[i].state, PERMIT_HELD);
    assert_false(all[i].waited);
}

static void assert_waits(int i, const char *origin) {
    bool waits = false;
    assert_int_equal(permits_enter(permits, &all[i], origin, false, &waits), INSIST_OK);
    assert_true(waits);
    assert_int_equal(all[i].state, PERMIT_WAITING);
}

static void assert_refused(int i, const char *origin, bool hedge) {
    bool waits = true;
    assert_int_equal(permits_enter(permits, &all[i], origin, hedge, &waits), INSIST_EQUEUEFULL);
    assert_false(waits);
    assert_int_equal(all[i].state, PERMIT_NONE);
}

static void assert_hedge_holds(int i, const char *origin) {
    bool waits = true;
    assert_int_equal(permits_enter(permits, &all[i], origin, true, &waits), INSIST_OK);
    assert_false(waits);
}

/* Number i leaves, and its room goes to number granted; -1: to nobody. */
static void assert_leave_grants(int i, int granted) {
    struct list list;
    list_init(&list);
    permits_leave(permits, &all[i], &list);
    assert_int_equal(all[i].state, PERMIT_NONE);
    struct list *link = list_take_first(&list);
    assert_true(list_empty(&list)); /* one leaves, one comes at most */
    if (granted < 0) {
        assert_null(link);
        return;
    }
    assert_non_null(link);
    assert_ptr_equal(LIST_ENTRY(link, struct permit, link), &all[granted]);
    assert_int_equal(all[granted].state, PERMIT_HELD);
    assert_true(all[granted].waited);
}

static void assert_count(uint64_t in_flight, uint64_t waiting) {
    uint64_t now_in_flight, now_waiting;
    permits_count(permits, &now_in_flight, &now_waiting);
    assert_int_equal(now_in_flight, in_flight);
    assert_int_equal(now_waiting, waiting);
}

static void test_limits_hold_to_the_unit(void **state) {
    (void)state;
    begin(3, 2, 2);
    assert_holds(0, A);
    assert_holds(1, A);
    assert_waits(2, A); /* the origin is full */
    assert_holds(3, B);
    assert_waits(4, B); /* the client is full */
    assert_refused(5, C, false);
    assert_count(3, 2);
    assert_leave_grants(3, 4); /* a is full: 2 is passed over although it has waited longer */
    assert_leave_grants(0, 2);
    assert_count(3, 0);
    assert_leave_grants(1, -1);
    assert_leave_grants(2, -1);
    assert_leave_grants(4, -1);
    assert_count(0, 0);
    end();
}

static void test_first_come_first_served_across_origins(void **state) {
    (void)state;
    begin(2, 2, 8);
    assert_holds(0, A);
    assert_holds(1, B);
    assert_waits(2, C);
    assert_waits(3, A);
    assert_waits(4, C);
    assert_waits(5, B);
    assert_leave_grants(0, 2);
    assert_leave_grants(1, 3);
    assert_leave_grants(2, 4);
    assert_leave_grants(3, 5);
    assert_leave_grants(4, -1);
    assert_leave_grants(5, -1);
    end();
}

static void test_nobody_is_overtaken_by_one_of_its_own_origin(void **state) {
    (void)state;
    begin(8, 1, 8);
    assert_holds(0, A);
    assert_waits(1, A);
    assert_waits(2, A);
    assert_holds(3, B); /* another origin's room is another's */
    assert_leave_grants(0, 1);
    assert_waits(4, A);
    assert_leave_grants(1, 2);
    assert_leave_grants(2, 4);
    assert_leave_grants(4, -1);
    assert_leave_grants(3, -1);
    end();
}

static void test_withdrawing(void **state) {
    (void)state;
    begin(1, 1, 3);
    assert_holds(0, A);
    assert_waits(1, A);
    assert_waits(2, B);
    assert_waits(3, A);
    assert_refused(4, A, false);
    assert_true(permits_withdraw(permits, &all[1]));
    assert_false(permits_withdraw(permits, &all[1]));
    assert_false(permits_withdraw(permits, &all[0])); /* it holds room */
    assert_count(1, 2);
    assert_waits(4, B); /* its place in the queue is free */
    assert_leave_grants(0, 2);
    assert_false(permits_withdraw(permits, &all[2])); /* too late: it was granted */
    assert_leave_grants(2, 3);
    assert_leave_grants(3, 4);
    assert_leave_grants(4, -1);
    end();
}

static void test_withdrawing_all(void **state) {
    struct list withdrawn, *link;
    (void)state;
    begin(1, 1, 8);
    assert_holds(0, A);
    for (int i = 1; i <= 5; i++)
        assert_waits(i, i % 2 ? B : C);
    list_init(&withdrawn);
    permits_withdraw_all(permits, &withdrawn);
    int count = 0;
    for (; (link = list_take_first(&withdrawn)); count++)
        assert_int_equal(LIST_ENTRY(link, struct permit, link)->state, PERMIT_NONE);
    assert_int_equal(count, 5);
    assert_count(1, 0);
    assert_leave_grants(0, -1);
    end();
}

static void test_hedges_take_at_most_half_and_never_wait(void **state) {
    (void)state;
    begin(5, 4, 8);
    assert_hedge_holds(0, A);
    assert_hedge_holds(1, A);
    assert_refused(2, A, true); /* half of the origin's four */
    assert_refused(2, B, true); /* half of the client's five, rounded down */
    assert_holds(3, A);
    assert_leave_grants(0, -1);
    assert_hedge_holds(0, B);
    assert_holds(4, A);
    assert_holds(5, A);
    assert_leave_grants(1, -1);
    assert_holds(6, A);
    assert_refused(7, A, true); /* no hedge of this origin, but no room either */
    assert_count(5, 0);
    for (int i = 3; i <= 6; i++)
        assert_leave_grants(i, -1);
    assert_leave_grants(0, -1);
    end();
}

static void test_a_limit_of_one_leaves_no_hedge(void **state) {
    (void)state;
    begin(4, 1, 4);
    assert_refused(0, A, true);
    end();
    begin(1, 1, 4);
    assert_refused(0, A, true);
    end();
}

static void test_no_queue_at_all(void **state) {
    (void)state;
    begin(1, 1, 0);
    assert_holds(0, A);
    assert_refused(1, A, false);
    assert_leave_grants(0, -1);
    end();
}

static void test_the_records_of_origins_are_bounded(void **state) {
    char origin[32];
    (void)state;
    begin(4, 4, 4);
    long long at_first = fail_alloc_outstanding(&memory);
    for (int i = 0; i < 1000; i++) {
        snprintf(origin, sizeof(origin), "http://h%d:80", i);
        assert_holds(0, origin);
        assert_leave_grants(0, -1);
    }
    assert_true(fail_alloc_outstanding(&memory) - at_first <= 64);
    size_t requests = fail_alloc_requests(&memory);
    assert_holds(0, origin); /* the newest are kept */
    assert_leave_grants(0, -1);
    assert_int_equal(fail_alloc_requests(&memory), requests);
    end();
}

static void test_many_origins_at_once_are_told_apart(void **state) {
    static struct permit many[3000];
    char origin[32];
    bool waits;
    (void)state;
    begin(8000, 1, 8000);
    for (int i = 0; i < 3000; i++) {
        snprintf(origin, sizeof(origin), "http://h%d:80", i / 2);
        assert_int_equal(permits_enter(permits, &many[i], origin, false, &waits), INSIST_OK);
        assert_int_equal(waits, i % 2);
    }
    for (int i = 0; i < 3000; i += 2) {
        struct list granted;
        list_init(&granted);
        permits_leave(permits, &many[i], &granted);
        assert_ptr_equal(list_take_first(&granted), &many[i + 1].link);
        permits_leave(permits, &many[i + 1], &granted);
        assert_true(list_empty(&granted));
    }
    assert_count(0, 0);
    end();
}

static void test_no_memory(void **state) {
    struct permit_limits limits = {.in_flight = 1, .in_flight_origin = 1, .waiting = 1};
    bool waits;
    (void)state;
    env = fail_alloc_env(&memory, &env_standard);
    for (size_t n = 1;; n++) {
        fail_alloc_at(&memory, n);
        insist_err err = permits_new(&env, &limits, &permits);
        if (!fail_alloc_has_failed(&memory))
            break;
        assert_int_equal(err, INSIST_ENOMEM);
    }
    fail_alloc_at(&memory, 1);
    assert_int_equal(permits_enter(permits, &all[0], A, false, &waits), INSIST_ENOMEM);
    fail_alloc_at(&memory, 0);
    assert_count(0, 0);
    assert_holds(0, A);
    assert_leave_grants(0, -1);
    end();
}

#define THREADS 8
#define ROUNDS 2000

static atomic_uint inside, most_inside, served;

static void note_inside(void) {
    unsigned now = atomic_fetch_add(&inside, 1) + 1, most = atomic_load(&most_inside);
    while (now > most && !atomic_compare_exchange_weak(&most_inside, &most, now))
        ;
}

/* Holds room, leaves, and goes on with those that got it. */
static void serve(struct permit *permit) {
    struct list granted, *link;
    list_init(&granted);
    list_append(&granted, &permit->link);
    while ((link = list_take_first(&granted))) {
        note_inside();
        atomic_fetch_add(&served, 1);
        atomic_fetch_sub(&inside, 1);
        permits_leave(permits, LIST_ENTRY(link, struct permit, link), &granted);
    }
}

static void *enter_and_leave(void *own) {
    struct permit *permit = own; /* ROUNDS of them: who waits is served by whoever makes room */
    for (int i = 0; i < ROUNDS; i++) {
        bool waits;
        if (permits_enter(permits, &permit[i], i % 2 ? A : B, false, &waits) != INSIST_OK)
            atomic_fetch_add(&served, 1);
        else if (!waits)
            serve(&permit[i]);
    }
    return NULL;
}

static void test_threads_never_exceed_the_limit_and_forget_nobody(void **state) {
    static struct permit own[THREADS][ROUNDS];
    pthread_t threads[THREADS];
    (void)state;
    begin(3, 2, 4);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, enter_and_leave, own[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&served), THREADS * ROUNDS);
    assert_true(atomic_load(&most_inside) <= 3);
    assert_count(0, 0);
    end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits_hold_to_the_unit),
        cmocka_unit_test(test_first_come_first_served_across_origins),
        cmocka_unit_test(test_nobody_is_overtaken_by_one_of_its_own_origin),
        cmocka_unit_test(test_withdrawing),
        cmocka_unit_test(test_withdrawing_all),
        cmocka_unit_test(test_hedges_take_at_most_half_and_never_wait),
        cmocka_unit_test(test_a_limit_of_one_leaves_no_hedge),
        cmocka_unit_test(test_no_queue_at_all),
        cmocka_unit_test(test_the_records_of_origins_are_bounded),
        cmocka_unit_test(test_many_origins_at_once_are_told_apart),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_threads_never_exceed_the_limit_and_forget_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
