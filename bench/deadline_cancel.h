/* The second half of the workload `deadline`: calls without a deadline, each cancelled by another thread when it has
 * been held in its phase for a while. */
#ifndef BENCH_DEADLINE_CANCEL_H
#define BENCH_DEADLINE_CANCEL_H

#include "workload.h"

/* The goals. */
void deadline_cancel_describe(struct report *report);
/* Every phase, so many calls each. Adds the calls that were not held to *missed. False, with a sentence on standard
 * error. */
bool deadline_cancel_round(struct bench *bench, unsigned round, uint64_t calls, uint64_t *missed);

#endif
