/* The table of latencies, and for each origin a few plans: what was worked out for a wish, and when. Any thread. */
#include "origin/latencies.h"

#include "base/time_math.h"
#include "origin/origins.h"
#include "policy/latency.h"
#include "policy/survival.h"

#define ORIGINS_MOST 128
#define PLANS 4 /* different wishes at once; the least recently used is forgotten */
#define REFRESH_NS INT64_C(1000000000)
#define BROWN_OUT 4          /* times as many as should be hedged … */
#define BROWN_OUT_MOST 0.5   /* … but at most so many of all … */
#define BROWN_OUT_ABOVE 0.25 /* … or so many of those that should not be, beside those that should */
#define ROUNDING 1e-9        /* of 1 - 0.9 */

struct latencies {
    /* fixed */
    const struct env *env;

    /* shared, under its own lock */
    struct origins origins;
};

struct kept_plan {
    struct hedge_wish wish;
    struct hedge_plan plan;
    bool used, solved;
    bool solving; /* a thread is at it */
    int64_t asked_ns, solved_ns;
    uint32_t entries; /* that it was worked out from */
};

struct latency_record {
    struct origin origin;
    unsigned users; /* threads that work with it, most of them waiting for the lock */
    struct latency latency;
    struct kept_plan plans[PLANS];
};

insist_err latencies_new(const struct env *env, struct latencies **out) {
    *out = NULL;
    struct latencies *latencies = env_alloc(env, sizeof *latencies);
    if (!latencies)
        return INSIST_ENOMEM;
    if (!origins_init(&latencies->origins, env, sizeof(struct latency_record), ORIGINS_MOST, ORIGINS_MOST)) {
        env_release(env, latencies);
        return INSIST_ENOMEM;
    }
    latencies->env = env;
    *out = latencies;
    return INSIST_OK;
}

void latencies_free(struct latencies *latencies) {
    if (!latencies)
        return;
    origins_fini(&latencies->origins);
    env_release(latencies->env, latencies);
}

/* Locks the table and finds an origin's record, which stays until end_use() follows, in any case. NULL: no memory. */
static struct latency_record *begin_use(struct latencies *latencies, const char *origin) {
    origins_lock(&latencies->origins);
    struct latency_record *record = (struct latency_record *)(void *)origins_find_locked(&latencies->origins, origin);
    if (record)
        record->users++;
    return record;
}

static void end_use(struct latencies *latencies, struct latency_record *record) {
    if (record && --record->users == 0)
        origins_rest_locked(&latencies->origins, &record->origin);
    origins_unlock(&latencies->origins);
}

void latencies_enter(struct latencies *latencies, const char *origin, const struct latency_entry *entry,
                     int64_t now_ns) {
    struct latency_record *record = begin_use(latencies, origin);
    if (record)
        latency_enter(&record->latency, entry, now_ns);
    end_use(latencies, record);
}

/* ---- plans ------------------------------------------------------------------------------------------------------- */

static bool same(const struct hedge_wish *a, const struct hedge_wish *b) {
    return !(a->quantile < b->quantile || a->quantile > b->quantile) && !(a->share < b->share || a->share > b->share);
}

/* The one for that wish; where there is none, in the place of the one that nobody has asked for longest. NULL: all
 * places are being worked on. */
static struct kept_plan *plan_of_locked(struct latency_record *record, const struct hedge_wish *wish, int64_t now_ns) {
    struct kept_plan *oldest = NULL;
    for (size_t i = 0; i < PLANS; i++) {
        struct kept_plan *kept = &record->plans[i];
        if (kept->used && same(&kept->wish, wish)) {
            kept->asked_ns = now_ns;
            return kept;
        }
        if (!kept->solving && (!oldest || kept->asked_ns < oldest->asked_ns))
            oldest = kept;
    }
    if (oldest)
        *oldest = (struct kept_plan){.wish = *wish, .used = true, .asked_ns = now_ns};
    return oldest;
}

/* Once a second, and earlier when there is half as much again to go by. */
static bool is_due(const struct kept_plan *kept, uint32_t entries, int64_t now_ns) {
    if (kept->solving || entries < LATENCY_ENTRIES_LEAST)
        return false;
    return !kept->solved || now_ns - kept->solved_ns >= REFRESH_NS || entries >= kept->entries + kept->entries / 2;
}

static struct hedge_plan solve(const struct latency_counts *counts, const struct hedge_wish *wish) {
    struct survival survival;
    struct hedge_plan plan = {.delay_us = -1, .probability = 1, .again = 1};
    survival_estimate(&survival, counts);
    if (wish->quantile > 0)
        plan.delay_us = survival_quantile_us(&survival, wish->quantile);
    else if (!survival_single_r(&survival, wish->share, &plan))
        plan.delay_us = -1;
    return plan;
}

/* Works it out with the lock let go of; the record is the caller's meanwhile, and the plan that is being solved stays
 * where it is. */
static void refresh_locked(struct latencies *latencies, struct latency_record *record, struct kept_plan *kept,
                           int64_t now_ns) {
    struct latency_counts counts;
    const struct hedge_wish wish = kept->wish;
    kept->solving = true;
    latency_sum(&record->latency, now_ns, &counts);
    origins_unlock(&latencies->origins);
    const struct hedge_plan plan = solve(&counts, &wish);
    origins_lock(&latencies->origins);
    kept->plan = plan;
    kept->entries = counts.entries;
    kept->solved_ns = now_ns;
    kept->solved = true;
    kept->solving = false;
}

/* The plan of that wish as it was last worked out. False: none yet, or too little is known. */
static bool ask_locked(struct latencies *latencies, struct latency_record *record, const struct hedge_wish *wish,
                       int64_t now_ns, struct hedge_plan *plan) {
    const uint32_t entries = latency_count(&record->latency, now_ns);
    struct kept_plan *kept = plan_of_locked(record, wish, now_ns);
    if (!kept || entries < LATENCY_ENTRIES_LEAST)
        return false;
    if (is_due(kept, entries, now_ns))
        refresh_locked(latencies, record, kept, now_ns);
    *plan = kept->plan;
    return kept->solved && plan->delay_us >= 0;
}

/* Four times a large share would be everything, and nothing would stop it; a share near a half is exceeded by chance. */
static double brown_out_share(double share) {
    const double above = share + BROWN_OUT_ABOVE * (1 - share);
    const double most = above > BROWN_OUT_MOST ? above : BROWN_OUT_MOST;
    return BROWN_OUT * share < most ? BROWN_OUT * share : most;
}

static bool is_brown_out_locked(struct latency_record *record, const struct hedge_wish *wish, int64_t delay_us,
                                int64_t now_ns) {
    const double share = wish->quantile > 0 ? 1 - wish->quantile : wish->share;
    const double slower = latency_slower_share(&record->latency, delay_us, wish->is_slow, now_ns);
    return slower > brown_out_share(share) + ROUNDING;
}

bool latencies_plan(struct latencies *latencies, const char *origin, const struct hedge_wish *wish, int64_t now_ns,
                    struct hedge_plan *plan) {
    struct latency_record *record = begin_use(latencies, origin);
    bool known = record && ask_locked(latencies, record, wish, now_ns, plan);
    if (known) {
        plan->delay_us = time_max(plan->delay_us, SURVIVAL_DELAY_LEAST_US);
        known = !is_brown_out_locked(record, wish, plan->delay_us, now_ns);
    }
    end_use(latencies, record);
    return known;
}

int64_t latencies_quantile_us(struct latencies *latencies, const char *origin, double quantile, int64_t now_ns) {
    struct hedge_plan plan;
    struct latency_record *record = begin_use(latencies, origin);
    bool known = record && ask_locked(latencies, record, &(struct hedge_wish){.quantile = quantile}, now_ns, &plan);
    end_use(latencies, record);
    return known ? plan.delay_us : -1;
}
