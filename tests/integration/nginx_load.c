/* See nginx_load.h. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "nginx_load.h"
#include <stdio.h>

/* ---- one call --------------------------------------------------------------------------------------------------- */

static void *execute(void *argument) {
    struct side_call *call = argument;
    return insist_execute(call->client, call->plan, call->options, &call->result) == INSIST_OK ? call : NULL;
}

void side_call_start(struct side_call *call, insist_client *client, const insist_plan *plan,
                     const insist_call_options *options) {
    *call = (struct side_call){.client = client, .plan = plan, .options = options};
    assert_int_equal(pthread_create(&call->thread, NULL, execute, call), 0);
}

insist_result *side_call_join(struct side_call *call) {
    assert_int_equal(pthread_join(call->thread, NULL), 0);
    assert_non_null(call->result);
    return call->result;
}

/* ---- many ------------------------------------------------------------------------------------------------------- */

struct load_key load_key(const struct load *load, size_t thread, size_t call) {
    struct load_key key;
    snprintf(key.text, sizeof key.text, "%zu-%zu-%s", thread, call, load->name);
    return key;
}

/* The result is NULL where something went wrong: the test finds it after the join. */
static insist_result *call_once(const struct load *load, size_t thread, size_t call) {
    char path[160];
    snprintf(path, sizeof path, "%s?key=%s", load->path, load_key(load, thread, call).text);
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    if (insist_plan_new(load->method, nginx_site_url(load->site, load->way, path).text, NULL, &plan) != INSIST_OK ||
        insist_execute(load->client, plan, NULL, &result) == INSIST_ENOMEM) {
        result = NULL;
    }
    insist_plan_free(plan);
    return result;
}

static void *run_thread(void *argument) {
    struct load *load = argument;
    pthread_mutex_lock(&load->lock);
    size_t mine = load->threads_begun++;
    pthread_mutex_unlock(&load->lock);
    for (size_t i = 0; i < LOAD_CALLS; i++) {
        load->results[mine][i] = call_once(load, mine, i);
        pthread_mutex_lock(&load->lock);
        load->calls_ended++;
        pthread_cond_broadcast(&load->moved);
        pthread_mutex_unlock(&load->lock);
    }
    return NULL;
}

void load_start(struct load *load) {
    load->threads_begun = 0;
    load->calls_ended = 0;
    pthread_mutex_init(&load->lock, NULL);
    pthread_cond_init(&load->moved, NULL);
    for (size_t i = 0; i < LOAD_THREADS; i++) {
        assert_int_equal(pthread_create(&load->threads[i], NULL, run_thread, load), 0);
    }
}

/* Every call has a deadline, so this ends. */
bool load_wait(struct load *load, size_t calls) {
    pthread_mutex_lock(&load->lock);
    while (load->calls_ended < calls) {
        pthread_cond_wait(&load->moved, &load->lock);
    }
    bool goes_on = load->calls_ended < (size_t)LOAD_THREADS * LOAD_CALLS;
    pthread_mutex_unlock(&load->lock);
    return goes_on;
}

void load_join(struct load *load) {
    for (size_t i = 0; i < LOAD_THREADS; i++) {
        pthread_join(load->threads[i], NULL);
    }
    pthread_cond_destroy(&load->moved);
    pthread_mutex_destroy(&load->lock);
}

void load_free(struct load *load) {
    for (size_t thread = 0; thread < LOAD_THREADS; thread++) {
        for (size_t call = 0; call < LOAD_CALLS; call++) {
            insist_result_free(load->results[thread][call]);
        }
    }
}
