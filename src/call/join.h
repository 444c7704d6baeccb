/* A join: the calls that one thread waits for together, most often a single one. One mailbox, one turn after the other,
 * until the last call is over; a turn costs what has news or is due, whatever their number. The calling thread. */
#ifndef CALL_JOIN_H
#define CALL_JOIN_H

#include "call/call.h"
#include "call/cancel.h"

struct join {
    insist_client *client;
    const struct env *env; /* the client's: it may be gone first */
    const insist_call_options *options;
    struct mailbox *mailbox; /* of all its calls */
    struct running running;
    struct cancel_entry cancel;
    struct timers timers; /* of the calls that are not over */
    int64_t now_ns;       /* read once a turn, and whenever user code may have run */
    size_t count, open;   /* calls; of them, not over */
    struct call *calls;   /* only, if there is room for one alone */
    struct call only;
    struct timer *only_timer;
};

/* With room for that many calls; options must outlive it. False: no memory. */
bool join_init(struct join *join, insist_client *client, const insist_call_options *options, size_t room);
void join_fini(struct join *join);
void join_add(struct join *join, const insist_plan *plan, insist_result **result); /* as call_take() */

/* Executes its calls. The client may be gone afterwards: freed from inside one of them. */
void join_run(struct join *join);

#endif
