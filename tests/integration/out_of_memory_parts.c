/* Parts that run out of memory while they are made: plans, policies, presets, tokens and groups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "out_of_memory.h"

#include "call/cancel.h"
#include "call/handlers.h"
#include "call/plan.h"
#include "call/preset.h"
#include "origin/budgets.h"
#include "origin/throttles.h"
#include "policy/backoff.h"
#include "policy/race.h"
#include "policy/retry.h"
#include "policy/timeout.h"

/* Setters that fail are remembered by the plan, whoever looks at them or not. */
static insist_err fill_plan(insist_plan *plan) {
    insist_err errs[] = {
        insist_plan_set_header(plan, "X-Test", "value"),
        insist_plan_add_header(plan, "X-Test", "another value"),
        insist_plan_set_host(plan, "other.test:81"),
        insist_plan_add_cookie(plan, "name", "value"),
        insist_plan_add_cookie(plan, "other", "value"),
        insist_plan_set_basic_auth(plan, "user", "password"),
        insist_plan_set_sensitive(plan, "X-Test"),
        insist_plan_set_idempotency_key(plan, "\"key\""),
        insist_plan_set_body(plan, "body", 4),
        insist_plan_set_form(plan, (insist_pair[]){{"b", "2 & 3"}, {"a", "1"}}, 2),
    };
    for (size_t i = 0; i < sizeof errs / sizeof errs[0]; i++)
        if (errs[i] != INSIST_OK)
            return errs[i];
    return INSIST_OK;
}

static insist_err make_plan(struct memory_scene *scene) {
    insist_problem problem = {0};
    insist_plan *plan = NULL;
    insist_err err = plan_new(scene->env, "PUT", "http://u:p@host.test/path?secret=1&a=b#fragment", &problem, &plan);
    if (err != INSIST_OK) {
        assert_null(plan);
        assert_true(problem.text[0] != '\0');
        return err;
    }
    err = fill_plan(plan);
    const insist_problem *noted = insist_plan_problem(plan);
    assert_int_equal(noted == NULL ? INSIST_OK : noted->err, err);
    insist_plan_free(plan);
    return err;
}

static insist_err make_retry_policy(const struct env *env) {
    insist_retry_policy *policy = NULL;
    const int statuses[] = {429, 503};
    insist_decider decider =
        decider_and(env, decider_times(env, 3),
                    decider_or(env, decider_on_status(env, statuses, 2), decider_not(env, decider_before_ms(env, 5))));
    insist_waiter waiter = waiter_retry_after(
        env, waiter_limit(env, waiter_cap_ms(env, waiter_full_jitter(env, waiter_exponential_ms(env, 1, 2)), 9), 4), 5);
    insist_problem problem = {0};
    insist_err err =
        retry_policy_new(env, decider_fail_exhausted(env, decider, INSIST_EGAVEUP), waiter, &problem, &policy);
    assert_true(err == INSIST_OK || problem.text[0] != '\0');

    insist_retry_policy_free(policy);
    return err;
}

static insist_err make_race_policy(const struct env *env) {
    insist_race_policy *policy = NULL;
    const int64_t offsets[] = {5, 10};
    const insist_throttle_window windows[] = {{10, 1000}, {100, 60000}};
    insist_problem problem = {0};
    insist_err err = race_policy_new(env, scheduler_static_ms(env, offsets, 2), starter_throttle(env, windows, 2),
                                     INSIST_CLOSE, &problem, &policy);
    assert_true(err == INSIST_OK || problem.text[0] != '\0');

    insist_race_policy_free(policy);
    return err;
}

static insist_err make_policies(struct memory_scene *scene) {
    const int64_t after[] = {200, 500};
    insist_timeout_policy *timeout = NULL;
    insist_err retry = make_retry_policy(scene->env);
    insist_err race = make_race_policy(scene->env);
    insist_err err = timeout_policy_adaptive_new(scene->env, 100, after, 2, NULL, &timeout);
    insist_timeout_policy_free(timeout);
    if (err == INSIST_OK)
        err = timeout_policy_split_new(scene->env, NULL, &timeout);
    if (err == INSIST_OK)
        insist_timeout_policy_free(timeout);
    if (err == INSIST_OK)
        err = retry;
    return err == INSIST_OK ? race : err;
}

static insist_err make_schedulers(struct memory_scene *scene) {
    const struct env *env = scene->env;
    insist_scheduler all[] = {scheduler_every_ms(env, 5, 2), scheduler_at_once(env, 3), scheduler_pester(env, 3),
                              scheduler_quantile(env, 0.9, 1), scheduler_auto(env, 0.02, 1)};
    insist_err first = INSIST_OK;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        insist_race_policy *policy = NULL;
        insist_err err = race_policy_new(env, all[i], insist_start_always(), INSIST_REFILL, NULL, &policy);
        first = first == INSIST_OK ? err : first;
        insist_race_policy_free(policy);
    }
    return first;
}

typedef insist_err preset_fn(const struct env *env, insist_client_options *options, insist_preset **out);

static insist_err pester(const struct env *env, insist_client_options *options, insist_preset **out) {
    return preset_pester(env, options, true, 3, out);
}

static insist_err make_presets(struct memory_scene *scene) {
    preset_fn *const presets[] = {preset_httpx, pester, preset_retryablehttp};
    insist_err first = INSIST_OK;
    for (size_t i = 0; i < 3; i++) {
        insist_client_options options;
        insist_preset *preset = NULL;
        insist_client_options_init(&options);
        insist_err err = presets[i](scene->env, &options, &preset);
        assert_true((err == INSIST_OK) == (options.retry != NULL)); /* a failure leaves the options alone */
        insist_preset_free(preset);
        first = first == INSIST_OK ? err : first;
    }
    return first;
}

static int ignore(void *ctx, insist_event event, insist_execution *execution) {
    (void)ctx;
    (void)event;
    (void)execution;
    return 0;
}

static insist_err make_small_things(struct memory_scene *scene) {
    insist_cancel *cancel = NULL;
    insist_budget *budget = NULL;
    insist_handlers *handlers = NULL;
    insist_err err = cancel_new(scene->env, &cancel);
    if (err == INSIST_OK)
        err = budgets_new(scene->env, &budget);
    if (err == INSIST_OK)
        err = handlers_new(scene->env, &handlers);
    for (int i = 0; err == INSIST_OK && i < 9; i++)
        err = insist_handlers_push(handlers, INSIST_AFTER_ATTEMPT, ignore, NULL);
    insist_handlers_free(handlers);
    insist_budget_free(budget);
    insist_cancel_free(cancel);
    return err;
}

const struct memory_scenario memory_of_parts[MEMORY_PARTS] = {
    {"a plan", 15, NULL, make_plan},
    {"policies", 15, NULL, make_policies},
    {"schedulers", 8, NULL, make_schedulers},
    {"presets", 6, NULL, make_presets},
    {"tokens, budgets and handlers", 5, NULL, make_small_things},
};
