/* What attempts tell about the latencies of their origin. */
#ifndef ENGINE_LEARN_H
#define ENGINE_LEARN_H

#include "engine/state.h"

/* Its answer is wanted: complete, or from its headers on when it goes to a sink. */
void learn_accepted(struct execution *execution, struct attempt *attempt);
/* It is given up, or its time was over. */
void learn_given_up(struct execution *execution, struct attempt *attempt);
/* A hedge beside it is due. */
void learn_slow(struct execution *execution, struct attempt *attempt);

#endif
