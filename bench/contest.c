/* See contest.h. */
#include "contest.h"
#include <stdio.h>

enum { HEDGES = 2, HEDGE_AFTER_MS = 10 };

insist_scheduler contest_hedges(void) {
    return insist_race_every_ms(HEDGE_AFTER_MS, HEDGES);
}

static void report_latencies(struct report *report, const char *name, const struct samples *sorted) {
    report_add(report, name, "p50_ms", samples_percentile_ms(sorted, 0.5));
    report_add(report, name, "p90_ms", samples_percentile_ms(sorted, 0.9));
    report_add(report, name, "p99_ms", samples_percentile_ms(sorted, 0.99));
    report_add(report, name, "p99.9_ms", samples_percentile_ms(sorted, 0.999));
    report_add(report, name, "max_ms", samples_percentile_ms(sorted, 1));
}

/* The extra requests are those that the server counted beyond one for each request of each call. */
static void report_turn(struct bench *bench, const struct contest *contest, const struct contender *contender,
                        const struct load_outcome *outcome, const struct contender_tally *tally, uint64_t hits) {
    struct report *report = &bench->report;
    const char *name = contender->name;
    double requests = (double)outcome->calls * contest->width;
    report_latencies(report, name, &outcome->latencies);
    report_add(report, name, "extra_percent", 100 * ((double)hits - requests) / requests);
    if (contender->kind->run == NULL) {
        report_add(report, name, "slow_percent", 100 * (double)tally->slow / requests);
    }
    if (contender->schedule != NULL) {
        report_add(report, name, "hedges_percent", 100 * (double)tally->hedges / requests);
    }
    report_add(report, name, "cpu_us_per_request", (double)outcome->cpu_us / (double)outcome->ended / contest->width);
    report_add(report, name, "calls_per_second", (double)outcome->ended * 1e9 / (double)outcome->elapsed_ns);
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

/* Its latencies are added to those of all rounds. */
static bool take_turn(struct bench *bench, const struct contest *contest, const struct contender *contender,
                      const char *path, struct samples *all) {
    struct server *server = &bench->server;
    struct load load = describe_load(bench, contest);
    struct load_outcome outcome = {0};
    struct contender_tally tally;
    uint64_t hits;
    char url[128];
    snprintf(url, sizeof url, "%s%s", server->url, path);
    if (contender->kind == &contender_peer && !contender_peer_built()) {
        return true;
    }
    bool done = server_forget(server) && contender_run(contender, url, &load, &outcome, &tally) &&
                server_wait_idle(server) && server_hits(server, path, &hits);
    if (done) {
        report_turn(bench, contest, contender, &outcome, &tally, hits);
        done = samples_join(all, &outcome.latencies);
    }
    load_outcome_fini(&outcome);
    return done;
}

static bool run_round(struct bench *bench, const struct contest *contest, unsigned round, struct samples *all) {
    char path[32];
    snprintf(path, sizeof path, "/round-%u", round);
    if (!server_script(&bench->server, path, contest->script)) {
        return false;
    }
    for (unsigned i = 0; i < contest->contender_count; i++) {
        progress_begin(&bench->progress, round, bench->options->rounds, contest->contenders[i].name);
        if (!take_turn(bench, contest, &contest->contenders[i], path, &all[i])) {
            return false;
        }
    }
    return true;
}

static bool report_ideal(struct bench *bench, const char *name, const struct simulation *simulation) {
    struct samples samples = {0};
    double extra_percent;
    bool simulated = simulate_run(simulation, &samples, &extra_percent);
    if (simulated) {
        report_latencies(&bench->report, name, &samples);
        report_add_curve(&bench->report, name, &samples);
        report_add(&bench->report, name, "extra_percent", extra_percent);
    } else {
        fputs("insist-bench: out of memory\n", stderr);
    }
    samples_fini(&samples);
    return simulated;
}

static bool report_ideals(struct bench *bench, const struct contest *contest) {
    struct simulation simulation = {
        .draw = contest->draw, .width = contest->width, .operations = contest->operations, .seed = 1};
    struct simulation race = simulation;
    race.hedges = HEDGES;
    race.every_ms = HEDGE_AFTER_MS;
    race.seed = 2;
    return report_ideal(bench, "ideal", &simulation) && report_ideal(bench, "ideal-race", &race);
}

/* The goals are about the closed loop. */
static void describe(struct report *report, const struct contest *contest, bool closed) {
    static const char *const figures[] = {"p50_ms", "p99_ms", "p99.9_ms", "cpu_us_per_request"};
    report->what = contest->what;
    report->curve_title = contest->title;
    report_add_goals(report, contest->goals, closed ? contest->goal_count : 0);
    report_add_ratio(report, "insist", "p50_ms", "libcurl");
    report_add_ratio(report, "insist", "cpu_us_per_request", "libcurl");
    for (unsigned i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        report_add_ratio(report, "insist-race", figures[i], "libcurl");
    }
    report_add_note(report,
                    "slow_percent: requests, hedges left out, that took longer than 10 ms from being sent to the "
                    "first byte; whoever hedges after 10 ms hedges all of these");
    report_add_note(report,
                    "extra_percent: requests beyond one each, as the server counted them; hedges_percent: hedges "
                    "that may have been sent, by insist's records: one may be given up before the server reads it");
    report_add_note(report, "p99.9_of_all_ms: of the calls of all rounds together");
    report_add_note(
        report,
        "ideal and ideal-race are simulated from the distribution, not measured: no client, no network, no queue");
}

/* The tail and the curve are of all rounds together: one may have too few calls for its 99.9th percentile to be one. */
static void report_all(struct report *report, const struct contest *contest, struct samples *all) {
    for (unsigned i = 0; i < contest->contender_count; i++) {
        if (all[i].count > 0) {
            samples_sort(&all[i]);
            report_add(report, contest->contenders[i].name, "p99.9_of_all_ms", samples_percentile_ms(&all[i], 0.999));
            report_add_curve(report, contest->contenders[i].name, &all[i]);
        }
    }
}

bool contest_run(struct bench *bench, const struct contest *contest) {
    struct samples all[CONTEST_CONTENDERS] = {{0}};
    bool done = true;
    describe(&bench->report, contest, bench->options->per_second <= 0);
    for (unsigned round = 1; round <= bench->options->rounds && done; round++) {
        done = run_round(bench, contest, round, all);
    }
    if (done) {
        report_all(&bench->report, contest, all);
    }
    for (unsigned i = 0; i < CONTEST_CONTENDERS; i++) {
        samples_fini(&all[i]);
    }
    return done && report_ideals(bench, contest);
}
