/* The execution as policies and handlers see it. The engine keeps it up to date; everybody else reads. One thread. */
#ifndef VIEW_EXECUTION_H
#define VIEW_EXECUTION_H

#include "base/random.h"
#include "view/attempt.h"
#include "view/bag.h"
#include "view/latencies.h"
#include "view/request.h"
#include <insist/execution.h>

struct insist_execution {
    const struct request *request;
    struct attempt *current;     /* the attempt that this is about; NULL before the first */
    struct headers *own_headers; /* that user code may add to; NULL: none, as most of the time */
    unsigned attempts_started;
    unsigned attempt_ends;
    unsigned attempt_timeouts;
    unsigned retries;       /* started; while a waiter is asked, the number of the retry it is asked about */
    unsigned attempts_left; /* for a timeout policy: the attempt at hand and those that the retry policy's bound still
                               allows, 1 or more; RETRY_UNBOUNDED: no bound is known */
    unsigned wave;
    unsigned waves_timed_out; /* in a row up to the wave before this one, each with an attempt that timed out */
    unsigned racing;
    int64_t start_ns;
    int64_t now_ns;           /* the instant of the input that is being worked on */
    int64_t starter_asked_ns; /* the last time: a hedge that was allowed and not started is taken back from then */
    int64_t deadline_ns;
    int64_t last_wait_us;
    insist_why_started wait_source; /* of it */
    struct bag bag;
    insist_event event; /* being fired; INSIST_EVENTS between */
    struct insist_random random;
    const struct latency_source *latencies; /* NULL: nothing is known */
    void *latencies_ctx;
};

#endif
