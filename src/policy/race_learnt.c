/* Schedulers that learn: their delay comes from the origin's latencies, through the execution that asks. Any thread. */
#include "policy/race.h"
#include "view/execution.h"
#include <insist/policy.h>

struct learnt {
    const struct env *env;
    struct hedge_wish wish;
    unsigned hedges; /* of a wave, at most */
};

static const struct poison no_memory = {INSIST_ENOMEM, "scheduler", "out of memory"};
static const struct poison bad_quantile = {INSIST_EINVAL, "quantile",
                                           "a quantile lies above 0 and below 1: 0.95 for the slowest twentieth"};
static const struct poison bad_share = {INSIST_EINVAL, "share",
                                        "a share of extra requests is above 0 and at most 1: 0.02 for one in fifty"};
static const struct poison no_times = {INSIST_EINVAL, "times", "a race without a hedge is none: 1 or more are wanted"};

/* Only the stream of random numbers moves on. */
static bool draw(const insist_execution *execution, double probability) {
    struct insist_random *random = (struct insist_random *)(uintptr_t)&execution->random;
    return probability >= 1 || insist_random_unit(random) < probability;
}

static int64_t learnt_delay(void *ctx, const insist_execution *execution, unsigned hedges) {
    const struct learnt *learnt = ctx;
    const struct latency_source *latencies = execution->latencies;
    struct hedge_wish wish = learnt->wish;
    struct hedge_plan plan;
    wish.is_slow = hedges > 0;
    if (hedges >= learnt->hedges || latencies == NULL)
        return INSIST_NO_HEDGE;
    if (!latencies->plan(execution->latencies_ctx, &wish, execution->now_ns, &plan))
        return INSIST_NO_HEDGE;
    return draw(execution, hedges == 0 ? plan.probability : plan.again) ? plan.delay_us : INSIST_NO_HEDGE;
}

static void learnt_release(void *ctx) {
    struct learnt *learnt = ctx;
    env_release(learnt->env, learnt);
}

static insist_scheduler learnt_scheduler(const struct env *env, struct hedge_wish wish, unsigned times) {
    if (times == 0)
        return poison_scheduler(&no_times);
    struct learnt *learnt = env_alloc(env, sizeof *learnt);
    if (learnt == NULL)
        return poison_scheduler(&no_memory);
    *learnt = (struct learnt){.env = env, .wish = wish, .hedges = times};
    return (insist_scheduler){.schedule = learnt_delay, .ctx = learnt, .release = learnt_release};
}

insist_scheduler scheduler_quantile(const struct env *env, double quantile, unsigned times) {
    if (!(quantile > 0 && quantile < 1)) /* not a number is neither */
        return poison_scheduler(&bad_quantile);
    return learnt_scheduler(env, (struct hedge_wish){.quantile = quantile}, times);
}

insist_scheduler scheduler_auto(const struct env *env, double share, unsigned times) {
    if (!(share > 0 && share <= 1))
        return poison_scheduler(&bad_share);
    return learnt_scheduler(env, (struct hedge_wish){.share = share}, times);
}

/* ---- public ------------------------------------------------------------------------------------------------------ */

insist_scheduler insist_race_quantile(double quantile, unsigned times) {
    return scheduler_quantile(&env_standard, quantile, times);
}

insist_scheduler insist_race_auto(double share, unsigned times) {
    return scheduler_auto(&env_standard, share, times);
}
