/* Deciders: may the attempt that has just ended be followed by another? In comes the execution, out a verdict.
 *
 * A decider that needs a context has one struct rule, allocated once and never changed; combinators own their sides.
 * Pure. */
#include "policy/retry.h"
#include "base/time_math.h"
#include "policy/poison.h"
#include "view/execution.h"

struct rule {
    const struct env *env;
    union {
        unsigned count;
        int64_t limit_ns;
        struct status_set statuses;
        insist_decider sides[2];
        struct {
            insist_decider inner;
            insist_err err;
        } failing;
    } is;
};

static const struct poison no_memory = {INSIST_ENOMEM, "decider", "out of memory"};
static const struct poison no_attempts = {INSIST_EINVAL, "n",
                                          "a call makes one attempt at least: 0 attempts make no sense"};
static const struct poison negative_time = {INSIST_EINVAL, "ms", "a time since the call began cannot be negative"};
static const struct poison no_statuses = {INSIST_EINVAL, "statuses", "the list of statuses is empty"};
static const struct poison bad_status = {INSIST_EINVAL, "statuses", "a status is outside 100 to 999"};
static const struct poison bad_first = {INSIST_EINVAL, "first", "a status is 100 to 999"};
static const struct poison bad_last = {INSIST_EINVAL, "last",
                                       "a status is 100 to 999, and the last not below the first"};
static const struct poison no_error = {INSIST_EINVAL, "err", "INSIST_OK is no error to fail with"};
static const struct poison bad_class = {INSIST_EINVAL, "first_digit", "the first digit of a status is 1 to 9"};

void decider_release(insist_decider decider) {
    if (decider.release)
        decider.release(decider.ctx);
}

static void rule_release(void *ctx) {
    struct rule *rule = ctx;
    env_release(rule->env, rule);
}

static void rule_release_sides(void *ctx) {
    struct rule *rule = ctx;
    decider_release(rule->is.sides[0]);
    decider_release(rule->is.sides[1]);
    env_release(rule->env, rule);
}

static insist_decider rule_new(const struct env *env, insist_decide_fn *decide, insist_release_fn *release,
                               struct rule content) {
    struct rule *rule = env_alloc(env, sizeof *rule);
    if (!rule)
        return poison_decider(&no_memory);
    *rule = content;
    rule->env = env;
    return (insist_decider){.decide = decide, .ctx = rule, .release = release};
}

/* ---- counts and time --------------------------------------------------------------------------------------------- */

static insist_verdict decide_times(void *ctx, const insist_execution *execution, insist_err *error) {
    const struct rule *rule = ctx;
    (void)error;
    return execution->retries < rule->is.count ? INSIST_RETRY : INSIST_EXHAUSTED;
}

insist_decider decider_times(const struct env *env, unsigned n) {
    return rule_new(env, decide_times, rule_release, (struct rule){.is.count = n});
}

static insist_verdict decide_attempts(void *ctx, const insist_execution *execution, insist_err *error) {
    const struct rule *rule = ctx;
    (void)error;
    return execution->attempts_started < rule->is.count ? INSIST_RETRY : INSIST_EXHAUSTED;
}

insist_decider decider_attempts(const struct env *env, unsigned n) {
    if (n == 0)
        return poison_decider(&no_attempts);
    return rule_new(env, decide_attempts, rule_release, (struct rule){.is.count = n});
}

static insist_verdict decide_before(void *ctx, const insist_execution *execution, insist_err *error) {
    const struct rule *rule = ctx;
    (void)error;
    return execution->now_ns - execution->start_ns < rule->is.limit_ns ? INSIST_RETRY : INSIST_EXHAUSTED;
}

insist_decider decider_before_ms(const struct env *env, int64_t ms) {
    if (ms < 0)
        return poison_decider(&negative_time);
    return rule_new(env, decide_before, rule_release, (struct rule){.is.limit_ns = time_from_ms(ms)});
}

/* ---- outcomes ---------------------------------------------------------------------------------------------------- */

/* The status of the answer that came, 0 when none came. */
static int answer_status(const insist_execution *execution) {
    const struct attempt *attempt = execution->current;
    return attempt && outcome_is_answer(&attempt->outcome) ? attempt->outcome.status : 0;
}

static bool failed(const insist_execution *execution) {
    return execution->current && execution->current->outcome.err != INSIST_OK;
}

static bool failed_transiently(const insist_execution *execution) {
    return failed(execution) && execution->current->outcome.transience != INSIST_NOT_TRANSIENT;
}

static insist_verdict retry_if(bool wanted) {
    return wanted ? INSIST_RETRY : INSIST_ACCEPT;
}

static insist_verdict decide_on_status(void *ctx, const insist_execution *execution, insist_err *error) {
    const struct rule *rule = ctx;
    (void)error;
    return retry_if(status_set_has(&rule->is.statuses, answer_status(execution)));
}

const struct poison *statuses_read(struct status_set *set, const int *statuses, size_t n) {
    if (!statuses || n == 0)
        return &no_statuses;
    for (size_t i = 0; i < n; i++) {
        if (!status_is_possible(statuses[i]))
            return &bad_status;
        status_set_add(set, statuses[i]);
    }
    return NULL;
}

insist_decider decider_on_status(const struct env *env, const int *statuses, size_t n) {
    struct rule rule = {.is.statuses = {{0}}};
    const struct poison *poison = statuses_read(&rule.is.statuses, statuses, n);
    return poison ? poison_decider(poison) : rule_new(env, decide_on_status, rule_release, rule);
}

insist_decider decider_on_status_range(const struct env *env, int first, int last) {
    struct rule rule = {.is.statuses = {{0}}};
    if (!status_is_possible(first))
        return poison_decider(&bad_first);
    if (!status_is_possible(last) || last < first)
        return poison_decider(&bad_last);
    for (int status = first; status <= last; status++)
        status_set_add(&rule.is.statuses, status);
    return rule_new(env, decide_on_status, rule_release, rule);
}

insist_decider decider_on_status_class(const struct env *env, int first_digit) {
    if (first_digit < 1 || first_digit > 9)
        return poison_decider(&bad_class);
    return decider_on_status_range(env, first_digit * 100, first_digit * 100 + 99);
}

static insist_verdict decide_on_transient(void *ctx, const insist_execution *execution, insist_err *error) {
    (void)ctx, (void)error;
    return retry_if(failed_transiently(execution));
}

static insist_verdict decide_on_error(void *ctx, const insist_execution *execution, insist_err *error) {
    (void)ctx, (void)error;
    return retry_if(failed(execution));
}

static insist_verdict decide_standard(void *ctx, const insist_execution *execution, insist_err *error) {
    (void)ctx, (void)error;
    switch (answer_status(execution)) {
    case 408: /* request timeout */
    case 425: /* too early */
    case 429: /* too many requests */
    case 500: /* internal error */
    case 502: /* bad gateway */
    case 503: /* unavailable */
    case 504: /* gateway timeout */ return INSIST_RETRY;
    default: return retry_if(failed_transiently(execution));
    }
}

static insist_verdict decide_never(void *ctx, const insist_execution *execution, insist_err *error) {
    (void)ctx, (void)execution, (void)error;
    return INSIST_ACCEPT;
}

/* ---- combinators ------------------------------------------------------------------------------------------------- */

static bool either(insist_verdict a, insist_verdict b, insist_verdict wanted) {
    return a == wanted || b == wanted;
}

/* Asks both sides, the second only if the first did not fail: nothing else settles the matter, since the second might
 * fail. */
static bool ask_sides(const struct rule *rule, const insist_execution *execution, insist_verdict answers[2],
                      insist_err *error) {
    answers[0] = decider_ask(&rule->is.sides[0], execution, error);
    if (answers[0] == INSIST_FAIL)
        return false;
    answers[1] = decider_ask(&rule->is.sides[1], execution, error);
    return answers[1] != INSIST_FAIL;
}

static insist_verdict decide_and(void *ctx, const insist_execution *execution, insist_err *error) {
    insist_verdict answers[2];
    if (!ask_sides(ctx, execution, answers, error))
        return INSIST_FAIL;
    if (either(answers[0], answers[1], INSIST_ACCEPT))
        return INSIST_ACCEPT;
    return either(answers[0], answers[1], INSIST_EXHAUSTED) ? INSIST_EXHAUSTED : INSIST_RETRY;
}

static insist_verdict decide_or(void *ctx, const insist_execution *execution, insist_err *error) {
    insist_verdict answers[2];
    if (!ask_sides(ctx, execution, answers, error))
        return INSIST_FAIL;
    if (either(answers[0], answers[1], INSIST_RETRY))
        return INSIST_RETRY;
    return either(answers[0], answers[1], INSIST_EXHAUSTED) ? INSIST_EXHAUSTED : INSIST_ACCEPT;
}

static insist_verdict decide_not(void *ctx, const insist_execution *execution, insist_err *error) {
    const struct rule *rule = ctx;
    const insist_verdict answer = decider_ask(&rule->is.sides[0], execution, error);
    if (answer == INSIST_FAIL)
        return INSIST_FAIL;
    return retry_if(answer != INSIST_RETRY);
}

static insist_decider combine(const struct env *env, insist_decide_fn *decide, insist_decider first,
                              insist_decider second) {
    const struct poison *poison = poison_in_decider(&first);
    if (!poison)
        poison = poison_in_decider(&second);
    insist_decider combined =
        poison ? poison_decider(poison)
               : rule_new(env, decide, rule_release_sides, (struct rule){.is.sides = {first, second}});
    if (!combined.decide) {
        decider_release(first);
        decider_release(second);
    }
    return combined;
}

insist_decider decider_and(const struct env *env, insist_decider first, insist_decider second) {
    return combine(env, decide_and, first, second);
}

insist_decider decider_or(const struct env *env, insist_decider first, insist_decider second) {
    return combine(env, decide_or, first, second);
}

insist_decider decider_not(const struct env *env, insist_decider decider) {
    return combine(env, decide_not, decider, insist_retry_never()); /* the second side is never asked */
}

static insist_verdict decide_fail_exhausted(void *ctx, const insist_execution *execution, insist_err *error) {
    const struct rule *rule = ctx;
    const insist_verdict answer = decider_ask(&rule->is.failing.inner, execution, error);
    if (answer != INSIST_EXHAUSTED)
        return answer;
    *error = failed(execution) ? execution->current->outcome.err : rule->is.failing.err;
    return INSIST_FAIL;
}

static void rule_release_failing(void *ctx) {
    struct rule *rule = ctx;
    decider_release(rule->is.failing.inner);
    env_release(rule->env, rule);
}

insist_decider decider_fail_exhausted(const struct env *env, insist_decider decider, insist_err err) {
    const struct poison *poison = poison_in_decider(&decider);
    if (!poison && err == INSIST_OK)
        poison = &no_error;
    const struct rule rule = {.is.failing = {.inner = decider, .err = err}};
    insist_decider failing =
        poison ? poison_decider(poison) : rule_new(env, decide_fail_exhausted, rule_release_failing, rule);
    if (!failing.decide)
        decider_release(decider);
    return failing;
}

/* ---- bounds ------------------------------------------------------------------------------------------------------ */

static uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

static uint32_t larger(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

struct retry_bounds decider_bounds(const insist_decider *decider) {
    struct retry_bounds bounds = {RETRY_UNBOUNDED, RETRY_UNBOUNDED};
    const struct rule *rule = decider->ctx;
    if (decider->decide == decide_never)
        bounds.retries = 0;
    else if (decider->decide == decide_times)
        bounds.retries = rule->is.count;
    else if (decider->decide == decide_attempts)
        bounds.attempts = rule->is.count;
    else if (decider->decide == decide_fail_exhausted)
        bounds = decider_bounds(&rule->is.failing.inner);
    else if (decider->decide == decide_and || decider->decide == decide_or) {
        uint32_t (*const choose)(uint32_t, uint32_t) = decider->decide == decide_and ? smaller : larger;
        const struct retry_bounds first = decider_bounds(&rule->is.sides[0]),
                                  second = decider_bounds(&rule->is.sides[1]);
        bounds.retries = choose(first.retries, second.retries);
        bounds.attempts = choose(first.attempts, second.attempts);
    }
    return bounds;
}

/* ---- the public constructors ------------------------------------------------------------------------------------- */

insist_decider insist_retry_times(unsigned n) {
    return decider_times(&env_standard, n);
}

insist_decider insist_retry_attempts(unsigned n) {
    return decider_attempts(&env_standard, n);
}

insist_decider insist_retry_before_ms(int64_t ms) {
    return decider_before_ms(&env_standard, ms);
}

insist_decider insist_retry_on_status(const int *statuses, size_t n) {
    return decider_on_status(&env_standard, statuses, n);
}

insist_decider insist_retry_on_status_range(int first, int last) {
    return decider_on_status_range(&env_standard, first, last);
}

insist_decider insist_retry_on_status_class(int first_digit) {
    return decider_on_status_class(&env_standard, first_digit);
}

insist_decider insist_retry_on_transient(void) {
    return (insist_decider){.decide = decide_on_transient};
}

insist_decider insist_retry_on_error(void) {
    return (insist_decider){.decide = decide_on_error};
}

insist_decider insist_retry_standard(void) {
    return (insist_decider){.decide = decide_standard};
}

insist_decider insist_retry_never(void) {
    return (insist_decider){.decide = decide_never};
}

insist_decider insist_retry_and(insist_decider first, insist_decider second) {
    return decider_and(&env_standard, first, second);
}

insist_decider insist_retry_or(insist_decider first, insist_decider second) {
    return decider_or(&env_standard, first, second);
}

insist_decider insist_retry_not(insist_decider decider) {
    return decider_not(&env_standard, decider);
}

insist_decider insist_retry_fail_exhausted(insist_decider decider, insist_err err) {
    return decider_fail_exhausted(&env_standard, decider, err);
}
