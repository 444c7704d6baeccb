#include "led_job.h"

#include "base/time_math.h"
#include "pool/reactor.h"
#include <sched.h>
#include <stdlib.h>

static void *lead(void *argument) {
    const struct led_job *led = argument;
    pool_lead(led->pool, led->job, TIME_NEVER);
    return NULL;
}

void led_job_start(struct led_job *led, struct pool *pool, struct job *job) {
    led->pool = pool;
    led->job = job;
    if (pthread_create(&led->thread, NULL, lead, led) != 0)
        abort();
}

void led_job_join(struct led_job *led) {
    pthread_join(led->thread, NULL);
}

bool led_job_is_asleep(const struct led_job *led) {
    return atomic_load(&led->job->reactor->driver.token) == DRIVER_ASLEEP;
}

void led_job_wait_until_asleep(const struct led_job *led) {
    while (!led_job_is_asleep(led))
        sched_yield();
}
