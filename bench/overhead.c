/* Workload: what a call costs when nothing goes wrong. Small answers on kept-alive connections, by 1, 8 and 64 callers;
 * downloads of a megabyte; and how often libinsist itself asks for memory in a call. Beside it bare libcurl, an easy
 * handle for each caller, and a multi handle with as many requests at a time, which a single thread drives. */
#include "allocations.h"
#include "contender.h"
#include "workload.h"
#include <math.h>
#include <stdio.h>

enum { WARM_CALLS = 200, COUNTED_CALLS = 1000 };

/* A number of callers, and the names of its figures; those that end in _times are insist's, divided by libcurl's. */
static const struct level {
    unsigned callers;
    uint64_t calls; /* of a round */
    const char *script;
    bool multi;
    const char *p50, *p99, *cpu, *rate, *p50_times, *cpu_times, *rate_times;
} levels[] = {
    {1, 10000, "200;size=128", true, "1_p50_ms", "1_p99_ms", "1_cpu_us", "1_per_second", "1_p50_times", "1_cpu_times",
     "1_rate_times"},
    {8, 20000, "200;size=128", true, "8_p50_ms", "8_p99_ms", "8_cpu_us", "8_per_second", "8_p50_times", "8_cpu_times",
     "8_rate_times"},
    {64, 40000, "200;size=128", true, "64_p50_ms", "64_p99_ms", "64_cpu_us", "64_per_second", "64_p50_times",
     "64_cpu_times", "64_rate_times"},
    {1, 500, "200;size=1MiB", false, "1mib_p50_ms", "1mib_p99_ms", "1mib_cpu_us", "1mib_per_second", "1mib_p50_times",
     "1mib_cpu_times", "1mib_rate_times"},
};
enum { LEVELS = sizeof levels / sizeof levels[0], CURVE_LEVEL = 2 };

struct costs {
    double p50_ms, cpu_us, per_second;
};

static uint64_t calls_of(const struct bench *bench, const struct level *level) {
    return bench->options->requests > 0 ? bench->options->requests : level->calls;
}

static bool measure(struct bench *bench, const struct level *level, const struct contender *contender, const char *path,
                    struct costs *costs) {
    struct report *report = &bench->report;
    unsigned width = contender->width > 0 ? contender->width : 1;
    struct load load = {.callers = width > 1 ? 1 : level->callers,
                        .calls = (calls_of(bench, level) + width - 1) / width,
                        .progress = &bench->progress};
    struct load_outcome outcome;
    uint64_t slow;
    char url[128];
    snprintf(url, sizeof url, "%s%s", bench->server.url, path);
    bool done = contender_run(contender, url, &load, &outcome, &slow) && server_wait_idle(&bench->server);
    if (done) {
        double requests = (double)outcome.calls * width;
        *costs = (struct costs){.p50_ms = samples_percentile_ms(&outcome.latencies, 0.5),
                                .cpu_us = (double)outcome.cpu_us / requests,
                                .per_second = requests * 1e9 / (double)outcome.elapsed_ns};
        report_add(report, contender->name, level->p50, costs->p50_ms);
        report_add(report, contender->name, level->p99, samples_percentile_ms(&outcome.latencies, 0.99));
        report_add(report, contender->name, level->cpu, costs->cpu_us);
        report_add(report, contender->name, level->rate, costs->per_second);
        if (level == &levels[CURVE_LEVEL]) {
            report_add(report, contender->name, "failed", (double)outcome.failed);
            report_add_curve(report, contender->name, &outcome.latencies);
        }
    }
    load_outcome_fini(&outcome);
    return done;
}

static bool run_level(struct bench *bench, const struct level *level) {
    struct report *report = &bench->report;
    const struct contender libcurl = {.name = "libcurl", .kind = &contender_easy};
    const struct contender multi = {.name = "libcurl-multi", .kind = &contender_multi, .width = level->callers};
    const struct contender insist = {.name = "insist", .kind = &contender_insist};
    struct costs theirs, ours, of_multi;
    char path[32];
    snprintf(path, sizeof path, "/%s", level->cpu);
    bool done = server_script(&bench->server, path, level->script) && server_forget(&bench->server) &&
                measure(bench, level, &libcurl, path, &theirs) &&
                (!level->multi || measure(bench, level, &multi, path, &of_multi)) &&
                measure(bench, level, &insist, path, &ours);
    if (done) {
        report_add(report, "insist", level->p50_times, ours.p50_ms / theirs.p50_ms);
        report_add(report, "insist", level->cpu_times, ours.cpu_us / theirs.cpu_us);
        report_add(report, "insist", level->rate_times, ours.per_second / theirs.per_second);
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

static bool count_allocations(struct bench *bench) {
    const struct contender insist = {.name = "insist", .kind = &contender_insist};
    struct contender_kind kind = contender_insist;
    char url[128];
    kind.call = call_counted;
    snprintf(url, sizeof url, "%s/allocations", bench->server.url);
    void *state = server_script(&bench->server, "/allocations", "200;size=128") ? kind.open(&insist, url) : NULL;
    if (state == NULL) {
        return false;
    }
    bool good = make_calls(&kind, state, WARM_CALLS);
    bool counts = allocations_start();
    good = make_calls(&kind, state, COUNTED_CALLS) && good;
    struct allocations allocations = allocations_stop();
    kind.close(state);
    report_add(&bench->report, "insist", "caller_allocations",
               counts ? (double)allocations.caller / COUNTED_CALLS : NAN);
    report_add(&bench->report, "insist", "worker_allocations",
               counts ? (double)allocations.worker / COUNTED_CALLS : NAN);
    if (!good) {
        fputs("insist-bench: a call failed while allocations were counted\n", stderr);
    }
    return good;
}

/* ---- the workload ----------------------------------------------------------------------------------------------- */

static void describe(struct report *report) {
    report->what =
        "calls that meet no fault: answers of 128 bytes on kept-alive connections by 1, 8 and 64 callers, and "
        "downloads of 1 MiB";
    report->curve_title = "overhead: 64 callers, answers of 128 bytes";
    report_add_goal(report, "insist", "1_p50_times", 1.15);
    report_add_goal(report, "insist", "1_cpu_times", 1.15);
    report_add_goal(report, "insist", "8_p50_times", 1.3);
    report_add_goal(report, "insist", "8_cpu_times", 1.2);
    report_add_goal(report, "insist", "64_cpu_times", 1.15);
    report_add_goal_least(report, "insist", "64_rate_times", 0.9);
    report_add_goal(report, "insist", "1mib_cpu_times", 1.05);
    report_add_goal(report, "insist", "caller_allocations", 4);
    report_add_goal(report, "insist", "worker_allocations", 0);
    for (unsigned i = 0; i < 3; i++) {
        report_add_ratio(report, "insist", levels[i].cpu, "libcurl-multi");
        report_add_ratio(report, "insist", levels[i].rate, "libcurl-multi");
    }
    report_add_note(report, "N_…: N callers, 1mib_…: one caller and downloads of 1 MiB; cpu_us: the client's processor "
                            "time for a request; …_times: insist's figure divided by libcurl's, round by round");
    report_add_note(report,
                    "libcurl: an easy handle for each caller, used again; libcurl-multi: one thread and a multi "
                    "handle with N requests at a time, its p50 and p99 are those of the last of them");
    report_add_note(report,
                    "…_allocations: those of libinsist itself in a call, after 200 calls; libcurl's do not count");
}

static bool run(struct bench *bench) {
    describe(&bench->report);
    for (unsigned round = 1; round <= bench->options->rounds; round++) {
        for (unsigned i = 0; i < LEVELS; i++) {
            progress_begin(&bench->progress, round, bench->options->rounds, levels[i].cpu);
            if (!run_level(bench, &levels[i])) {
                return false;
            }
        }
        if (!count_allocations(bench)) {
            return false;
        }
    }
    return true;
}

const struct workload workload_overhead = {"overhead", "what a call costs when nothing goes wrong: 1, 8 and 64 callers",
                                           WORKLOAD_REQUESTS, run};
