/* The ports of an execution to its client's latencies: entered and asked under the plan's origin. The calling
 * thread. */
#ifndef CALL_LEARN_H
#define CALL_LEARN_H

#include "view/latencies.h"

void learn_latency(void *carrier, const struct latency_entry *entry, int64_t now_ns);
extern const struct latency_source learn_source;

#endif
