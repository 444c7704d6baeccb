/* Poison values: a decider, waiter, scheduler or starter that could not be made carries what went wrong instead of a
 * function, through any number of combinators, until the policy's constructor reports it. Descriptions are static, so
 * making one cannot fail. Pure. */
#ifndef POLICY_POISON_H
#define POLICY_POISON_H

#include <insist/policy.h>
#include <insist/race.h>

struct poison {
    insist_err err;
    const char *field; /* the argument, as the header spells it */
    const char *text;  /* one sentence */
};

insist_decider poison_decider(const struct poison *poison);
insist_waiter poison_waiter(const struct poison *poison);
insist_scheduler poison_scheduler(const struct poison *poison);
insist_starter poison_starter(const struct poison *poison);

/* What is wrong with it, or NULL. A user's value without a function counts too; it keeps its context until it is
 * released. */
const struct poison *poison_in_decider(const insist_decider *decider);
const struct poison *poison_in_waiter(const insist_waiter *waiter);
const struct poison *poison_in_scheduler(const insist_scheduler *scheduler);
const struct poison *poison_in_starter(const insist_starter *starter);

#endif
