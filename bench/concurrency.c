/* Workload: many calls in flight at a time, because answers take 200 ms: what a request costs and how much memory an
 * attempt needs, from 1 to 2,000 of them; and how many connections 64 callers use of whom 8 may be in flight. Beside
 * insist with two workers: bare libcurl, an easy handle for each caller, and one multi handle with as many slots, which a
 * single thread drives; and callers that only wait, for the costs of the load itself.
 *
 * Every caller has made a call before it counts, so that its connection is there. Callers begin one after another, over
 * as long as an answer takes: else all of them would send at the same instant, for ever, and the server would be what is
 * measured. */
#include "contender.h"
#include "heap.h"
#include "instant.h"
#include "workload.h"
#include <math.h>
#include <stdio.h>

enum { CONTENDERS = 4, SHARERS = 64, SHARED = 8, SHARED_CALLS = 2000 };

static const int64_t answer_ns = 200000000;

/* A number of callers, and the names of its figures. */
static const struct level {
    unsigned callers;
    unsigned answers;                         /* it counts for so many answers of a caller */
    const char *p50, *p99, *cpu, *rate, *kib; /* kib: NULL where it is too little to be told from chance */
} levels[] = {
    {1, 5, "1_p50_ms", "1_p99_ms", "1_cpu_us", "1_per_second", NULL},
    {100, 5, "100_p50_ms", "100_p99_ms", "100_cpu_us", "100_per_second", "100_kib"},
    {1000, 5, "1000_p50_ms", "1000_p99_ms", "1000_cpu_us", "1000_per_second", "1000_kib"},
    {2000, 10, "2000_p50_ms", "2000_p99_ms", "2000_cpu_us", "2000_per_second", "2000_kib"},
};
enum { LEVELS = sizeof levels / sizeof levels[0], FEW = 1, MOST = LEVELS - 1 };

static const struct report_goal goals[] = {
    {"in-flight", "insist", "2000_per_second", NULL, 9500, true},
    {"in-flight", "insist", "2000_cpu_us", "libcurl", 1.1, false},
    {"in-flight", "insist", "2000_kib", "libcurl", 0.5, false},
    {"memory", "insist", "2000_kib", NULL, 24, false},
    {"flat", "insist", "cpu_2000_to_1", NULL, 1.1, false},
    {"flat", "insist", "cpu_2000_to_100", NULL, 1.1, false},
    {"connections", "insist", "connections", NULL, SHARED, false},
};

/* ---- callers that only wait ------------------------------------------------------------------------------------- */

static void *open_timer(const struct contender *contender, const char *url) {
    static char nothing;
    (void)contender;
    (void)url;
    return &nothing;
}

static void close_timer(void *state) {
    (void)state;
}

static struct contender_answer call_timer(void *state, void *caller) {
    (void)state;
    (void)caller;
    instant_wait_until_ns(instant_now_ns() + answer_ns);
    return (struct contender_answer){.good = true};
}

static const struct contender_kind contender_timer = {.open = open_timer, .close = close_timer, .call = call_timer};

static const struct contender contenders[CONTENDERS] = {
    {.name = "timer", .kind = &contender_timer},
    {.name = "libcurl", .kind = &contender_easy},
    {.name = "insist", .kind = &contender_insist, .workers = 2},
    {.name = "libcurl-multi", .kind = &contender_flow},
};

/* ---- a level ---------------------------------------------------------------------------------------------------- */

struct turn {
    struct load_outcome outcome;
    double heap_bytes; /* at most, and more than before; 0: not known */
};

static bool take_turn(struct bench *bench, const struct contender *contender, const struct load *load, bool watch_heap,
                      struct turn *turn) {
    struct heap_watch watch;
    struct contender_tally tally;
    char url[128];
    *turn = (struct turn){0};
    snprintf(url, sizeof url, "%s/concurrency", bench->server.url);
    if (!server_forget(&bench->server) || (watch_heap && !heap_watch_start(&watch))) {
        return false;
    }
    bool done = contender_run(contender, url, load, &turn->outcome, &tally);
    turn->heap_bytes = watch_heap ? heap_watch_stop(&watch) : 0;
    return done && server_wait_idle(&bench->server);
}

static double cpu_us(const struct turn *turn) {
    return (double)turn->outcome.cpu_us / (double)turn->outcome.ended;
}

/* What is beyond the answer's own time: with it all curves would be one line. */
static void report_curve(struct report *report, const char *name, const struct samples *sorted) {
    struct samples beyond = {0};
    if (samples_join(&beyond, sorted)) {
        for (size_t i = 0; i < beyond.count; i++) {
            beyond.ns[i] -= answer_ns;
        }
        report_add_curve(report, name, &beyond);
    }
    samples_fini(&beyond);
}

static void report_turn(struct report *report, const struct level *level, const char *name, const struct turn *turn) {
    const struct load_outcome *outcome = &turn->outcome;
    report_add(report, name, level->p50, samples_percentile_ms(&outcome->latencies, 0.5));
    report_add(report, name, level->p99, samples_percentile_ms(&outcome->latencies, 0.99));
    report_add(report, name, level->cpu, cpu_us(turn));
    report_add(report, name, level->rate, (double)outcome->ended * 1e9 / (double)outcome->elapsed_ns);
    if (level == &levels[MOST]) {
        report_curve(report, name, &outcome->latencies);
    }
}

/* --requests is about the last level: with few of them there are no more callers, and they count for a shorter time. */
static struct load describe_load(struct bench *bench, const struct level *level) {
    uint64_t requests = bench->options->requests;
    struct load load = {.callers = level->callers,
                        .duration_ns = answer_ns * level->answers,
                        .warm_calls = 1,
                        .spread_ns = answer_ns,
                        .settle_ns = answer_ns * 2,
                        .progress = &bench->progress};
    if (requests > 0) {
        uint64_t answers = requests / levels[MOST].callers;
        load.callers = requests < level->callers ? (unsigned)requests : level->callers;
        load.duration_ns = answer_ns * (int64_t)(answers > 4 ? answers : 4);
    }
    return load;
}

/* What a contender did in a round, over all levels. */
struct account {
    double cpu_us[LEVELS]; /* of a request */
    uint64_t failed;
};

static bool run_level(struct bench *bench, unsigned round, unsigned number, struct account accounts[CONTENDERS]) {
    const struct level *level = &levels[number];
    struct report *report = &bench->report;
    const struct load load = describe_load(bench, level);
    double load_bytes = 0;
    bool done = true;
    for (unsigned i = 0; i < CONTENDERS && done; i++) {
        struct turn turn;
        const char *name = contenders[i].name;
        char label[48];
        bool threaded = contenders[i].kind != &contender_flow;
        snprintf(label, sizeof label, "%s: %s", level->cpu, name);
        progress_begin(&bench->progress, round, bench->options->rounds, label);
        done = take_turn(bench, &contenders[i], &load, level->kib != NULL, &turn);
        if (done) {
            report_turn(report, level, name, &turn);
            accounts[i].cpu_us[number] = cpu_us(&turn);
            accounts[i].failed += turn.outcome.failed;
            load_bytes = i == 0 ? turn.heap_bytes : load_bytes;
        }
        if (done && i > 0 && level->kib != NULL) {
            double bytes = turn.heap_bytes - (threaded ? load_bytes : 0);
            report_add(report, name, level->kib, turn.heap_bytes > 0 ? bytes / load.callers / 1024 : NAN);
        }
        load_outcome_fini(&turn.outcome);
    }
    return done;
}

static bool run_levels(struct bench *bench, unsigned round) {
    struct account accounts[CONTENDERS] = {{.failed = 0}};
    for (unsigned i = 0; i < LEVELS; i++) {
        if (!run_level(bench, round, i, accounts)) {
            return false;
        }
    }
    for (unsigned i = 0; i < CONTENDERS; i++) {
        const struct account *account = &accounts[i];
        report_add(&bench->report, contenders[i].name, "failed", (double)account->failed);
        if (i > 0) {
            report_add(&bench->report, contenders[i].name, "cpu_2000_to_1", account->cpu_us[MOST] / account->cpu_us[0]);
            report_add(&bench->report, contenders[i].name, "cpu_2000_to_100",
                       account->cpu_us[MOST] / account->cpu_us[FEW]);
        }
    }
    return true;
}

/* ---- connections ------------------------------------------------------------------------------------------------ */

static bool count_connections(struct bench *bench, unsigned round) {
    static const struct contender sharers[] = {
        {.name = "libcurl", .kind = &contender_easy},
        {.name = "insist", .kind = &contender_insist, .workers = 2, .in_flight = SHARED},
    };
    struct server *server = &bench->server;
    const uint64_t requests = bench->options->requests;
    const struct load load = {
        .callers = SHARERS, .calls = requests > 0 ? requests : SHARED_CALLS, .progress = &bench->progress};
    char url[128];
    snprintf(url, sizeof url, "%s/connections", server->url);
    bool done = true;
    for (unsigned i = 0; i < sizeof sharers / sizeof sharers[0] && done; i++) {
        struct load_outcome outcome = {0};
        struct contender_tally tally;
        uint64_t before, after;
        progress_begin(&bench->progress, round, bench->options->rounds, "connections");
        done = server_connections(server, &before) && contender_run(&sharers[i], url, &load, &outcome, &tally) &&
               server_wait_idle(server) && server_connections(server, &after);
        load_outcome_fini(&outcome);
        if (done) {
            report_add(&bench->report, sharers[i].name, "connections", (double)(after - before));
        }
    }
    return done;
}

/* ---- the workload ----------------------------------------------------------------------------------------------- */

static void describe(struct report *report) {
    report->what =
        "answers that take 200 ms, by 1 to 2,000 callers; then 64 callers, of whom 8 may be in flight, and answers "
        "that take 5 ms";
    report->curve_title = "concurrency: 2,000 callers, time beyond the answer's 200 ms";
    report_add_goals(report, goals, sizeof goals / sizeof goals[0]);
    report_add_ratio(report, "insist", "2000_cpu_us", "libcurl-multi");
    report_add_ratio(report, "insist", "2000_per_second", "timer");
    report_add_ratio(report, "insist", "2000_kib", "libcurl-multi");
    report_add_note(
        report, "N_…: N callers, or for libcurl-multi N easy handles on one multi handle and one thread; cpu_us: the "
                "client's processor time for a request, its caller's included (timer: that of the waiting alone)");
    report_add_note(report, "kib: memory that malloc() has given out at most, less what the load itself needs (timer), "
                            "divided by N; no stacks");
    report_add_note(report,
                    "cpu_2000_to_N: the cost of a request at 2,000 callers divided by that at N, round by round; "
                    "a lone caller wakes an idle processor for each request, which costs more");
    report_add_note(report, "timer: callers that wait for 200 ms and ask for nothing");
}

static bool run(struct bench *bench) {
    describe(&bench->report);
    bool done = server_script(&bench->server, "/concurrency", "200;size=128;delay=200ms") &&
                server_script(&bench->server, "/connections", "200;size=128;delay=5ms");
    for (unsigned round = 1; round <= bench->options->rounds && done; round++) {
        done = run_levels(bench, round) && count_connections(bench, round);
    }
    return done;
}

const struct workload workload_concurrency = {
    "concurrency", "up to 2,000 calls in flight: their costs, memory and connections", WORKLOAD_REQUESTS, run};
