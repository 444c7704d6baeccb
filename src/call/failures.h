/* The attempts of a call that failed, as its result keeps them. One thread at a time. */
#ifndef CALL_FAILURES_H
#define CALL_FAILURES_H

#include "engine/execution.h"
#include <insist/result.h>

struct failures {
    struct body request;  /* method and shown URL, each with its NUL: what the entries point to */
    insist_failure *kept; /* by index */
    size_t count, dropped;
    struct body log;
};

void failures_init(struct failures *failures, const struct env *env);
void failures_fini(struct failures *failures);
/* Keeps the latest of an execution that is over, at most that many; those that there is no memory for are dropped.
 * hidden: keys of a query whose values are not shown. */
void failures_keep(struct failures *failures, const struct execution *execution, const struct headers *hidden,
                   size_t most);

#endif
