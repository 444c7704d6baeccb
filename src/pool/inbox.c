/* The inbox: a list and some bits under a lock. */
#include "pool/inbox.h"

bool inbox_init(struct inbox *inbox) {
    list_init(&inbox->jobs);
    inbox->orders = 0;
    atomic_init(&inbox->filled, false);
    return mutex_init(&inbox->lock);
}

void inbox_fini(struct inbox *inbox) {
    mutex_fini(&inbox->lock);
}

/* Sequentially consistent, as driver.h asks for: whoever puts in looks at the token next. */
static void fill_locked(struct inbox *inbox) {
    if (!atomic_load_explicit(&inbox->filled, memory_order_relaxed))
        atomic_store(&inbox->filled, true);
}

static void empty_locked(struct inbox *inbox) {
    if (list_empty(&inbox->jobs) && inbox->orders == 0)
        atomic_store_explicit(&inbox->filled, false, memory_order_relaxed);
}

void inbox_push(struct inbox *inbox, struct job *job, unsigned commands) {
    mutex_lock(&inbox->lock);
    job->inbox.commands |= commands;
    if (list_empty(&job->inbox.link)) {
        job_retain(job);
        list_append(&inbox->jobs, &job->inbox.link);
    }
    fill_locked(inbox);
    mutex_unlock(&inbox->lock);
}

void inbox_order(struct inbox *inbox, unsigned orders) {
    mutex_lock(&inbox->lock);
    inbox->orders |= orders;
    fill_locked(inbox);
    mutex_unlock(&inbox->lock);
}

struct job *inbox_pop(struct inbox *inbox, unsigned *commands) {
    struct job *job = NULL;
    if (inbox_is_empty(inbox))
        return NULL;
    mutex_lock(&inbox->lock);
    struct list *link = list_take_first(&inbox->jobs);
    if (link) {
        job = LIST_ENTRY(link, struct job, inbox.link);
        *commands = job->inbox.commands;
        job->inbox.commands = 0;
    }
    empty_locked(inbox);
    mutex_unlock(&inbox->lock);
    return job;
}

unsigned inbox_take_orders(struct inbox *inbox) {
    if (inbox_is_empty(inbox))
        return 0;
    mutex_lock(&inbox->lock);
    unsigned orders = inbox->orders;
    inbox->orders = 0;
    empty_locked(inbox);
    mutex_unlock(&inbox->lock);
    return orders;
}

bool inbox_is_empty(const struct inbox *inbox) {
    return !atomic_load(&inbox->filled);
}
