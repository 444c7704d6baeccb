/* The plan of a call, exchanged by a handler before the first attempt, and the sink of an attempt. The calling thread. */
#ifndef CALL_REPLACE_H
#define CALL_REPLACE_H

#include "call/carry.h"

/* Lets go of a plan that took another's place, if there is one: the call is over. */
void replace_end(struct carrier *carrier);

#endif
