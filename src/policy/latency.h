/* How long requests to one origin have taken, its pure core: instants are handed in, the caller locks.
 *
 * Counts in logarithmic buckets: 64 to each doubling, so that none is wider than 1.6 % of where it begins, from 128 us
 * to 67 s; below and above there is one bucket each. An entry is a latency, or one that an attempt was given up at:
 * "longer than this". They are counted twice: in six windows of ten seconds, of which the newest is running (the last
 * minute), and in four of a quarter of a second (the last second). About 38 KiB. */
#ifndef POLICY_LATENCY_H
#define POLICY_LATENCY_H

#include "view/latencies.h"
#include <stddef.h>

#define LATENCY_BUCKETS 1218
#define LATENCY_LONG_WINDOWS 6
#define LATENCY_SHORT_WINDOWS 4
#define LATENCY_ENTRIES_LEAST 100 /* below that nothing is known */

struct latency_window {
    int64_t number; /* of ten-second stretches of the clock */
    uint32_t entries;
    uint16_t ended[LATENCY_BUCKETS];
    uint16_t longer[LATENCY_BUCKETS];
};

struct latency_moment {
    int64_t number; /* of quarters of a second */
    uint32_t entries;
    uint32_t highest; /* bucket with an entry */
    uint16_t taken[LATENCY_BUCKETS];
};

struct latency {
    int64_t now_ns; /* the latest instant seen: an earlier one counts as this one */
    struct latency_window windows[LATENCY_LONG_WINDOWS];
    struct latency_moment moments[LATENCY_SHORT_WINDOWS];
};

/* The last minute in one. */
struct latency_counts {
    uint32_t entries;
    uint32_t ended[LATENCY_BUCKETS];
    uint32_t longer[LATENCY_BUCKETS];
};

/* One that is all zeros is empty. */
void latency_enter(struct latency *latency, const struct latency_entry *entry, int64_t now_ns);
uint32_t latency_count(struct latency *latency, int64_t now_ns); /* entries of the last minute */
void latency_sum(struct latency *latency, int64_t now_ns, struct latency_counts *counts);
/* Of the last second's requests, those under way included: which share took as long, or longer. Bucket by bucket. One
 * of those is left out when it is the one that asks. */
double latency_slower_share(struct latency *latency, int64_t us, bool asks_itself, int64_t now_ns);

size_t latency_bucket(int64_t us);       /* negative counts as 0 */
int64_t latency_begin_us(size_t bucket); /* its smallest latency */

#endif
