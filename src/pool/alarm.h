/* A worker's alarm: a timer, and when it rings. It is moved to what is due first, by the worker or by whoever hands over
 * to it, and to nothing later; one that rings too early for what is due by then is left, which is cheaper than to move
 * it for each attempt. Any thread; atomics. */
#ifndef POOL_ALARM_H
#define POOL_ALARM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct alarm_clock {
    int timer;           /* fixed. A timerfd; it is watched by its edges and never read */
    atomic_llong due_ns; /* when it rings; TIME_NEVER: not set */
};

bool alarm_clock_init(struct alarm_clock *alarm);
void alarm_clock_fini(struct alarm_clock *alarm);

/* Whoever wants it to ring says first, where the worker looks for it, when; and the worker looks after it has rung. */
void alarm_clock_set(struct alarm_clock *alarm, int64_t due_ns);
void alarm_clock_rung(struct alarm_clock *alarm); /* the worker, before it looks what is due */

#endif
