/* A throttle under its lock, as a starter's context. */
#include "origin/throttles.h"

#include "base/sync.h"
#include "base/time_math.h"
#include "policy/poison.h"
#include "policy/throttle.h"
#include "view/execution.h"

#define STARTS_MOST 1000000

struct shared_throttle {
    /* fixed */
    const struct env *env;
    struct throttle_window *windows;

    /* shared, under the lock */
    struct mutex lock;
    struct throttle throttle;
};

static const struct poison no_windows = {INSIST_EINVAL, "windows", "a throttle without a window holds nothing back"};
static const struct poison no_period = {INSIST_EINVAL, "windows", "a window's period_ms must be 1 or more"};
static const struct poison too_many = {INSIST_EINVAL, "windows", "at most 1,000,000 starts in a window"};
static const struct poison no_memory = {INSIST_ENOMEM, "starter", "out of memory"};

static bool start(void *ctx, const insist_execution *execution) {
    struct shared_throttle *shared = ctx;
    mutex_lock(&shared->lock);
    bool allowed = throttle_start(&shared->throttle, execution->now_ns);
    mutex_unlock(&shared->lock);
    return allowed;
}

static void not_started(void *ctx, const insist_execution *execution) {
    struct shared_throttle *shared = ctx;
    mutex_lock(&shared->lock);
    throttle_take_back(&shared->throttle, execution->starter_asked_ns);
    mutex_unlock(&shared->lock);
}

static void discard(struct shared_throttle *shared) {
    env_release(shared->env, shared->windows);
    env_release(shared->env, shared->throttle.latest);
    env_release(shared->env, shared);
}

static void release(void *ctx) {
    struct shared_throttle *shared = ctx;
    mutex_fini(&shared->lock);
    discard(shared);
}

static const struct poison *check(const insist_throttle_window *windows, size_t n) {
    if (windows == NULL || n == 0)
        return &no_windows;
    for (size_t i = 0; i < n; i++) {
        if (windows[i].period_ms <= 0)
            return &no_period;
        if (windows[i].starts > STARTS_MOST)
            return &too_many;
    }
    return n > SIZE_MAX / sizeof(struct throttle_window) ? &no_memory : NULL;
}

/* At least 1, so that the ring has a length. */
static uint32_t most_starts(const insist_throttle_window *windows, size_t n) {
    uint32_t most = 1;
    for (size_t i = 0; i < n; i++)
        most = windows[i].starts > most ? windows[i].starts : most;
    return most;
}

static bool fill(struct shared_throttle *shared, const insist_throttle_window *windows, size_t n) {
    struct throttle *throttle = &shared->throttle;
    throttle->room = most_starts(windows, n);
    throttle->count = n;
    throttle->latest = env_alloc(shared->env, throttle->room * sizeof *throttle->latest);
    throttle->windows = shared->windows = env_alloc(shared->env, n * sizeof *shared->windows);
    if (!throttle->latest || !shared->windows)
        return false;
    for (size_t i = 0; i < n; i++)
        shared->windows[i] =
            (struct throttle_window){.starts = windows[i].starts, .period_ns = time_from_ms(windows[i].period_ms)};
    return mutex_init(&shared->lock);
}

insist_starter starter_throttle(const struct env *env, const insist_throttle_window *windows, size_t n) {
    const struct poison *poison = check(windows, n);
    if (poison)
        return poison_starter(poison);
    struct shared_throttle *shared = env_alloc(env, sizeof *shared);
    if (!shared)
        return poison_starter(&no_memory);
    shared->env = env;
    if (!fill(shared, windows, n)) {
        discard(shared);
        return poison_starter(&no_memory);
    }
    return (insist_starter){.start = start, .ctx = shared, .release = release, .not_started = not_started};
}

insist_starter insist_start_throttle(const insist_throttle_window *windows, size_t n) {
    return starter_throttle(&env_standard, windows, n);
}
