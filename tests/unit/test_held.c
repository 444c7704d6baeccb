/* What a call holds in memory: of attempts that have ended what they were, and the body of the most useful one. Virtual
 * time, counted bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/held.h"
#include "support/fail_alloc.h"
#include "support/world.h"

#define BODY ((size_t)100000) /* bytes, and as many as an answer may have */
#define AN_ATTEMPT 1024       /* more than what is kept of one that is not held */

static struct fail_alloc memory;
static struct env env;

static void begin(struct world *world, const struct script *scripts, size_t count) {
    env = fail_alloc_env(&memory, &env_standard);
    world_init(world, scripts, count);
    world->env = &env;
    world->rules.body_limit = BODY;
}

static void end(struct world *world) {
    world_fini(world);
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
}

static void assert_held_at_most(size_t bodies, size_t attempts) {
    assert_true(fail_alloc_peak(&memory) >= (long long)BODY);
    assert_true(fail_alloc_peak(&memory) <= (long long)(bodies * (BODY + AN_ATTEMPT) + attempts * AN_ATTEMPT));
}

static size_t held(const struct world *world) {
    size_t count = 0;
    for (struct attempt *attempt = NULL; (attempt = held_next(&world->execution, attempt)) != NULL;)
        count++;
    return count;
}

static void a_failed_answer_is_let_go_of_once_another_has_come(void **state) {
    (void)state;
    struct script scripts[100];
    struct world world;
    for (size_t i = 0; i < 100; i++)
        scripts[i] = (struct script){.status = 503, .ends_ms = 10, .body = BODY};
    begin(&world, scripts, 100);
    world.retries_allowed = 99;
    world_play(&world);
    assert_int_equal(world.execution.count, 100);
    assert_ptr_equal(world.execution.reported, world_attempt(&world, 99));
    assert_int_equal(world.execution.reported->outcome.body.length, BODY);
    assert_int_equal(world_attempt(&world, 50)->outcome.status, 503);
    assert_held_at_most(2, 100);
    assert_true(held(&world) <= 2);
    end(&world);
}

static void the_most_useful_answer_is_held_behind_any_number_of_errors(void **state) {
    (void)state;
    struct script scripts[100];
    struct world world;
    scripts[0] = (struct script){.status = 503, .ends_ms = 10, .body = BODY, .has_retry_after = true};
    for (size_t i = 1; i < 100; i++)
        scripts[i] = (struct script){
            .err = INSIST_ERESET, .transience = INSIST_CONN_RESET, .status = 200, .ends_ms = 10, .body = BODY};
    begin(&world, scripts, 100);
    world.retries_allowed = 99;
    world_play(&world);
    assert_int_equal(world.execution.count, 100);
    assert_ptr_equal(world.execution.reported, world_attempt(&world, 0));
    assert_int_equal(world.execution.reported->outcome.body.length, BODY);
    assert_string_equal(headers_get(&world.execution.reported->outcome.headers, "Retry-After"), "1");
    assert_int_equal(world_attempt(&world, 50)->outcome.err, INSIST_ERESET);
    assert_held_at_most(2, 100);
    end(&world);
}

/* Two of a wave in flight, and the most useful of the call. */
static void race(insist_wave_mode mode) {
    struct script scripts[100];
    struct world world;
    for (size_t i = 0; i < 100; i++)
        scripts[i] = (struct script){
            .err = INSIST_ERESET, .transience = INSIST_CONN_RESET, .ends_ms = 30 + (int64_t)(i % 3), .body = BODY};
    scripts[0] = (struct script){.status = 503, .ends_ms = 30, .body = BODY};
    begin(&world, scripts, 100);
    world_race(&world, mode, 10, 0);
    world.retries_allowed = 40;
    world_play(&world);
    assert_true(world.execution.count > 40);
    assert_ptr_equal(world.execution.reported, world_attempt(&world, 0));
    assert_int_equal(world.execution.reported->outcome.body.length, BODY);
    assert_held_at_most(3, world.execution.count);
    assert_true(held(&world) <= 3);
    end(&world);
}

static void a_race_that_refills_holds_those_in_flight_and_one(void **state) {
    (void)state;
    race(INSIST_REFILL);
}

static void a_race_that_closes_its_waves_does_too(void **state) {
    (void)state;
    race(INSIST_CLOSE);
}

static size_t seen;

static int look(void *ctx, insist_execution *view, unsigned attempt) {
    (void)ctx;
    (void)attempt;
    insist_execution_body(view, &seen);
    return 0;
}

static void who_makes_a_retry_ready_sees_what_it_replaces(void **state) {
    (void)state;
    const struct script scripts[] = {
        {.status = 503, .ends_ms = 10, .body = 10},
        {.err = INSIST_ERESET, .transience = INSIST_CONN_RESET, .ends_ms = 10, .body = 7},
        ANSWER(200, 10),
    };
    struct world world;
    begin(&world, scripts, 3);
    world.rules.preparer.prepare = look;
    seen = 0;
    world_play(&world);
    assert_int_equal(world.execution.reason, INSIST_DONE);
    assert_int_equal(seen, 7);
    end(&world);
}

static void who_makes_a_new_wave_ready_sees_the_most_useful_of_the_last(void **state) {
    (void)state;
    const struct script scripts[] = {
        {.status = 503, .ends_ms = 5, .body = 10},
        {.err = INSIST_ERESET, .transience = INSIST_CONN_RESET, .ends_ms = 20, .body = 7},
        {.err = INSIST_ERESET, .transience = INSIST_CONN_RESET, .ends_ms = 30, .body = 8},
        ANSWER(200, 5),
    };
    struct world world;
    begin(&world, scripts, 4);
    world_race(&world, INSIST_CLOSE, 10, 0);
    world.rules.preparer.prepare = look;
    seen = 0;
    world_play(&world);
    assert_int_equal(world.execution.reason, INSIST_DONE);
    assert_int_equal(world.execution.count, 4);
    assert_int_equal(seen, 8);
    end(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_answer_is_let_go_of_once_another_has_come),
        cmocka_unit_test(the_most_useful_answer_is_held_behind_any_number_of_errors),
        cmocka_unit_test(a_race_that_refills_holds_those_in_flight_and_one),
        cmocka_unit_test(a_race_that_closes_its_waves_does_too),
        cmocka_unit_test(who_makes_a_retry_ready_sees_what_it_replaces),
        cmocka_unit_test(who_makes_a_new_wave_ready_sees_the_most_useful_of_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
