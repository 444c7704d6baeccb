/* An execution to ask waiters about, an inner waiter that says what it is told, and a stream whose next number is known:
 * so every formula can be tested to the exact microsecond. cmocka's asserts: the test's own thread only. */
#ifndef WAITER_EXAMPLE_H
#define WAITER_EXAMPLE_H

#include "policy/backoff.h"
#include "view/execution.h"

#define MS INT64_C(1000) /* microseconds */

/* The next number of the stream, and what stands for "none is to be drawn". */
#define LOWEST 0.0
#define HIGHEST (1 - 0x1.0p-53)
#define NO_DRAW (-1.0)

struct inner_example {
    int64_t says;
    unsigned asked, released;
};

struct waiter_example {
    struct attempt attempt;
    insist_execution execution;
};

/* A 500 without Retry-After, after which the first retry is to come. */
void waiter_example_init(struct waiter_example *example);
insist_waiter inner_example_waiter(struct inner_example *inner);

/* What it says about that retry when the next random number is that one: fails unless it draws exactly that one. */
int64_t waiter_example_ask(struct waiter_example *example, insist_waiter waiter, unsigned retry, double number);
int64_t waiter_example_ask_once(struct waiter_example *example, insist_waiter waiter, unsigned retry,
                                double number); /* and releases the waiter */

insist_retry_policy *waiter_example_policy(insist_waiter waiter); /* with insist_retry_never() */
/* No policy can be made of it, and that argument is named. */
void waiter_example_refused(insist_waiter waiter, const char *field);

#endif
