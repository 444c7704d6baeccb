/* Poison values: a decider or waiter that could not be made carries what went wrong instead of a function, through any
 * number of combinators, until insist_retry_policy_new() reports it. Descriptions are static, so making one cannot
 * fail. Pure. */
#ifndef POLICY_POISON_H
#define POLICY_POISON_H

#include <insist/policy.h>

struct poison {
    insist_err err;
    const char *field; /* the argument, as the header spells it */
    const char *text;  /* one sentence */
};

insist_decider poison_decider(const struct poison *poison);
insist_waiter poison_waiter(const struct poison *poison);

/* What is wrong with it, or NULL. A user's value without a function counts too; it keeps its context until it is
 * released. */
const struct poison *poison_in_decider(const insist_decider *decider);
const struct poison *poison_in_waiter(const insist_waiter *waiter);

#endif
