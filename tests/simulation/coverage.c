/* Counting, printing, and the least that is asked for. */
#include "simulation/coverage.h"
#include <stdio.h>

#define REQUIRED_PERCENT 5.0
#define OTHERS_PERCENT 0.1 /* what else is counted, each reason included */

static const char *const names[COVER_BITS] = {
    [COVER_THREE_IN_FLIGHT] = "three or more in flight",
    [COVER_BUDGET_REFUSED] = "a refused budget",
    [COVER_NOT_BEFORE] = "a not_before",
    [COVER_CANCEL_WITH_END] = "a cancel in the same turn as an end",
    [COVER_CANCEL_INSIDE] = "a cancel while user code ran",
    [COVER_COMMITTED] = "a commit to a sink",
    [COVER_HANDLER] = "a handler's error",
    [COVER_GATE_LOST] = "a gate lost to SENT",
    [COVER_RETRIED] = "a retry",
    [COVER_HEDGED] = "a hedge",
    [COVER_QUEUED] = "a wait for room",
    [COVER_QUEUE_FULL] = "no room",
    [COVER_STARTER_REFUSED] = "a hedge that the starter refused",
    [COVER_HEDGE_REFUSED] = "a hedge that did not start",
    [COVER_HURRIED] = "a retry at a hedge's time",
    [COVER_PUT_OFF] = "a pending retry that was put off",
    [COVER_STALE] = "a stale connection replaced",
    [COVER_REWOUND] = "a sink rewound",
    [COVER_SINK_STOPPED] = "a sink that waited until a cancel or the deadline",
    [COVER_CANCELLED_START] = "a start that a cancel forbade",
    [COVER_NO_MEMORY] = "no memory for an attempt",
    [COVER_UNWANTED] = "an answer that the validator rejected",
    [COVER_TIMED_OUT] = "an attempt's timeout",
    [COVER_UNSEEN_END] = "an end found while giving up",
    [COVER_LEARNT_HEDGE] = "a hedge by a learnt delay",
};

void coverage_add(struct coverage *coverage, unsigned bits, insist_reason reason, unsigned attempts, unsigned steps) {
    coverage->executions++;
    coverage->attempts += attempts;
    coverage->steps += steps;
    coverage->reasons[reason]++;
    for (unsigned i = 0; i < COVER_BITS; i++)
        coverage->bits[i] += bits >> i & 1;
}

static int print_line(const char *name, uint64_t count, uint64_t executions, double least) {
    const double percent = executions == 0 ? 0 : 100 * (double)count / (double)executions;
    printf("%6.2f %%  %s%s\n", percent, name, percent < least ? "  TOO RARE" : "");
    return percent >= least;
}

int coverage_print(const struct coverage *coverage) {
    const uint64_t executions = coverage->executions;
    int enough = 1;
    printf("executions with …\n");
    for (unsigned i = 0; i < COVER_BITS; i++)
        enough &=
            print_line(names[i], coverage->bits[i], executions, i < COVER_REQUIRED ? REQUIRED_PERCENT : OTHERS_PERCENT);
    printf("executions that ended by …\n");
    for (unsigned i = 0; i <= INSIST_REJECTED; i++)
        enough &= print_line(insist_reason_name((insist_reason)i), coverage->reasons[i], executions, OTHERS_PERCENT);
    return enough;
}
