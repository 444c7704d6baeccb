/* A random transport: jobs that wait for room, go on the wire, answer, fail or hang, and post their news to their
 * call's mailbox. It uses the real permits. What it knows is the truth that the books go by. */
#ifndef SIMULATION_TRANSPORT_H
#define SIMULATION_TRANSPORT_H

#include "base/timers.h"
#include "origin/permits.h"
#include "view/attempt.h"

struct call;
struct fleet;

enum gate { GATE_OPEN, GATE_SENT, GATE_SHUT };

enum {
    NEWS_ROOM = 1,       /* left the queue */
    NEWS_SENT = 2,       /* only when there is a race */
    NEWS_BODY_FAILS = 4, /* the request's body cannot be read */
    NEWS_HEADERS = 8,    /* paused behind them */
    NEWS_CHUNK = 16,     /* paused behind a piece for the sink */
    NEWS_END = 32
};

/* Jobs and calls are woken by the same heap. */
struct alarm {
    struct timer timer; /* first */
    bool is_call;
};

enum stage { STAGE_QUEUED, STAGE_CONNECTING, STAGE_SENT, STAGE_BODY, STAGE_DONE };

/* Where its fate catches up with it. */
enum fate { FATE_ANSWER, FATE_FAILS, FATE_HANGS };

struct job {
    struct alarm alarm; /* first */
    struct call *call;
    struct attempt *attempt;
    struct permit permit;

    enum stage stage;
    int64_t next_ns; /* when the stage is over; TIME_NEVER: it hangs */
    enum gate gate;
    bool paused, given_up, has_room, pauses_at_headers, wants_sent, body_fails;
    unsigned news; /* not handed in yet */
    bool in_mail;

    enum fate fate;
    enum stage fate_stage;
    insist_err fate_err;
    insist_transience fate_transience;
    int fate_status;
    int64_t fate_retry_after_us;
    bool fate_stale;
    bool unwanted;   /* by the validator */
    unsigned pieces; /* of a body that goes to a sink, still to come */

    int64_t limit_ns, once_sent_ns, streaming_ns, late_ns;

    /* the outcome, once it has ended; the head of it once that came */
    insist_err err;
    insist_transience transience;
    int status, os_errno;
    int64_t retry_after_us;
    bool stale;
    struct progress progress;
};

/* INSIST_OK and a job of the fleet's, or why it was not taken. */
insist_err transport_start(struct call *call, struct attempt *attempt, struct job **job, bool *waits);
/* Its alarm rang. */
void transport_step(struct job *job);
bool transport_shut(struct job *job);
/* True: it had ended, unnoticed so far. Its room is given back later. */
bool transport_give_up(struct job *job);
void transport_read_on(struct job *job);
void transport_collect(const struct job *job, struct attempt *attempt);
insist_sent transport_how_far(const struct job *job);

#endif
