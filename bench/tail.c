/* Workload W1: a service whose answers take 5 ms as a rule and ten times as long now and then. Hedges after 10 ms
 * cut the tail off. The same with `auto`, which is told nothing but the share of extra requests that it may cause:
 * its client is as fresh as all others, and what passes before it knows enough latencies to hedge at all is in its
 * figures. */
#include "contest.h"

static insist_scheduler within_5_percent(void) {
    return insist_race_auto(0.05, 2);
}

static const struct contest contest = {
    .what =
        "answers after 5 ms (lognormal, sd 2 ms), 5 % of them after ten times that; hedges after 10 ms, two at most",
    .title = "tail: one request, with hedges after 10 ms and without",
    .script = "200;delay=mix(0.95:ln(5ms,2ms),0.05:ln(50ms,20ms))",
    .contenders = {{.name = "libcurl", .kind = &contender_easy},
                   {.name = "insist", .kind = &contender_insist},
                   {.name = "insist-race", .kind = &contender_insist, .schedule = contest_hedges},
                   {.name = "insist-auto", .kind = &contender_insist, .schedule = within_5_percent},
                   {.name = "go-retryablehttp", .kind = &contender_peer}},
    .contender_count = 5,
    .callers = 20,
    .calls = 50000,
    .width = 1,
    .open_callers = 400,
    .draw = simulate_lognormal_tenth,
    .operations = 1000000,
    .goals = {{"W1", "insist-race", "p99_ms", NULL, 17.8, false},
              {"W1", "insist-race", "p99.9_ms", NULL, 27, false},
              {"W1", "insist-race", "extra_percent", NULL, 8.2, false},
              {"W1-auto", "insist-auto", "p99_ms", NULL, 24, false},
              {"W1-auto", "insist-auto", "extra_percent", NULL, 5.5, false}},
    .goal_count = 5,
};

static bool run(struct bench *bench) {
    report_add_note(
        &bench->report,
        "insist-auto starts knowing nothing in every round: its first 100 calls, which are not hedged, are counted");
    return contest_run(bench, &contest);
}

const struct workload workload_tail = {"tail", "W1: a lone slow answer now and then; hedged after 10 ms, and by itself",
                                       WORKLOAD_REQUESTS | WORKLOAD_DURATION | WORKLOAD_RATE, run};
