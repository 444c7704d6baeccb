/* What a client counts: relaxed atomics, any thread. */
#ifndef ORIGIN_COUNTERS_H
#define ORIGIN_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

struct counters {
    atomic_uint_fast64_t calls, calls_done, attempts, retries, hedges, attempt_timeouts, deadlines;
    atomic_uint_fast64_t budget_refusals, queue_refusals, resends_blocked, stale_connections;
};

static inline uint64_t counter_add(atomic_uint_fast64_t *counter) { /* what it was before */
    return atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

#endif
