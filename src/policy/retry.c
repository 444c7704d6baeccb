/* Deciders: may the attempt that has just ended be followed by another? In comes the execution, out a verdict.
 *
 * A decider that needs a context has one struct rule, allocated once and never changed; combinators own their sides.
 * Pure. */
#include "policy/retry.h"
#include "base/time_math.h"
#include "policy/poison.h"
#include "view/execution.h"

#define STATUS_FIRST 100
#define STATUS_LAST 999

struct rule {
    const struct env *env;
    union {
        unsigned count;
        int64_t limit_ns;
        uint64_t statuses[(STATUS_LAST + 64) / 64]; /* one bit each */
        insist_decider sides[2];
    } is;
};

static const struct poison no_memory = {INSIST_ENOMEM, "decider", "out of memory"};
static const struct poison no_attempts = {INSIST_EINVAL, "n",
                                          "a call makes one attempt at least: 0 attempts make no sense"};
static const struct poison negative_time = {INSIST_EINVAL, "ms", "a time since the call began cannot be negative"};
static const struct poison no_statuses = {INSIST_EINVAL, "statuses", "the list of statuses is empty"};
static const struct poison bad_status = {INSIST_EINVAL, "statuses", "a status is outside 100 to 999"};
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
    const int status = answer_status(execution);
    (void)error;
    if (status < STATUS_FIRST || status > STATUS_LAST)
        return INSIST_ACCEPT;
    return retry_if(rule->is.statuses[status / 64] >> (status % 64) & 1);
}

static void rule_add_status(struct rule *rule, int status) {
    rule->is.statuses[status / 64] |= UINT64_C(1) << (status % 64);
}

insist_decider decider_on_status(const struct env *env, const int *statuses, size_t n) {
    struct rule rule = {.is.statuses = {0}};
    if (!statuses || n == 0)
        return poison_decider(&no_statuses);
    for (size_t i = 0; i < n; i++) {
        if (statuses[i] < STATUS_FIRST || statuses[i] > STATUS_LAST)
            return poison_decider(&bad_status);
        rule_add_status(&rule, statuses[i]);
    }
    return rule_new(env, decide_on_status, rule_release, rule);
}

insist_decider decider_on_status_class(const struct env *env, int first_digit) {
    struct rule rule = {.is.statuses = {0}};
    if (first_digit < 1 || first_digit > 9)
        return poison_decider(&bad_class);
    for (int status = first_digit * 100; status < first_digit * 100 + 100; status++)
        rule_add_status(&rule, status);
    return rule_new(env, decide_on_status, rule_release, rule);
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
