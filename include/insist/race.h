/* Races: more than one attempt of a call at once, so that one slow answer does not make the call slow.
 *
 * A wave begins with one attempt. A scheduler says how long after it another one is to be started beside it (a hedge),
 * then another; a starter may refuse. The first acceptable complete answer wins and ends the call; the others are
 * given up, and nobody waits for them. An error or an answer that is to be retried never wins: the others go on.
 *
 * Only what does no harm twice is raced: GET, HEAD, OPTIONS and QUERY, and plans that are marked as idempotent or carry
 * an Idempotency-Key; never a body that is read while it is sent.
 *
 * Schedulers and starters are values built from parts, like deciders and waiters (policy.h): consumed by whatever takes
 * them, a failure is carried along and reported by insist_race_policy_new(). Their functions run on the thread that
 * executes the call, with no lock held; a context that several calls share must be safe to use from several threads.
 *
 * Since 0.1.0, all of it, unless a comment says otherwise. */
#ifndef INSIST_RACE_H
#define INSIST_RACE_H

#include <insist/policy.h>

INSIST_BEGIN_DECLS

/* ---- schedulers: when is the next attempt started beside those in flight? ---------------------------------------- */

/** A scheduler's answer: no further hedge until the next retry. Anything below it means the same. */
#define INSIST_NO_HEDGE ((int64_t)0)
/** A scheduler's answer: at once, without waiting for the newest attempt to be on the wire. */
#define INSIST_AT_ONCE INT64_MAX

/** Asked after each start; hedges is how many of this wave have been started. The delay to the next, in microseconds,
 *  INSIST_NO_HEDGE or INSIST_AT_ONCE. The delay counts from the moment the newest attempt's request went out; while
 *  it is still resolving or connecting, 250 ms from its start count instead, and one that waits for room is not hedged.
 *  A delay that is not below the newest attempt's timeout makes no hedge. */
typedef int64_t insist_schedule_fn(void *ctx, const insist_execution *execution, unsigned hedges);

/** A scheduler: a value, which whatever takes it consumes. */
typedef struct insist_scheduler {
    insist_schedule_fn *schedule; /* NULL: a poison value */
    void *ctx;
    insist_release_fn *release; /* may be NULL */
} insist_scheduler;

/** offsets[0] milliseconds from the first attempt of a wave to its first hedge, offsets[1] from there to the next, and
 *  so on; behind the last there is none. The list is copied; an empty one, and an offset of 0 or less, are refused. */
INSIST_API insist_scheduler insist_race_static_ms(const int64_t *offsets, size_t n);
/** The same delay before each of at most `times` hedges of a wave. A delay of 0 or less, and 0 times, are refused. */
INSIST_API insist_scheduler insist_race_every_ms(int64_t delay, unsigned times);
/** n attempts of each wave at once. 0 and 1 mean one attempt: no hedge. */
INSIST_API insist_scheduler insist_race_at_once(unsigned n);
/** sethgrid/pester's Concurrency: n at once for GET, one for any other method; 0 means 1. */
INSIST_API insist_scheduler insist_race_pester(unsigned n);

/* Delays that are learnt: from how long requests to the origin have taken in the last minute (on the wire to the last
 * byte, or to the headers when the body goes to a sink), of calls of the same client that race by a scheduler of this
 * kind or of the user's own. First attempts and retries count that were accepted, or given up before they were done
 * ("longer than that"). There is no hedge before 100 of them in the minute, none below 200 us, and none while too many
 * requests of the last second were slower than the delay: when everything is slow a second request only adds to the
 * load. Too many are more than four times the share that should be slower (1 - quantile, share), but at the latest more
 * than half; where that share is itself above a third, more than it and a quarter of the rest: five of eight for the
 * median. A share of 1 wants every request hedged, and is never held back. A client knows 128 origins, the least
 * recently used go. */

/** The delay is that quantile of the latencies, before each of at most `times` hedges of a wave: 0.95 hedges the
 *  slowest twentieth. A quantile that is not above 0 and below 1, and 0 times, are refused. */
INSIST_API insist_scheduler insist_race_quantile(double quantile, unsigned times);
/** The delay, and the share of slower requests that are hedged, which make the 99th percentile of the calls smallest
 *  while the extra requests are at most that share of all: 0.02 for one in fifty. SingleR of Kaler, He and Elnikety,
 *  Optimal Reissue Policies for Reducing Tail Latency. Who is hedged is drawn from the client's
 *  seed. At most `times` hedges of a wave, the delay before each: for a percentile more than one is of no use, so the
 *  second and later ones get what the first leave of the share. A share that is not above 0 and at most 1, and 0 times,
 *  are refused. */
INSIST_API insist_scheduler insist_race_auto(double share, unsigned times);

/* ---- starters: may the hedge that is due be started? ------------------------------------------------------------- */

/** Asked when a hedge is due and the budget allows it. False leaves it out, and ends hedging until the next retry. */
typedef bool insist_start_fn(void *ctx, const insist_execution *execution);
/** The hedge that was allowed in this call a moment ago was not started after all: there was no room for it, or a
 *  handler ended the call. */
typedef void insist_not_started_fn(void *ctx, const insist_execution *execution);

/** A starter: a value, which whatever takes it consumes. */
typedef struct insist_starter {
    insist_start_fn *start; /* NULL: a poison value */
    void *ctx;
    insist_release_fn *release;         /* may be NULL */
    insist_not_started_fn *not_started; /* may be NULL */
} insist_starter;

/** Every hedge is started. */
INSIST_API insist_starter insist_start_always(void);

/** At most so many starts within any stretch of time of that length. */
typedef struct insist_throttle_window {
    unsigned starts; /* at most 1,000,000; 0: none at all */
    int64_t period_ms;
} insist_throttle_window;

/** Hedges are started while every window has room; one that is refused counts in none of them, nor does one that is
 *  not started after all. A start that is a whole period old counts no more. All calls that use the starter's policy
 *  share its windows. The list is copied; an empty one, a period of 0 or less, and more than 1,000,000 starts are
 *  refused. */
INSIST_API insist_starter insist_start_throttle(const insist_throttle_window *windows, size_t n);

/* ---- policies: counted, [IMMUTABLE] ------------------------------------------------------------------------------ */

/** What a retryable end means while others are in flight. */
typedef enum insist_wave_mode {
    INSIST_REFILL = 0, /* it is replaced by a retry after its wait, while the others go on */
    INSIST_CLOSE       /* it stops hedging; when the last has ended the policies are asked once, about the most useful
                          outcome: gogama/httpx's way */
} insist_wave_mode;

/** When further attempts are started beside one that is slow. [IMMUTABLE] */
typedef struct insist_race_policy insist_race_policy;

/** Joins a scheduler and a starter. Consumes both, also when it fails; reports what failed in either.
 *  @return INSIST_OK, INSIST_EINVAL or INSIST_ENOMEM */
INSIST_API insist_err insist_race_policy_new(insist_scheduler scheduler, insist_starter starter, insist_wave_mode mode,
                                             insist_problem *problem, insist_race_policy **out) INSIST_MUST_USE;
/** Gives the policy up; clients and plans that use it keep it alive. NULL is fine. */
INSIST_API void insist_race_policy_free(insist_race_policy *policy);

INSIST_END_DECLS

#endif
