/* Workload: what a call costs when nothing goes wrong. Small answers on kept-alive connections, by 1, 8 and 64 callers;
 * downloads of a megabyte, in many short turns; and how often libinsist itself asks for memory in a call. Beside it bare
 * libcurl, an easy handle for each caller, and one multi handle with as many slots; insist with a request as short as
 * libcurl's; and go-retryablehttp where it was built. Each caller warms up first, so that connections are there and none
 * of them counts. */
#include "allocations.h"
#include "contender.h"
#include "workload.h"
#include <math.h>
#include <stdio.h>

enum { WARM_UP = 20, WARM_CALLS = 200, COUNTED_CALLS = 1000 };

/* A number of callers, and the names of its figures. */
static const struct level {
    unsigned callers;
    uint64_t calls; /* of a round */
    unsigned turns; /* that they are made in */
    const char *script;
    bool all_contenders;
    const char *p50, *p99, *p999, *cpu, *rate, *connections; /* p999, connections: may be NULL */
} levels[] = {
    {1, 10000, 1, "200;size=128", true, "1_p50_ms", "1_p99_ms", NULL, "1_cpu_us", "1_per_second", NULL},
    {8, 20000, 1, "200;size=128", true, "8_p50_ms", "8_p99_ms", NULL, "8_cpu_us", "8_per_second", NULL},
    {64, 40000, 1, "200;size=128", true, "64_p50_ms", "64_p99_ms", "64_p99.9_ms", "64_cpu_us", "64_per_second",
     "64_connections"},
    /* Whether client and server share a processor is settled anew at each turn, and a download's costs depend on it. */
    {1, 1000, 20, "200;size=1MiB", false, "1mib_p50_ms", "1mib_p99_ms", NULL, "1mib_cpu_us", "1mib_per_second", NULL},
};
enum { LEVELS = sizeof levels / sizeof levels[0], CURVE_LEVEL = 2 };

static const struct contender contenders[] = {
    {.name = "libcurl", .kind = &contender_easy},
    {.name = "insist", .kind = &contender_insist},
    {.name = "insist-same-request", .kind = &contender_insist, .same_request = true},
    {.name = "libcurl-multi", .kind = &contender_flow},
    {.name = "go-retryablehttp", .kind = &contender_peer},
};
enum { CONTENDERS = sizeof contenders / sizeof contenders[0], SINGLE_CONTENDERS = 2 };

static const struct report_goal goals[] = {
    {"overhead-64", "insist", "64_cpu_us", "libcurl", 1.15, false},
    {"overhead-64", "insist", "64_per_second", "libcurl", 0.9, true},
    {"overhead-1", "insist", "1_p50_ms", "libcurl", 1.15, false},
    {"overhead-1", "insist", "1_cpu_us", "libcurl", 1.15, false},
    {"overhead-8", "insist", "8_cpu_us", "libcurl", 1.2, false},
    {"overhead-8", "insist", "8_p50_ms", "libcurl", 1.3, false},
    {"memory", "insist", "1mib_cpu_us", "libcurl", 1.05, false},
    {"allocations", "insist", "driver_allocations", NULL, 4, false},
    {"allocations", "insist", "caller_allocations", NULL, 4, false},
    {"allocations", "insist", "worker_allocations", NULL, 0, false},
};

static uint64_t calls_of(const struct bench *bench, const struct level *level) {
    return bench->options->requests > 0 ? bench->options->requests : level->calls;
}

/* What a contender did at a level in a round, all of its turns together. */
struct account {
    struct load_outcome sum;
    uint64_t connections;
};

static void report_account(struct report *report, const struct level *level, const char *name,
                           const struct account *account) {
    const struct load_outcome *outcome = &account->sum;
    report_add(report, name, level->p50, samples_percentile_ms(&outcome->latencies, 0.5));
    report_add(report, name, level->p99, samples_percentile_ms(&outcome->latencies, 0.99));
    if (level->p999 != NULL) {
        report_add(report, name, level->p999, samples_percentile_ms(&outcome->latencies, 0.999));
    }
    report_add(report, name, level->cpu, (double)outcome->cpu_us / (double)outcome->ended);
    report_add(report, name, level->rate, (double)outcome->ended * 1e9 / (double)outcome->elapsed_ns);
    if (level->connections != NULL) {
        report_add(report, name, level->connections, (double)account->connections);
    }
    if (level == &levels[CURVE_LEVEL]) {
        report_add_curve(report, name, &outcome->latencies);
    }
}

static bool add_outcome(struct load_outcome *sum, const struct load_outcome *outcome) {
    sum->failed += outcome->failed;
    sum->ended += outcome->ended;
    sum->elapsed_ns += outcome->elapsed_ns;
    sum->cpu_us += outcome->cpu_us;
    return samples_join(&sum->latencies, &outcome->latencies);
}

static bool take_turn(struct bench *bench, const struct level *level, const struct contender *contender,
                      const char *path, uint64_t calls, struct account *account) {
    struct server *server = &bench->server;
    const struct load load = {
        .callers = level->callers, .calls = calls, .warm_calls = WARM_UP, .progress = &bench->progress};
    struct load_outcome outcome = {0};
    struct contender_tally tally;
    uint64_t before, after;
    char url[128];
    snprintf(url, sizeof url, "%s%s", server->url, path);
    bool done = server_forget(server) && server_connections(server, &before) &&
                contender_run(contender, url, &load, &outcome, &tally) && server_wait_idle(server) &&
                server_connections(server, &after);
    if (done) {
        account->connections += after - before;
        done = add_outcome(&account->sum, &outcome);
    }
    load_outcome_fini(&outcome);
    return done;
}

static bool competes(const struct contender *contender) {
    return contender->kind != &contender_peer || contender_peer_built();
}

/* Every contender makes so many calls, one after the other. */
static bool take_turns(struct bench *bench, const struct level *level, const char *path, unsigned round, uint64_t calls,
                       struct account accounts[CONTENDERS]) {
    char label[48];
    bool done = true;
    unsigned count = level->all_contenders ? CONTENDERS : SINGLE_CONTENDERS;
    for (unsigned i = 0; i < count && done; i++) {
        if (competes(&contenders[i])) {
            snprintf(label, sizeof label, "%s: %s", level->cpu, contenders[i].name);
            progress_begin(&bench->progress, round, bench->options->rounds, label);
            done = take_turn(bench, level, &contenders[i], path, calls, &accounts[i]);
        }
    }
    return done;
}

/* A round's calls in as many turns as the level has, or in as many as there are calls. */
static bool run_turns(struct bench *bench, const struct level *level, unsigned round,
                      struct account accounts[CONTENDERS]) {
    char path[32];
    uint64_t left = calls_of(bench, level);
    snprintf(path, sizeof path, "/%s", level->cpu);
    bool done = server_script(&bench->server, path, level->script);
    for (unsigned turns = level->turns; turns > 0 && done; turns--) {
        uint64_t calls = left / turns;
        left -= calls;
        done = calls == 0 || take_turns(bench, level, path, round, calls, accounts);
    }
    return done;
}

static bool run_level(struct bench *bench, const struct level *level, unsigned round, uint64_t failed[CONTENDERS]) {
    struct account accounts[CONTENDERS] = {{.connections = 0}};
    bool done = run_turns(bench, level, round, accounts);
    for (unsigned i = 0; i < CONTENDERS; i++) {
        struct account *account = &accounts[i];
        if (done && account->sum.ended > 0) {
            samples_sort(&account->sum.latencies);
            report_account(&bench->report, level, contenders[i].name, account);
            failed[i] += account->sum.failed;
        }
        load_outcome_fini(&account->sum);
    }
    return done;
}

/* All levels. Calls that failed are told of all of them together. */
static bool run_levels(struct bench *bench, unsigned round) {
    uint64_t failed[CONTENDERS] = {0};
    bool done = true;
    for (unsigned i = 0; i < LEVELS && done; i++) {
        done = run_level(bench, &levels[i], round, failed);
    }
    for (unsigned i = 0; i < CONTENDERS && done; i++) {
        if (competes(&contenders[i])) {
            report_add(&bench->report, contenders[i].name, "failed", (double)failed[i]);
        }
    }
    return done;
}

/* ---- allocations ------------------------------------------------------------------------------------------------ */

/* One caller: its first calls warm the client up. */
static struct contender_answer call_counted(void *state, void *caller) {
    allocations_enter_call();
    struct contender_answer answer = contender_insist.call(state, caller);
    allocations_leave_call();
    return answer;
}

static bool make_calls(const struct contender_kind *kind, void *state, unsigned calls) {
    bool good = true;
    for (unsigned i = 0; i < calls; i++) {
        good = kind->call(state, NULL).good && good;
    }
    return good;
}

/* By a caller that drives its connection itself, or by one that leaves it to the workers. */
static bool count_by(struct bench *bench, bool workers_only, struct allocations *allocations) {
    const struct contender insist = {.name = "insist", .kind = &contender_insist, .workers_only = workers_only};
    struct contender_kind kind = contender_insist;
    char url[128];
    kind.call = call_counted;
    snprintf(url, sizeof url, "%s/allocations", bench->server.url);
    void *state = kind.open(&insist, url);
    if (state == NULL) {
        return false;
    }
    bool good = make_calls(&kind, state, WARM_CALLS);
    bool counts = allocations_start();
    good = make_calls(&kind, state, COUNTED_CALLS) && good;
    *allocations = allocations_stop();
    kind.close(state);
    if (!good) {
        fputs("insist-bench: a call failed while allocations were counted\n", stderr);
    }
    allocations->counted = counts;
    return good;
}

static double each(const struct allocations *allocations, uint64_t count) {
    return allocations->counted ? (double)count / COUNTED_CALLS : NAN;
}

static bool count_allocations(struct bench *bench) {
    struct report *report = &bench->report;
    struct allocations driven, handed_over;
    if (!server_script(&bench->server, "/allocations", "200;size=128") || !count_by(bench, false, &driven) ||
        !count_by(bench, true, &handed_over)) {
        return false;
    }
    report_add(report, "insist", "driver_allocations", each(&driven, driven.caller + driven.worker));
    report_add(report, "insist", "caller_allocations", each(&handed_over, handed_over.caller));
    report_add(report, "insist", "worker_allocations", each(&handed_over, handed_over.worker));
    return true;
}

/* ---- the workload ----------------------------------------------------------------------------------------------- */

static void describe(struct report *report) {
    report->what =
        "calls that meet no fault: answers of 128 bytes on kept-alive connections by 1, 8 and 64 callers, and "
        "downloads of 1 MiB";
    report->curve_title = "overhead: 64 callers, answers of 128 bytes";
    report_add_goals(report, goals, sizeof goals / sizeof goals[0]);
    for (unsigned i = 0; i < CURVE_LEVEL + 1; i++) {
        report_add_ratio(report, "insist-same-request", levels[i].cpu, "libcurl");
        report_add_ratio(report, "insist-same-request", levels[i].rate, "libcurl");
    }
    for (unsigned i = 0; i < CURVE_LEVEL + 1; i++) {
        report_add_ratio(report, "insist", levels[i].cpu, "libcurl-multi");
        report_add_ratio(report, "insist", levels[i].rate, "libcurl-multi");
    }
    for (unsigned i = 0; i < CURVE_LEVEL + 1 && contender_peer_built(); i++) {
        report_add_ratio(report, "insist", levels[i].cpu, "go-retryablehttp");
        report_add_ratio(report, "insist", levels[i].rate, "go-retryablehttp");
    }
    report_add_note(report, "N_…: N callers, 1mib_…: one caller and downloads of 1 MiB; cpu_us: the client's processor "
                            "time for a request");
    report_add_note(report,
                    "libcurl: a blocking easy handle for each caller, used again; libcurl-multi: one thread, one "
                    "multi handle on epoll, and N easy handles, each used again as soon as it is answered");
    report_add_note(report, "insist-same-request: without the lines User-Agent and Accept-Encoding, which bare libcurl "
                            "does not send either");
    report_add_note(
        report, "…_allocations: those of libinsist itself in a call, after 200 calls; libcurl's do not count. driver: "
                "all of a call that drives its connection itself; caller, worker: of one that leaves it to a worker "
                "(workers_only)");
}

static bool run(struct bench *bench) {
    describe(&bench->report);
    for (unsigned round = 1; round <= bench->options->rounds; round++) {
        if (!run_levels(bench, round) || !count_allocations(bench)) {
            return false;
        }
    }
    return true;
}

const struct workload workload_overhead = {"overhead", "what a call costs when nothing goes wrong: 1, 8 and 64 callers",
                                           WORKLOAD_REQUESTS, run};
