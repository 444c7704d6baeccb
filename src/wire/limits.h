/* Limits of the stages of an attempt: until a connection is ready, until the answer begins, and how fast bodies move. */
#ifndef WIRE_LIMITS_H
#define WIRE_LIMITS_H

#include "view/cause.h"
#include <stdbool.h>
#include <stdint.h>

struct transfer;

enum stretch { STRETCH_CONNECT, STRETCH_UPLOAD, STRETCH_WAIT, STRETCH_DOWNLOAD };

struct limits {
    enum stretch stretch;
    int64_t due_ns; /* TIME_NEVER: this stretch has no limit */
    uint64_t moved; /* bytes before it, or before the last look at them */
};

/* A lookup begins. */
void limits_begin(struct transfer *transfer);
/* Something may have come to the next stretch, or goes on after a pause: true, and the limit is counted from here. */
bool limits_move_on(struct transfer *transfer, bool resumed);
/* It is due: true, and it is broken; else it has been set anew. */
bool limits_meet(struct transfer *transfer);
/* Which was broken. */
struct cause limits_cause(const struct transfer *transfer);

#endif
