/* A throttle of several windows: how many starts within any stretch of time of a length, for several lengths at once. A
 * start is charged to all windows or to none. Instants are monotonic nanoseconds and may come out of order by as much
 * as threads differ. Pure. */
#ifndef POLICY_THROTTLE_H
#define POLICY_THROTTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct throttle_window {
    uint32_t starts;
    int64_t period_ns;
};

/* One memory of the latest starts serves all windows: a window of n starts has room when the n-th latest is a period
 * old. */
struct throttle {
    const struct throttle_window *windows; /* the owner's */
    size_t count;
    int64_t *latest; /* the owner's: room for the most starts that a window allows */
    uint32_t room;
    uint32_t kept; /* of the latest starts; from the oldest to the newest, around the end of the memory */
    uint32_t first;
};

bool throttle_start(struct throttle *throttle, int64_t now_ns);
/* A start that was charged at that instant did not happen. */
void throttle_take_back(struct throttle *throttle, int64_t charged_at_ns);

#endif
