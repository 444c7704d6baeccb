/* Race policies: a scheduler and a starter joined, counted and never changed afterwards; the schedulers that need to
 * know nothing but the number of hedges. Any thread. */
#include "policy/race.h"
#include "base/problem.h"
#include "base/time_math.h"
#include "view/execution.h"
#include <string.h>

#define US_PER_MS INT64_C(1000)

/* What a fixed scheduler knows: the delays, of which the last counts for all that come behind it. */
struct schedule {
    const struct env *env;
    unsigned hedges; /* of a wave, at most */
    bool get_only;
    size_t count; /* 1 or more */
    int64_t us[];
};

static const struct poison no_memory = {INSIST_ENOMEM, "scheduler", "out of memory"};
static const struct poison no_offsets = {INSIST_EINVAL, "offsets", "the list of delays is empty"};
static const struct poison bad_offset = {
    INSIST_EINVAL, "offsets", "a delay must be 1 ms or more; insist_race_at_once() starts attempts together"};
static const struct poison bad_delay = {INSIST_EINVAL, "delay",
                                        "a delay must be 1 ms or more; insist_race_at_once() starts attempts together"};
static const struct poison no_times = {INSIST_EINVAL, "times", "a race without a hedge is none: 1 or more are wanted"};

/* ---- schedulers -------------------------------------------------------------------------------------------------- */

static int64_t next_delay(void *ctx, const insist_execution *execution, unsigned hedges) {
    const struct schedule *schedule = ctx;
    if (hedges >= schedule->hedges)
        return INSIST_NO_HEDGE;
    if (schedule->get_only && strcmp(execution->request->method, "GET") != 0)
        return INSIST_NO_HEDGE;
    return schedule->us[hedges < schedule->count ? hedges : schedule->count - 1];
}

static void schedule_release(void *ctx) {
    struct schedule *schedule = ctx;
    env_release(schedule->env, schedule);
}

/* NULL: no memory. */
static struct schedule *schedule_new(const struct env *env, unsigned hedges, size_t count) {
    struct schedule *schedule = NULL;
    if (count <= (SIZE_MAX - sizeof *schedule) / sizeof schedule->us[0])
        schedule = env_alloc(env, sizeof *schedule + count * sizeof schedule->us[0]);
    if (schedule == NULL)
        return NULL;
    schedule->env = env;
    schedule->hedges = hedges;
    schedule->count = count;
    return schedule;
}

static insist_scheduler scheduler_of(struct schedule *schedule) {
    if (schedule == NULL)
        return poison_scheduler(&no_memory);
    return (insist_scheduler){.schedule = next_delay, .ctx = schedule, .release = schedule_release};
}

/* However long: it is a delay, and not INSIST_AT_ONCE. */
static int64_t delay_us(int64_t ms) {
    return time_min(time_scale(ms, US_PER_MS), INSIST_AT_ONCE - 1);
}

insist_scheduler scheduler_static_ms(const struct env *env, const int64_t *offsets, size_t n) {
    if (offsets == NULL || n == 0)
        return poison_scheduler(&no_offsets);
    for (size_t i = 0; i < n; i++)
        if (offsets[i] <= 0)
            return poison_scheduler(&bad_offset);
    struct schedule *schedule = schedule_new(env, n < UINT32_MAX ? (unsigned)n : UINT32_MAX, n);
    for (size_t i = 0; schedule != NULL && i < n; i++)
        schedule->us[i] = delay_us(offsets[i]);
    return scheduler_of(schedule);
}

insist_scheduler scheduler_every_ms(const struct env *env, int64_t delay, unsigned times) {
    if (delay <= 0)
        return poison_scheduler(&bad_delay);
    if (times == 0)
        return poison_scheduler(&no_times);
    struct schedule *schedule = schedule_new(env, times, 1);
    if (schedule != NULL)
        schedule->us[0] = delay_us(delay);
    return scheduler_of(schedule);
}

static struct schedule *at_once(const struct env *env, unsigned n) {
    struct schedule *schedule = schedule_new(env, n > 1 ? n - 1 : 0, 1);
    if (schedule != NULL)
        schedule->us[0] = INSIST_AT_ONCE;
    return schedule;
}

insist_scheduler scheduler_at_once(const struct env *env, unsigned n) {
    return scheduler_of(at_once(env, n));
}

insist_scheduler scheduler_pester(const struct env *env, unsigned n) {
    struct schedule *schedule = at_once(env, n);
    if (schedule != NULL)
        schedule->get_only = true;
    return scheduler_of(schedule);
}

void scheduler_release(insist_scheduler scheduler) {
    if (scheduler.release != NULL)
        scheduler.release(scheduler.ctx);
}

/* ---- starters ---------------------------------------------------------------------------------------------------- */

static bool start_always(void *ctx, const insist_execution *execution) {
    (void)ctx;
    (void)execution;
    return true;
}

void starter_release(insist_starter starter) {
    if (starter.release != NULL)
        starter.release(starter.ctx);
}

/* ---- the policy -------------------------------------------------------------------------------------------------- */

static const struct poison *poison_in(const insist_scheduler *scheduler, const insist_starter *starter,
                                      insist_wave_mode mode) {
    static const struct poison bad_mode = {INSIST_EINVAL, "mode", "there are INSIST_REFILL and INSIST_CLOSE"};
    const struct poison *poison = poison_in_scheduler(scheduler);
    if (poison == NULL)
        poison = poison_in_starter(starter);
    if (poison == NULL && mode != INSIST_REFILL && mode != INSIST_CLOSE)
        poison = &bad_mode;
    return poison;
}

static insist_err refuse(insist_scheduler scheduler, insist_starter starter, insist_problem *problem,
                         const struct poison *why) {
    scheduler_release(scheduler);
    starter_release(starter);
    return problem_set(problem, why->err, why->field, "%s", why->text);
}

insist_err race_policy_new(const struct env *env, insist_scheduler scheduler, insist_starter starter,
                           insist_wave_mode mode, insist_problem *problem, insist_race_policy **out) {
    static const struct poison no_out = {INSIST_EINVAL, "out", "there is nowhere to put the policy: out is NULL"};
    static const struct poison no_room = {INSIST_ENOMEM, "policy", "out of memory"};
    if (out == NULL)
        return refuse(scheduler, starter, problem, &no_out);
    *out = NULL;
    const struct poison *poison = poison_in(&scheduler, &starter, mode);
    if (poison != NULL)
        return refuse(scheduler, starter, problem, poison);
    insist_race_policy *policy = env_alloc(env, sizeof *policy);
    if (policy == NULL)
        return refuse(scheduler, starter, problem, &no_room);
    atomic_init(&policy->references, 1);
    policy->env = env;
    policy->scheduler = scheduler;
    policy->starter = starter;
    policy->mode = mode;
    policy->learns = scheduler.schedule != next_delay;
    *out = policy;
    return INSIST_OK;
}

insist_race_policy *race_policy_retain(const insist_race_policy *policy) {
    insist_race_policy *counted = (insist_race_policy *)policy; /* only its count changes */
    atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
    return counted;
}

int64_t race_policy_longest_us(const insist_race_policy *policy) {
    int64_t longest_us = -1;
    if (policy->scheduler.schedule != next_delay)
        return -1;
    const struct schedule *schedule = policy->scheduler.ctx;
    for (size_t i = 0; i < schedule->count; i++)
        if (schedule->us[i] != INSIST_AT_ONCE)
            longest_us = time_max(longest_us, schedule->us[i]);
    return longest_us;
}

void insist_race_policy_free(insist_race_policy *policy) {
    if (policy == NULL || atomic_fetch_sub_explicit(&policy->references, 1, memory_order_acq_rel) != 1)
        return;
    scheduler_release(policy->scheduler);
    starter_release(policy->starter);
    env_release(policy->env, policy);
}

/* ---- the public constructors ------------------------------------------------------------------------------------- */

insist_scheduler insist_race_static_ms(const int64_t *offsets, size_t n) {
    return scheduler_static_ms(&env_standard, offsets, n);
}

insist_scheduler insist_race_every_ms(int64_t delay, unsigned times) {
    return scheduler_every_ms(&env_standard, delay, times);
}

insist_scheduler insist_race_at_once(unsigned n) {
    return scheduler_at_once(&env_standard, n);
}

insist_scheduler insist_race_pester(unsigned n) {
    return scheduler_pester(&env_standard, n);
}

insist_starter insist_start_always(void) {
    return (insist_starter){.start = start_always};
}

insist_err insist_race_policy_new(insist_scheduler scheduler, insist_starter starter, insist_wave_mode mode,
                                  insist_problem *problem, insist_race_policy **out) {
    return race_policy_new(&env_standard, scheduler, starter, mode, problem, out);
}
