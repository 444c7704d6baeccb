/* One thread a caller; all of them wait at a barrier until the last is ready, and at another one until the last has
 * ended, so that what callers open and close is outside of what counts. See load.h.
 * The number of the next call is the only thing that callers share; each keeps its own samples. */
#include "load.h"
#include "load_window.h"
#include "instant.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static const int64_t late_ns = 1000000;
static const size_t stack_bytes = (size_t)256 * 1024;

struct run {
    /* fixed */
    const struct load *load;
    /* shared, under the lock */
    pthread_mutex_t lock;
    pthread_cond_t counted; /* started callers are ready, or have ended: who runs the load waits for that */
    pthread_cond_t allowed; /* begun or over: the callers do */
    unsigned started, ready, ended;
    bool begun, over;
    /* written before begun is set */
    struct load_window window;
    /* atomics */
    atomic_bool broken;
    atomic_ullong next;
};

struct caller {
    struct run *run;
    pthread_t thread;
    unsigned number;
    struct samples latencies;
    uint64_t failed;
    uint64_t late;
    uint64_t ended;
};

static bool wait_for_begin(struct run *run, bool able) {
    if (!able) {
        atomic_store(&run->broken, true);
    }
    pthread_mutex_lock(&run->lock);
    if (++run->ready == run->started) {
        pthread_cond_signal(&run->counted);
    }
    while (!run->begun) {
        pthread_cond_wait(&run->allowed, &run->lock);
    }
    pthread_mutex_unlock(&run->lock);
    return !atomic_load(&run->broken);
}

/* Nobody tidies up while others are still measured. */
static void wait_for_end(struct run *run) {
    pthread_mutex_lock(&run->lock);
    if (++run->ended == run->started) {
        pthread_cond_signal(&run->counted);
    }
    while (!run->over) {
        pthread_cond_wait(&run->allowed, &run->lock);
    }
    pthread_mutex_unlock(&run->lock);
}

/* The next call of this caller: false when there is none. Waits for its planned begin. */
static bool take_call(struct caller *caller, struct load_tick *tick) {
    struct run *run = caller->run;
    const struct load *load = run->load;
    tick->number = atomic_fetch_add(&run->next, 1);
    if ((load->calls > 0 && tick->number >= load->calls) || atomic_load(&run->broken)) {
        return false;
    }
    if (load->per_second > 0) {
        tick->planned_ns = run->window.start_ns + (int64_t)((double)tick->number * 1e9 / load->per_second);
        instant_wait_until_ns(tick->planned_ns);
        caller->late += instant_now_ns() - tick->planned_ns > late_ns;
        return true;
    }
    tick->planned_ns = instant_now_ns();
    return tick->planned_ns < run->window.until_ns;
}

static void show_progress(const struct run *run, const struct load_tick *tick) {
    const struct load *load = run->load;
    if (tick->caller != 0 || load->progress == NULL) {
        return;
    }
    progress_show(load->progress, load_window_share(&run->window, load, tick->number));
}

static bool make_call(struct caller *caller, const struct load_tick *tick) {
    struct run *run = caller->run;
    bool good = run->load->call(run->load->ctx, tick);
    int64_t ended_ns = instant_now_ns();
    caller->ended += load_window_holds(&run->window, ended_ns);
    if (!load_window_holds(&run->window, tick->planned_ns)) {
        return true;
    }
    caller->failed += !good;
    return samples_add(&caller->latencies, ended_ns - tick->planned_ns);
}

/* Calls that are to be over, and to have what they need, before the start. */
static void warm_up(const struct caller *caller, struct load_tick *tick) {
    const struct load *load = caller->run->load;
    for (unsigned i = 0; i < load->warm_calls; i++) {
        load->call(load->ctx, tick);
    }
}

static void *run_caller(void *argument) {
    struct caller *caller = argument;
    const struct load *load = caller->run->load;
    struct load_tick tick = {.caller = caller->number};
    tick.state = load->enter != NULL ? load->enter(load->ctx) : NULL;
    bool able = load->enter == NULL || tick.state != NULL;
    if (able) {
        warm_up(caller, &tick);
    }
    if (wait_for_begin(caller->run, able)) {
        if (load->spread_ns > 0) {
            instant_wait_until_ns(load_window_begin_ns(&caller->run->window, load, caller->number));
        }
        while (take_call(caller, &tick)) {
            if (!make_call(caller, &tick)) {
                atomic_store(&caller->run->broken, true);
            }
            show_progress(caller->run, &tick);
        }
    }
    wait_for_end(caller->run);
    if (load->leave != NULL && able) {
        load->leave(load->ctx, tick.state);
    }
    return NULL;
}

static unsigned start_callers(struct run *run, struct caller *callers) {
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) {
        return 0;
    }
    pthread_attr_setstacksize(&attributes, stack_bytes);
    unsigned started = 0;
    for (; started < run->load->callers; started++) {
        callers[started].run = run;
        callers[started].number = started;
        if (pthread_create(&callers[started].thread, &attributes, run_caller, &callers[started]) != 0) {
            break;
        }
    }
    pthread_attr_destroy(&attributes);
    return started;
}

/* Lets them begin once all that were started are ready. */
static void begin(struct run *run, unsigned started, struct load_outcome *outcome) {
    if (started < run->load->callers) {
        atomic_store(&run->broken, true);
    }
    pthread_mutex_lock(&run->lock);
    run->started = started;
    while (run->ready < started) {
        pthread_cond_wait(&run->counted, &run->lock);
    }
    run->window = load_window_open(run->load, outcome);
    run->begun = true;
    pthread_cond_broadcast(&run->allowed);
    pthread_mutex_unlock(&run->lock);
}

/* Closes the window when the last of them has ended, and lets them tidy up. */
static void finish(struct run *run, struct load_outcome *outcome) {
    pthread_mutex_lock(&run->lock);
    while (run->ended < run->started) {
        pthread_cond_wait(&run->counted, &run->lock);
    }
    load_window_close(&run->window, outcome);
    run->over = true;
    pthread_cond_broadcast(&run->allowed);
    pthread_mutex_unlock(&run->lock);
}

static bool collect(struct caller *caller, struct load_outcome *outcome) {
    bool joined = samples_join(&outcome->latencies, &caller->latencies);
    outcome->failed += caller->failed;
    outcome->late += caller->late;
    outcome->ended += caller->ended;
    samples_fini(&caller->latencies);
    return joined;
}

bool load_run(const struct load *load, struct load_outcome *outcome) {
    struct run run = {.load = load,
                      .lock = PTHREAD_MUTEX_INITIALIZER,
                      .counted = PTHREAD_COND_INITIALIZER,
                      .allowed = PTHREAD_COND_INITIALIZER};
    *outcome = (struct load_outcome){0};
    struct caller *callers = calloc(load->callers, sizeof *callers);
    if (callers == NULL) {
        fputs("insist-bench: out of memory\n", stderr);
        return false;
    }
    unsigned started = start_callers(&run, callers);
    begin(&run, started, outcome);
    load_window_watch(&run.window, outcome);
    finish(&run, outcome);
    for (unsigned i = 0; i < started; i++) {
        pthread_join(callers[i].thread, NULL);
    }
    bool complete = !atomic_load(&run.broken);
    for (unsigned i = 0; i < started; i++) {
        complete = collect(&callers[i], outcome) && complete;
    }
    free(callers);
    outcome->calls = outcome->latencies.count;
    samples_sort(&outcome->latencies);
    if (!complete) {
        fputs("insist-bench: a load could not be run: memory or threads are used up, or a caller could not be set up\n",
              stderr);
    }
    return complete;
}

void load_outcome_fini(struct load_outcome *outcome) {
    samples_fini(&outcome->latencies);
}
