/* What is still to be started: at most one retry and one hedge, and when they are due. */
#ifndef ENGINE_PENDING_H
#define ENGINE_PENDING_H

#include "engine/state.h"

int64_t
pending_due_ns(const struct execution *execution); /* of the earlier one; TIME_NEVER: none, or nothing may start */
/* It has room, and is on its way to the wire. */
void pending_running(struct execution *execution, const struct attempt *attempt);
void pending_sent(struct execution *execution, const struct attempt *attempt);
void pending_ended(struct execution *execution, const struct attempt *attempt); /* it no longer counts as in flight */
void pending_drop(struct execution *execution); /* both; what was charged for the retry is given back */
void pending_give_back(struct execution *execution, unsigned charged, int64_t charged_at_ns);

#endif
