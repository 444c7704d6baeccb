/* A thread that leads a job until there is something in the mailbox of its call, or others take the job over. */
#ifndef LED_JOB_H
#define LED_JOB_H

#include "pool/pool.h"
#include "wire/job.h"
#include <pthread.h>
#include <stdbool.h>

struct led_job {
    struct pool *pool;
    struct job *job;
    pthread_t thread;
};

/* The job was submitted for that. Stays where it is until it is joined. */
void led_job_start(struct led_job *led, struct pool *pool, struct job *job);
void led_job_join(struct led_job *led);
/* Whether whoever drives the job's reactor sleeps. */
bool led_job_is_asleep(const struct led_job *led);
void led_job_wait_until_asleep(const struct led_job *led);

#endif
