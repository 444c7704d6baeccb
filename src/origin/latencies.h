/* Latencies by origin: the counts of policy/latency.h, 128 origins of them at most (about 5 MiB), the least recently
 * used go; and what was worked out from them. Any thread; one leaf lock, under which entries are counted and counts are
 * copied. Hedges are worked out by the thread that asks, with the lock let go of: at most about once a second for each
 * origin and wish, meanwhile all others use what was worked out before.
 *
 * Where there is no memory for an origin's record nothing is noted, and nothing is hedged. */
#ifndef ORIGIN_LATENCIES_H
#define ORIGIN_LATENCIES_H

#include "base/env.h"
#include "view/latencies.h"
#include <insist/error.h>

struct latencies;

insist_err latencies_new(const struct env *env, struct latencies **out);
void latencies_free(struct latencies *latencies); /* NULL is fine */

void latencies_enter(struct latencies *latencies, const char *origin, const struct latency_entry *entry,
                     int64_t now_ns);
/* False: no hedge. Fewer than 100 entries in the last minute, nothing is known of such long latencies, or in the last
 * second too many requests were slower than the delay: over four times the share that should be hedged, or over half, or,
 * where that share is above a third, over a quarter of the rest more. */
bool latencies_plan(struct latencies *latencies, const char *origin, const struct hedge_wish *wish, int64_t now_ns,
                    struct hedge_plan *plan);
/* Of the last minute, in microseconds; -1: fewer than 100 entries, or longer than all that was seen. */
int64_t latencies_quantile_us(struct latencies *latencies, const char *origin, double quantile, int64_t now_ns);

#endif
