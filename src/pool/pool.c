/* The pool: makes and ends reactors and workers, and hands jobs over. Any thread; no lock of its own. */
#include "pool/pool.h"

#include "pool/leader.h"
#include "pool/worker.h"
#include "wire/mailbox.h"
#include <limits.h>
#include <pthread.h>
#include <stdio.h>

#define REACTORS_MOST 64
#define BUSY 16     /* in flight: the next job takes the next reactor */
#define CROWDED 128 /* in flight on each common one: the next job may take one of the others */

struct pool {
    /* fixed */
    const struct env *env;
    const struct birthmark *birthmark;
    struct counters *counters;
    struct permits *permits;
    unsigned reactor_count, worker_count; /* of those that were made */
    unsigned common; /* the first ones, which jobs share; the others are for leaders, unless jobs are many */
    struct reactor **reactors;
    struct worker *workers;

    /* atomics */
    atomic_bool ending;
    atomic_uintptr_t led_last[REACTORS_MOST]; /* which thread claimed it last, of those for leaders; a hint */
};

static insist_err make_reactors(struct pool *pool, const struct pool_settings *settings) {
    while (pool->reactor_count < settings->reactors + settings->led) {
        insist_err err = reactor_new(pool->env, pool->permits, settings->transport_new, settings->transport_ctx,
                                     &pool->reactors[pool->reactor_count]);
        if (err != INSIST_OK)
            return err;
        pool->reactor_count++;
    }
    return INSIST_OK;
}

static insist_err start_workers(struct pool *pool, const struct pool_settings *settings) {
    while (pool->worker_count < settings->workers) {
        struct worker *worker = &pool->workers[pool->worker_count];
        worker->reactors = pool->reactors;
        worker->reactor_count = pool->reactor_count;
        worker->first = pool->worker_count;
        worker->stride = settings->workers;
        worker->ending = &pool->ending;
        snprintf(worker->name, sizeof(worker->name), "%.11s-%u", settings->thread_name,
                 pool->worker_count % REACTORS_MOST); /* there are no more; it tells the compiler that they fit */
        if (!worker_start(worker))
            return INSIST_ESYSTEM;
        pool->worker_count++;
    }
    return INSIST_OK;
}

static insist_err build(struct pool *pool, const struct pool_settings *settings) {
    insist_err err = permits_new(pool->env, &settings->limits, &pool->permits);
    if (err != INSIST_OK)
        return err;
    pool->reactors = env_alloc(pool->env, (settings->reactors + settings->led) * sizeof(struct reactor *));
    pool->workers = env_alloc(pool->env, settings->workers * sizeof(struct worker));
    if (!pool->reactors || !pool->workers)
        return INSIST_ENOMEM;
    err = make_reactors(pool, settings);
    return err == INSIST_OK ? start_workers(pool, settings) : err;
}

insist_err pool_new(const struct env *env, const struct pool_settings *settings, struct pool **out) {
    *out = NULL;
    if (settings->workers < 1 || settings->reactors < 2 || settings->reactors < settings->workers ||
        settings->reactors > REACTORS_MOST || settings->led > REACTORS_MOST - settings->reactors)
        return INSIST_EINVAL;
    struct pool *pool = env_alloc(env, sizeof(*pool));
    if (!pool)
        return INSIST_ENOMEM;

    pool->env = env;
    pool->birthmark = settings->birthmark;
    pool->counters = settings->counters;
    pool->common = settings->reactors;
    atomic_init(&pool->ending, false);
    insist_err err = build(pool, settings);
    if (err != INSIST_OK) {
        pool_free(pool);
        return err;
    }
    *out = pool;
    return INSIST_OK;
}

static void drop_waiting(struct pool *pool) {
    struct list withdrawn, *link;
    list_init(&withdrawn);
    permits_withdraw_all(pool->permits, &withdrawn);
    while ((link = list_take_first(&withdrawn)))
        job_release(LIST_ENTRY(link, struct job, permit.link));
}

/* The queue is emptied first, so that nothing that ends from here on starts anything. Once the workers are gone
 * nobody drives; a lookup that is back wakes its reactor, with the worker's descriptor, until that is freed. */
void pool_free(struct pool *pool) {
    if (!pool)
        return;
    if (pool->permits)
        drop_waiting(pool);
    atomic_store(&pool->ending, true);
    for (unsigned i = 0; i < pool->reactor_count; i++)
        reactor_wake(pool->reactors[i]);
    for (unsigned i = 0; i < pool->worker_count; i++)
        worker_join(&pool->workers[i]);
    for (unsigned i = 0; i < pool->reactor_count; i++)
        reactor_free(pool->reactors[i]);
    for (unsigned i = 0; i < pool->worker_count; i++)
        worker_fini(&pool->workers[i]);
    permits_free(pool->permits);
    env_release(pool->env, pool->workers);
    env_release(pool->env, pool->reactors);
    env_release(pool->env, pool);
}

static unsigned in_flight(const struct pool *pool, unsigned i) {
    return atomic_load_explicit(&pool->reactors[i]->in_flight, memory_order_relaxed);
}

static unsigned admitted(const struct pool *pool, unsigned i) {
    return atomic_load_explicit(&pool->reactors[i]->admitted, memory_order_relaxed);
}

/* From reactor `from` on, of `count`; taken: not those. -1: there is none. */
static int first_below(const struct pool *pool, uint64_t taken, unsigned from, unsigned count, unsigned most) {
    for (unsigned i = from; i < count; i++)
        if (!(taken >> i & 1) && admitted(pool, i) < most)
            return (int)i;
    return -1;
}

static int fewest(const struct pool *pool, uint64_t taken, unsigned count) {
    unsigned least = UINT_MAX;
    int chosen = -1;
    for (unsigned i = 0; i < count; i++) {
        const unsigned here = in_flight(pool, i);
        if (taken >> i & 1 || here >= least)
            continue;
        chosen = (int)i;
        least = here;
    }
    return chosen;
}

/* At each request libcurl looks through the connections of its reactor: where many are in flight they are spread over
 * those for leaders, too, one filled after the other, so that each finds its connections again. */
static int choose_in_crowd(const struct pool *pool, uint64_t taken) {
    const int chosen = first_below(pool, taken, pool->common, pool->reactor_count, CROWDED);
    return chosen >= 0 ? chosen : fewest(pool, taken, pool->reactor_count);
}

/* The first that is not busy, so that connections stay few: those that wait for room use none. Then the one with the
 * fewest. What will wait in a crowd is not spread, since it will need no connection of its own. */
static int choose(const struct pool *pool, uint64_t taken) {
    int chosen = first_below(pool, taken, 0, pool->common, BUSY);
    if (chosen >= 0)
        return chosen;
    chosen = fewest(pool, taken, pool->common);
    if (chosen < 0)
        return fewest(pool, 0, pool->common);
    const bool crowded = admitted(pool, (unsigned)chosen) >= CROWDED;
    return crowded && !permits_are_short(pool->permits) ? choose_in_crowd(pool, taken) : chosen;
}

static bool claim(const struct pool *pool, uint64_t taken, unsigned i) {
    unsigned none = 0;
    return !(taken >> i & 1) && atomic_compare_exchange_strong(&pool->reactors[i]->in_flight, &none, 1);
}

/* What its transport holds came from this thread's part of the heap, and may still be in its processor's cache: to
 * allocate and free across threads costs more than all that the pool does. */
static int claim_own(const struct pool *pool, uint64_t taken, uintptr_t self) {
    for (unsigned i = pool->common; i < pool->reactor_count; i++)
        if (atomic_load_explicit(&pool->led_last[i], memory_order_relaxed) == self && claim(pool, taken, i))
            return (int)i;
    return -1;
}

/* With more in flight than there are reactors a few workers that gather their events are cheaper, and fairer, than many
 * threads that drive one job each. */
static int claim_idle(struct pool *pool, uint64_t taken) {
    const uintptr_t self = (uintptr_t)pthread_self();
    if (permits_busy(pool->permits) >= pool->reactor_count)
        return -1;
    int claimed = claim_own(pool, taken, self);
    for (unsigned i = pool->common; claimed < 0 && i < pool->reactor_count; i++)
        if (claim(pool, taken, i)) {
            atomic_store_explicit(&pool->led_last[i], self, memory_order_relaxed);
            claimed = (int)i;
        }
    return claimed;
}

bool pool_assign(struct pool *pool, struct job *job, uint64_t taken, bool for_leaders) {
    int claimed = for_leaders ? claim_idle(pool, taken) : -1;
    int chosen = claimed >= 0 ? claimed : choose(pool, taken);
    if (claimed < 0)
        atomic_fetch_add(&pool->reactors[chosen]->in_flight, 1);
    job->reactor = pool->reactors[chosen];
    job->progress.reactor = chosen;
    return claimed >= 0;
}

insist_err pool_submit(struct pool *pool, struct job *job, bool leads, bool *waits) {
    struct reactor *reactor = job->reactor;
    job->mail.progress = job->progress; /* nobody else knows it yet */
    job_retain(job);

    insist_err err = permits_enter(pool->permits, &job->permit, job->request->origin, job->hedge, waits);
    if (err != INSIST_OK) {
        if (err == INSIST_EQUEUEFULL && !job->hedge)
            counter_add(&pool->counters->queue_refusals);
        atomic_fetch_sub(&reactor->in_flight, 1);
        job_release(job);
        return err;
    }
    if (*waits) /* whoever makes room for it starts it, and may have done so already */
        return INSIST_OK;
    reactor_put(reactor, job, JOB_START);
    if (!leads)
        reactor_tell(reactor);
    return INSIST_OK;
}

bool pool_lead(struct pool *pool, struct job *job, int64_t until_ns) {
    const struct leading leading = {.birthmark = pool->birthmark, .job = job, .until_ns = until_ns};
    return leader_drive(job->reactor, &leading);
}

void pool_give_up(struct pool *pool, struct job *job) {
    atomic_store(&job->stop, true);
    if (!permits_withdraw(pool->permits, &job->permit)) {
        reactor_push(job->reactor, job, JOB_STOP);
        return;
    }
    atomic_fetch_sub(&job->reactor->in_flight, 1);
    job_release(job);
}

void pool_read_on(struct pool *pool, struct job *job) {
    (void)pool;
    reactor_push(job->reactor, job, JOB_READ_ON);
}

void pool_feed(struct pool *pool, struct job *job) {
    (void)pool;
    reactor_push(job->reactor, job, JOB_FED);
}

void pool_close_idle(struct pool *pool) {
    for (unsigned i = 0; i < pool->reactor_count; i++)
        reactor_order(pool->reactors[i], ORDER_CLOSE_IDLE);
}

void pool_count(struct pool *pool, uint64_t *in_flight, uint64_t *waiting) {
    permits_count(pool->permits, in_flight, waiting);
}
