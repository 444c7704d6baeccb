/* Policies: may it be tried again, after which wait, and how long may an attempt take?
 *
 * They are values built from parts: a decider answers "again?", a waiter "how long to wait?". A part is a function,
 * its context and what releases the context; its layout never changes. Combinators consume their arguments and carry
 * a failure (an allocation, a bad argument) along as a poison value, so only the last step,
 * insist_retry_policy_new(), is checked.
 *
 * User functions run on the thread that executes the call, with no lock held. One policy may serve many calls at
 * once: a context that several calls share must be safe to use from several threads. Durations returned are in
 * microseconds.
 *
 * Since 0.1.0, all of it, unless a comment says otherwise. */
#ifndef INSIST_POLICY_H
#define INSIST_POLICY_H

#include <insist/error.h>
#include <stddef.h>
#include <stdint.h>

INSIST_BEGIN_DECLS

/** What has happened so far in a call: borrowed and read-only, valid while the function it was handed to runs.
 *  [CONFINED] to that function's thread. */
typedef struct insist_execution insist_execution;

/** The call's stream of random numbers, handed to whoever needs one. Borrowed, as the execution is. [CONFINED] */
typedef struct insist_random insist_random;

/** The next number of the stream, uniform in [0, 1). */
INSIST_API double insist_random_unit(insist_random *random);

/** No limit: for timeouts and deadlines, in whatever unit. */
#define INSIST_FOREVER INT64_MAX

/** Releases a context when the last policy or client that uses it is gone. May run on any thread. */
typedef void insist_release_fn(void *ctx);

/* ---- deciders: again? -------------------------------------------------------------------------------------------- */

/** What a decider says of an attempt. */
typedef enum insist_verdict {
    INSIST_ACCEPT = 0, /* no other answer is wanted */
    INSIST_RETRY,      /* another attempt, please */
    INSIST_EXHAUSTED,  /* another would be wanted, but a count or a time is used up */
    INSIST_FAIL        /* end the call at once with the error given */
} insist_verdict;

/** Judges the attempt that has just ended. With INSIST_FAIL, *error says what the call is to return; an error of
 *  INSIST_OK there, or an answer that is none of the four, ends the call with INSIST_EINVAL. With any other answer
 *  *error is not looked at. */
typedef insist_verdict insist_decide_fn(void *ctx, const insist_execution *execution, insist_err *error);

/** A decider: a value, which whatever takes it consumes. */
typedef struct insist_decider {
    insist_decide_fn *decide; /* NULL: a poison value */
    void *ctx;
    insist_release_fn *release; /* may be NULL */
} insist_decider;

/** RETRY while fewer than n retries have been started in the call, else EXHAUSTED. Hedges are no retries. */
INSIST_API insist_decider insist_retry_times(unsigned n);
/** RETRY while fewer than n attempts of any kind have been started in the call, else EXHAUSTED. 0 is refused. */
INSIST_API insist_decider insist_retry_attempts(unsigned n);
/** RETRY while less than that many milliseconds have passed since the call began, else EXHAUSTED. It shortens neither
 *  an attempt nor a wait. Negative is refused. */
INSIST_API insist_decider insist_retry_before_ms(int64_t ms);
/** RETRY when an answer came with one of these statuses, else ACCEPT. A status whose body did not come whole is no
 *  answer but an error. The list is copied; an empty one, or a status outside 100 to 999, is refused. */
INSIST_API insist_decider insist_retry_on_status(const int *statuses, size_t n);
/** RETRY when an answer came whose status begins with that digit (5 for 500 to 599), else ACCEPT. 1 to 9. */
INSIST_API insist_decider insist_retry_on_status_class(int first_digit);
/** RETRY when an answer came with a status from first to last, both included, else ACCEPT. A status outside 100 to 999,
 *  or a last below first, is refused. */
INSIST_API insist_decider insist_retry_on_status_range(int first, int last);
/** RETRY after a transport error of a transient kind (insist_categorize), else ACCEPT. */
INSIST_API insist_decider insist_retry_on_transient(void);
/** RETRY after any error, a validator's rejection included, else ACCEPT. */
INSIST_API insist_decider insist_retry_on_error(void);
/** What a client retries that was told nothing: 408 425 429 500 502 503 504, and transient transport errors. */
INSIST_API insist_decider insist_retry_standard(void);
/** Always ACCEPT. */
INSIST_API insist_decider insist_retry_never(void);
/** FAIL if either does; else ACCEPT if either does; else EXHAUSTED if either does; else RETRY. The first is asked
 *  first; the second is not asked when the first has settled it, which only FAIL does. Consumes both. */
INSIST_API insist_decider insist_retry_and(insist_decider first, insist_decider second);
/** FAIL if either does; else RETRY if either does; else EXHAUSTED if either does; else ACCEPT. Asked as by
 *  insist_retry_and(). Consumes both. */
INSIST_API insist_decider insist_retry_or(insist_decider first, insist_decider second);
/** RETRY becomes ACCEPT, ACCEPT and EXHAUSTED become RETRY, FAIL stays. Consumes its argument. */
INSIST_API insist_decider insist_retry_not(insist_decider decider);
/** EXHAUSTED becomes FAIL, so that a call whose last outcome still wanted a retry returns an error: the attempt's own,
 *  or, when an answer came, err. The answer is in the result all the same. The others stay. INSIST_OK is refused.
 *  Consumes. (go-retryablehttp's ErrorPropagatedRetryPolicy, around its count and insist_retry_retryablehttp().) */
INSIST_API insist_decider insist_retry_fail_exhausted(insist_decider decider, insist_err err);

/* What three other libraries retry. None of them looks at the method: insist's own gate (may this request be repeated?)
 * still comes after them. */

/** gogama/httpx, its default: 429 502 503 504, and the errors that it calls transient: timeouts, refused and reset
 *  connections, an early end, in the TLS handshake too. It counts nothing: join it with insist_retry_times(). */
INSIST_API insist_decider insist_retry_httpx(void);
/** sethgrid/pester: 500 and above, every error until the headers have come, a redirect that was not followed and a
 *  validator's rejection; 429 when asked. A body that breaks off after good headers is not retried. It counts nothing:
 *  join it with insist_retry_attempts(). */
INSIST_API insist_decider insist_retry_pester(bool too_many_requests_too);
/** hashicorp/go-retryablehttp, its default policy: 429, and 500 and above but 501; every error until the headers have
 *  come but those that stay: a bad URL or header, a certificate that is not accepted, a redirect that was not followed;
 *  a validator's rejection. A body that breaks off after good headers is not retried. It counts nothing: join it with
 *  insist_retry_times(). */
INSIST_API insist_decider insist_retry_retryablehttp(void);

/* ---- waiters: how long until the next attempt? ------------------------------------------------------------------- */

/** A waiter's answer that ends the cycle: no further attempt (reason COUNT). */
#define INSIST_EXIT ((int64_t)-1)

/** How long to wait, in microseconds from now, before the retry whose number insist_execution_retry() tells (1 for
 *  the first). Anything negative means INSIST_EXIT. */
typedef int64_t insist_wait_fn(void *ctx, const insist_execution *execution, insist_random *random);

/** A waiter: a value, which whatever takes it consumes. It is not asked about the one retry of a call that replaces a
 *  connection which had died while it was idle: that is made at once (INSIST_START_STALE), if the deciders want it. */
typedef struct insist_waiter {
    insist_wait_fn *wait; /* NULL: a poison value */
    void *ctx;
    insist_release_fn *release; /* may be NULL */
} insist_waiter;

/** Always the same wait; 0 means at once. Negative is refused. */
INSIST_API insist_waiter insist_wait_constant_ms(int64_t ms);
/** base + step * (retry - 1), never below 0, saturating. The step may be negative; a negative base is refused. */
INSIST_API insist_waiter insist_wait_linear_ms(int64_t base_ms, int64_t step_ms);
/** base * factor^(retry - 1), to the nearest microsecond, saturating; 0 for every retry when base or factor is 0. A
 *  negative base, or a factor that is negative or not finite, is refused. */
INSIST_API insist_waiter insist_wait_exponential_ms(int64_t base_ms, double factor);
/** Uniform in [base, 3 * last], both ends included, by one random number, and at most cap; last is the call's last
 *  wait, or base when that was shorter ("decorrelated jitter", same source as full jitter). A negative base, and a cap
 *  that is below base or 0, are refused. */
INSIST_API insist_waiter insist_wait_decorrelated_ms(int64_t base_ms, int64_t cap_ms);
/** INSIST_EXIT: no retry at all. */
INSIST_API insist_waiter insist_wait_once(void);
/** Uniform in [0, w], both ends included, for the wait w of the inner waiter, by one random number; EXIT passes
 *  through ("full jitter", AWS Architecture Blog, Exponential Backoff And Jitter, 2015). Consumes. */
INSIST_API insist_waiter insist_wait_full_jitter(insist_waiter waiter);
/** Half of the wait w of the inner waiter, rounded down, plus a number uniform in [0, the other half], both ends
 *  included, by one random number; EXIT passes through ("equal jitter", same source as full jitter). Consumes. */
INSIST_API insist_waiter insist_wait_equal_jitter(insist_waiter waiter);
/** About spread * w around the wait w of the inner waiter: w - s + u * (2 * s + 1) with s = spread * w and one random
 *  number u in [0, 1), at most w + s, the fraction dropped, saturating; EXIT passes through (deep-rent/retry, there in
 *  nanoseconds). A spread outside [0, 1) is refused. Consumes. */
INSIST_API insist_waiter insist_wait_spread_jitter(insist_waiter waiter, double spread);
/** At most max_ms; EXIT passes through. A waiter wrapped around a cap may exceed it. 0 or less, or less than the base
 *  of what it caps, is refused. Consumes. */
INSIST_API insist_waiter insist_wait_cap_ms(insist_waiter waiter, int64_t max_ms);
/** EXIT once n attempts of any kind have been started in the call, else what the inner waiter says. 0 is refused.
 *  Consumes. */
INSIST_API insist_waiter insist_wait_limit(insist_waiter waiter, unsigned n);
/** EXIT once that many milliseconds have passed since the call began, else what the inner waiter says. It shortens
 *  neither an attempt nor a wait. 0 or less is refused. Consumes. */
INSIST_API insist_waiter insist_wait_timeout_ms(insist_waiter waiter, int64_t limit_ms);
/** What a client uses that was told nothing: full jitter over 50 ms (1 s after a 429, or a 503 with Retry-After),
 *  doubling, capped at 20 s. */
INSIST_API insist_waiter insist_wait_standard(void);
/** Honours Retry-After (RFC 9110 section 10.2.3: seconds, or a date in any of the three forms, measured against the
 *  answer's own Date): the wait is the header's delay plus what the inner waiter says, and no attempt of the call
 *  starts earlier than the header asked. A delay beyond cap_ms ends the call at once with reason RETRY_AFTER;
 *  INSIST_FOREVER: no cap. Must be the outermost waiter of a policy, and the only one of its kind. Negative is
 *  refused. Consumes. */
INSIST_API insist_waiter insist_wait_retry_after(insist_waiter waiter, int64_t cap_ms);

/** What becomes of the wait when Retry-After is followed. */
typedef enum insist_retry_after_use {
    INSIST_RETRY_AFTER_ADDS = 0, /* the header's delay plus what the inner waiter says */
    INSIST_RETRY_AFTER_REPLACES  /* the header's delay alone; the inner waiter's EXIT still ends the cycle */
} insist_retry_after_use;

/** As insist_wait_retry_after(), for answers with one of these statuses only; the header of any other is ignored. The
 *  list is copied; an empty one, a status outside 100 to 999, and any other use are refused. Consumes. */
INSIST_API insist_waiter insist_wait_retry_after_on(insist_waiter waiter, const int *statuses, size_t n,
                                                    insist_retry_after_use use, int64_t cap_ms);

/* What three other libraries wait; httpx: insist_wait_exponential_ms(50, 2) within a cap of 1 s within full jitter. All
 * of it saturates. */

/** sethgrid/pester's DefaultBackoff: 1 s. */
INSIST_API insist_waiter insist_wait_pester_default(void);
/** Its LinearBackoff: retry seconds. */
INSIST_API insist_waiter insist_wait_pester_linear(void);
/** Its ExponentialBackoff: 2^retry seconds, so 2 s before the first retry. */
INSIST_API insist_waiter insist_wait_pester_exponential(void);
/** Its LinearJitterBackoff: a whole number of milliseconds, uniform in [w - j, w + j) with the wait w of
 *  insist_wait_pester_linear() and j = w / 3, rounded down, by one random number; 1 ms at least. */
INSIST_API insist_waiter insist_wait_pester_linear_jitter(void);
/** Its ExponentialJitterBackoff: the same around insist_wait_pester_exponential(). */
INSIST_API insist_waiter insist_wait_pester_exponential_jitter(void);
/** hashicorp/go-retryablehttp's DefaultBackoff: min * 2^(retry - 1), at most max; after 429 and 503 with Retry-After
 *  that header's delay instead, without a cap. Cannot be wrapped: see insist_wait_retry_after(). A negative min, a max
 *  below min, and a max of 0 are refused. */
INSIST_API insist_waiter insist_wait_retryablehttp(int64_t min_ms, int64_t max_ms);
/** Its LinearJitterBackoff: a whole number of microseconds, uniform in [min, max), by one random number, times retry;
 *  min times retry when both are the same. max is no cap. A negative min, and a max below min, are refused. */
INSIST_API insist_waiter insist_wait_retryablehttp_linear_jitter(int64_t min_ms, int64_t max_ms);
/** Its RateLimitLinearJitterBackoff: that, and Retry-After as in insist_wait_retryablehttp(). */
INSIST_API insist_waiter insist_wait_retryablehttp_rate_limit(int64_t min_ms, int64_t max_ms);

/* ---- policies: counted, [IMMUTABLE] ------------------------------------------------------------------------------ */

/** Whether, and when, an attempt is followed by another. [IMMUTABLE] */
typedef struct insist_retry_policy insist_retry_policy;
/** How long an attempt may take. [IMMUTABLE] */
typedef struct insist_timeout_policy insist_timeout_policy;

/** Joins a decider and a waiter. Consumes both, also when it fails; reports what failed in either.
 *  @return INSIST_OK, INSIST_EINVAL or INSIST_ENOMEM */
INSIST_API insist_err insist_retry_policy_new(insist_decider decider, insist_waiter waiter, insist_problem *problem,
                                              insist_retry_policy **out) INSIST_MUST_USE;
/** Gives the policy up; clients and calls that use it keep it alive. NULL is fine. */
INSIST_API void insist_retry_policy_free(insist_retry_policy *policy);

/** Every attempt may take that many milliseconds, from its start to the last byte of its body. 0 or less is refused;
 *  INSIST_FOREVER leaves only the call's deadline.
 *  @return INSIST_OK, INSIST_EINVAL or INSIST_ENOMEM */
INSIST_API insist_err insist_timeout_fixed_new(int64_t ms, insist_problem *problem,
                                               insist_timeout_policy **out) INSIST_MUST_USE;
/** No attempt has a limit of its own: only the call's deadline ends it.
 *  @return INSIST_OK, INSIST_EINVAL or INSIST_ENOMEM */
INSIST_API insist_err insist_timeout_infinite_new(insist_problem *problem, insist_timeout_policy **out) INSIST_MUST_USE;
/** Climbs a ladder while attempts time out: usual_ms; after_ms[0] in the wave after one in which an attempt timed out,
 *  after_ms[1] after two such waves in a row, and so on; the last rung repeats, and a wave in which no attempt timed
 *  out leads back to usual_ms. All attempts of one wave get the same. The list is copied; an empty one, and a timeout
 *  of 0 or less, are refused; INSIST_FOREVER: only the deadline.
 *  @return INSIST_OK, INSIST_EINVAL or INSIST_ENOMEM */
INSIST_API insist_err insist_timeout_adaptive_new(int64_t usual_ms, const int64_t *after_ms, size_t n,
                                                  insist_problem *problem, insist_timeout_policy **out) INSIST_MUST_USE;
/** Splits the deadline: each attempt gets what remains of it when it starts, divided by the number of attempts that
 *  may still be made by the retry policy's bound, itself included; the last takes all. The bound comes from
 *  insist_retry_times(), insist_retry_attempts() and insist_wait_limit(); a policy without one, and a call without a
 *  deadline, leave every attempt all that remains.
 *  @return INSIST_OK, INSIST_EINVAL or INSIST_ENOMEM */
INSIST_API insist_err insist_timeout_split_new(insist_problem *problem, insist_timeout_policy **out) INSIST_MUST_USE;

/** How long the attempt that is about to start may take, in microseconds; INSIST_FOREVER: no limit of its own; 0 or
 *  less: none at all, it times out at once. The call's deadline holds in any case. */
typedef int64_t insist_timeout_fn(void *ctx, const insist_execution *execution);
/** A policy of one's own: fn is asked before each attempt, hedges too. release may be NULL. Consumes ctx, also when it
 *  fails. A NULL function is refused.
 *  @return INSIST_OK, INSIST_EINVAL or INSIST_ENOMEM */
INSIST_API insist_err insist_timeout_custom_new(insist_timeout_fn *fn, void *ctx, insist_release_fn *release,
                                                insist_problem *problem, insist_timeout_policy **out) INSIST_MUST_USE;
/** Gives the policy up. NULL is fine. */
INSIST_API void insist_timeout_policy_free(insist_timeout_policy *policy);

INSIST_END_DECLS

#endif
