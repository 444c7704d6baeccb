/* Sums kept beside the real ones, as plainly as possible: an origin's retry budget, second by second since the fleet
 * began, and the starts of a throttle. Pure. */
#ifndef SIMULATION_LEDGER_H
#define SIMULATION_LEDGER_H

#include "simulation/scene.h"

#define LEDGER_SECONDS 512
#define LEDGER_STARTS 512

struct ledger {
    int64_t latest_ns, level_nano;
    uint32_t firsts[LEDGER_SECONDS], extras[LEDGER_SECONDS];
    int64_t charged, returned, given_back, spent; /* sums of costs */
};

void ledger_init(struct ledger *ledger, int64_t now_ns);
void ledger_first_begun(struct ledger *ledger, int64_t now_ns);
void ledger_first_accepted(struct ledger *ledger, int64_t now_ns);
/* Would it be allowed? Counts it, if it was. NULL, or what is wrong with that. */
const char *ledger_charge(struct ledger *ledger, unsigned cost, bool allowed, int64_t now_ns);
void ledger_return(struct ledger *ledger, unsigned cost, int64_t now_ns);
/* The same. */
const char *ledger_give_back(struct ledger *ledger, unsigned cost, int64_t charged_at_ns, int64_t now_ns);
/* Everything has ended: what was charged came back or was spent. */
const char *ledger_balance(const struct ledger *ledger);

struct starts {
    int64_t at_ns[LEDGER_STARTS];
    unsigned count;
};

const char *starts_ask(struct starts *starts, const struct race_scene *race, bool allowed, int64_t now_ns);
const char *starts_take_back(struct starts *starts, int64_t now_ns);

#endif
