/* One call: an execution and what carries it out, from the plan that it is given to the result that it leaves. Its join
 * waits for its news and watches the clock for it. The calling thread. */
#ifndef CALL_CALL_H
#define CALL_CALL_H

#include "base/timers.h"
#include "call/carry.h"

struct call {
    struct carrier carrier; /* first: it is the tag of the call's jobs */
    struct execution execution;
    struct timer timer;     /* set to when the execution wants the time; its join's */
    insist_result **result; /* where its result goes; NULL once it has ended */
};

static inline struct call *call_of(const struct job *job) {
    return job->tag;
}

/* Takes a plan that may be executed: it is held until the call has ended. Its reader is the call's already. */
void call_take(struct call *call, insist_client *client, const insist_plan *plan, const insist_call_options *options,
               insist_result **result);

/* entered_ns: what its deadline counts from. interrupted: INSIST_OK, or why it may not start an attempt at all. False: it
 * has ended, without memory for a result. */
bool call_begin(struct call *call, struct mailbox *mailbox, int64_t entered_ns, insist_err interrupted, int64_t now_ns);
/* What came of one of its jobs. */
void call_hand_in(struct call *call, struct job *job, unsigned news, const struct progress *progress, int64_t now_ns);

/* Its execution is over: leaves its result, and lets go of its plan. */
void call_end(struct call *call, int64_t now_ns);
/* Instead: it could not be begun, or this is a forked child. What was started is not touched. */
void call_refuse(struct call *call, insist_err err);

static inline bool call_has_ended(const struct call *call) {
    return call->result == NULL;
}

#endif
