/* What the rooms of the engine ask of each other. */
#ifndef ENGINE_PARTS_H
#define ENGINE_PARTS_H

#include "base/time_math.h"
#include "engine/execution.h"

/* execution.c */
void execution_fire(struct execution *execution, insist_event event, struct attempt *about);

/* wave.c: starting attempts. */
void wave_start_first(struct execution *execution);
void wave_start_due(struct execution *execution); /* the pending retry and hedge whose time has come */
int64_t wave_due_ns(const struct execution *execution);
void wave_left_queue(struct execution *execution, struct attempt *attempt);
void wave_sent(struct execution *execution, struct attempt *attempt);
void wave_drop_pending(struct execution *execution); /* retry and hedge; what was charged is given back */

/* judge.c: what an attempt's end means for the call. */
void judge_attempt(struct execution *execution, struct attempt *attempt);

/* finish.c: an attempt's end, and the call's. */
void finish_attempt(struct execution *execution,
                    struct attempt *attempt); /* fires what is owed, counts it, keeps the most useful outcome */
void finish_accepted(struct execution *execution, struct attempt *winner);
void finish_close(struct execution *execution, insist_reason reason, insist_err err,
                  struct attempt *about);           /* the first reason stays */
void finish_if_closed(struct execution *execution); /* closed, and nothing is in flight: over */
void finish_at_once(struct execution *execution, insist_reason reason, insist_err err);

#endif
