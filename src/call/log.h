/* What is told of a call while it runs. The calling thread. */
#ifndef CALL_LOG_H
#define CALL_LOG_H

#include "engine/execution.h"
#include <insist/log.h>

/* The event that is being fired, as far as it is worth a message. hidden: keys of a query whose values are not
 * shown. */
void log_event(const insist_logger *logger, const struct headers *hidden, const struct execution *execution,
               insist_event event);

#endif
