/* Carrying an execution out: its ports, tied to the client's pool, handlers and budget. The calling thread. */
#ifndef CALL_CARRY_H
#define CALL_CARRY_H

#include "call/client.h"
#include "call/idempotency_key.h"
#include "engine/execution.h"
#include "wire/job.h"

/* The tag of its jobs: attempts[job->attempt_index] of its execution is what they carry. */
struct carrier {
    insist_client *client;
    const insist_plan *plan;        /* that the call was given */
    const insist_plan *replacement; /* that a handler put in its place, held; NULL: none */
    const struct request *request;  /* of the one that counts */
    const insist_call_options *options;
    const insist_handlers *handlers; /* of this call alone */
    struct feed *feed;               /* of its plan; NULL: none */
    insist_result *result;           /* filled in once the call is over; NULL: there was no memory for it */
    insist_sink sink;                /* likewise; write NULL: none */
    struct mailbox *mailbox;
    struct execution *execution;
    bool leads;  /* this thread may drive its job itself: it waits for this call alone */
    bool untold; /* the latest attempt's reactor was told nothing: carry_lead() is to follow */
    char idempotency_key[IDEMPOTENCY_KEY_SIZE]; /* of all attempts, once there is one; "": none yet */
};

extern const struct execution_ports carry_ports; /* ctx: struct carrier * */

/* Drives what was started in the hope that this thread would, until there is something in the mailbox or until_ns has
 * come. False: this is the child of a signal handler that has forked. */
bool carry_lead(struct carrier *carrier, int64_t until_ns);
/* The attempt's job has paused behind its headers: they become visible. INSIST_OK or INSIST_ENOMEM. */
insist_err carry_show_headers(struct carrier *carrier, struct attempt *attempt);
/* The attempt's request has room for more of its body. INSIST_OK, INSIST_EBODY or INSIST_ENOMEM. */
insist_err carry_feed(struct carrier *carrier, struct attempt *attempt);
/* The attempt's job has ended: its outcome becomes the attempt's. */
void carry_collect(struct carrier *carrier, struct attempt *attempt);

#endif
