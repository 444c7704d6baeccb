/* Drawing a fleet: troubles are frequent, and instants coarse, so that what is rare in life happens in every second
 * call. */
#include "simulation/generator.h"
#include "base/time_math.h"

unsigned draw_below(struct insist_random *random, unsigned n) {
    return (unsigned)(random_next(random) >> 33) % n;
}

bool draw_percent(struct insist_random *random, unsigned percent) {
    return draw_below(random, 100) < percent;
}

static int64_t between(struct insist_random *random, unsigned least, unsigned most) {
    return least + draw_below(random, most - least + 1);
}

int64_t draw_ns(struct insist_random *random, int64_t most_ms) {
    const int64_t ms = draw_below(random, (unsigned)most_ms + 1);
    switch (draw_below(random, 4)) {
    case 0: return ms * MS;
    case 1: return ms * MS + draw_below(random, 1000) * INT64_C(1000);
    default: return ms / 10 * 10 * MS;
    }
}

/* ---- deciders ---- */

static unsigned add(struct profile *profile, enum rule_kind kind, unsigned number, unsigned first, unsigned second) {
    profile->rules[profile->rule_count] =
        (struct rule){.kind = kind, .number = number, .first = first, .second = second};
    return profile->rule_count++;
}

static unsigned leaf(struct profile *profile, enum rule_kind kind, unsigned number) {
    return add(profile, kind, number, 0, 0);
}

/* What is worth another attempt. */
static unsigned draw_outcomes(struct profile *profile, struct insist_random *random) {
    switch (draw_below(random, 12)) {
    case 0: return leaf(profile, RULE_NEVER, 0);
    case 1: return add(profile, RULE_OR, 0, leaf(profile, RULE_BUSY, 0), leaf(profile, RULE_TRANSIENT, 0));
    case 2: return add(profile, RULE_OR, 0, leaf(profile, RULE_CLASS, 5), leaf(profile, RULE_ERROR, 0));
    case 3: return add(profile, RULE_NOT, 0, leaf(profile, RULE_OK, 0), 0);
    case 4: return add(profile, RULE_OR, 0, leaf(profile, RULE_TEAPOT, 0), leaf(profile, RULE_STANDARD, 0));
    case 5: return leaf(profile, RULE_ERROR, 0);
    default: return leaf(profile, RULE_STANDARD, 0);
    }
}

/* How often. Always bounded. */
static unsigned draw_counts(struct profile *profile, struct insist_random *random) {
    const unsigned times = 1 + draw_below(random, 5), ms = (unsigned)between(random, 50, 1500);
    unsigned counts;
    switch (draw_below(random, 5)) {
    case 0: return leaf(profile, RULE_ATTEMPTS, (unsigned)between(random, 2, 8));
    case 1: return add(profile, RULE_AND, 0, leaf(profile, RULE_TIMES, times), leaf(profile, RULE_BEFORE, ms));
    case 2:
        counts = add(profile, RULE_OR, 0, leaf(profile, RULE_TIMES, times), leaf(profile, RULE_BEFORE, ms));
        return add(profile, RULE_AND, 0, counts, leaf(profile, RULE_ATTEMPTS, 10));
    default: return leaf(profile, RULE_TIMES, times);
    }
}

static void draw_decider(struct profile *profile, struct insist_random *random) {
    const unsigned outcomes = draw_outcomes(profile, random);
    profile->root = add(profile, RULE_AND, 0, outcomes, draw_counts(profile, random));
    if (draw_percent(random, 8))
        profile->root = add(profile, RULE_FAIL_EXHAUSTED, 0, profile->root, 0);
}

/* ---- waits, timeouts, races ---- */

static void draw_wait(struct wait_scene *wait, struct insist_random *random) {
    static const double factors[] = {1, 1.5, 2, 3};
    wait->kind = draw_percent(random, 3) ? WAIT_ONCE : (enum wait_kind)draw_below(random, WAIT_ONCE);
    wait->base_ms = 10 * between(random, 0, 10);
    wait->step_ms = 10 * between(random, 0, 6) - 20;
    wait->factor = factors[draw_below(random, 4)];
    if (wait->kind == WAIT_DECORRELATED)
        wait->cap_ms = wait->base_ms + 50 * between(random, 1, 20);
    else if (draw_percent(random, 50) && wait->kind != WAIT_STANDARD && wait->kind != WAIT_ONCE)
        wait->cap_ms = wait->base_ms + 10 * between(random, 1, 50);
    wait->jitter = wait->kind == WAIT_STANDARD ? JITTER_NONE : (enum jitter)draw_below(random, 4);
    wait->limit = draw_percent(random, 15) ? (unsigned)between(random, 1, 6) : 0;
    wait->use = draw_percent(random, 10)   ? RETRY_AFTER_IGNORED
                : draw_percent(random, 30) ? RETRY_AFTER_REPLACES
                                           : RETRY_AFTER_ADDS;
    wait->retry_after_cap_ms = draw_percent(random, 20) ? 150 : 30000;
}

static void draw_timeout(struct timeout_scene *timeout, struct insist_random *random) {
    timeout->kind = (enum timeout_kind)draw_below(random, 5);
    timeout->ms = 10 * between(random, 3, 80);
    timeout->after_ms[0] = 10 * between(random, 3, 80);
    timeout->after_ms[1] = 10 * between(random, 3, 160);
}

static void draw_race(struct race_scene *race, struct insist_random *random) {
    race->kind = (enum race_kind)draw_below(random, RACE_AUTO + 1);
    race->mode = draw_percent(random, 30) ? INSIST_CLOSE : INSIST_REFILL;
    for (size_t i = 0; i < 3; i++)
        race->delays_ms[i] = 5 * between(random, 1, 12);
    race->times = (unsigned)between(random, 2, 4);
    race->get_only = race->kind == RACE_AT_ONCE && draw_percent(random, 40);
    race->share = race->kind == RACE_QUANTILE ? 0.5 + 0.1 * draw_below(random, 5) : 0.2 + 0.1 * draw_below(random, 5);
    race->starter = draw_percent(random, 15)   ? STARTER_MOODY
                    : draw_percent(random, 30) ? STARTER_THROTTLE
                                               : STARTER_ALWAYS;
    race->window_count = 1 + draw_below(random, SCENE_WINDOWS);
    for (size_t i = 0; i < race->window_count; i++)
        race->windows[i] = (insist_throttle_window){.starts = (unsigned)between(random, 0, 8),
                                                    .period_ms = 100 * between(random, 1, 20)};
}

/* ---- calls ---- */

static void draw_handlers(struct call_scene *call, struct insist_random *random) {
    static const insist_event events[] = {
        INSIST_AFTER_ATTEMPT,       INSIST_AFTER_ATTEMPT,         INSIST_AFTER_ATTEMPT,
        INSIST_BEFORE_ATTEMPT,      INSIST_BEFORE_ATTEMPT,        INSIST_BEFORE_READ_BODY,
        INSIST_RETRY_SCHEDULED,     INSIST_AFTER_ATTEMPT_TIMEOUT, INSIST_AFTER_PLAN_TIMEOUT,
        INSIST_AFTER_EXECUTION_END, INSIST_BEFORE_EXECUTION_START};
    call->handler_fails = draw_percent(random, 18);
    call->handler_event = events[draw_below(random, sizeof events / sizeof events[0])];
    call->handler_skip = draw_percent(random, 60) ? 0 : draw_below(random, 4);
    call->handler_number = (int)between(random, 1, 99);
    call->handlers_are_slow = draw_percent(random, 6);
    call->prepares = draw_percent(random, 10);
    call->preparer_fails_at = draw_percent(random, 30) ? (unsigned)between(random, 1, 2) : 0;
}

static void draw_cancel(struct call_scene *call, struct insist_random *random) {
    static const insist_event events[] = {
        INSIST_BEFORE_EXECUTION_START, INSIST_BEFORE_ATTEMPT,  INSIST_BEFORE_ATTEMPT,
        INSIST_AFTER_ATTEMPT,          INSIST_AFTER_ATTEMPT,   INSIST_BEFORE_READ_BODY,
        INSIST_AFTER_ATTEMPT_TIMEOUT,  INSIST_RETRY_SCHEDULED, INSIST_EVENTS};
    const unsigned dice = draw_below(random, 100);
    call->cancel = dice < 1    ? CANCEL_BEFORE
                   : dice < 9  ? CANCEL_AT
                   : dice < 22 ? CANCEL_WITH_END
                   : dice < 34 ? CANCEL_INSIDE
                               : CANCEL_NEVER;
    call->cancel_event = events[draw_below(random, sizeof events / sizeof events[0])];
    call->cancel_skip = draw_percent(random, 60) ? 0 : draw_below(random, 4);
    call->cancel_ns = call->arrival_ns + draw_ns(random, 600);
    call->cancel_end = draw_percent(random, 70) ? 1 : (unsigned)between(random, 2, 3);
    call->cancel_err = draw_percent(random, 80) ? INSIST_ECANCELED : INSIST_ESHUTDOWN;
}

/* What a method promises, or whoever marks the request. */
static void draw_request(struct call_scene *call, struct insist_random *random) {
    static const struct {
        const char *name;
        bool repeatable, raceable;
    } methods[] = {{"HEAD", true, true},    {"OPTIONS", true, true}, {"QUERY", true, true},  {"PUT", true, false},
                   {"DELETE", true, false}, {"TRACE", true, false},  {"POST", false, false}, {"POST", false, false},
                   {"POST", false, false},  {"PATCH", false, false}, {"PURGE", false, false}};
    const unsigned at = draw_below(random, sizeof methods / sizeof methods[0]);
    const bool gets = draw_percent(random, 60);
    call->method = gets ? "GET" : methods[at].name;
    call->marked = draw_percent(random, 10);
    call->repeatable = gets || call->marked || methods[at].repeatable;
    call->body = draw_percent(random, 10) ? BODY_ONCE : BODY_KEPT;
    call->raceable = (gets || call->marked || methods[at].raceable) && call->body == BODY_KEPT;
    call->repeat_unsafe = draw_percent(random, 5);
}

static void draw_call(struct call_scene *call, const struct fleet_scene *scene, struct insist_random *random) {
    call->profile = draw_below(random, SCENE_PROFILES);
    call->origin = draw_below(random, SCENE_ORIGINS);
    call->arrival_ns = SCENE_START_NS + draw_ns(random, 900);
    call->deadline_ns = draw_percent(random, 8) ? TIME_NEVER : call->arrival_ns + draw_ns(random, 2900) + 100 * MS;
    if (draw_percent(random, 1)) /* it has passed */
        call->deadline_ns = call->arrival_ns;
    const struct timeout_scene *timeout = &scene->profiles[call->profile].timeout;
    if (timeout->kind == TIMEOUT_SPLIT && draw_percent(random, 50))
        call->deadline_ns = call->arrival_ns + 3000 * MS;
    draw_request(call, random);
    call->has_budget = draw_percent(random, 85);
    call->has_sink = draw_percent(random, 25);
    call->sink_rewinds = draw_percent(random, 50);
    call->sink_is_slow = draw_percent(random, 60);
    call->sink_looks = draw_percent(random, 75);
    call->sink_fails_at = draw_percent(random, 10) ? (unsigned)between(random, 1, 3) : 0;
    call->listens_to_headers = draw_percent(random, 20);
    call->memory_fails_at = draw_percent(random, 4) ? (unsigned)between(random, 1, 6) : 0;
    call->validates = draw_percent(random, 15);
    call->exhausted_is_error = draw_percent(random, 15);
    draw_handlers(call, random);
    draw_cancel(call, random);
}

static struct weather draw_weather(struct insist_random *random) {
    return (struct weather){.fails = (unsigned)between(random, 5, 45),
                            .hangs = (unsigned)between(random, 0, 30),
                            .busy = (unsigned)between(random, 10, 60),
                            .broken = (unsigned)between(random, 0, 10),
                            .other = (unsigned)between(random, 0, 8),
                            .retry_after = (unsigned)between(random, 40, 100),
                            .slowest_ms = 10 * between(random, 2, 50)};
}

void generator_draw(struct fleet_scene *scene, struct insist_random *random) {
    *scene = (struct fleet_scene){.call_count = (unsigned)between(random, 16, SCENE_CALLS)};
    for (size_t i = 0; i < SCENE_PROFILES; i++) {
        draw_decider(&scene->profiles[i], random);
        draw_wait(&scene->profiles[i].wait, random);
        draw_timeout(&scene->profiles[i].timeout, random);
        draw_race(&scene->profiles[i].race, random);
    }
    for (size_t i = 0; i < SCENE_ORIGINS; i++)
        scene->weather[i] = draw_weather(random);
    for (size_t i = 0; i < scene->call_count; i++)
        draw_call(&scene->calls[i], scene, random);
    scene->in_flight = (unsigned)between(random, 6, 60);
    scene->in_flight_origin = (unsigned)between(random, 4, 50);
    scene->waiting = (unsigned)between(random, 1, 50);
    scene->refuses = draw_below(random, 4);
    scene->lags = 5 * draw_below(random, 8);
    scene->firsts_before = draw_percent(random, 25) ? 300 : 1; /* many: the bucket is what runs out */
    scene->connect_delay_ns = draw_percent(random, 50) ? 250 * MS : 20 * MS;
}
