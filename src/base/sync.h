/* A mutex, and a condition variable on the monotonic clock that waits until an absolute instant. */
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

#endif
