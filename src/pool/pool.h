/* The fixed set of workers and the reactors that they drive. Any thread. */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include "base/birthmark.h"
#include "origin/counters.h"
#include "origin/permits.h"
#include "wire/transport.h"

struct pool;

struct pool_settings {
    unsigned workers;  /* threads; one at least */
    unsigned reactors; /* two at least, no fewer than workers */
    unsigned led;      /* more of them, for leaders, a job each, unless jobs are many; at most 64 in all */
    const char *thread_name;
    struct permit_limits limits;
    struct counters *counters;
    const struct birthmark *birthmark; /* of the process; outlives the pool. Asked by leaders only */
    transport_new_fn *transport_new;   /* called once for each reactor */
    void *transport_ctx;
};

/* INSIST_OK, INSIST_EINVAL (numbers out of range), INSIST_ENOMEM, or INSIST_ESYSTEM: no thread or descriptor to be
 * had, or no transport. */
insist_err pool_new(const struct env *env, const struct pool_settings *settings, struct pool **out);
/* Stops and joins the workers; jobs that are left are buried. Nothing may be submitted any more. NULL is fine. */
void pool_free(struct pool *pool);

/* Chooses the job's reactor, none of `taken` (a bit each) where it can; if it is for_leaders, one of theirs, as long as
 * there is one and little is in flight: true. Then it must be submitted. Once. */
bool pool_assign(struct pool *pool, struct job *job, uint64_t taken, bool for_leaders);
/* Hands a job over to its reactor: takes a reference for the transport, enters it into the permits. INSIST_OK (*waits:
 * in the queue), INSIST_EQUEUEFULL or INSIST_ENOMEM: nothing was kept. Refusals for want of a place in the queue are
 * counted. leads: nobody is told of it before pool_lead(), unless it waits. */
insist_err pool_submit(struct pool *pool, struct job *job, bool leads, bool *waits);
/* Drives the job's reactor until its mailbox has something to take or until_ns has come, or returns at once because
 * another thread does. False: a signal handler has forked, and this is the child. */
bool pool_lead(struct pool *pool, struct job *job, int64_t until_ns);
/* After the job's gate was tried and its mailbox detached: nobody waits for it any more. Sets its stop flag. Never
 * blocks, and does no harm to a job that has ended. */
void pool_give_up(struct pool *pool, struct job *job);
void pool_read_on(struct pool *pool, struct job *job);
void pool_feed(struct pool *pool, struct job *job); /* its upload is filled */
void pool_close_idle(struct pool *pool);
void pool_count(struct pool *pool, uint64_t *in_flight, uint64_t *waiting);

#endif
