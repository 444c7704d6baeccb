/* Workload W2: an operation asks for a hundred things at once and is done when the last is there, so that it meets
 * nearly every time what one request meets once in a hundred times. Service times as in The Tail at Scale (CACM 56(2),
 * 2013); hedges after 10 ms, two at most for each request.
 *
 * One server, on one thread, stands for a hundred here. It has to read a hundred requests before the delay of the
 * last one begins, and what it cannot read in time looks like a slow service. So insist has one worker, as the
 * yardstick has one thread; insist-race-default has as many as it chooses by itself. */
#include "contest.h"

enum { WIDTH = 100 };

static insist_scheduler every_10_ms_twice(void) {
    return insist_race_every_ms(10, 2);
}

static const struct contest contest = {
    .script =
        "200;delay=mix(0.98:uniform(1ms,10ms),0.019:pareto(10ms,1.550970264,69ms),0.001:pareto(69ms,2.118010737))",
    .contenders =
        {{.name = "libcurl", .kind = &contender_multi, .width = WIDTH},
         {.name = "insist", .kind = &contender_insist_all, .width = WIDTH, .workers = 1},
         {.name = "insist-race",
          .kind = &contender_insist_all,
          .schedule = every_10_ms_twice,
          .width = WIDTH,
          .workers = 1},
         {.name = "insist-race-default", .kind = &contender_insist_all, .schedule = every_10_ms_twice, .width = WIDTH}},
    .contender_count = 4,
    .callers = 1,
    .calls = 3000,
    .width = WIDTH,
    .ideals = {{"ideal", {.draw = simulate_tail_at_scale, .width = WIDTH, .operations = 60000, .seed = 1}},
               {"ideal-race",
                {.draw = simulate_tail_at_scale,
                 .width = WIDTH,
                 .hedges = 2,
                 .every_ms = 10,
                 .operations = 60000,
                 .seed = 2}}},
    .ideal_count = 2,
};

static bool run(struct bench *bench) {
    struct report *report = &bench->report;
    report->what =
        "operations of 100 requests at once, each as slow as The Tail at Scale has it; hedges after 10 ms, two at most";
    report->curve_title = "fanout: the slowest of 100 requests, with hedges after 10 ms and without";
    report_add_goal(report, "insist-race", "p99.9_ms", 40);
    report_add_goal(report, "insist-race", "extra_percent", 3.5);
    report_add_ratio(report, "insist", "p50_ms", "libcurl");
    report_add_ratio(report, "insist", "cpu_us_per_request", "libcurl");
    report_add_ratio(report, "insist-race", "p50_ms", "libcurl");
    report_add_ratio(report, "insist-race", "p99_ms", "libcurl");
    report_add_ratio(report, "insist-race", "p99.9_ms", "libcurl");
    report_add_ratio(report, "insist-race", "cpu_us_per_request", "libcurl");
    report_add_note(report, "insist and insist-race have one worker, as libcurl has one thread: a second one sends the "
                            "requests faster than the one server can read them (insist-race-default)");
    report_add_note(report,
                    "slow_percent: requests, hedges left out, that took longer than 10 ms from being sent to the "
                    "first byte; whoever hedges after 10 ms hedges all of these");
    report_add_note(
        report,
        "ideal and ideal-race are simulated from the distribution, not measured: no client, no network, no queue");
    return contest_run(bench, &contest);
}

const struct workload workload_fanout = {"fanout",
                                         "W2: a hundred requests at once, as slow as the slowest; hedged after 10 ms",
                                         WORKLOAD_REQUESTS | WORKLOAD_DURATION, run};
