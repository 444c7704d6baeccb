/* A contest: the same load by each contender in turn, round after round, A B A B, against a path of the test server
 * that draws its delays. In a round all contenders meet the same draws, hit by hit; each round has draws of its own. */
#ifndef BENCH_CONTEST_H
#define BENCH_CONTEST_H

#include "contender.h"
#include "simulate.h"
#include "workload.h"

enum { CONTEST_CONTENDERS = 5, CONTEST_GOALS = 8 };

struct contest {
    const char *what;   /* one sentence */
    const char *title;  /* of the picture */
    const char *script; /* of the path */
    struct contender contenders[CONTEST_CONTENDERS];
    unsigned contender_count;
    unsigned callers;
    uint64_t calls;        /* of a round */
    unsigned width;        /* requests of a call */
    unsigned open_callers; /* with --rate: so many, that one is always free */
    /* what is simulated, without hedges and with them */
    double (*draw)(uint64_t *random); /* how long an answer takes, in milliseconds */
    uint64_t operations;
    struct report_goal goals[CONTEST_GOALS];
    unsigned goal_count;
};

/* The hedges of insist-race: after 10 ms, two at most. */
insist_scheduler contest_hedges(void);
/* Reports p50_ms, p90_ms, p99_ms, p99.9_ms, max_ms, extra_percent, slow_percent, hedges_percent, cpu_us_per_request,
 * calls_per_second and failed of every contender, p99.9_of_all_ms of all rounds together, and the ideals: "ideal", and "ideal-race" with those hedges. False,
 * with a sentence on standard error. */
bool contest_run(struct bench *bench, const struct contest *contest);

#endif
