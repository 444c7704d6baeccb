/* Ends: of an attempt, and of the call. */
#ifndef ENGINE_FINISH_H
#define ENGINE_FINISH_H

#include "engine/state.h"

/* Fires what the attempt is owed, counts it, keeps the most useful outcome. */
void finish_attempt(struct execution *execution, struct attempt *attempt);
/* The validator did not want the answer of the attempt that was finished last: it is an error from here on. */
void finish_rejected(struct execution *execution, struct attempt *attempt);
/* Its answer is the call's; all others in flight are given up. */
void finish_accepted(struct execution *execution, struct attempt *winner);
/* It has won before its body came: nothing else is pending or in flight from here on. */
void finish_siblings(struct execution *execution, const struct attempt *winner);
/* Nothing further is started; the first reason stays. err: what a refused start or an accepted error says; about: the attempt of that error. */
void finish_close(struct execution *execution, insist_reason reason, insist_err err, struct attempt *about);
/* Closed, and nothing is in flight: over. */
void finish_if_closed(struct execution *execution);
/* Over: the call gives up because of this attempt, and nothing else is in flight. */
void finish_given_up(struct execution *execution, insist_reason reason, insist_err err, struct attempt *about);
/* Over, whatever is in flight. about: the attempt to be reported; NULL: the most useful one. */
void finish_at_once(struct execution *execution, insist_reason reason, insist_err err, struct attempt *about);

#endif
