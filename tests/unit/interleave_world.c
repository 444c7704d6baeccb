/* Memory that stays until the end, and a request and two mailboxes that everything else needs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "interleave_world.h"
#include <stdlib.h>
#include <string.h>

static void *keep(void *ctx, void *old, size_t size) {
    struct world *world = ctx;
    if (old || world->block_count == WORLD_BLOCKS)
        return NULL; /* nothing here grows */
    world->live[world->block_count] = true;
    return world->blocks[world->block_count++] = malloc(size);
}

static void mark_released(void *ctx, void *old) {
    struct world *world = ctx;
    for (int i = 0; i < world->block_count; i++) {
        if (world->blocks[i] != old)
            continue;
        if (!world->live[i])
            world_fail(world, "released twice");
        world->live[i] = false;
    }
}

static void never_released(struct request *request) {
    (void)request;
}

void world_begin(struct world *world, size_t size) {
    int mutant = world->mutant;
    memset(world, 0, size);
    world->mutant = mutant;
    world->env = env_standard;
    world->env.allocator = (struct allocator){.ctx = world, .resize = keep, .release = mark_released};
    world->request.release = never_released;
    atomic_init(&world->request.references, 1);
    for (int i = 0; i < 2; i++)
        world->mailboxes[i] = mailbox_new(&world->env);
}

void world_end(struct world *world) {
    for (int i = 0; i < world->block_count; i++)
        free(world->blocks[i]);
}

bool world_is_live(const struct world *world, const void *block) {
    for (int i = 0; i < world->block_count; i++)
        if (world->blocks[i] == block)
            return world->live[i];
    return false;
}

void world_fail(struct world *world, const char *bad) {
    if (!world->bad)
        world->bad = bad;
}

bool world_was_interrupted(struct world *world, int call) {
    struct list taken;
    insist_err interrupted;
    mailbox_take(world->mailboxes[call], 0, &taken, &interrupted);
    return interrupted != INSIST_OK;
}

void world_assert_safe(const struct interleave *play, struct world *world) {
    long schedules;
    world->mutant = 0;
    const char *bad = interleave_find(play, world, &schedules);
    print_message("%ld schedules: %s\n", schedules, bad ? bad : "no bad state");
    assert_null(bad);
    assert_true(schedules > 1);
}

void world_assert_caught(const struct interleave *play, struct world *world, int mutant) {
    long schedules;
    world->mutant = mutant;
    const char *bad = interleave_find(play, world, &schedules);
    print_message("mutant %d, schedule %ld: %s\n", mutant, schedules, bad ? bad : "NOT CAUGHT");
    assert_non_null(bad);
}
