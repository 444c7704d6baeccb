/* A mutex, a condition variable on the monotonic clock that waits until an absolute instant, and a shield against being
 * cancelled meanwhile. */
#ifndef BASE_SYNC_H
#define BASE_SYNC_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct mutex {
    pthread_mutex_t handle;
};

struct condition {
    pthread_cond_t handle;
};

bool mutex_init(struct mutex *mutex);
void mutex_fini(struct mutex *mutex);
void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

bool condition_init(struct condition *condition);
void condition_fini(struct condition *condition);
void condition_signal(struct condition *condition);
void condition_broadcast(struct condition *condition);
void condition_wait(struct condition *condition, struct mutex *mutex);
/* Returns false once deadline_ns (CLOCK_MONOTONIC) has passed; TIME_NEVER waits without an end. May wake for no reason:
 * ask again. */
bool condition_wait_until(struct condition *condition, struct mutex *mutex, int64_t deadline_ns);

/* Until thread_unshield() gets what this returned, the calling thread cannot be cancelled: what it holds would be lost,
 * and whoever waits for it would wait for ever. A request that comes meanwhile stays pending. Shields nest. */
int thread_shield(void);
void thread_unshield(int before);

#endif
