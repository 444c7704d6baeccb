/* Building policies from a profile, and watching them. */
#include "simulation/policies.h"
#include "origin/throttles.h"
#include "policy/backoff.h"
#include "policy/race.h"
#include "policy/retry.h"
#include "policy/timeout.h"
#include "simulation/books.h"
#include "simulation/fleet.h"
#include "simulation/generator.h"
#include <stdlib.h>

/* ---- building ---- */

static insist_verdict decide_teapot(void *ctx, const insist_execution *view, insist_err *error) {
    (void)ctx;
    if (insist_execution_status(view) != 418 || insist_execution_error(view) != INSIST_OK)
        return INSIST_ACCEPT;
    *error = INSIST_EPROTO;
    return INSIST_FAIL;
}

static insist_decider decider_of(const struct env *env, const struct profile *profile, unsigned at) {
    static const int busy[] = {429, 503}, ok = 200;
    const struct rule *rule = &profile->rules[at];
    switch (rule->kind) {
    case RULE_TIMES: return decider_times(env, rule->number);
    case RULE_ATTEMPTS: return decider_attempts(env, rule->number);
    case RULE_BEFORE: return decider_before_ms(env, rule->number);
    case RULE_BUSY: return decider_on_status(env, busy, 2);
    case RULE_CLASS: return decider_on_status_class(env, (int)rule->number);
    case RULE_OK: return decider_on_status(env, &ok, 1);
    case RULE_TRANSIENT: return insist_retry_on_transient();
    case RULE_ERROR: return insist_retry_on_error();
    case RULE_STANDARD: return insist_retry_standard();
    case RULE_TEAPOT: return (insist_decider){.decide = decide_teapot};
    case RULE_AND:
        return decider_and(env, decider_of(env, profile, rule->first), decider_of(env, profile, rule->second));
    case RULE_OR: return decider_or(env, decider_of(env, profile, rule->first), decider_of(env, profile, rule->second));
    case RULE_NOT: return decider_not(env, decider_of(env, profile, rule->first));
    case RULE_FAIL_EXHAUSTED: return decider_fail_exhausted(env, decider_of(env, profile, rule->first), INSIST_EGAVEUP);
    case RULE_NEVER: break;
    }
    return insist_retry_never();
}

static insist_waiter formula_of(const struct env *env, const struct wait_scene *wait) {
    switch (wait->kind) {
    case WAIT_CONSTANT: return waiter_constant_ms(env, wait->base_ms);
    case WAIT_LINEAR: return waiter_linear_ms(env, wait->base_ms, wait->step_ms);
    case WAIT_EXPONENTIAL: return waiter_exponential_ms(env, wait->base_ms, wait->factor);
    case WAIT_DECORRELATED: return waiter_decorrelated_ms(env, wait->base_ms, wait->cap_ms);
    case WAIT_ONCE: return insist_wait_once();
    case WAIT_STANDARD: break;
    }
    return insist_wait_standard();
}

static insist_waiter waiter_of(const struct env *env, const struct wait_scene *wait) {
    static const int busy[] = {429, 503};
    insist_waiter waiter = formula_of(env, wait);
    if (wait->cap_ms > 0 && wait->kind != WAIT_DECORRELATED)
        waiter = waiter_cap_ms(env, waiter, wait->cap_ms);
    if (wait->jitter == JITTER_FULL)
        waiter = waiter_full_jitter(env, waiter);
    else if (wait->jitter == JITTER_EQUAL)
        waiter = waiter_equal_jitter(env, waiter);
    else if (wait->jitter == JITTER_SPREAD)
        waiter = waiter_spread_jitter(env, waiter, 0.25);
    if (wait->limit > 0)
        waiter = waiter_limit(env, waiter, wait->limit);
    if (wait->use == RETRY_AFTER_ADDS)
        waiter = waiter_retry_after(env, waiter, wait->retry_after_cap_ms);
    else if (wait->use == RETRY_AFTER_REPLACES)
        waiter = waiter_retry_after_on(env, waiter, busy, 2, INSIST_RETRY_AFTER_REPLACES, wait->retry_after_cap_ms);
    return waiter;
}

static insist_err make_timeout(const struct env *env, const struct timeout_scene *timeout,
                               insist_timeout_policy **out) {
    switch (timeout->kind) {
    case TIMEOUT_INFINITE: return timeout_policy_fixed_new(env, INSIST_FOREVER, false, NULL, out);
    case TIMEOUT_ADAPTIVE: return timeout_policy_adaptive_new(env, timeout->ms, timeout->after_ms, 2, NULL, out);
    case TIMEOUT_SPLIT: return timeout_policy_split_new(env, NULL, out);
    default: return timeout_policy_fixed_new(env, timeout->ms, timeout->kind == TIMEOUT_DEFAULT, NULL, out);
    }
}

static insist_scheduler scheduler_of(const struct env *env, const struct race_scene *race) {
    switch (race->kind) {
    case RACE_STATIC: return scheduler_static_ms(env, race->delays_ms, race->times < 3 ? race->times : 3);
    case RACE_EVERY: return scheduler_every_ms(env, race->delays_ms[0], race->times);
    case RACE_QUANTILE: return scheduler_quantile(env, race->share, race->times);
    case RACE_AUTO: return scheduler_auto(env, race->share, race->times);
    default: return race->get_only ? scheduler_pester(env, race->times) : scheduler_at_once(env, race->times);
    }
}

static bool start_moody(void *ctx, const insist_execution *view) {
    (void)ctx;
    return draw_percent(&call_of_view(view)->fleet->random, 60);
}

static insist_starter starter_of(const struct env *env, const struct race_scene *race) {
    switch (race->starter) {
    case STARTER_THROTTLE: return starter_throttle(env, race->windows, race->window_count);
    case STARTER_MOODY: return (insist_starter){.start = start_moody};
    default: return insist_start_always();
    }
}

/* ---- watching ---- */

static insist_verdict watch_decider(void *ctx, const insist_execution *view, insist_err *error) {
    const struct policies *policies = ctx;
    insist_err fail = INSIST_OK;
    const insist_verdict verdict = decider_ask(&policies->retry->decider, view, &fail);
    books_decided(call_of_view(view), verdict, fail);
    *error = fail;
    return verdict;
}

static int64_t watch_waiter(void *ctx, const insist_execution *view, insist_random *random) {
    const struct policies *policies = ctx;
    const int64_t wait_us = waiter_ask(&policies->retry->waiter, view, random);
    books_waited(call_of_view(view), wait_us);
    return wait_us;
}

static int64_t watch_timeout(void *ctx, const insist_execution *view) {
    const struct policies *policies = ctx;
    const int64_t us = policies->timeout->timeout(policies->timeout->ctx, view);
    books_born(call_of_view(view), us);
    return us;
}

static int64_t watch_scheduler(void *ctx, const insist_execution *view, unsigned hedges) {
    const struct policies *policies = ctx;
    const int64_t us = policies->race->scheduler.schedule(policies->race->scheduler.ctx, view, hedges);
    books_scheduled(call_of_view(view), hedges, us);
    return us;
}

static bool watch_starter(void *ctx, const insist_execution *view) {
    struct policies *policies = ctx;
    struct call *call = call_of_view(view);
    const bool allowed = starter_ask(&policies->race->starter, view);
    if (policies->profile->race.starter == STARTER_THROTTLE)
        books_require(call, starts_ask(&policies->starts, &policies->profile->race, allowed, call->fleet->now_ns));
    call->allowed_ns = call->fleet->now_ns;
    books_starter(call, allowed);
    return allowed;
}

static void watch_not_started(void *ctx, const insist_execution *view) {
    struct policies *policies = ctx;
    struct call *call = call_of_view(view);
    if (policies->profile->race.starter == STARTER_THROTTLE)
        books_require(call, starts_take_back(&policies->starts, call->allowed_ns));
    starter_take_back(&policies->race->starter, view);
    books_not_started(call);
}

static void watch_race(struct policies *policies) {
    policies->watched_race.scheduler = (insist_scheduler){.schedule = watch_scheduler, .ctx = policies};
    policies->watched_race.starter =
        (insist_starter){.start = watch_starter, .ctx = policies, .not_started = watch_not_started};
    policies->watched_race.mode = policies->race->mode;
    policies->watched_race.learns = policies->race->learns;
}

void policies_make(struct policies *policies, const struct profile *profile, const struct env *env) {
    policies->profile = profile;
    policies->starts.count = 0;
    policies->race = NULL;
    insist_err err = retry_policy_new(env, decider_of(env, profile, profile->root), waiter_of(env, &profile->wait),
                                      NULL, &policies->retry);
    if (err == INSIST_OK)
        err = make_timeout(env, &profile->timeout, &policies->timeout);
    if (err == INSIST_OK && profile->race.kind != RACE_NONE)
        err = race_policy_new(env, scheduler_of(env, &profile->race), starter_of(env, &profile->race),
                              profile->race.mode, NULL, &policies->race);
    if (err != INSIST_OK)
        abort(); /* the generator has drawn nonsense */
    policies->watched_retry = (insist_retry_policy){
        .decider = {.decide = watch_decider, .ctx = policies},
        .waiter = {.wait = watch_waiter, .ctx = policies},
        .retry_after_cap_us = policies->retry->retry_after_cap_us,
        .retry_after_replaces = policies->retry->retry_after_replaces,
        .retry_after_listed = policies->retry->retry_after_listed,
        .retry_after_statuses = policies->retry->retry_after_statuses,
        .retry_bound = policies->retry->retry_bound,
        .attempt_bound = policies->retry->attempt_bound,
    };
    policies->watched_timeout = (insist_timeout_policy){
        .timeout = watch_timeout, .ctx = policies, .takes_the_rest = policies->timeout->takes_the_rest};
    if (policies->race != NULL)
        watch_race(policies);
}

void policies_free(struct policies *policies) {
    insist_retry_policy_free(policies->retry);
    insist_timeout_policy_free(policies->timeout);
    insist_race_policy_free(policies->race);
}
