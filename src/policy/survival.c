/* The product-limit estimate over buckets, and the search for the best hedge. Pure. */
#include "policy/survival.h"
#include "base/time_math.h"

#define TAIL 0.01 /* beyond the 99th percentile */
#define PROBABILITY_LEAST 0.5
#define ROUNDING 1e-9 /* of a product of a thousand factors */

void survival_estimate(struct survival *survival, const struct latency_counts *counts) {
    double share = 1;
    uint64_t there = 0; /* at the beginning of the bucket */
    for (size_t i = 0; i < LATENCY_BUCKETS; i++)
        there += (uint64_t)counts->ended[i] + counts->longer[i];
    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        survival->at[i] = share;
        if (counts->ended[i] > 0)
            share *= 1 - (double)counts->ended[i] / (double)there;
        there -= (uint64_t)counts->ended[i] + counts->longer[i];
    }
}

double survival_at(const struct survival *survival, int64_t us) {
    return survival->at[latency_bucket(us)];
}

int64_t survival_quantile_us(const struct survival *survival, double quantile) {
    for (size_t i = 0; i < LATENCY_BUCKETS; i++)
        if (survival->at[i] <= 1 - quantile + ROUNDING)
            return latency_begin_us(i);
    return -1;
}

/* Share of calls that are not over at the beginning of that bucket. */
static double hedged(const struct survival *survival, size_t bucket, const struct hedge_plan *plan) {
    const int64_t us = latency_begin_us(bucket);
    const double first = survival->at[bucket];
    if (us <= plan->delay_us)
        return first;
    return first * (1 - plan->probability + plan->probability * survival_at(survival, us - plan->delay_us));
}

static bool holds(const struct survival *survival, size_t bucket, const struct hedge_plan *plan) {
    return hedged(survival, bucket, plan) <= TAIL + ROUNDING;
}

/* The first bucket at whose beginning at most a hundredth is not over: `last` at the latest, for which it is known. */
static size_t first_that_holds(const struct survival *survival, size_t last, const struct hedge_plan *plan) {
    size_t first = 0;
    while (first < last) {
        const size_t middle = first + (last - first) / 2;
        if (holds(survival, middle, plan))
            last = middle;
        else
            first = middle + 1;
    }
    return last;
}

int64_t survival_hedged_p99_us(const struct survival *survival, int64_t delay_us, double probability) {
    const struct hedge_plan plan = {.delay_us = delay_us, .probability = probability};
    if (!holds(survival, LATENCY_BUCKETS - 1, &plan))
        return -1;
    return latency_begin_us(first_that_holds(survival, LATENCY_BUCKETS - 1, &plan));
}

/* As often as the share allows after that delay; its delay is 0 when that is too rarely. */
static struct hedge_plan affordable(const struct survival *survival, size_t bucket, double share) {
    struct hedge_plan plan = {.delay_us = latency_begin_us(bucket), .probability = 1};
    if (survival->at[bucket] > share)
        plan.probability = share / survival->at[bucket];
    if (plan.probability < PROBABILITY_LEAST)
        plan.delay_us = 0;
    return plan;
}

/* A request's hedges are a geometric series at most, whose factor is `again` times the share of requests that take as
 * long as two delays: what it comes to beyond the first is what the first leaves of the share. */
static double afford_again(const struct survival *survival, double share, const struct hedge_plan *plan) {
    const double first = plan->probability * survival_at(survival, plan->delay_us);
    const double slower = survival_at(survival, time_scale(plan->delay_us, 2));
    if (first <= 0)
        return 1;
    const double left = share > first ? share / first - 1 : 0;
    return left / (1 + left) < slower ? left / (1 + left) / slower : 1;
}

bool survival_single_r(const struct survival *survival, double share, struct hedge_plan *plan) {
    size_t best = LATENCY_BUCKETS - 1; /* the 99th percentile's bucket under the best plan so far */
    bool found = false;
    for (size_t i = latency_bucket(SURVIVAL_DELAY_LEAST_US); i <= best; i++) {
        const struct hedge_plan candidate = affordable(survival, i, share);
        if (candidate.delay_us == 0 || !holds(survival, best, &candidate))
            continue;
        best = first_that_holds(survival, best, &candidate);
        *plan = candidate;
        found = true;
    }
    if (found)
        plan->again = afford_again(survival, share, plan);
    return found;
}
