/* What the calls of a storm did, each in a place of its own, so that callers share nothing; read when all have
 * ended. */
#ifndef BENCH_STORM_CALLS_H
#define BENCH_STORM_CALLS_H

#include "load.h"
#include <insist/insist.h>
#include <stdbool.h>

enum { STORM_RETRIES = 3 };

struct storm_call {
    int64_t planned_ns;
    int64_t begun_ns;
    int64_t ended_ns;
    unsigned attempts;
    unsigned refused; /* of them: answered with a status that is not a good one */
    bool good;
    struct {
        int64_t decided_ns; /* when the attempt ended that it follows */
        int64_t started_ns;
    } retries[STORM_RETRIES];
};

struct storm_calls {
    struct storm_call *calls;
    uint64_t count;
};

struct storm_outage {
    int64_t begin_ns;
    int64_t end_ns;
};

struct storm_account {
    double attempts_per_call;    /* of calls that were begun in the outage */
    double first_retry_ms;       /* from its end to the start of the first retry that was decided after it; NaN: none */
    double failed_after_percent; /* of calls that were begun after it */
    struct samples during;       /* how long the calls begun in the outage took, from their plan, sorted */
};

bool storm_calls_init(struct storm_calls *calls, uint64_t count);
void storm_calls_fini(struct storm_calls *calls);
/* A call that was planned and begun then has ended with that result (NULL: without one). Any thread, once for each
 * number. */
void storm_calls_note(struct storm_calls *calls, const struct load_tick *tick, int64_t begun_ns,
                      const insist_result *result);
/* The share of all attempts that were refused, in percent. */
double storm_calls_refused_percent(const struct storm_calls *calls);
struct storm_account storm_calls_account(const struct storm_calls *calls, const struct storm_outage *outage);

#endif
