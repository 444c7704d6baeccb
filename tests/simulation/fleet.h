/* A fleet: calls that share what the calls of a client share (budget, permits, throttles, latencies, policies), played
 * in virtual time. One thread. */
#ifndef SIMULATION_FLEET_H
#define SIMULATION_FLEET_H

#include "base/random.h"
#include "engine/execution.h"
#include "origin/budgets.h"
#include "origin/latencies.h"
#include "simulation/books.h"
#include "simulation/coverage.h"
#include "simulation/ledger.h"
#include "simulation/policies.h"
#include "simulation/scene.h"
#include "simulation/transport.h"
#include <setjmp.h>

#define FLEET_JOBS (SCENE_CALLS * BOOKS_ATTEMPTS)

struct call {
    struct alarm alarm; /* first */
    struct fleet *fleet;
    const struct call_scene *scene;
    struct policies *policies;
    unsigned number;
    struct request request;
    struct env env; /* of its execution: its memory may run out */
    unsigned allocations;
    struct execution execution;
    struct books books;
    struct job *mail[BOOKS_ATTEMPTS]; /* with news, in order */
    unsigned mail_count;
    bool begun, ready, over;
    int64_t begun_ns;
    int64_t allowed_ns; /* when its starter last allowed a hedge */
    int64_t cancel_ns;  /* TIME_NEVER: not (yet) */
    unsigned ends, turns, handler_calls, cancel_calls;
    bool body_was_read;
    unsigned covered; /* bits of enum coverage */
};

struct fleet {
    uint64_t seed;
    struct insist_random random;
    struct fleet_scene scene;
    int64_t now_ns;
    struct env env;
    size_t blocks; /* of memory, that are not given back */
    bool trace;
    jmp_buf *failed; /* where to go when something is wrong … */
    char *failure;   /* … and what it is, 256 bytes */

    insist_budget *budget;
    struct permits *permits;
    struct latencies *latencies;
    struct policies policies[SCENE_PROFILES];
    struct ledger ledgers[SCENE_ORIGINS];
    unsigned room[SCENE_ORIGINS], hedge_room[SCENE_ORIGINS], waiting;

    struct timers timers;
    struct timer *heap[SCENE_CALLS + FLEET_JOBS];
    struct call calls[SCENE_CALLS];
    struct call *ready[SCENE_CALLS];
    unsigned ready_count, live;
    struct job jobs[FLEET_JOBS];
    size_t job_count;
};

/* Plays all calls of that seed to their end, and counts what was covered. False: something was wrong; failure says
 * what. */
bool fleet_play(struct fleet *fleet, uint64_t seed, bool trace, struct coverage *coverage, char failure[256]);

static inline struct call *call_of_view(const insist_execution *view) {
    return (struct call *)((char *)(uintptr_t)view - offsetof(struct call, execution));
}

static inline bool call_is_cancelled(const struct call *call) {
    return call->cancel_ns <= call->fleet->now_ns;
}

/* For the transport. */
struct job *fleet_new_job(struct call *call);
const char *fleet_origin_name(unsigned origin);
void fleet_post(struct job *job);            /* it has news */
void fleet_sent(struct job *job);            /* it is on the wire */
void fleet_attempt_ended(struct call *call); /* by itself */
/* Room and queue, counted once more: taken or given back. */
void fleet_count_room(const struct job *job, int by);
void fleet_count_waiting(const struct job *job, int by);
void fleet_check_permit(const struct job *job, insist_err err, bool waits); /* before it is counted */

#define TRACE(call, ...)                                                                                               \
    do {                                                                                                               \
        if ((call)->fleet->trace)                                                                                      \
            fleet_trace(call, __VA_ARGS__);                                                                            \
    } while (0)
void fleet_trace(const struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
