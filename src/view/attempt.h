/* The execution's half of an attempt: facts, and nothing that another thread could touch. */
#ifndef VIEW_ATTEMPT_H
#define VIEW_ATTEMPT_H

#include "base/list.h"
#include "view/outcome.h"
#include <insist/execution.h>

enum attempt_state { ATTEMPT_WAITING, ATTEMPT_RUNNING, ATTEMPT_SENT, ATTEMPT_ENDED };

struct attempt {
    struct list place; /* among those that the execution holds, until nobody can ask for its answer any more */
    unsigned index, wave;
    insist_kind kind;
    enum attempt_state state; /* WAITING: for room, in the client's queue */
    bool started;             /* false: it was refused before it was handed over */
    bool timed_out;
    int64_t limit_ns;           /* when it is given up */
    int64_t limit_once_sent_ns; /* replaces limit_ns once the request is on the wire; never earlier */
    insist_why_started why_started;
    int64_t wait_us;
    insist_why_ended why_ended;
    unsigned charged; /* what the budget holds for it; 0: nothing */
    int64_t charged_at_ns;
    insist_sink sink;   /* its body goes there, if its answer is wanted; write NULL: it is kept */
    bool headers_told;  /* its BEFORE_READ_BODY has been fired */
    bool committed;     /* it is wanted: it has won, and its bytes flow */
    bool rejected;      /* the validator did not want it */
    uint64_t delivered; /* bytes that the sink took */
    bool learnt;        /* its latency, for its origin's */
    bool told_slow;     /* while it was under way: a hedge beside it was due */
    struct progress progress;
    struct outcome outcome;
    struct headers own_headers; /* set by a handler for this attempt alone */
    void *job;                  /* the transport's half, for whoever carries the execution out */
};

#endif
