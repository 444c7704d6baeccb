/* Workload W1: a service whose answers take 5 ms as a rule and ten times as long now and then. Hedges after 10 ms
 * cut the tail off. The same with `auto`, which is told nothing but the share of extra requests that it may cause:
 * its client is as fresh as all others, and what passes before it knows enough latencies to hedge at all is in its
 * figures. */
#include "contest.h"

static insist_scheduler every_10_ms_twice(void) {
    return insist_race_every_ms(10, 2);
}

static insist_scheduler within_5_percent(void) {
    return insist_race_auto(0.05, 2);
}

static const struct contest contest = {
    .script = "200;delay=mix(0.95:ln(5ms,2ms),0.05:ln(50ms,20ms))",
    .contenders = {{.name = "libcurl", .kind = &contender_easy},
                   {.name = "insist", .kind = &contender_insist},
                   {.name = "insist-race", .kind = &contender_insist, .schedule = every_10_ms_twice},
                   {.name = "insist-auto", .kind = &contender_insist, .schedule = within_5_percent}},
    .contender_count = 4,
    .callers = 20,
    .calls = 50000,
    .width = 1,
    .open_callers = 400,
    .ideals = {{"ideal", {.draw = simulate_lognormal_tenth, .width = 1, .operations = 1000000, .seed = 1}},
               {"ideal-race",
                {.draw = simulate_lognormal_tenth,
                 .width = 1,
                 .hedges = 2,
                 .every_ms = 10,
                 .operations = 1000000,
                 .seed = 2}}},
    .ideal_count = 2,
};

static bool run(struct bench *bench) {
    struct report *report = &bench->report;
    report->what =
        "answers after 5 ms (lognormal, sd 2 ms), 5 % of them after ten times that; hedges after 10 ms, two at most";
    report->curve_title = "tail: one request, with hedges after 10 ms and without";
    report_add_goal(report, "insist-race", "p99_ms", 17.8);
    report_add_goal(report, "insist-race", "p99.9_ms", 27);
    report_add_goal(report, "insist-race", "extra_percent", 8.2);
    report_add_goal(report, "insist-auto", "p99_ms", 24);
    report_add_goal(report, "insist-auto", "extra_percent", 5.5);
    report_add_ratio(report, "insist", "p50_ms", "libcurl");
    report_add_ratio(report, "insist", "cpu_us_per_request", "libcurl");
    report_add_ratio(report, "insist-race", "p50_ms", "libcurl");
    report_add_ratio(report, "insist-race", "p99_ms", "libcurl");
    report_add_ratio(report, "insist-race", "p99.9_ms", "libcurl");
    report_add_ratio(report, "insist-race", "cpu_us_per_request", "libcurl");
    report_add_ratio(report, "insist-auto", "p99_ms", "libcurl");
    report_add_note(report,
                    "slow_percent: requests, hedges left out, that took longer than 10 ms from being sent to the "
                    "first byte; whoever hedges after 10 ms hedges all of these");
    report_add_note(
        report,
        "ideal and ideal-race are simulated from the distribution, not measured: no client, no network, no queue");
    report_add_note(
        report,
        "insist-auto starts knowing nothing in every round: its first 100 calls, which are not hedged, are counted");
    return contest_run(bench, &contest);
}

const struct workload workload_tail = {"tail", "W1: a lone slow answer now and then; hedged after 10 ms, and by itself",
                                       WORKLOAD_REQUESTS | WORKLOAD_DURATION | WORKLOAD_RATE, run};
