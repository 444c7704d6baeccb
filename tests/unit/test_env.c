/* The outside world, the real one and what is put in its place. getrandom() and clock_gettime() are wrapped, so that
 * the one can refuse and the other be coarse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/env.h"
#include "support/fail_alloc.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static ssize_t getrandom_result;
static uint64_t getrandom_bytes;

ssize_t __wrap_getrandom(void *buffer, size_t length, unsigned flags);

ssize_t __wrap_getrandom(void *buffer, size_t length, unsigned flags) {
    (void)flags;
    if (length == sizeof(getrandom_bytes) && getrandom_result > 0)
        memcpy(buffer, &getrandom_bytes, (size_t)getrandom_result);
    return getrandom_result;
}

static atomic_bool clock_is_coarse;
static atomic_int clock_readings;

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

/* A coarse clock stands for ten readings of whatever thread, then leaps. */
int __wrap_clock_gettime(clockid_t clock, struct timespec *now) {
    if (!atomic_load(&clock_is_coarse))
        return __real_clock_gettime(clock, now);
    *now = (struct timespec){.tv_sec = 1000};
    if (clock == CLOCK_MONOTONIC)
        now->tv_nsec = atomic_fetch_add(&clock_readings, 1) / 10 * 1000;
    return 0;
}

/* An allocator that notes what it is asked for, and whose memory is dirty. */
struct note {
    size_t size;
    void *old, *released;
    void *given;
};

static void *noting_resize(void *ctx, void *old, size_t size) {
    struct note *note = ctx;
    note->old = old;
    note->size = size;
    return memset(note->given, 0xaa, size);
}

static void noting_release(void *ctx, void *old) {
    struct note *note = ctx;
    note->released = old;
}

static void memory_is_asked_of_the_allocator(void **state) {
    (void)state;
    char block[16], old;
    struct note note = {.given = block};
    struct env env = {.allocator = {.ctx = &note, .resize = noting_resize, .release = noting_release}};
    assert_ptr_equal(env_resize(&env, &old, 12), block);
    assert_ptr_equal(note.old, &old);
    assert_int_equal(note.size, 12);
    env_release(&env, &old);
    assert_ptr_equal(note.released, &old);
}

static void new_memory_is_zeroed(void **state) {
    (void)state;
    unsigned char block[16];
    struct note note = {.given = block};
    struct env env = {.allocator = {.ctx = &note, .resize = noting_resize, .release = noting_release}};
    unsigned char *zeroed = env_alloc(&env, sizeof(block));
    assert_ptr_equal(zeroed, block);
    assert_null(note.old);
    for (size_t i = 0; i < sizeof(block); i++)
        assert_int_equal(zeroed[i], 0);
}

static void an_allocator_is_never_asked_for_nothing(void **state) {
    (void)state;
    char block[16];
    struct note note = {.given = block};
    struct env env = {.allocator = {.ctx = &note, .resize = noting_resize, .release = noting_release}};
    assert_ptr_equal(env_alloc(&env, 0), block);
    assert_int_equal(note.size, 1);
    assert_ptr_equal(env_resize(&env, block, 0), block);
    assert_int_equal(note.size, 1);
}

static void copies_of_text_and_bytes(void **state) {
    (void)state;
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    char *text = env_copy_text(&env, "text"), *empty = env_copy_text(&env, "");
    char *bytes = env_copy_bytes(&env, "a\0b", 3), *nothing = env_copy_bytes(&env, NULL, 0);
    assert_string_equal(text, "text");
    assert_string_equal(empty, "");
    assert_memory_equal(bytes, "a\0b", 4);
    assert_string_equal(nothing, "");
    assert_null(env_copy_bytes(&env, "", SIZE_MAX)); /* no room for the NUL */
    env_release(&env, text);
    env_release(&env, empty);
    env_release(&env, bytes);
    env_release(&env, nothing);
    env_release(&env, NULL);
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
}

static void out_of_memory_is_null(void **state) {
    (void)state;
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    fail_alloc_from(&memory, 1);
    assert_null(env_alloc(&env, 5));
    assert_null(env_resize(&env, NULL, 5));
    assert_null(env_copy_text(&env, "text"));
    assert_null(env_copy_bytes(&env, "text", 4));
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
}

static void standard_memory_grows_and_keeps(void **state) {
    (void)state;
    char *block = env_alloc(&env_standard, 4);
    assert_non_null(block);
    memcpy(block, "abc", 4);
    block = env_resize(&env_standard, block, 100000);
    assert_non_null(block);
    assert_string_equal(block, "abc");
    env_release(&env_standard, block);
    env_release(&env_standard, NULL);
}

static int64_t system_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void standard_clocks_are_the_systems(void **state) {
    (void)state;
    int64_t before_ns = system_ns(CLOCK_MONOTONIC), now_ns = env_now_ns(&env_standard);
    assert_true(before_ns <= now_ns && now_ns <= system_ns(CLOCK_MONOTONIC));
    int64_t before_s = system_ns(CLOCK_REALTIME) / 1000000000, now_s = env_wall_s(&env_standard);
    assert_true(before_s <= now_s && now_s <= system_ns(CLOCK_REALTIME) / 1000000000);
}

static void standard_process_is_this_one(void **state) {
    (void)state;
    assert_int_equal(env_process_id(&env_standard), getpid());
}

static void standard_seeds_come_from_the_system(void **state) {
    (void)state;
    getrandom_result = 8;
    getrandom_bytes = UINT64_C(0x0123456789abcdef);
    assert_true(env_seed(&env_standard) == UINT64_C(0x0123456789abcdef));
}

enum { SEEDS = 500, THREADS = 4 };

static void *collect_seeds(void *seeds) {
    for (size_t i = 0; i < SEEDS; i++)
        ((uint64_t *)seeds)[i] = env_seed(&env_standard);
    return NULL;
}

static int compare(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void seeds_without_the_system_still_differ(void **state) {
    static uint64_t seeds[THREADS * SEEDS];
    static const ssize_t refusals[] = {-1, 0, 7};
    (void)state;
    for (size_t r = 0; r < sizeof(refusals) / sizeof(refusals[0]); r++) {
        pthread_t threads[THREADS];
        getrandom_result = refusals[r];
        atomic_store(&clock_is_coarse, true);
        for (size_t i = 0; i < THREADS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, collect_seeds, &seeds[i * SEEDS]), 0);
        for (size_t i = 0; i < THREADS; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        atomic_store(&clock_is_coarse, false);
        qsort(seeds, THREADS * SEEDS, sizeof(seeds[0]), compare);
        for (size_t i = 1; i < THREADS * SEEDS; i++)
            assert_true(seeds[i - 1] != seeds[i]);
    }
}

static int64_t given_monotonic_ns(void *ctx) {
    return *(int *)ctx + 1;
}

static int64_t given_wall_s(void *ctx) {
    return *(int *)ctx + 2;
}

static uint64_t given_seed(void *ctx) {
    return (uint64_t)(*(int *)ctx + 3);
}

static long given_process_id(void *ctx) {
    return *(int *)ctx + 4;
}

static void each_part_has_its_own_context(void **state) {
    (void)state;
    int clock = 100, entropy = 200, process = 300;
    struct env env = {
        .clock = {.ctx = &clock, .monotonic_ns = given_monotonic_ns, .wall_s = given_wall_s},
        .entropy = {.ctx = &entropy, .seed = given_seed},
        .process = {.ctx = &process, .id = given_process_id},
    };
    assert_int_equal(env_now_ns(&env), 101);
    assert_int_equal(env_wall_s(&env), 102);
    assert_int_equal(env_seed(&env), 203);
    assert_int_equal(env_process_id(&env), 304);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_asked_of_the_allocator),
        cmocka_unit_test(new_memory_is_zeroed),
        cmocka_unit_test(an_allocator_is_never_asked_for_nothing),
        cmocka_unit_test(copies_of_text_and_bytes),
        cmocka_unit_test(out_of_memory_is_null),
        cmocka_unit_test(standard_memory_grows_and_keeps),
        cmocka_unit_test(standard_clocks_are_the_systems),
        cmocka_unit_test(standard_process_is_this_one),
        cmocka_unit_test(standard_seeds_come_from_the_system),
        cmocka_unit_test(seeds_without_the_system_still_differ),
        cmocka_unit_test(each_part_has_its_own_context),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
