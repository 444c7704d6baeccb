/* Clocks, seed and process id that are plain numbers. */
#include "support/virtual_env.h"

#define NS_PER_S 1000000000

static int64_t virtual_monotonic_ns(void *ctx) {
    struct virtual_env *world = ctx;
    return atomic_load(&world->now_ns);
}

static int64_t virtual_wall_s(void *ctx) {
    struct virtual_env *world = ctx;
    return atomic_load(&world->wall_ns) / NS_PER_S;
}

static uint64_t virtual_seed(void *ctx) {
    struct virtual_env *world = ctx;
    return atomic_load(&world->seed);
}

static long virtual_process_id(void *ctx) {
    struct virtual_env *world = ctx;
    return atomic_load(&world->process_id);
}

void virtual_env_init(struct virtual_env *world) {
    world->env = (struct env){
        .allocator = env_standard.allocator,
        .clock = {.ctx = world, .monotonic_ns = virtual_monotonic_ns, .wall_s = virtual_wall_s},
        .entropy = {.ctx = world, .seed = virtual_seed},
        .process = {.ctx = world, .id = virtual_process_id},
    };
    atomic_init(&world->now_ns, VIRTUAL_ENV_NOW_NS);
    atomic_init(&world->wall_ns, VIRTUAL_ENV_WALL_S * NS_PER_S);
    atomic_init(&world->seed, VIRTUAL_ENV_SEED);
    atomic_init(&world->process_id, VIRTUAL_ENV_PID);
}

void virtual_env_set_now_ns(struct virtual_env *world, int64_t now_ns) {
    atomic_store(&world->now_ns, now_ns);
}

void virtual_env_set_wall_s(struct virtual_env *world, int64_t wall_s) {
    atomic_store(&world->wall_ns, wall_s * NS_PER_S);
}

void virtual_env_advance_ns(struct virtual_env *world, int64_t by_ns) {
    atomic_fetch_add(&world->now_ns, by_ns);
    atomic_fetch_add(&world->wall_ns, by_ns);
}

void virtual_env_set_seed(struct virtual_env *world, uint64_t seed) {
    atomic_store(&world->seed, seed);
}

void virtual_env_set_process_id(struct virtual_env *world, long process_id) {
    atomic_store(&world->process_id, process_id);
}
