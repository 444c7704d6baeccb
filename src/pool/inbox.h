/* What a reactor is told: jobs with commands, in the order in which each was first told of, and orders for the
 * reactor itself. Any thread puts in, whoever drives the reactor takes out; one leaf lock. Putting in cannot fail:
 * links and bits are part of the job. Whether there is anything is known without the lock. */
#ifndef POOL_INBOX_H
#define POOL_INBOX_H

#include "base/sync.h"
#include "wire/job.h"
#include <stdatomic.h>

/* Orders for the reactor itself; bits. */
enum { ORDER_CLOSE_IDLE = 1 };

struct inbox {
    /* shared, under lock */
    struct mutex lock;
    struct list jobs; /* of job.inbox.link; each is referred to */
    unsigned orders;

    /* atomics */
    atomic_bool filled; /* there is something in it; written under the lock */
};

bool inbox_init(struct inbox *inbox);
void inbox_fini(struct inbox *inbox); /* must be empty */

void inbox_push(struct inbox *inbox, struct job *job, unsigned commands);
void inbox_order(struct inbox *inbox, unsigned orders);
/* The first job, with its commands and the inbox's reference, or NULL. */
struct job *inbox_pop(struct inbox *inbox, unsigned *commands);
unsigned inbox_take_orders(struct inbox *inbox);
bool inbox_is_empty(const struct inbox *inbox);

#endif
