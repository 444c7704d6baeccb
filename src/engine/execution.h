/* The heart: one call as a state machine without I/O. (state, input, now) -> actions.
 *
 * Inputs are the functions below: begin, left the queue, on the wire, headers came, an attempt ended, interrupted, time
 * passed. Actions and user code are reached through the ports that were given at creation, from inside an input, on the
 * same thread. Nothing here blocks, locks or reads a clock, so a test can play any interleaving in virtual time.
 *
 * A call is open until it is closed: then nothing further is started, but what is in flight may still win. It is
 * over when an answer was accepted, when something ended it at once, or when it is closed and nothing is in flight. */
#ifndef ENGINE_EXECUTION_H
#define ENGINE_EXECUTION_H

#include "engine/state.h"

/* Rules, ports, ctx and request must outlive it. Nothing is fired or started yet. */
void execution_init(struct execution *execution, const struct env *env, const struct request *request,
                    const struct execution_rules *rules, const struct execution_ports *ports, void *ctx, uint64_t seed,
                    uint64_t stream);
void execution_fini(struct execution *execution);

/* interrupted: INSIST_OK, or why the call may not start an attempt at all. */
void execution_begin(struct execution *execution, insist_err interrupted, int64_t now_ns);
void execution_left_queue(struct execution *execution, struct attempt *attempt, int64_t now_ns);
/* progress.sent_ns tells when. */
void execution_sent(struct execution *execution, struct attempt *attempt, int64_t now_ns);
/* It is paused behind them. */
void execution_headers(struct execution *execution, struct attempt *attempt, int64_t now_ns);
/* It is committed to a sink, and paused behind a chunk. */
void execution_chunk(struct execution *execution, struct attempt *attempt, int64_t now_ns);
/* Its outcome is filled in. */
void execution_ended(struct execution *execution, struct attempt *attempt, int64_t now_ns);
/* User code that this attempt depends on has failed: the call ends with that error. */
void execution_failed(struct execution *execution, struct attempt *attempt, insist_err err, int64_t now_ns);
void execution_interrupt(struct execution *execution, insist_err err, int64_t now_ns);
/* The last of every turn: limits that have passed, then what is due is started. */
void execution_time(struct execution *execution, int64_t now_ns);

bool execution_is_over(const struct execution *execution);
int64_t execution_due_ns(const struct execution *execution); /* when execution_time() is wanted next */

/* Once over: the i-th attempt as the caller keeps it. */
void execution_record(const struct execution *execution, size_t i, insist_attempt_record *record);

#endif
