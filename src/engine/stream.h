/* Answers whose body goes to a sink as it comes. */
#ifndef ENGINE_STREAM_H
#define ENGINE_STREAM_H

#include "engine/state.h"

/* Its headers came and BEFORE_READ_BODY has been fired: it is committed, or its body is kept like any other. */
void stream_begin(struct execution *execution, struct attempt *attempt);
void stream_chunk(struct execution *execution, struct attempt *attempt);
/* A committed attempt has ended, and its AFTER_ATTEMPT has been fired. False: what it delivered is forgotten, and it is a failure like any
 * other. */
bool stream_end(struct execution *execution, struct attempt *attempt);

#endif
