/* What an attempt's end means for the call. */
#ifndef ENGINE_JUDGE_H
#define ENGINE_JUDGE_H

#include "engine/state.h"

void judge_attempt(struct execution *execution, struct attempt *attempt);

/* False: the validator does not want its answer. The attempt must be the view's current one. */
bool judge_validates(struct execution *execution, const struct attempt *attempt);

#endif
