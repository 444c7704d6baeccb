#include "cli/load.h"
#include "cli/exit_code.h"
#include "cli/interrupt.h"
#include "cli/report.h"
#include "cli/summary.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BAR_COLUMNS = 40 };

struct load {
    /* fixed */
    const struct settings *settings;
    const struct terminal *terminal;
    insist_client *client;
    const insist_plan *plan;
    insist_cancel *cancel;
    bool shows_progress;
    /* shared, under the lock */
    pthread_mutex_t lock;
    struct summary summary;
    unsigned begun;
    int worst;
    bool stopped;
    int64_t drawn_us; /* when the bar was last drawn */
};

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* At most ten times a second. */
static void draw_progress_locked(struct load *load) {
    int64_t now = now_us();
    if (!load->shows_progress || now - load->drawn_us < 100000) {
        return;
    }
    load->drawn_us = now;
    char bar[BAR_COLUMNS + 1];
    size_t filled = load->summary.calls * BAR_COLUMNS / load->settings->count;
    memset(bar, '-', BAR_COLUMNS);
    memset(bar, '#', filled);
    bar[BAR_COLUMNS] = '\0';
    fprintf(stderr, "\r[%s] %zu of %u", bar, load->summary.calls, load->settings->count);
}

static bool begin_call(struct load *load) {
    pthread_mutex_lock(&load->lock);
    bool begins = !load->stopped && load->begun < load->settings->count;
    if (begins) {
        load->begun++;
    }
    pthread_mutex_unlock(&load->lock);
    return begins;
}

static void end_call(struct load *load, insist_err err, const insist_result *result) {
    int status = result == NULL ? 0 : insist_result_status(result);
    int code = exit_code_of_call(err, status, load->settings->fail);
    pthread_mutex_lock(&load->lock);
    load->worst = exit_code_worse(load->worst, code);
    load->stopped = load->stopped || err == INSIST_ECANCELED;
    if (result != NULL) {
        summary_add(&load->summary, err, status, insist_result_attempts(result), insist_result_elapsed_us(result));
        report_call(load->settings, load->terminal, result);
    }
    draw_progress_locked(load);
    pthread_mutex_unlock(&load->lock);
}

static void *run_calls(void *argument) {
    struct load *load = argument;
    while (begin_call(load)) {
        insist_result *result = NULL;
        insist_err err = insist_execute(load->client, load->plan, INSIST_CALL_OPTIONS(.cancel = load->cancel), &result);
        end_call(load, err, result);
        insist_result_free(result);
    }
    return NULL;
}

/* Runs all threads to their end. False when not all of them could be started; then no further calls are begun. */
static bool run_threads(struct load *load, pthread_t *threads) {
    unsigned started = 0;
    unsigned wanted = load->settings->parallel;
    while (started < wanted && pthread_create(&threads[started], NULL, run_calls, load) == 0) {
        started++;
    }
    if (started < wanted) {
        pthread_mutex_lock(&load->lock);
        load->stopped = true;
        pthread_mutex_unlock(&load->lock);
    }
    for (unsigned i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    return started == wanted;
}

static void put_summary(struct load *load, int64_t elapsed_us) {
    if (load->shows_progress) {
        fputs("\r\033[K", stderr);
    }
    if (load->settings->json) { /* standard error holds objects only */
        return;
    }
    char *text = summary_text(&load->summary, elapsed_us, load->settings->parallel);
    if (text != NULL) {
        fputs(text, stderr);
    }
    free(text);
}

int load_run(const struct settings *settings, const struct terminal *terminal, insist_client *client,
             const insist_plan *plan, insist_cancel *cancel) {
    struct load load = {
        .settings = settings,
        .terminal = terminal,
        .client = client,
        .plan = plan,
        .cancel = cancel,
        .shows_progress = terminal->present && !settings->silent && !settings->json,
        .lock = PTHREAD_MUTEX_INITIALIZER,
    };
    pthread_t *threads = calloc(settings->parallel, sizeof(*threads));
    if (threads == NULL || !summary_init(&load.summary, settings->count)) {
        free(threads);
        return exit_code_of_error(INSIST_ENOMEM, 0);
    }
    struct interrupt interrupt;
    int64_t begin_us = now_us();
    bool complete = interrupt_begin(&interrupt, cancel);
    if (complete) {
        complete = run_threads(&load, threads);
        interrupt_end(&interrupt);
    }
    if (!complete) {
        fputs("insist: --parallel: the system has no room for so many threads\n", stderr);
        load.worst = exit_code_worse(load.worst, EXIT_OTHER);
    }
    put_summary(&load, now_us() - begin_us);
    summary_fini(&load.summary);
    free(threads);
    return load.worst;
}
