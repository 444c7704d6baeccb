/* Handler groups. Filled on one thread, then shared read-only. */
#ifndef CALL_HANDLERS_H
#define CALL_HANDLERS_H

#include "base/env.h"
#include <insist/execution.h>

insist_err handlers_new(const struct env *env, insist_handlers **out);

/* Calls all of an event in order; the first number other than 0 that one returns. NULL is an empty group. */
int handlers_fire(const insist_handlers *handlers, insist_event event, insist_execution *execution);
bool handlers_listen(const insist_handlers *handlers, insist_event event);

#endif
