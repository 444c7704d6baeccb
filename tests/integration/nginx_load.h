/* Calls to nginx on other threads: one beside the test's own thread, and many at once. */
#ifndef NGINX_LOAD_H
#define NGINX_LOAD_H

#include "nginx_site.h"
#include <pthread.h>

/* One call on a thread of its own. */
struct side_call {
    pthread_t thread;
    insist_client *client;
    const insist_plan *plan;
    const insist_call_options *options;
    insist_result *result;
};

/* Client, plan and options (NULL: none) must outlive the call. */
void side_call_start(struct side_call *call, insist_client *client, const insist_plan *plan,
                     const insist_call_options *options);
/* Waits for its end. The result is the caller's. */
insist_result *side_call_join(struct side_call *call);

enum { LOAD_THREADS = 16, LOAD_CALLS = 50 };

/* Every thread makes its calls one after the other, each with a key of its own: ?key=<thread>-<call>-<name>. Now and then
 * they all come to a mark and stay there until the test has them go on: the first half of them, LOAD_CAUGHT, in the middle
 * of an answer that would take a minute more, the others before a request. */
struct load {
    /* fixed */
    const struct nginx_site *site;
    const struct nginx_way *way;
    insist_client *client;
    const char *method;
    const char *path; /* of a slow file: see nginx.conf */
    const char *name;
    size_t marks;
    pthread_t threads[LOAD_THREADS];
    /* own, each thread its row; read after the join */
    insist_result *results[LOAD_THREADS][LOAD_CALLS];
    /* shared, under the lock */
    pthread_mutex_t lock;
    pthread_cond_t moved;
    size_t threads_begun;
    size_t arrivals; /* of threads at marks, from the beginning */
    size_t begun;    /* marks at which the test has begun what it does to the calls there */
    size_t passed;   /* and done it */
};

enum { LOAD_CAUGHT = LOAD_THREADS / 2 };

/* Starts the threads. The fixed group is set by the caller. */
void load_start(struct load *load);
/* Waits until all threads are at the next mark. False: they did not come within 50 s. */
bool load_gather(struct load *load);
/* What befalls the answers that were caught begins: the other threads go on, into the midst of it. Owed for every mark. */
void load_begin(struct load *load);
/* And is over: there may be another mark. Owed for every mark. */
void load_pass(struct load *load);
/* Waits for all. */
void load_join(struct load *load);
/* Frees the results. */
void load_free(struct load *load);

struct load_key {
    char text[64];
};

/* The key of a call. */
struct load_key load_key(const struct load *load, size_t thread, size_t call);

#endif
