/* Making, wrapping and releasing waiters; the draw that several of them share. */
#include "policy/pace.h"
#include "policy/backoff.h"

void waiter_release(insist_waiter waiter) {
    if (waiter.release)
        waiter.release(waiter.ctx);
}

static void pace_release(void *ctx) {
    struct pace *pace = ctx;
    waiter_release(pace->inner);
    env_release(pace->env, pace);
}

bool pace_is(const insist_waiter *waiter) {
    return waiter->release == pace_release;
}

insist_waiter pace_new(const struct env *env, insist_wait_fn *wait, struct pace content) {
    static const struct poison no_memory = {INSIST_ENOMEM, "waiter", "out of memory"};
    struct pace *pace = env_alloc(env, sizeof *pace);
    if (!pace)
        return poison_waiter(&no_memory);
    *pace = content;
    pace->env = env;
    return pace_waiter(pace, wait);
}

insist_waiter pace_waiter(struct pace *pace, insist_wait_fn *wait) {
    return (insist_waiter){.wait = wait, .ctx = pace, .release = pace_release};
}

static bool is_outermost(const insist_waiter *waiter) {
    return pace_is(waiter) && ((const struct pace *)waiter->ctx)->outermost;
}

const struct poison *pace_cannot_wrap(const insist_waiter *inner) {
    static const struct poison not_outermost = {
        INSIST_EINVAL, "waiter", "insist_wait_retry_after() must be the outermost waiter, and there can be only one"};
    const struct poison *poison = poison_in_waiter(inner);
    return !poison && is_outermost(inner) ? &not_outermost : poison;
}

insist_waiter pace_wrap(const struct env *env, insist_wait_fn *wait, insist_waiter inner, struct pace content,
                        const struct poison *refusal) {
    const struct poison *poison = pace_cannot_wrap(&inner);
    if (!poison)
        poison = refusal;
    content.inner = inner;
    insist_waiter wrapped = poison ? poison_waiter(poison) : pace_new(env, wait, content);
    if (!wrapped.wait)
        waiter_release(inner);
    return wrapped;
}

int64_t pace_drawn(int64_t most, insist_random *random) {
    const double scaled = insist_random_unit(random) * ((double)most + 1);
    return scaled < (double)most ? (int64_t)scaled : most;
}
