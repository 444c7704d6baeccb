/* What an attempt's end means for the call. */
#ifndef ENGINE_JUDGE_H
#define ENGINE_JUDGE_H

#include "engine/state.h"

void judge_attempt(struct execution *execution, struct attempt *attempt);

#endif
