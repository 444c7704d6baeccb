/* Poison values are told from a user's value without a function by their release function: only ours carry this one. */
#include "policy/poison.h"

static const struct poison decider_without_function = {INSIST_EINVAL, "decider", "its decide function is NULL"};
static const struct poison waiter_without_function = {INSIST_EINVAL, "waiter", "its wait function is NULL"};
static const struct poison scheduler_without_function = {INSIST_EINVAL, "scheduler", "its schedule function is NULL"};
static const struct poison starter_without_function = {INSIST_EINVAL, "starter", "its start function is NULL"};

static void poison_release(void *ctx) {
    (void)ctx; /* static text */
}

insist_decider poison_decider(const struct poison *poison) {
    return (insist_decider){.decide = NULL, .ctx = (void *)poison, .release = poison_release};
}

insist_waiter poison_waiter(const struct poison *poison) {
    return (insist_waiter){.wait = NULL, .ctx = (void *)poison, .release = poison_release};
}

const struct poison *poison_in_decider(const insist_decider *decider) {
    if (decider->decide)
        return NULL;
    return decider->release == poison_release ? decider->ctx : &decider_without_function;
}

const struct poison *poison_in_waiter(const insist_waiter *waiter) {
    if (waiter->wait)
        return NULL;
    return waiter->release == poison_release ? waiter->ctx : &waiter_without_function;
}

insist_scheduler poison_scheduler(const struct poison *poison) {
    return (insist_scheduler){.schedule = NULL, .ctx = (void *)poison, .release = poison_release};
}

insist_starter poison_starter(const struct poison *poison) {
    return (insist_starter){.start = NULL, .ctx = (void *)poison, .release = poison_release};
}

const struct poison *poison_in_scheduler(const insist_scheduler *scheduler) {
    if (scheduler->schedule)
        return NULL;
    return scheduler->release == poison_release ? scheduler->ctx : &scheduler_without_function;
}

const struct poison *poison_in_starter(const insist_starter *starter) {
    if (starter->start)
        return NULL;
    return starter->release == poison_release ? starter->ctx : &starter_without_function;
}
