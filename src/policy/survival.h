/* Survival curves: which share of requests takes at least so long, and the hedges that follow from it. Pure.
 *
 * An attempt that was given up would have taken longer: Kaplan and Meier's product-limit estimate (1958) counts it
 * among those that were still there up to then. That keeps the curve right although hedging cuts off the slow ones:
 * when a loser is cut off depends on its hedge, not on how long it would have taken. */
#ifndef POLICY_SURVIVAL_H
#define POLICY_SURVIVAL_H

#include "policy/latency.h"

#define SURVIVAL_DELAY_LEAST_US 200 /* of a hedge */

struct survival {
    double at[LATENCY_BUCKETS]; /* share of latencies that are not below the bucket's beginning; 1 at the first */
};

void survival_estimate(struct survival *survival, const struct latency_counts *counts);
double survival_at(const struct survival *survival, int64_t us);
/* The shortest time that at most a share of 1 - quantile takes; -1: longer than all that was seen. */
int64_t survival_quantile_us(const struct survival *survival, double quantile);

/* The 99th percentile of min(X, d + X') when a request that has not been answered after d is sent a second time with
 * probability p. -1: longer than all that was seen. */
int64_t survival_hedged_p99_us(const struct survival *survival, int64_t delay_us, double probability);
/* SingleR (Kaler, He, Elnikety: Optimal Reissue Policies for Reducing Tail Latency, SPAA 2017): the delay d and the
 * probability p that make that the smallest while p times the share of requests that take as long as d is at most
 * `share`. Of equal ones the longest delay. p is 1/2 at least: more than twice the share are never slower than the
 * delay, so that four times the share is something out of the ordinary. For a percentile no more than one hedge is of
 * use, as they show: further ones get what is left of the share. False: not enough is known for any. */
bool survival_single_r(const struct survival *survival, double share, struct hedge_plan *plan);

#endif
