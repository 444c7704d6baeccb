/* The inbox: a list and some bits under a lock. */
#include "pool/inbox.h"

bool inbox_init(struct inbox *inbox) {
    list_init(&inbox->jobs);
    inbox->orders = 0;
    return mutex_init(&inbox->lock);
}

void inbox_fini(struct inbox *inbox) {
    mutex_fini(&inbox->lock);
}

void inbox_push(struct inbox *inbox, struct job *job, unsigned commands) {
    mutex_lock(&inbox->lock);
    job->inbox.commands |= commands;
    if (list_empty(&job->inbox.link)) {
        job_retain(job);
        list_append(&inbox->jobs, &job->inbox.link);
    }
    mutex_unlock(&inbox->lock);
}

void inbox_order(struct inbox *inbox, unsigned orders) {
    mutex_lock(&inbox->lock);
    inbox->orders |= orders;
    mutex_unlock(&inbox->lock);
}

struct job *inbox_pop(struct inbox *inbox, unsigned *commands) {
    struct job *job = NULL;
    mutex_lock(&inbox->lock);
    struct list *link = list_take_first(&inbox->jobs);
    if (link) {
        job = LIST_ENTRY(link, struct job, inbox.link);
        *commands = job->inbox.commands;
        job->inbox.commands = 0;
    }
    mutex_unlock(&inbox->lock);
    return job;
}

unsigned inbox_take_orders(struct inbox *inbox) {
    mutex_lock(&inbox->lock);
    unsigned orders = inbox->orders;
    inbox->orders = 0;
    mutex_unlock(&inbox->lock);
    return orders;
}

bool inbox_is_empty(struct inbox *inbox) {
    mutex_lock(&inbox->lock);
    bool empty = list_empty(&inbox->jobs) && inbox->orders == 0;
    mutex_unlock(&inbox->lock);
    return empty;
}
