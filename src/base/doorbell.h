/* A doorbell: one thread sleeps beside it until somebody rings, or until an absolute instant of CLOCK_MONOTONIC. A ring
 * that nobody slept for is kept, so the sleeper may wake for no reason: it asks again. Unlike a condition it needs no
 * lock to be held, and none is taken again by the thread that wakes. Any thread rings, one sleeps. */
#ifndef BASE_DOORBELL_H
#define BASE_DOORBELL_H

#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

struct doorbell {
    sem_t rings;
};

void doorbell_init(struct doorbell *bell);
void doorbell_fini(struct doorbell *bell);

void doorbell_ring(struct doorbell *bell);
/* False once deadline_ns has passed; TIME_NEVER sleeps without an end. */
bool doorbell_sleep_until(struct doorbell *bell, int64_t deadline_ns);

#endif
