/* Workload: many calls in flight at a time, because answers take 200 ms: what a request costs and how much memory an
 * attempt needs, from 1 to 2,000 of them; and how many connections 64 callers use of whom 8 may be in flight. Beside
 * insist with two workers: bare libcurl, an easy handle for each caller, and a multi handle with as many requests at a
 * time, which a single thread drives; and callers that only wait, for the costs of the load itself. */
#include "contender.h"
#include "heap.h"
#include "instant.h"
#include "workload.h"
#include <math.h>
#include <stdio.h>

enum { TURNS = 10, CONTENDERS = 4, SHARERS = 64, SHARED = 8, SHARED_CALLS = 4000 };

static const int64_t answer_ns = 200000000;

static const struct level {
    unsigned callers;
    const char *p50, *p99, *cpu, *rate, *kib; /* kib: NULL where it is too little to be told from chance */
} levels[] = {
    {1, "1_p50_ms", "1_p99_ms", "1_cpu_us", "1_per_second", NULL},
    {100, "100_p50_ms", "100_p99_ms", "100_cpu_us", "100_per_second", "100_kib"},
    {1000, "1000_p50_ms", "1000_p99_ms", "1000_cpu_us", "1000_per_second", "1000_kib"},
    {2000, "2000_p50_ms", "2000_p99_ms", "2000_cpu_us", "2000_per_second", "2000_kib"},
};
enum { LEVELS = sizeof levels / sizeof levels[0] };

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

static const struct contender_kind contender_timer = {open_timer, close_timer, NULL, NULL, call_timer};

/* ---- a level ---------------------------------------------------------------------------------------------------- */

struct turn {
    struct load_outcome outcome;
    double heap_bytes, cpu_us; /* cpu_us: of a request */
};

static bool take_turn(struct bench *bench, const struct contender *contender, const char *path, const struct load *load,
                      struct turn *turn) {
    struct heap_watch watch;
    uint64_t slow;
    char url[128];
    snprintf(url, sizeof url, "%s%s", bench->server.url, path);
    if (!heap_watch_start(&watch)) {
        return false;
    }
    bool done = contender_run(contender, url, load, &turn->outcome, &slow);
    turn->heap_bytes = heap_watch_stop(&watch);
    return done && server_wait_idle(&bench->server);
}

static void report_turn(struct report *report, const struct level *level, const char *name, double requests,
                        const struct turn *turn) {
    const struct load_outcome *outcome = &turn->outcome;
    report_add(report, name, level->p50, samples_percentile_ms(&outcome->latencies, 0.5));
    report_add(report, name, level->p99, samples_percentile_ms(&outcome->latencies, 0.99));
    report_add(report, name, level->cpu, (double)outcome->cpu_us / requests);
    report_add(report, name, level->rate, requests * 1e9 / (double)outcome->elapsed_ns);
    if (level == &levels[LEVELS - 1]) {
        report_add(report, name, "failed", (double)outcome->failed);
        report_add_curve(report, name, &outcome->latencies);
    }
}

/* --requests is about the last level, and of the others in proportion; with few of them there are no more callers. */
static unsigned callers_of(const struct bench *bench, const struct level *level) {
    uint64_t requests = bench->options->requests;
    return requests > 0 && requests < level->callers ? (unsigned)requests : level->callers;
}

static uint64_t calls_of(const struct bench *bench, const struct level *level) {
    uint64_t requests = bench->options->requests;
    uint64_t calls = requests * level->callers / levels[LEVELS - 1].callers;
    unsigned callers = callers_of(bench, level);
    return requests == 0 ? (uint64_t)level->callers * TURNS : calls > callers ? calls : callers;
}

static bool run_level(struct bench *bench, const struct level *level) {
    struct report *report = &bench->report;
    const unsigned callers = callers_of(bench, level);
    const uint64_t calls = calls_of(bench, level);
    const struct contender contenders[CONTENDERS] = {
        {.name = "timer", .kind = &contender_timer},
        {.name = "libcurl", .kind = &contender_easy},
        {.name = "libcurl-multi", .kind = &contender_multi, .width = callers},
        {.name = "insist", .kind = &contender_insist, .workers = 2},
    };
    double cpu_us[CONTENDERS], kib[CONTENDERS], load_bytes = 0;
    bool done = server_forget(&bench->server);
    for (unsigned i = 0; i < CONTENDERS && done; i++) {
        unsigned width = contenders[i].width > 0 ? contenders[i].width : 1;
        struct load load = {
            .callers = callers / width, .calls = (calls + width - 1) / width, .progress = &bench->progress};
        struct turn turn;
        done = take_turn(bench, &contenders[i], "/concurrency", &load, &turn);
        if (done) {
            double requests = (double)turn.outcome.calls * width;
            report_turn(report, level, contenders[i].name, requests, &turn);
            cpu_us[i] = (double)turn.outcome.cpu_us / requests;
            load_bytes = i == 0 ? turn.heap_bytes : load_bytes;
            kib[i] = (turn.heap_bytes - (width == 1 ? load_bytes : 0)) / callers / 1024;
            kib[i] = turn.heap_bytes > 0 ? kib[i] : NAN;
        }
        if (done && i > 0 && level->kib != NULL) {
            report_add(report, contenders[i].name, level->kib, kib[i]);
        }
        load_outcome_fini(&turn.outcome);
    }
    if (done && level == &levels[LEVELS - 1]) {
        report_add(report, "insist", "2000_cpu_times", cpu_us[3] / cpu_us[1]);
        report_add(report, "insist", "2000_kib_times", kib[3] / kib[1]);
    }
    return done;
}

/* ---- connections ------------------------------------------------------------------------------------------------ */

static bool count_connections(struct bench *bench) {
    const struct contender contenders[] = {
        {.name = "libcurl", .kind = &contender_easy},
        {.name = "insist", .kind = &contender_insist, .workers = 2, .in_flight = SHARED},
    };
    const uint64_t requests = bench->options->requests;
    const struct load load = {
        .callers = SHARERS, .calls = requests > 0 ? requests : SHARED_CALLS, .progress = &bench->progress};
    bool done = true;
    for (unsigned i = 0; i < 2 && done; i++) {
        struct load_outcome outcome;
        uint64_t before, after, slow;
        char url[128];
        snprintf(url, sizeof url, "%s/connections", bench->server.url);
        done = server_connections(&bench->server, &before);
        if (!done) {
            return false;
        }
        done = contender_run(&contenders[i], url, &load, &outcome, &slow) && server_wait_idle(&bench->server) &&
               server_connections(&bench->server, &after);
        load_outcome_fini(&outcome);
        if (done) {
            report_add(&bench->report, contenders[i].name, "connections", (double)(after - before));
        }
    }
    return done;
}

/* ---- the workload ----------------------------------------------------------------------------------------------- */

static void describe(struct report *report) {
    report->what =
        "answers that take 200 ms, by 1 to 2,000 callers; then 64 callers, of whom 8 may be in flight, and answers "
        "that take 5 ms";
    report->curve_title = "concurrency: 2,000 callers, answers that take 200 ms";
    report_add_goal_least(report, "insist", "2000_per_second", 9500);
    report_add_goal(report, "insist", "2000_cpu_times", 1.1);
    report_add_goal(report, "insist", "2000_kib_times", 0.5);
    report_add_goal(report, "insist", "2000_kib", 24);
    report_add_goal(report, "insist", "connections", SHARED);
    report_add_ratio(report, "insist", "2000_cpu_us", "libcurl");
    report_add_ratio(report, "insist", "2000_cpu_us", "libcurl-multi");
    report_add_ratio(report, "insist", "2000_per_second", "timer");
    report_add_ratio(report, "insist", "2000_kib", "libcurl-multi");
    report_add_note(report,
                    "N_…: N callers, or for libcurl-multi N requests at a time by one thread, again when the last "
                    "is answered; cpu_us: the client's processor time for a request, its caller's included");
    report_add_note(report, "kib: memory that malloc() has given out at most, less what the load itself needs (timer), "
                            "divided by N; no stacks. …_times: insist's figure divided by libcurl's, round by round");
    report_add_note(report, "timer: callers that wait for 200 ms and ask for nothing");
}

static bool run(struct bench *bench) {
    describe(&bench->report);
    bool done = server_script(&bench->server, "/concurrency", "200;size=128;delay=200ms") &&
                server_script(&bench->server, "/connections", "200;size=128;delay=5ms");
    for (unsigned round = 1; round <= bench->options->rounds && done; round++) {
        for (unsigned i = 0; i < LEVELS && done; i++) {
            progress_begin(&bench->progress, round, bench->options->rounds, levels[i].cpu);
            done = run_level(bench, &levels[i]);
        }
        done = done && count_connections(bench);
    }
    return done;
}

const struct workload workload_concurrency = {
    "concurrency", "up to 2,000 calls in flight: their costs, memory and connections", WORKLOAD_REQUESTS, run};
