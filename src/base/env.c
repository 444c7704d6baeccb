/* The standard outside world (malloc, the system's clocks, its random numbers, its process id), and the short ways to
 * ask whichever outside world one was handed. Any thread; no state of its own. */
#include "base/env.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static void *standard_resize(void *ctx, void *old, size_t size) {
    (void)ctx;
    return old != NULL ? realloc(old, size) : malloc(size);
}

static void standard_release(void *ctx, void *old) {
    (void)ctx;
    free(old);
}

static int64_t standard_monotonic_ns(void *ctx) {
    struct timespec now;
    (void)ctx;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t standard_wall_s(void *ctx) {
    struct timespec now;
    (void)ctx;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec;
}

static long standard_process_id(void *ctx) {
    (void)ctx;
    return (long)getpid();
}

/* For a system that has no random numbers to give (yet). No two calls agree: threads that run at once differ in their
 * number, and a thread goes on only when the clock has moved. What the machine did before it was last started is told
 * apart by the wall clock. */
static uint64_t seed_without_entropy(void) {
    int64_t first_ns = standard_monotonic_ns(NULL), now_ns;
    do
        now_ns = standard_monotonic_ns(NULL);
    while (now_ns == first_ns);
    uint64_t seed = (uint64_t)now_ns;
    seed += (uint64_t)gettid() * UINT64_C(0x9e3779b97f4a7c15);
    return seed + (uint64_t)standard_wall_s(NULL) * UINT64_C(0xd1342543de82ef95);
}

static uint64_t standard_seed(void *ctx) {
    uint64_t seed;
    (void)ctx;
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == (ssize_t)sizeof(seed))
        return seed;
    return seed_without_entropy();
}

const struct env env_standard = {
    .allocator = {.resize = standard_resize, .release = standard_release},
    .clock = {.monotonic_ns = standard_monotonic_ns, .wall_s = standard_wall_s},
    .entropy = {.seed = standard_seed},
    .process = {.id = standard_process_id},
};

void *env_alloc(const struct env *env, size_t size) {
    void *block = env_resize(env, NULL, size);
    if (block)
        memset(block, 0, size);
    return block;
}

void *env_resize(const struct env *env, void *old, size_t size) {
    return env->allocator.resize(env->allocator.ctx, old, size > 0 ? size : 1);
}

void env_release(const struct env *env, void *old) {
    if (old != NULL)
        env->allocator.release(env->allocator.ctx, old);
}

char *env_copy_text(const struct env *env, const char *text) {
    return env_copy_bytes(env, text, strlen(text));
}

char *env_copy_bytes(const struct env *env, const void *data, size_t length) {
    if (length == SIZE_MAX)
        return NULL;
    char *copy = env_resize(env, NULL, length + 1);
    if (!copy)
        return NULL;
    if (length > 0)
        memcpy(copy, data, length);
    copy[length] = '\0';
    return copy;
}

int64_t env_now_ns(const struct env *env) {
    return env->clock.monotonic_ns(env->clock.ctx);
}

int64_t env_wall_s(const struct env *env) {
    return env->clock.wall_s(env->clock.ctx);
}

uint64_t env_seed(const struct env *env) {
    return env->entropy.seed(env->entropy.ctx);
}

long env_process_id(const struct env *env) {
    return env->process.id(env->process.ctx);
}
