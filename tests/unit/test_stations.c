/* Queueing stations with time by hand: who is served, who waits, who is refused, and what changes that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver/job.h"

enum { MANY = 100000 };

struct world {
    struct loop loop; /* only its alarms are used: nothing is waited for */
    struct stations stations;
};

struct visitor {
    struct job *job;
    uint64_t service_us;
    bool served, done;
    int turn; /* n-th that was served */
};

static int turns;

static void done(void *owner) {
    struct visitor *visitor = owner;
    visitor->job = NULL;
    visitor->done = true;
}

static void begins(void *owner) {
    struct visitor *visitor = owner;
    visitor->served = true;
    visitor->turn = ++turns;
    assert_true(job_serve(visitor->job, visitor->service_us));
}

static const struct job_events events = {.begins = begins, .done = done};

static void build(struct world *world) {
    turns = 0;
    alarms_init(&world->loop.alarms);
    assert_true(stations_init(&world->stations, &world->loop));
}

static void tear_down(struct world *world) {
    jobs_free(&world->stations);
    stations_fini(&world->stations);
    alarms_fini(&world->loop.alarms);
}

static enum arrival arrive(struct world *world, struct visitor *visitor, uint64_t slots, uint64_t queue) {
    const struct station_state numbers = {.slots = slots, .queue = queue};
    enum arrival arrival = job_arrives(&world->stations, "/p", &numbers, NULL, &events, visitor, &visitor->job);
    if (arrival == ARRIVAL_SERVED) {
        begins(visitor);
    }
    return arrival;
}

/* The next service time is over. */
static bool pass_time(struct world *world) {
    struct alarm *alarm = alarms_take_due(&world->loop.alarms, UINT64_MAX - 1);
    if (alarm) {
        alarm->fire(alarm);
    }
    return alarm != NULL;
}

static void state_is(struct world *world, uint64_t in_service, uint64_t queued, uint64_t refused) {
    const char *names[] = {"/p", NULL};
    for (size_t i = 0; i < 2; i++) {
        struct station_state state;
        assert_true(stations_report(&world->stations, names[i], &state));
        assert_int_equal(state.in_service, in_service);
        assert_int_equal(state.queued, queued);
        assert_int_equal(state.refused, refused);
    }
}

static void eight_servers_and_a_queue_of_fifty(void **state) {
    (void)state;
    struct world world;
    struct visitor visitors[100] = {{0}};
    build(&world);
    for (size_t i = 0; i < 100; i++) {
        visitors[i].service_us = 10000000;
        enum arrival expected = i < 8 ? ARRIVAL_SERVED : i < 58 ? ARRIVAL_QUEUED : ARRIVAL_REFUSED;
        assert_int_equal(arrive(&world, &visitors[i], 8, 50), expected);
        assert_true((visitors[i].job != NULL) == (i < 58));
    }
    state_is(&world, 8, 50, 42);
    assert_true(pass_time(&world));
    state_is(&world, 8, 49, 42);
    assert_true(visitors[0].done && visitors[8].served && !visitors[9].served);
    while (pass_time(&world)) {
    }
    for (size_t i = 0; i < 58; i++) {
        assert_true(visitors[i].done);
        assert_int_equal(visitors[i].turn, i + 1); /* first come, first served */
    }
    state_is(&world, 0, 0, 42);
    stations_reset(&world.stations);
    state_is(&world, 0, 0, 0);
    tear_down(&world);
}

static void who_leaves_the_queue_makes_room_in_it(void **state) {
    (void)state;
    struct world world;
    struct visitor visitors[5] = {{0}};
    build(&world);
    for (size_t i = 0; i < 5; i++) {
        visitors[i].service_us = 10000000;
    }
    assert_int_equal(arrive(&world, &visitors[0], 1, 2), ARRIVAL_SERVED);
    assert_int_equal(arrive(&world, &visitors[1], 1, 2), ARRIVAL_QUEUED);
    assert_int_equal(arrive(&world, &visitors[2], 1, 2), ARRIVAL_QUEUED);
    assert_int_equal(arrive(&world, &visitors[3], 1, 2), ARRIVAL_REFUSED);
    job_abandon(visitors[1].job);
    state_is(&world, 1, 1, 1);
    assert_int_equal(arrive(&world, &visitors[4], 1, 2), ARRIVAL_QUEUED);
    while (pass_time(&world)) {
    }
    assert_false(visitors[1].served);
    assert_int_equal(visitors[2].turn, 2);
    assert_int_equal(visitors[4].turn, 3);
    state_is(&world, 0, 0, 1);
    tear_down(&world);
}

static void the_slot_of_one_who_leaves_is_taken_until_the_work_is_done(void **state) {
    (void)state;
    struct world world;
    struct visitor left = {.service_us = 10000000};
    struct visitor next = {.service_us = 10000000};
    build(&world);
    assert_int_equal(arrive(&world, &left, 1, 0), ARRIVAL_SERVED);
    job_abandon(left.job);
    state_is(&world, 1, 0, 0);
    assert_int_equal(arrive(&world, &next, 1, 0), ARRIVAL_REFUSED);
    assert_true(pass_time(&world));
    assert_false(left.done); /* nobody is told */
    state_is(&world, 0, 0, 1);
    assert_int_equal(arrive(&world, &next, 1, 0), ARRIVAL_SERVED);
    job_abandon(next.job); /* and is freed at the end */
    tear_down(&world);
}

static void stations_grow_and_shrink(void **state) {
    (void)state;
    struct world world;
    struct visitor visitors[8] = {{0}};
    build(&world);
    stations_resize(&world.stations, "/p", 5, 5); /* there is none yet */
    assert_false(stations_report(&world.stations, "/p", &(struct station_state){0}));
    for (size_t i = 0; i < 6; i++) {
        visitors[i].service_us = 10000000;
        arrive(&world, &visitors[i], 2, 4);
    }
    state_is(&world, 2, 4, 0);
    stations_resize(&world.stations, "/p", 3, 4);
    state_is(&world, 2, 4, 0); /* not before the loop's thread comes to it */
    jobs_settle(&world.stations);
    state_is(&world, 3, 3, 0);
    stations_resize(&world.stations, "/p", 1, 0);
    jobs_settle(&world.stations);
    state_is(&world, 3, 3, 0); /* nobody is thrown out */
    assert_true(pass_time(&world));
    assert_true(pass_time(&world));
    state_is(&world, 1, 3, 0);
    assert_int_equal(arrive(&world, &visitors[6], 1, 0), ARRIVAL_REFUSED);
    assert_true(pass_time(&world));
    state_is(&world, 1, 2, 1);
    assert_int_equal(arrive(&world, &visitors[7], 9, 3), ARRIVAL_QUEUED); /* behind those who wait already */
    jobs_settle(&world.stations);
    assert_true(visitors[7].served);
    while (pass_time(&world)) {
    }
    state_is(&world, 0, 0, 1);
    tear_down(&world);
}

static void a_replaced_script_does_not_bring_its_numbers_back(void **state) {
    (void)state;
    struct world world;
    struct visitor a = {.service_us = 10000000};
    struct visitor b = {.service_us = 10000000};
    const struct station_state old = {.slots = 2, .queue = 0};
    atomic_bool replaced;
    build(&world);
    atomic_init(&replaced, false);
    assert_int_equal(job_arrives(&world.stations, "/p", &old, &replaced, &events, &a, &a.job), ARRIVAL_SERVED);
    atomic_store(&replaced, true);
    stations_resize(&world.stations, "/p", 1, 0);
    assert_int_equal(job_arrives(&world.stations, "/p", &old, &replaced, &events, &b, &b.job), ARRIVAL_REFUSED);
    job_abandon(a.job);
    state_is(&world, 0, 0, 1);
    tear_down(&world);
}

/* Each is done before the next begins, not within it: a hundred thousand do not need a hundred thousand stack frames. */
static void a_long_queue_of_short_work(void **state) {
    (void)state;
    static struct visitor visitors[MANY];
    struct world world;
    build(&world);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(arrive(&world, &visitors[i], 0, MANY), ARRIVAL_QUEUED);
    }
    stations_resize(&world.stations, "/p", 1, MANY);
    jobs_settle(&world.stations);
    for (size_t i = 0; i < MANY; i++) {
        assert_true(visitors[i].done);
        assert_int_equal(visitors[i].turn, i + 1);
    }
    state_is(&world, 0, 0, 0);
    tear_down(&world);
}

static void nobody_is_let_in_once_it_is_closed(void **state) {
    (void)state;
    struct world world;
    struct visitor first = {.service_us = 10000000};
    struct visitor second = {.service_us = 10000000};
    build(&world);
    arrive(&world, &first, 1, 1);
    arrive(&world, &second, 1, 1);
    jobs_close(&world.stations);
    assert_true(pass_time(&world));
    assert_true(first.done);
    assert_false(second.served);
    job_abandon(second.job);
    state_is(&world, 0, 0, 0);
    tear_down(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eight_servers_and_a_queue_of_fifty),
        cmocka_unit_test(who_leaves_the_queue_makes_room_in_it),
        cmocka_unit_test(the_slot_of_one_who_leaves_is_taken_until_the_work_is_done),
        cmocka_unit_test(stations_grow_and_shrink),
        cmocka_unit_test(a_replaced_script_does_not_bring_its_numbers_back),
        cmocka_unit_test(a_long_queue_of_short_work),
        cmocka_unit_test(nobody_is_let_in_once_it_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
