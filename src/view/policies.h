/* The policies as the engine holds them: counted values of functions. */
#ifndef VIEW_POLICIES_H
#define VIEW_POLICIES_H

#include "base/env.h"
#include "view/statuses.h"
#include <insist/policy.h>
#include <stdatomic.h>

#define RETRY_UNBOUNDED UINT32_MAX

struct insist_retry_policy {
    atomic_uint references;
    const struct env *env;
    insist_decider decider;
    insist_waiter waiter;       /* inside the Retry-After wrapper, if there was one */
    int64_t retry_after_cap_us; /* -1: Retry-After is ignored */
    bool retry_after_replaces;  /* the header's delay is the wait; else the waiter's comes on top */
    bool retry_after_listed;    /* only these statuses' headers are looked at; else any answer's */
    struct status_set retry_after_statuses;
    uint32_t retry_bound;   /* retries that decider and waiter can allow at most, RETRY_UNBOUNDED: no bound known */
    uint32_t attempt_bound; /* attempts of any kind, likewise */
};

/* Ask a user's function, so that only answers that make sense come back: an unknown verdict counts as INSIST_FAIL, a
 * failure that names no error as INSIST_EINVAL, and every negative wait is INSIST_EXIT. *error is set with INSIST_FAIL
 * only. */
static inline insist_verdict decider_ask(const insist_decider *decider, const insist_execution *execution,
                                         insist_err *error) {
    insist_err own = INSIST_OK;
    const insist_verdict verdict = decider->decide(decider->ctx, execution, &own);
    if (verdict == INSIST_ACCEPT || verdict == INSIST_RETRY || verdict == INSIST_EXHAUSTED)
        return verdict;
    *error = verdict == INSIST_FAIL && own != INSIST_OK ? own : INSIST_EINVAL;
    return INSIST_FAIL;
}

static inline int64_t waiter_ask(const insist_waiter *waiter, const insist_execution *execution,
                                 insist_random *random) {
    const int64_t wait_us = waiter->wait(waiter->ctx, execution, random);
    return wait_us < 0 ? INSIST_EXIT : wait_us;
}

struct insist_timeout_policy {
    atomic_uint references;
    const struct env *env;
    insist_timeout_fn *timeout;
    void *ctx;
    insist_release_fn *release;
    bool takes_the_rest; /* the default: an attempt that no retry can follow may take all that is left */
};

/* The delay to the next hedge, counted from the newest attempt's request on the wire, in microseconds; hedges: started
 * in this wave. */
#define RACE_NO_HEDGE ((int64_t)0)
#define RACE_NOW INT64_MAX
typedef int64_t schedule_fn(void *ctx, const insist_execution *execution, unsigned hedges);
/* May the hedge that is due be started? */
typedef bool starter_fn(void *ctx, const insist_execution *execution);

enum race_mode {
    RACE_REFILL, /* a retryable end is replaced after its wait while its siblings go on */
    RACE_CLOSE   /* a retryable end stops hedging; the policies are asked once, when nothing is in flight */
};

struct race_policy {
    atomic_uint references;
    const struct env *env;
    schedule_fn *schedule;
    void *schedule_ctx;
    starter_fn *start;
    void *start_ctx;
    enum race_mode mode;
};

#endif
