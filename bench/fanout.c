/* Workload W2: an operation asks for a hundred things at once and is done when the last is there, so that it meets
 * nearly every time what one request meets once in a hundred times. Service times as in The Tail at Scale (CACM 56(2),
 * 2013); hedges after 10 ms, two at most for each request.
 *
 * One server, on one thread, stands for a hundred here. It has to read a hundred requests before the delay of the
 * last one begins, and what it cannot read in time looks like a slow service. So insist has one worker, as the
 * yardstick has one thread; insist-race-default has as many as it chooses by itself. */
#include "contest.h"

enum { WIDTH = 100 };

static const struct contest contest = {
    .what =
        "operations of 100 requests at once, each as slow as The Tail at Scale has it; hedges after 10 ms, two at most",
    .title = "fanout: the slowest of 100 requests, with hedges after 10 ms and without",
    .script =
        "200;delay=mix(0.98:uniform(1ms,10ms),0.019:pareto(10ms,1.550970264,69ms),0.001:pareto(69ms,2.118010737))",
    .contenders =
        {{.name = "libcurl", .kind = &contender_multi, .width = WIDTH},
         {.name = "insist", .kind = &contender_insist_all, .width = WIDTH, .workers = 1},
         {.name = "insist-race",
          .kind = &contender_insist_all,
          .schedule = contest_hedges,
          .width = WIDTH,
          .workers = 1},
         {.name = "insist-race-default", .kind = &contender_insist_all, .schedule = contest_hedges, .width = WIDTH}},
    .contender_count = 4,
    .callers = 1,
    .calls = 3000,
    .width = WIDTH,
    .draw = simulate_tail_at_scale,
    .operations = 60000,
    .goals = {{"W2", "insist-race", "p99.9_of_all_ms", NULL, 40, false},
              {"W2", "insist-race", "extra_percent", NULL, 3.5, false},
              {"W2", "insist-race-default", "p99.9_of_all_ms", NULL, 40, false},
              {"W2", "insist-race-default", "extra_percent", NULL, 3.5, false}},
    .goal_count = 4,
};

static bool run(struct bench *bench) {
    report_add_note(&bench->report,
                    "insist and insist-race have one worker, as libcurl has one thread: a second one sends the "
                    "requests faster than the one server can read them (insist-race-default)");
    return contest_run(bench, &contest);
}

const struct workload workload_fanout = {"fanout",
                                         "W2: a hundred requests at once, as slow as the slowest; hedged after 10 ms",
                                         WORKLOAD_REQUESTS | WORKLOAD_DURATION, run};
