/* See contest.h. */
#include "contest.h"
#include <stdio.h>

static void report_latencies(struct report *report, const char *name, const struct samples *sorted) {
    report_add(report, name, "p50_ms", samples_percentile_ms(sorted, 0.5));
    report_add(report, name, "p90_ms", samples_percentile_ms(sorted, 0.9));
    report_add(report, name, "p99_ms", samples_percentile_ms(sorted, 0.99));
    report_add(report, name, "p99.9_ms", samples_percentile_ms(sorted, 0.999));
    report_add(report, name, "max_ms", samples_percentile_ms(sorted, 1));
    report_add_curve(report, name, sorted);
}

/* The extra requests are those that the server counted beyond one for each request of each call. */
static void report_turn(struct bench *bench, const struct contest *contest, const char *name,
                        const struct load_outcome *outcome, uint64_t slow, uint64_t hits) {
    struct report *report = &bench->report;
    double requests = (double)outcome->calls * contest->width;
    report_latencies(report, name, &outcome->latencies);
    report_add(report, name, "extra_percent", 100 * ((double)hits - requests) / requests);
    report_add(report, name, "slow_percent", 100 * (double)slow / requests);
    report_add(report, name, "cpu_us_per_request", (double)outcome->cpu_us / requests);
    report_add(report, name, "calls_per_second", (double)outcome->calls * 1e9 / (double)outcome->elapsed_ns);
    report_add(report, name, "failed", (double)outcome->failed);
    if (bench->options->per_second > 0) {
        report_add(report, name, "late_percent", 100 * (double)outcome->late / (double)outcome->calls);
    }
}

static struct load describe_load(struct bench *bench, const struct contest *contest) {
    const struct options *options = bench->options;
    struct load load = {.callers = contest->callers, .calls = contest->calls, .progress = &bench->progress};
    if (options->requests > 0) {
        load.calls = options->requests;
    }
    if (options->duration_ms > 0) {
        load.calls = 0;
        load.duration_ns = options->duration_ms * 1000000;
    }
    if (options->per_second > 0) {
        load.callers = contest->open_callers;
        load.per_second = options->per_second;
        if (load.calls == 0) {
            load.calls = (uint64_t)(load.per_second * (double)options->duration_ms / 1000) + 1;
        }
    }
    return load;
}

static bool take_turn(struct bench *bench, const struct contest *contest, const struct contender *contender,
                      const char *path) {
    struct server *server = &bench->server;
    struct load load = describe_load(bench, contest);
    struct load_outcome outcome;
    uint64_t hits, slow;
    char url[128];
    snprintf(url, sizeof url, "%s%s", server->url, path);
    if (!server_forget(server)) {
        return false;
    }
    bool done = contender_run(contender, url, &load, &outcome, &slow) && server_wait_idle(server) &&
                server_hits(server, path, &hits);
    if (done) {
        report_turn(bench, contest, contender->name, &outcome, slow, hits);
    }
    load_outcome_fini(&outcome);
    return done;
}

static bool run_round(struct bench *bench, const struct contest *contest, unsigned round) {
    char path[32];
    snprintf(path, sizeof path, "/round-%u", round);
    if (!server_script(&bench->server, path, contest->script)) {
        return false;
    }
    for (unsigned i = 0; i < contest->contender_count; i++) {
        progress_begin(&bench->progress, round, bench->options->rounds, contest->contenders[i].name);
        if (!take_turn(bench, contest, &contest->contenders[i], path)) {
            return false;
        }
    }
    return true;
}

static bool report_ideals(struct bench *bench, const struct contest *contest) {
    for (unsigned i = 0; i < contest->ideal_count; i++) {
        const char *name = contest->ideals[i].name;
        struct samples samples = {0};
        double extra_percent;
        bool simulated = simulate_run(&contest->ideals[i].simulation, &samples, &extra_percent);
        if (simulated) {
            report_latencies(&bench->report, name, &samples);
            report_add(&bench->report, name, "extra_percent", extra_percent);
        }
        samples_fini(&samples);
        if (!simulated) {
            fputs("insist-bench: out of memory\n", stderr);
            return false;
        }
    }
    return true;
}

bool contest_run(struct bench *bench, const struct contest *contest) {
    for (unsigned round = 1; round <= bench->options->rounds; round++) {
        if (!run_round(bench, contest, round)) {
            return false;
        }
    }
    return report_ideals(bench, contest);
}
