/* The policies as the engine holds them: counted values of functions. */
#ifndef VIEW_POLICIES_H
#define VIEW_POLICIES_H

#include "base/env.h"
#include "view/statuses.h"
#include <insist/policy.h>
#include <insist/race.h>
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

struct insist_race_policy {
    atomic_uint references;
    const struct env *env;
    insist_scheduler scheduler;
    insist_starter starter;
    insist_wave_mode mode;
    bool learns; /* its scheduler may ask for latencies: they are kept for it */
};

static inline bool starter_ask(const insist_starter *starter, const insist_execution *execution) {
    return starter->start(starter->ctx, execution);
}

/* What it allowed was not started. */
static inline void starter_take_back(const insist_starter *starter, const insist_execution *execution) {
    if (starter->not_started != NULL)
        starter->not_started(starter->ctx, execution);
}

#endif
