/* Starting attempts. */
#ifndef ENGINE_WAVE_H
#define ENGINE_WAVE_H

#include "engine/state.h"

void wave_start_first(struct execution *execution);
void wave_start_due(struct execution *execution); /* the pending retry and hedge whose time has come */

#endif
