/* A call that is ended from another thread: the daemon is told to stop while a server keeps it waiting.
 *
 * Every call gets the same token; firing it ends those that run, at once, and those that come later do not start. */
#include <insist/insist.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

struct job {
    insist_client *client;
    insist_plan *plan;
    insist_cancel *cancel;
    insist_err err;
};

static void *work(void *argument) {
    struct job *job = argument;
    insist_result *result = NULL;
    job->err = insist_execute(job->client, job->plan, INSIST_CALL_OPTIONS(.cancel = job->cancel), &result);
    if (result) {
        printf("%s\n", insist_result_explain(result));
    }
    insist_result_free(result);
    return NULL;
}

/* A daemon would wait for SIGTERM here, with sigwait(). */
static void wait_for_the_end(void) {
    const struct timespec moment = {.tv_nsec = 200 * 1000 * 1000};
    nanosleep(&moment, NULL);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: cancel URL\n");
        return 2;
    }
    struct job job = {.err = INSIST_OK};
    insist_problem problem;
    pthread_t thread;
    if (insist_client_new(NULL, &problem, &job.client) != INSIST_OK ||
        insist_plan_new("GET", argv[1], &problem, &job.plan) != INSIST_OK) {
        fprintf(stderr, "cancel: %s: %s\n", problem.field, problem.text);
    } else if (insist_cancel_new(&job.cancel) != INSIST_OK || pthread_create(&thread, NULL, work, &job) != 0) {
        fprintf(stderr, "cancel: no memory or no thread\n");
    } else {
        wait_for_the_end();
        insist_cancel_fire(job.cancel);
        pthread_join(thread, NULL);
    }
    insist_cancel_free(job.cancel); /* no running call uses it any more */
    insist_plan_free(job.plan);
    insist_client_free(job.client);
    return job.err == INSIST_ECANCELED ? 0 : 1;
}
