/* What a seed makes: the policies, the calls and the troubles of one fleet. Fixed once it is drawn; the engine never
 * sees it, only what is built from it, so that the books can be kept from it alone. */
#ifndef SIMULATION_SCENE_H
#define SIMULATION_SCENE_H

#include <insist/execution.h>
#include <insist/policy.h>
#include <insist/race.h>
#include <insist/result.h>

#define MS INT64_C(1000000) /* in ns */
#define SCENE_CALLS 64
#define SCENE_ORIGINS 2
#define SCENE_PROFILES 4
#define SCENE_RULES 12
#define SCENE_WINDOWS 2
#define SCENE_START_NS (1000 * 1000 * MS)

/* A decider, as a tree of rules. */
enum rule_kind {
    RULE_TIMES,
    RULE_ATTEMPTS,
    RULE_BEFORE,
    RULE_BUSY,  /* on status: 429, 503 */
    RULE_CLASS, /* on status class */
    RULE_OK,    /* on status: 200 */
    RULE_TRANSIENT,
    RULE_ERROR,
    RULE_STANDARD,
    RULE_NEVER,
    RULE_TEAPOT, /* the user's own: fails with EPROTO at 418 */
    RULE_AND,
    RULE_OR,
    RULE_NOT,
    RULE_FAIL_EXHAUSTED /* with EGAVEUP */
};

struct rule {
    enum rule_kind kind;
    unsigned number;        /* count, milliseconds or digit */
    unsigned first, second; /* sides */
};

enum wait_kind { WAIT_CONSTANT, WAIT_LINEAR, WAIT_EXPONENTIAL, WAIT_DECORRELATED, WAIT_STANDARD, WAIT_ONCE };
enum jitter { JITTER_NONE, JITTER_FULL, JITTER_EQUAL, JITTER_SPREAD };
enum retry_after_use {
    RETRY_AFTER_IGNORED,
    RETRY_AFTER_ADDS,
    RETRY_AFTER_REPLACES
}; /* the last: after 429 and 503 only */

/* The formula, within a cap, within a jitter, within a limit, within Retry-After. */
struct wait_scene {
    enum wait_kind kind;
    int64_t base_ms, step_ms;
    double factor;
    int64_t cap_ms; /* 0: none */
    enum jitter jitter;
    unsigned limit; /* 0: none */
    enum retry_after_use use;
    int64_t retry_after_cap_ms;
};

enum timeout_kind { TIMEOUT_FIXED, TIMEOUT_DEFAULT, TIMEOUT_INFINITE, TIMEOUT_ADAPTIVE, TIMEOUT_SPLIT };

struct timeout_scene {
    enum timeout_kind kind;
    int64_t ms;
    int64_t after_ms[2];
};

enum race_kind { RACE_NONE, RACE_STATIC, RACE_EVERY, RACE_AT_ONCE, RACE_QUANTILE, RACE_AUTO };
enum starter_kind { STARTER_ALWAYS, STARTER_THROTTLE, STARTER_MOODY };

struct race_scene {
    enum race_kind kind;
    insist_wave_mode mode;
    int64_t delays_ms[3];
    unsigned times; /* of hedges in a wave; of attempts when at once */
    bool get_only;  /* at once, as pester does */
    double share;   /* or the quantile */
    enum starter_kind starter;
    insist_throttle_window windows[SCENE_WINDOWS];
    size_t window_count;
};

struct profile {
    struct rule rules[SCENE_RULES];
    unsigned rule_count, root;
    struct wait_scene wait;
    struct timeout_scene timeout;
    struct race_scene race;
};

enum body_kind { BODY_KEPT, BODY_ONCE }; /* once: it cannot be sent again when it was read */
enum cancel_kind { CANCEL_NEVER, CANCEL_BEFORE, CANCEL_AT, CANCEL_WITH_END, CANCEL_INSIDE };

struct call_scene {
    unsigned profile, origin;
    int64_t arrival_ns, deadline_ns; /* TIME_NEVER: none; then nothing hangs */
    const char *method;
    bool marked; /* as idempotent */
    bool repeatable, raceable, repeat_unsafe, has_budget;
    enum body_kind body;
    bool has_sink, sink_rewinds, listens_to_headers;
    bool sink_is_slow, sink_looks; /* it waits until the deadline or a cancel only */
    unsigned sink_fails_at;        /* the piece that it refuses, from 1; 0: none */
    unsigned memory_fails_at;      /* the execution's allocation, from 1; 0: none */
    bool validates, exhausted_is_error, prepares;
    unsigned preparer_fails_at; /* the retry, from 1; 0: none */
    enum cancel_kind cancel;
    int64_t cancel_ns;
    unsigned cancel_end;       /* with the end of that many attempts */
    insist_event cancel_event; /* inside: while its handler runs; INSIST_EVENTS: while the sink takes a piece */
    unsigned cancel_skip;
    insist_err cancel_err;
    bool handler_fails, handlers_are_slow;
    insist_event handler_event;
    unsigned handler_skip;
    int handler_number;
};

/* How an origin fares, in percent of its attempts. */
struct weather {
    unsigned fails, hangs, busy, broken, other; /* broken: 500; other: 404, 418 */
    unsigned retry_after;                       /* of the busy ones */
    int64_t slowest_ms;
};

struct fleet_scene {
    struct profile profiles[SCENE_PROFILES];
    struct weather weather[SCENE_ORIGINS];
    struct call_scene calls[SCENE_CALLS];
    unsigned call_count;
    unsigned in_flight, in_flight_origin, waiting; /* limits */
    unsigned refuses;                              /* percent of the starts */
    unsigned lags;                                 /* percent of the turns that come late */
    unsigned firsts_before;                        /* first attempts that the budgets know of, 1 or more */
    int64_t connect_delay_ns;
};

#endif
