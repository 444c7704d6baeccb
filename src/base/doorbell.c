/* A semaphore of this process: of the kind made here it cannot fail. */
#include "base/doorbell.h"

#include "base/time_math.h"
#include <errno.h>
#include <time.h>

#define NS_PER_S 1000000000

void doorbell_init(struct doorbell *bell) {
    sem_init(&bell->rings, 0, 0);
}

void doorbell_fini(struct doorbell *bell) {
    sem_destroy(&bell->rings);
}

void doorbell_ring(struct doorbell *bell) {
    sem_post(&bell->rings);
}

bool doorbell_sleep_until(struct doorbell *bell, int64_t deadline_ns) {
    if (deadline_ns == TIME_NEVER) {
        sem_wait(&bell->rings);
        return true;
    }
    deadline_ns = time_max(deadline_ns, 0); /* the clock starts at 0: anything before has passed just as well */
    struct timespec until = {.tv_sec = (time_t)(deadline_ns / NS_PER_S), .tv_nsec = (long)(deadline_ns % NS_PER_S)};
    return sem_clockwait(&bell->rings, CLOCK_MONOTONIC, &until) == 0 || errno != ETIMEDOUT;
}
