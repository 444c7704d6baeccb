/* The retry budget of one origin, its pure core: time is handed in, the caller locks.
 *
 * An extra attempt is allowed when, counting it, the extras charged in the last ten seconds are at most 10 + 20 % of
 * the first attempts begun in them, and the bucket (500 to start with and at most, +14 a second, +1 for each accepted
 * first attempt) holds its cost. The last ten seconds are ten slots of one whole second of the monotonic clock each,
 * the newest being the one that runs.
 *
 * What becomes of a charge: an attempt that is accepted or redundant returns its cost to the bucket, but it has been a
 * load on the server and stays an extra of its second; one that never starts is as if it had not been charged; any
 * other has spent it. */
#ifndef POLICY_BUDGET_H
#define POLICY_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#define BUDGET_SLOTS 10
#define BUDGET_COST 14          /* of an extra attempt */
#define BUDGET_COST_THROTTLED 5 /* after a throttled outcome */

struct budget {
    int64_t now_ns;      /* the latest instant seen: an earlier one counts as this one */
    int64_t level_nano;  /* of the bucket, in thousand-millionths: 14 a nanosecond, so that no gain is rounded away */
    int64_t slot_second; /* second of the newest slot */
    uint32_t firsts[BUDGET_SLOTS];
    uint32_t extras[BUDGET_SLOTS];
};

void budget_init(struct budget *budget, int64_t now_ns);
void budget_first_begun(struct budget *budget, int64_t now_ns);
void budget_first_accepted(struct budget *budget, int64_t now_ns);
/* Charges both the share and the bucket, or neither. False: not allowed. */
bool budget_charge(struct budget *budget, unsigned cost, int64_t now_ns);
/* The attempt was accepted or is redundant. */
void budget_return_cost(struct budget *budget, unsigned cost, int64_t now_ns);
/* The attempt never started. */
void budget_give_back(struct budget *budget, unsigned cost, int64_t charged_at_ns, int64_t now_ns);

#endif
