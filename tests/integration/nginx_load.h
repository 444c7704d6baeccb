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

/* Every thread makes its calls one after the other, each with a key of its own: ?key=<thread>-<call>-<name>. */
struct load {
    /* fixed */
    const struct nginx_site *site;
    const struct nginx_way *way;
    insist_client *client;
    const char *method;
    const char *path;
    const char *name;
    pthread_t threads[LOAD_THREADS];
    /* own, each thread its row; read after the join */
    insist_result *results[LOAD_THREADS][LOAD_CALLS];
    /* shared, under the lock */
    pthread_mutex_t lock;
    pthread_cond_t moved;
    size_t threads_begun;
    size_t calls_ended;
};

/* Starts the threads. The fixed group is set by the caller. */
void load_start(struct load *load);
/* Waits until so many calls have ended; true while others go on. */
bool load_wait(struct load *load, size_t calls);
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
