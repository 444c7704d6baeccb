/* See nginx_load.h. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "nginx_load.h"
#include <stdio.h>
#include <time.h>

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
static insist_result *call_once(const struct load *load, size_t thread, size_t call, insist_handlers *handlers) {
    char path[160];
    snprintf(path, sizeof path, "%s?key=%s", load->path, load_key(load, thread, call).text);
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    insist_call_options options = {.size = sizeof options, .handlers = handlers};
    if (insist_plan_new(load->method, nginx_site_url(load->site, load->way, path).text, NULL, &plan) != INSIST_OK ||
        insist_execute(load->client, plan, &options, &result) == INSIST_ENOMEM) {
        result = NULL;
    }
    insist_plan_free(plan);
    return result;
}

/* ---- at a mark --------------------------------------------------------------------------------------------------- */

/* The number of the mark at which that call is, from 1; 0: at none. */
static size_t mark_of(const struct load *load, size_t call) {
    for (size_t mark = 1; mark <= load->marks; mark++) {
        if (call == mark * LOAD_CALLS / (load->marks + 1)) {
            return mark;
        }
    }
    return 0;
}

static void arrive_locked(struct load *load) {
    load->arrivals++;
    pthread_cond_broadcast(&load->moved);
}

static void wait_before_a_request(struct load *load, size_t mark) {
    pthread_mutex_lock(&load->lock);
    arrive_locked(load);
    while (load->begun < mark) {
        pthread_cond_wait(&load->moved, &load->lock);
    }
    pthread_mutex_unlock(&load->lock);
}

/* A call that is to be caught. */
struct caught {
    struct load *load;
    size_t mark;
    bool arrived;
};

/* Until it has been caught its answer would take a minute. */
static int slow_down(void *ctx, insist_event event, insist_execution *execution) {
    struct caught *caught = ctx;
    (void)event;
    pthread_mutex_lock(&caught->load->lock);
    bool begun = caught->load->begun >= caught->mark;
    pthread_mutex_unlock(&caught->load->lock);
    return begun || insist_execution_set_header(execution, "X-Slow", "1") == INSIST_OK ? 0 : 1;
}

static int arrive_with_headers(void *ctx, insist_event event, insist_execution *execution) {
    struct caught *caught = ctx;
    (void)event;
    (void)execution;
    pthread_mutex_lock(&caught->load->lock);
    if (!caught->arrived) {
        arrive_locked(caught->load);
    }
    caught->arrived = true;
    pthread_mutex_unlock(&caught->load->lock);
    return 0;
}

/* What befell the calls at the mark before is over, so that this one is not hit by it. */
static insist_result *call_and_be_caught(struct load *load, size_t thread, size_t call, size_t mark) {
    struct caught caught = {.load = load, .mark = mark};
    insist_handlers *handlers = NULL;
    insist_result *result = NULL;
    pthread_mutex_lock(&load->lock);
    while (load->passed < mark - 1) {
        pthread_cond_wait(&load->moved, &load->lock);
    }
    pthread_mutex_unlock(&load->lock);
    if (insist_handlers_new(&handlers) == INSIST_OK &&
        insist_handlers_push(handlers, INSIST_BEFORE_ATTEMPT, slow_down, &caught) == INSIST_OK &&
        insist_handlers_push(handlers, INSIST_BEFORE_READ_BODY, arrive_with_headers, &caught) == INSIST_OK) {
        result = call_once(load, thread, call, handlers);
    }
    insist_handlers_free(handlers);
    return result;
}

/* ---- the threads ------------------------------------------------------------------------------------------------- */

static void *run_thread(void *argument) {
    struct load *load = argument;
    pthread_mutex_lock(&load->lock);
    size_t mine = load->threads_begun++;
    pthread_mutex_unlock(&load->lock);
    for (size_t i = 0; i < LOAD_CALLS; i++) {
        size_t mark = mark_of(load, i);
        if (mark > 0 && mine < LOAD_CAUGHT) {
            load->results[mine][i] = call_and_be_caught(load, mine, i, mark);
            continue;
        }
        if (mark > 0) {
            wait_before_a_request(load, mark);
        }
        load->results[mine][i] = call_once(load, mine, i, NULL);
    }
    return NULL;
}

void load_start(struct load *load) {
    pthread_mutex_init(&load->lock, NULL);
    pthread_cond_init(&load->moved, NULL);
    for (size_t i = 0; i < LOAD_THREADS; i++) {
        assert_int_equal(pthread_create(&load->threads[i], NULL, run_thread, load), 0);
    }
}

bool load_gather(struct load *load) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 50;
    pthread_mutex_lock(&load->lock);
    size_t all = (load->begun + 1) * LOAD_THREADS;
    while (load->arrivals < all && pthread_cond_clockwait(&load->moved, &load->lock, CLOCK_MONOTONIC, &until) == 0) {
    }
    bool all_came = load->arrivals == all;
    pthread_mutex_unlock(&load->lock);
    return all_came;
}

static void count_one_more(struct load *load, size_t *count) {
    pthread_mutex_lock(&load->lock);
    ++*count;
    pthread_cond_broadcast(&load->moved);
    pthread_mutex_unlock(&load->lock);
}

void load_begin(struct load *load) {
    count_one_more(load, &load->begun);
}

void load_pass(struct load *load) {
    count_one_more(load, &load->passed);
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
