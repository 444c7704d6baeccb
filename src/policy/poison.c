/* Poison values are told from a user's value without a function by their release function: only ours carry this one. */
#include "policy/poison.h"

static const struct poison decider_without_function = {INSIST_EINVAL, "decider", "its decide function is NULL"};
static const struct poison waiter_without_function = {INSIST_EINVAL, "waiter", "its wait function is NULL"};

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
