/* Locks and conditions of pthreads; of the kind made here they can fail only when they are made. Any thread. */
#include "base/sync.h"

#include "base/time_math.h"
#include <errno.h>
#include <time.h>

#define NS_PER_S 1000000000

/* Whoever finds it taken looks again for a moment before he sleeps: no holder does more than move a few links. One who
 * sleeps costs himself a switch, and a wake-up each holder until he has run. */
bool mutex_init(struct mutex *mutex) {
    pthread_mutexattr_t attributes;
    if (pthread_mutexattr_init(&attributes) != 0)
        return false;
    bool ready = pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP) == 0 &&
                 pthread_mutex_init(&mutex->handle, &attributes) == 0;
    pthread_mutexattr_destroy(&attributes);
    return ready;
}

void mutex_fini(struct mutex *mutex) {
    pthread_mutex_destroy(&mutex->handle);
}

void mutex_lock(struct mutex *mutex) {
    pthread_mutex_lock(&mutex->handle);
}

void mutex_unlock(struct mutex *mutex) {
    pthread_mutex_unlock(&mutex->handle);
}

bool condition_init(struct condition *condition) {
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return false;
    bool ready = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                 pthread_cond_init(&condition->handle, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return ready;
}

void condition_fini(struct condition *condition) {
    pthread_cond_destroy(&condition->handle);
}

void condition_signal(struct condition *condition) {
    pthread_cond_signal(&condition->handle);
}

void condition_broadcast(struct condition *condition) {
    pthread_cond_broadcast(&condition->handle);
}

void condition_wait(struct condition *condition, struct mutex *mutex) {
    pthread_cond_wait(&condition->handle, &mutex->handle);
}

bool condition_wait_until(struct condition *condition, struct mutex *mutex, int64_t deadline_ns) {
    if (deadline_ns == TIME_NEVER) {
        condition_wait(condition, mutex);
        return true;
    }
    deadline_ns = time_max(deadline_ns, 0); /* the clock starts at 0: anything before has passed just as well */
    struct timespec until = {.tv_sec = (time_t)(deadline_ns / NS_PER_S), .tv_nsec = (long)(deadline_ns % NS_PER_S)};
    return pthread_cond_timedwait(&condition->handle, &mutex->handle, &until) != ETIMEDOUT;
}

int thread_shield(void) {
    int before = PTHREAD_CANCEL_ENABLE;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

void thread_unshield(int before) {
    int shielded;
    pthread_setcancelstate(before, &shielded);
}
