/* The retry budget of one origin, its pure core: time is handed in, the caller locks.
 *
 * An extra attempt is allowed when, counting it, the extras charged in the last ten seconds are at most 10 + 20 % of the first attempts
 * begun in them, and the bucket (500 to start with and at most, +14 a second, +1 for each accepted first attempt) holds its cost. */
#ifndef POLICY_BUDGET_H
#define POLICY_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#define BUDGET_SLOTS 10
#define BUDGET_COST 14           /* of an extra attempt */
#define BUDGET_COST_THROTTLED 5  /* after a throttled outcome */

struct budget {
    int64_t slot_second;            /* second of the newest slot, on the monotonic clock */
    uint32_t firsts[BUDGET_SLOTS];
    uint32_t extras[BUDGET_SLOTS];
    int64_t level_micro;            /* of the bucket, in millionths */
    int64_t level_at_ns;
};

void budget_init(struct budget *budget, int64_t now_ns);
void budget_first_begun(struct budget *budget, int64_t now_ns);
void budget_first_accepted(struct budget *budget, int64_t now_ns);
bool budget_charge(struct budget *budget, unsigned cost, int64_t now_ns);   /* both or neither */
void budget_give_back(struct budget *budget, unsigned cost, int64_t charged_at_ns, int64_t now_ns); /* the cost, and the extra's place in its slot while that still counts */

#endif
