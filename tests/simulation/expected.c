/* What the policies of a profile ought to say, worked out once more from their definitions in <insist/policy.h>. */
#include "base/time_math.h"
#include "simulation/books.h"
#include "simulation/fleet.h"
#include <limits.h>
#include <math.h>
#include <string.h>

/* ---- deciders ---- */

static insist_verdict retry_if(bool wanted) {
    return wanted ? INSIST_RETRY : INSIST_ACCEPT;
}

static insist_verdict retry_while(bool left) {
    return left ? INSIST_RETRY : INSIST_EXHAUSTED;
}

static bool is_standard(int status) {
    return status == 408 || status == 425 || status == 429 || status == 500 || (status >= 502 && status <= 504);
}

static insist_verdict verdict_of(const struct call *call, const struct entry *entry, unsigned at, insist_err *fail);

/* FAIL beats all; then what the combinator looks for, then EXHAUSTED. */
static insist_verdict combined(const struct call *call, const struct entry *entry, const struct rule *rule,
                               insist_err *fail) {
    const insist_verdict wins = rule->kind == RULE_AND ? INSIST_ACCEPT : INSIST_RETRY;
    const insist_verdict first = verdict_of(call, entry, rule->first, fail);
    if (first == INSIST_FAIL)
        return INSIST_FAIL;
    const insist_verdict second = verdict_of(call, entry, rule->second, fail);
    if (second == INSIST_FAIL)
        return INSIST_FAIL;
    if (first == wins || second == wins)
        return wins;
    if (first == INSIST_EXHAUSTED || second == INSIST_EXHAUSTED)
        return INSIST_EXHAUSTED;
    return rule->kind == RULE_AND ? INSIST_RETRY : INSIST_ACCEPT;
}

static insist_verdict verdict_of(const struct call *call, const struct entry *entry, unsigned at, insist_err *fail) {
    const struct books *books = &call->books;
    const struct rule *rule = &call->policies->profile->rules[at];
    const int status = entry_is_answer(entry) ? entry->status : 0;
    const bool failed = entry->err != INSIST_OK, transient = failed && entry->transience != INSIST_NOT_TRANSIENT;
    insist_verdict inner;
    switch (rule->kind) {
    case RULE_TIMES: return retry_while(books->retries < rule->number);
    case RULE_ATTEMPTS: return retry_while(books->started < rule->number);
    case RULE_BEFORE: return retry_while(call->fleet->now_ns - call->begun_ns < rule->number * MS);
    case RULE_BUSY: return retry_if(status == 429 || status == 503);
    case RULE_CLASS: return retry_if(status / 100 == (int)rule->number);
    case RULE_OK: return retry_if(status == 200);
    case RULE_TRANSIENT: return retry_if(transient);
    case RULE_ERROR: return retry_if(failed);
    case RULE_STANDARD: return retry_if(transient || is_standard(status));
    case RULE_AND:
    case RULE_OR: return combined(call, entry, rule, fail);
    case RULE_NOT:
        inner = verdict_of(call, entry, rule->first, fail);
        return inner == INSIST_FAIL ? INSIST_FAIL : retry_if(inner != INSIST_RETRY);
    case RULE_TEAPOT: *fail = INSIST_EPROTO; return status == 418 ? INSIST_FAIL : INSIST_ACCEPT;
    case RULE_FAIL_EXHAUSTED:
        inner = verdict_of(call, entry, rule->first, fail);
        if (inner == INSIST_EXHAUSTED)
            *fail = failed ? entry->err : INSIST_EGAVEUP;
        return inner == INSIST_EXHAUSTED ? INSIST_FAIL : inner;
    case RULE_NEVER: break;
    }
    return INSIST_ACCEPT;
}

insist_verdict expected_verdict(const struct call *call, const struct entry *entry, insist_err *fail) {
    return verdict_of(call, entry, call->policies->profile->root, fail);
}

/* ---- waits ---- */

static void formula(const struct call *call, const struct entry *about, double *least, double *most) {
    const struct wait_scene *wait = &call->policies->profile->wait;
    const double retry = call->books.retries + 1, base = (double)wait->base_ms * 1000;
    const bool throttled = about->status == 429 || (about->status == 503 && about->retry_after_us >= 0);
    *least = *most = 0;
    switch (wait->kind) {
    case WAIT_CONSTANT: *least = *most = base; break;
    case WAIT_LINEAR: *least = *most = fmax(0, base + (double)wait->step_ms * 1000 * (retry - 1)); break;
    case WAIT_EXPONENTIAL: *least = *most = base * pow(wait->factor, retry - 1); break;
    case WAIT_DECORRELATED:
        *least = base;
        *most = fmin((double)wait->cap_ms * 1000, 3 * fmax((double)call->books.last_wait_us, base));
        break;
    case WAIT_STANDARD: *most = fmin(20e6, (throttled ? 1e6 : 50e3) * pow(2, retry - 1)); break;
    case WAIT_ONCE: *least = *most = -1; break;
    }
    if (wait->cap_ms > 0 && *most >= 0)
        *least = fmin(*least, (double)wait->cap_ms * 1000), *most = fmin(*most, (double)wait->cap_ms * 1000);
}

void expected_wait(const struct call *call, const struct entry *about, int64_t *least_us, int64_t *most_us) {
    const struct wait_scene *wait = &call->policies->profile->wait;
    double least, most;
    formula(call, about, &least, &most);
    if (most < 0 || (wait->limit > 0 && call->books.started >= wait->limit)) {
        *least_us = *most_us = -1;
        return;
    }
    if (wait->jitter == JITTER_FULL)
        least = 0;
    else if (wait->jitter == JITTER_EQUAL)
        least = least / 2;
    else if (wait->jitter == JITTER_SPREAD)
        least *= 0.75, most *= 1.25;
    *least_us = time_max((int64_t)least - 1, 0);
    *most_us = (int64_t)most + 1;
}

/* ---- timeouts ---- */

struct bounds {
    unsigned retries, attempts;
};

static unsigned choose(unsigned a, unsigned b, bool larger) {
    return (a < b) == larger ? b : a;
}

static struct bounds bounds_of(const struct profile *profile, unsigned at) {
    const struct rule *rule = &profile->rules[at];
    struct bounds first, second;
    switch (rule->kind) {
    case RULE_NEVER: return (struct bounds){0, UINT_MAX};
    case RULE_TIMES: return (struct bounds){rule->number, UINT_MAX};
    case RULE_ATTEMPTS: return (struct bounds){UINT_MAX, rule->number};
    case RULE_FAIL_EXHAUSTED: return bounds_of(profile, rule->first);
    case RULE_AND:
    case RULE_OR:
        first = bounds_of(profile, rule->first);
        second = bounds_of(profile, rule->second);
        return (struct bounds){choose(first.retries, second.retries, rule->kind == RULE_OR),
                               choose(first.attempts, second.attempts, rule->kind == RULE_OR)};
    default: return (struct bounds){UINT_MAX, UINT_MAX};
    }
}

static unsigned left_of(unsigned begun, unsigned bound) {
    if (bound == UINT_MAX)
        return UINT_MAX;
    return begun >= bound ? 1 : bound - begun + 1;
}

unsigned expected_attempts_left(const struct call *call) {
    const struct profile *profile = call->policies->profile;
    struct bounds bounds = bounds_of(profile, profile->root);
    if (profile->wait.kind == WAIT_ONCE)
        bounds.attempts = choose(bounds.attempts, 1, false);
    if (profile->wait.limit > 0)
        bounds.attempts = choose(bounds.attempts, profile->wait.limit, false);
    return choose(left_of(call->books.retries, bounds.retries), left_of(call->books.started, bounds.attempts), false);
}

bool expected_takes_the_rest(const struct call *call) {
    return call->policies->profile->timeout.kind == TIMEOUT_DEFAULT;
}

int64_t expected_timeout_us(const struct call *call) {
    const struct timeout_scene *timeout = &call->policies->profile->timeout;
    const unsigned rung = call->books.waves_timed_out, parts = expected_attempts_left(call);
    switch (timeout->kind) {
    case TIMEOUT_INFINITE: return INSIST_FOREVER;
    case TIMEOUT_ADAPTIVE: return 1000 * (rung == 0 ? timeout->ms : timeout->after_ms[rung == 1 ? 0 : 1]);
    case TIMEOUT_SPLIT:
        if (call->scene->deadline_ns == TIME_NEVER || parts == UINT_MAX || parts == 1)
            return INSIST_FOREVER;
        return time_max(call->scene->deadline_ns - call->fleet->now_ns, 0) / parts / 1000;
    default: return timeout->ms * 1000;
    }
}

/* ---- delays ---- */

bool expected_race(const struct call *call) {
    return call->policies->profile->race.kind != RACE_NONE && call->scene->raceable;
}

/* How many hedges a wave may have. */
static unsigned most_hedges(const struct call *call) {
    const struct race_scene *race = &call->policies->profile->race;
    if (race->get_only && strcmp(call->scene->method, "GET") != 0)
        return 0;
    if (race->kind == RACE_AT_ONCE)
        return race->times - 1;
    return race->kind == RACE_STATIC ? choose(race->times, 3, false) : race->times;
}

/* Of what is learnt only the least: the quantiles themselves are not worked out once more. */
bool expected_delay(const struct call *call, unsigned hedges, int64_t delay_us) {
    const struct race_scene *race = &call->policies->profile->race;
    if (hedges >= most_hedges(call))
        return delay_us <= INSIST_NO_HEDGE;
    switch (race->kind) {
    case RACE_STATIC: return delay_us == race->delays_ms[hedges] * 1000;
    case RACE_EVERY: return delay_us == race->delays_ms[0] * 1000;
    case RACE_AT_ONCE: return delay_us == INSIST_AT_ONCE;
    default: return delay_us <= INSIST_NO_HEDGE || (delay_us >= 200 && delay_us != INSIST_AT_ONCE);
    }
}
