/* A daemon with a pool of threads whose jobs come with deadlines. A deadline is an instant, not a duration, so the time
 * that a job has spent in the queue counts. What is left of it goes along with each attempt, as a header: a server
 * behind need not work on what nobody waits for any more. */
#include <insist/insist.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

enum { THREADS = 2, JOBS = 4 };

struct job {
    int64_t deadline_ns; /* an instant of CLOCK_MONOTONIC */
    bool done;
    insist_err err; /* of a job that is done */
};

/* Shared by all threads: one client, and one plan, which does not change any more. */
static insist_client *client;
static insist_plan *plan;
static struct job jobs[JOBS];
static atomic_size_t next_job;

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Before each attempt, retries too. ctx: where the thread keeps its job. Any number but 0 would end the call. */
static int tell_deadline(void *ctx, insist_event event, insist_execution *execution) {
    struct job *const *job = ctx;
    char left[32];
    (void)event;
    snprintf(left, sizeof left, "%lld", (long long)((*job)->deadline_ns - now_ns()) / 1000000);
    return insist_execution_set_header(execution, "X-Deadline-Ms", left) == INSIST_OK ? 0 : 1;
}

static void *work(void *unused) {
    struct job *job = NULL;
    insist_handlers *handlers = NULL; /* a thread's own, for all its calls */
    if (insist_handlers_new(&handlers) == INSIST_OK &&
        insist_handlers_push(handlers, INSIST_BEFORE_ATTEMPT, tell_deadline, &job) == INSIST_OK) {
        for (size_t i = atomic_fetch_add(&next_job, 1); i < JOBS; i = atomic_fetch_add(&next_job, 1)) {
            job = &jobs[i];
            insist_result *result = NULL;
            job->err = insist_execute(
                client, plan, INSIST_CALL_OPTIONS(.deadline_at_ns = job->deadline_ns, .handlers = handlers), &result);
            job->done = true;
            insist_result_free(result);
        }
    }
    insist_handlers_free(handlers);
    return unused;
}

int main(int argc, char **argv) {
    insist_problem problem;
    pthread_t threads[THREADS];
    size_t started = 0;
    if (argc != 2) {
        fprintf(stderr, "usage: deadline_propagation URL\n");
        return 2;
    }
    if (insist_client_new(NULL, &problem, &client) != INSIST_OK ||
        insist_plan_new("GET", argv[1], &problem, &plan) != INSIST_OK) {
        fprintf(stderr, "deadline_propagation: %s: %s\n", problem.field, problem.text);
    } else {
        for (size_t i = 0; i < JOBS; i++) { /* every other job is in a hurry */
            jobs[i].deadline_ns = now_ns() + (i % 2 ? 100 : 20000) * INT64_C(1000000);
        }
        while (started < THREADS && pthread_create(&threads[started], NULL, work, NULL) == 0) {
            started++;
        }
    }
    while (started > 0) {
        pthread_join(threads[--started], NULL);
    }
    for (size_t i = 0; i < JOBS; i++) {
        printf("job %zu: %s\n", i, jobs[i].done ? insist_strerror(jobs[i].err) : "not done");
    }
    insist_plan_free(plan);
    insist_client_free(client);
    return jobs[0].done && jobs[0].err == INSIST_OK ? 0 : 1;
}
