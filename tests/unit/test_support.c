/* The tests' own tools: memory that fails when told to, and a world whose clock is set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "support/fail_alloc.h"
#include "support/virtual_env.h"

static void the_nth_request_fails_alone(void **state) {
    (void)state;
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    void *before = env_alloc(&env, 1);
    assert_non_null(before);
    fail_alloc_at(&memory, 2);
    void *first = env_alloc(&env, 1), *second = env_alloc(&env, 1), *third = env_alloc(&env, 1);
    assert_non_null(first);
    assert_null(second);
    assert_non_null(third);
    assert_true(fail_alloc_has_failed(&memory));
    assert_int_equal(fail_alloc_requests(&memory), 3);
    fail_alloc_at(&memory, 0);
    assert_false(fail_alloc_has_failed(&memory));
    assert_int_equal(fail_alloc_requests(&memory), 0);
    assert_int_equal(fail_alloc_outstanding(&memory), 3);
    env_release(&env, before);
    env_release(&env, first);
    env_release(&env, third);
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
}

static void all_from_the_nth_on_fail(void **state) {
    (void)state;
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    fail_alloc_from(&memory, 2);
    void *first = env_alloc(&env, 1);
    assert_non_null(first);
    assert_null(env_alloc(&env, 1));
    assert_null(env_resize(&env, first, 2)); /* and leaves the old block as it was */
    assert_int_equal(fail_alloc_outstanding(&memory), 1);
    env_release(&env, first);
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
}

static void blocks_are_counted_and_not_their_moves(void **state) {
    (void)state;
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    void *block = env_alloc(&env, 10);
    block = env_resize(&env, block, 5000);
    assert_non_null(block);
    assert_int_equal(fail_alloc_outstanding(&memory), 1);
    assert_int_equal(fail_alloc_largest(&memory), 5000);
    env_release(&env, NULL);
    assert_int_equal(fail_alloc_outstanding(&memory), 1);
    env_release(&env, block);
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
}

static void the_rest_of_the_world_stays(void **state) {
    (void)state;
    struct virtual_env world;
    struct fail_alloc memory;
    virtual_env_init(&world);
    struct env env = fail_alloc_env(&memory, &world.env);
    virtual_env_set_now_ns(&world, 77);
    assert_int_equal(env_now_ns(&env), 77);
    assert_int_equal(env_seed(&env), VIRTUAL_ENV_SEED);
}

static void time_stands_until_it_is_moved(void **state) {
    (void)state;
    struct virtual_env world;
    virtual_env_init(&world);
    assert_true(env_now_ns(&world.env) == VIRTUAL_ENV_NOW_NS);
    assert_true(env_now_ns(&world.env) == VIRTUAL_ENV_NOW_NS);
    assert_true(env_wall_s(&world.env) == VIRTUAL_ENV_WALL_S);
    virtual_env_advance_ns(&world, 600000000);
    assert_true(env_now_ns(&world.env) == VIRTUAL_ENV_NOW_NS + 600000000);
    assert_true(env_wall_s(&world.env) == VIRTUAL_ENV_WALL_S);
    virtual_env_advance_ns(&world, 600000000);
    assert_true(env_wall_s(&world.env) == VIRTUAL_ENV_WALL_S + 1);
    virtual_env_set_now_ns(&world, 5);
    virtual_env_set_wall_s(&world, 6);
    assert_int_equal(env_now_ns(&world.env), 5);
    assert_int_equal(env_wall_s(&world.env), 6);
}

static void seed_and_process_are_fixed_until_set(void **state) {
    (void)state;
    struct virtual_env world;
    virtual_env_init(&world);
    assert_true(env_seed(&world.env) == VIRTUAL_ENV_SEED);
    assert_true(env_seed(&world.env) == VIRTUAL_ENV_SEED);
    assert_int_equal(env_process_id(&world.env), VIRTUAL_ENV_PID);
    virtual_env_set_seed(&world, UINT64_MAX);
    virtual_env_set_process_id(&world, 8);
    assert_true(env_seed(&world.env) == UINT64_MAX);
    assert_int_equal(env_process_id(&world.env), 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nth_request_fails_alone),
        cmocka_unit_test(all_from_the_nth_on_fail),
        cmocka_unit_test(blocks_are_counted_and_not_their_moves),
        cmocka_unit_test(the_rest_of_the_world_stays),
        cmocka_unit_test(time_stands_until_it_is_moved),
        cmocka_unit_test(seed_and_process_are_fixed_until_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
