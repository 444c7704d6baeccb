/* The workloads: one row each in workloads.c. */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include "options.h"
#include "progress.h"
#include "report.h"
#include "server.h"

/* Options that only some workloads have a use for. */
enum { WORKLOAD_REQUESTS = 1, WORKLOAD_DURATION = 2, WORKLOAD_RATE = 4 };

/* What a workload works with: all of it is main()'s. */
struct bench {
    const struct options *options;
    struct server server;
    struct progress progress;
    struct report report;
};

struct workload {
    const char *name;
    const char *summary;
    unsigned uses;                    /* WORKLOAD_… */
    bool (*run)(struct bench *bench); /* false, with a sentence on standard error */
};

extern const struct workload *const workloads[];        /* NULL behind the last */
const struct workload *workload_find(const char *name); /* NULL: there is none */

extern const struct workload workload_overhead;
extern const struct workload workload_concurrency;
extern const struct workload workload_tail;
extern const struct workload workload_fanout;
extern const struct workload workload_storm;
extern const struct workload workload_deadline;
extern const struct workload workload_duplicates;

#endif
