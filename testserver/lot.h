/* What falls to one hit of a script: the choice of its step, and the durations that are drawn for it. From the script,
 * the seed, the key and the number of the hit, and from nothing else. Pure. */
#ifndef TESTSERVER_LOT_H
#define TESTSERVER_LOT_H

#include "script.h"

struct lot {
    const struct choice *choice; /* the script's */
    uint64_t delay_us;
    uint64_t body; /* where a body that is random starts */
    uint64_t service_us;
};

struct lot lot_draw(const struct script *script, uint64_t seed, const char *key, uint64_t hit);

#endif
