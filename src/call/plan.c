/* Plans: built and checked on one thread, then shared read-only. What is wrong is said when it is set, and again
 * when it is executed. */
#include "call/plan.h"
#include "call/feed.h"
#include "call/options.h"
#include "base/problem.h"
#include "policy/race.h"
#include "policy/retry.h"
#include "policy/timeout.h"
#include "wire/authority.h"
#include "wire/url.h"
#include <string.h>

void plan_drop_body(insist_plan *plan) {
    feed_free(plan->feed);
    if (plan->body_release != NULL)
        plan->body_release(plan->body_ctx);
    env_release(plan->env, plan->body);
    plan->feed = NULL;
    plan->body = NULL;
    plan->body_release = NULL;
    plan->request.body = NULL;
    plan->request.body_length = 0;
    plan->request.has_body = plan->request.body_is_read = false;
}

static void destroy(struct request *request) {
    struct insist_plan *plan = (struct insist_plan *)(void *)request;
    headers_fini(&request->headers);
    headers_fini(&request->sensitive);
    url_free((struct url *)(uintptr_t)(const void *)request->url);
    env_release(plan->env, plan->method);
    plan_drop_body(plan);
    insist_retry_policy_free(plan->retry);
    insist_timeout_policy_free(plan->timeout);
    insist_race_policy_free(plan->race);
    env_release(plan->env, plan);
}

/* Semantics "The gate": a method that may be repeated, a mark, or a key by which the server itself tells
 * repetitions. */
void plan_judge_repeatable(struct insist_plan *plan) {
    struct request *request = &plan->request;
    const char *key = headers_get(&request->headers, "Idempotency-Key");
    bool keyed = request->makes_key || (key != NULL && key[0] != '\0');
    request->repeatable = plan->idempotent || keyed || request_method_is_repeatable(request->method);
    bool safe = plan->idempotent || keyed || request_method_is_raceable(request->method);
    request->raceable = safe && plan->feed == NULL; /* a body cannot be read twice at once */
}

static insist_err build(struct insist_plan *plan, const char *method, const char *url, insist_problem *problem) {
    struct url *parsed = NULL;
    if (method == NULL || method[0] == '\0')
        method = "GET";
    if (!headers_valid_token(method))
        return problem_set(problem, INSIST_EINVAL, "method",
                           "an HTTP method is letters, digits and a few signs, without blanks");
    if (strcmp(method, "CONNECT") == 0)
        return problem_set(problem, INSIST_EINVAL, "method",
                           "CONNECT opens a tunnel; it is no request that can be repeated");
    plan->method = env_copy_text(plan->env, method);
    if (plan->method == NULL)
        return problem_set(problem, INSIST_ENOMEM, "method", "out of memory");
    insist_err err = url_new(plan->env, url, problem, &parsed);
    if (err != INSIST_OK)
        return err;
    plan->request.method = plan->method;
    plan->request.url = parsed;
    plan->request.shown_url = parsed->text;
    plan->request.origin = parsed->origin;
    plan_judge_repeatable(plan);
    return INSIST_OK;
}

insist_err plan_new(const struct env *env, const char *method, const char *url, insist_problem *problem,
                    insist_plan **out) {
    struct insist_plan *plan = env_alloc(env, sizeof *plan);
    if (plan == NULL)
        return problem_set(problem, INSIST_ENOMEM, "plan", "out of memory");
    plan->env = env;
    atomic_init(&plan->request.references, 1);
    plan->request.release = destroy;
    headers_init(&plan->request.headers, env);
    headers_init(&plan->request.sensitive, env);
    insist_err err = build(plan, method, url, problem);
    if (err != INSIST_OK)
        insist_plan_free(plan);
    else
        *out = plan;
    return err;
}

insist_err insist_plan_new(const char *method, const char *url, insist_problem *problem, insist_plan **out) {
    if (out == NULL)
        return problem_set(problem, INSIST_EINVAL, "out", "there is no place for the plan: it is NULL");
    *out = NULL;
    if (url == NULL)
        return problem_set(problem, INSIST_EINVAL, "url", "it is NULL");
    return plan_new(&env_standard, method, url, problem, out);
}

void insist_plan_free(insist_plan *plan) {
    if (plan != NULL)
        request_release(&plan->request);
}

const insist_problem *insist_plan_problem(const insist_plan *plan) {
    return plan != NULL && plan->problem.err != INSIST_OK ? &plan->problem : NULL;
}

insist_err plan_note(insist_plan *plan, insist_err err, const insist_problem *problem) {
    if (err != INSIST_OK && plan->problem.err == INSIST_OK)
        plan->problem = *problem;
    return err;
}

insist_err plan_check_open(const insist_plan *plan) {
    if (plan == NULL)
        return INSIST_EINVAL;
    return atomic_load(&plan->frozen) ? INSIST_EFROZEN : INSIST_OK;
}

/* All that ever changes in a plan that is shared. */
void plan_freeze(const insist_plan *plan) {
    atomic_store(&((insist_plan *)(uintptr_t)(const void *)plan)->frozen, true);
}

/* What the library decides by itself: a user's value would break the framing or the guards. */
static bool is_reserved(const char *name) {
    static const char *const reserved[] = {
        "Content-Length", "Transfer-Encoding", "Connection", "Expect", "Upgrade", "TE", "Trailer"};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (headers_same_name(name, reserved[i]))
            return true;
    return false;
}

insist_err plan_check_header(const char *name, const char *value, insist_problem *problem) {
    if (name == NULL || value == NULL)
        return problem_set(problem, INSIST_EINVAL, "header", "a name or value is NULL");
    if (!headers_valid_token(name))
        return problem_set(problem, INSIST_EINVAL, "header",
                           "\"%.40s\" is no header name: letters, digits and a few signs, without blanks", name);
    if (is_reserved(name))
        return problem_set(problem, INSIST_EINVAL, "header", "%.40s is set by the library itself", name);
    if (!headers_valid_value(value))
        return problem_set(problem, INSIST_EINVAL, "header",
                           "the value of %.40s holds a line break or another control character", name);
    struct authority host;
    const char *flaw = headers_same_name(name, "Host") ? authority_parse(value, strlen(value), &host) : NULL;
    return flaw == NULL ? INSIST_OK : problem_set(problem, INSIST_EINVAL, "header", "Host: %s", flaw);
}

static insist_err change_header(insist_plan *plan, const char *name, const char *value,
                                insist_err (*change)(struct headers *, const char *, const char *)) {
    insist_problem problem = {0};
    insist_err err = plan_check_open(plan);
    if (err != INSIST_OK)
        return err;
    err = plan_check_header(name, value, &problem);
    if (err == INSIST_OK && change(&plan->request.headers, name, value) != INSIST_OK)
        err = problem_set(&problem, INSIST_ENOMEM, "header", "out of memory");
    if (err == INSIST_OK)
        plan_judge_repeatable(plan);
    return plan_note(plan, err, &problem);
}

insist_err insist_plan_set_header(insist_plan *plan, const char *name, const char *value) {
    return change_header(plan, name, value, headers_set);
}

insist_err insist_plan_add_header(insist_plan *plan, const char *name, const char *value) {
    bool single = name != NULL && (headers_same_name(name, "Host") || headers_same_name(name, "Idempotency-Key"));
    return change_header(plan, name, value, single ? headers_set : headers_add);
}

insist_err insist_plan_set_idempotent(insist_plan *plan, bool idempotent) {
    insist_err err = plan_check_open(plan);
    if (err != INSIST_OK)
        return err;
    plan->idempotent = idempotent;
    plan_judge_repeatable(plan);
    return INSIST_OK;
}

insist_err insist_plan_set_close(insist_plan *plan, bool close) {
    insist_err err = plan_check_open(plan);
    if (err == INSIST_OK)
        plan->request.closes = close;
    return err;
}

insist_err insist_plan_set_retry(insist_plan *plan, const insist_retry_policy *policy) {
    insist_err err = plan_check_open(plan);
    if (err != INSIST_OK)
        return err;
    insist_retry_policy *before = plan->retry;
    plan->retry = policy == NULL ? NULL : retry_policy_retain(policy);
    insist_retry_policy_free(before);
    return INSIST_OK;
}

static insist_err check_race(insist_plan *plan, const insist_race_policy *race, const insist_timeout_policy *timeout) {
    insist_problem problem = {0};
    insist_err err = options_check_race(race, timeout, &problem);
    return err == INSIST_OK ? INSIST_OK : plan_note(plan, err, &problem);
}

insist_err insist_plan_set_timeout(insist_plan *plan, const insist_timeout_policy *policy) {
    insist_err err = plan_check_open(plan);
    if (err == INSIST_OK)
        err = check_race(plan, plan->race, policy);
    if (err != INSIST_OK)
        return err;
    insist_timeout_policy *before = plan->timeout;
    plan->timeout = policy == NULL ? NULL : timeout_policy_retain(policy);
    insist_timeout_policy_free(before);
    return INSIST_OK;
}

insist_err insist_plan_set_race(insist_plan *plan, const insist_race_policy *policy) {
    insist_problem problem = {0};
    insist_err err = plan_check_open(plan);
    if (err != INSIST_OK)
        return err;
    if (policy != NULL && !plan->request.raceable)
        return plan_note(plan, problem_set(&problem, INSIST_EINVAL, "race", "%s", PLAN_NOT_RACEABLE), &problem);
    err = check_race(plan, policy, plan->timeout);
    if (err != INSIST_OK)
        return err;
    insist_race_policy *before = plan->race;
    plan->race = policy == NULL ? NULL : race_policy_retain(policy);
    insist_race_policy_free(before);
    return INSIST_OK;
}
