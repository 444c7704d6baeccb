/* How often the executions did what is worth being tested. */
#ifndef SIMULATION_COVERAGE_H
#define SIMULATION_COVERAGE_H

#include <insist/result.h>
#include <stdint.h>

enum coverage_bit {
    COVER_THREE_IN_FLIGHT,
    COVER_BUDGET_REFUSED,
    COVER_NOT_BEFORE,
    COVER_CANCEL_WITH_END,
    COVER_CANCEL_INSIDE,
    COVER_COMMITTED,
    COVER_HANDLER,
    COVER_GATE_LOST,
    COVER_REQUIRED, /* those before it: in 5 % of the executions each */

    COVER_RETRIED = COVER_REQUIRED,
    COVER_HEDGED,
    COVER_QUEUED,
    COVER_QUEUE_FULL,
    COVER_STARTER_REFUSED,
    COVER_HEDGE_REFUSED,
    COVER_HURRIED,
    COVER_PUT_OFF,
    COVER_STALE,
    COVER_REWOUND,
    COVER_SINK_STOPPED,
    COVER_CANCELLED_START,
    COVER_NO_MEMORY,
    COVER_UNWANTED,
    COVER_TIMED_OUT,
    COVER_UNSEEN_END,
    COVER_LEARNT_HEDGE,
    COVER_BITS
};

struct coverage {
    uint64_t executions, attempts, steps;
    uint64_t bits[COVER_BITS];
    uint64_t reasons[INSIST_REJECTED + 1];
};

void coverage_add(struct coverage *coverage, unsigned bits, insist_reason reason, unsigned attempts, unsigned steps);
/* Prints it. False: something was covered too rarely. */
int coverage_print(const struct coverage *coverage);

#endif
