/* What this library's own waiters are made of: a function and what it needs to know, allocated once and never changed.
 * A wrapper owns its inner waiter. Pure. */
#ifndef POLICY_PACE_H
#define POLICY_PACE_H

#include "policy/poison.h"
#include "view/policies.h"

#define US_PER_MS INT64_C(1000)

struct pace {
    const struct env *env;
    int64_t us;      /* the constant, the base, the cap or the limit */
    int64_t more_us; /* the step, or the largest */
    double factor;   /* or the spread */
    unsigned count;
    bool outermost; /* nothing may be wrapped around it */
    insist_waiter inner;
};

insist_waiter pace_new(const struct env *env, insist_wait_fn *wait, struct pace content);
/* Consumes inner, also when it fails. refusal: what is wrong with the wrapper's own arguments, or NULL; a poison that
 * inner carries comes first. */
insist_waiter pace_wrap(const struct env *env, insist_wait_fn *wait, insist_waiter inner, struct pace content,
                        const struct poison *refusal);
/* What is wrong with wrapping it, or NULL. */
const struct poison *pace_cannot_wrap(const insist_waiter *inner);
/* The waiter of a pace that was allocated with env, alone or as the first member of something larger. */
insist_waiter pace_waiter(struct pace *pace, insist_wait_fn *wait);
/* Made by one of the three; its context is then a struct pace. */
bool pace_is(const insist_waiter *waiter);

/* A whole number, uniform in [0, most], from one draw. */
int64_t pace_drawn(int64_t most, insist_random *random);

#endif
