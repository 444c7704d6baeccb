/* Counts of latencies by bucket and window. Whole numbers only. Pure. */
#include "policy/latency.h"
#include "base/time_math.h"
#include <string.h>

#define LONG_NS INT64_C(10000000000)
#define SHORT_NS INT64_C(250000000)

#define FIRST_DOUBLING 7 /* 128 us … */
#define LAST_DOUBLING 26 /* … to 67 s */
#define STEP_BITS 6      /* 64 buckets to a doubling */
#define STEPS (1 << STEP_BITS)

#define ENTRIES_MOST (UINT32_MAX / LATENCY_LONG_WINDOWS) /* that a window tells of: their sum fits */

_Static_assert(LATENCY_BUCKETS == (LAST_DOUBLING - FIRST_DOUBLING) * STEPS + 2, "one bucket below and one above");

size_t latency_bucket(int64_t us) {
    if (us < (INT64_C(1) << FIRST_DOUBLING))
        return 0;
    if (us >= (INT64_C(1) << LAST_DOUBLING))
        return LATENCY_BUCKETS - 1;
    const unsigned doubling = 63 - (unsigned)__builtin_clzll((uint64_t)us);
    const size_t step = (size_t)(us >> (doubling - STEP_BITS)) - STEPS;
    return 1 + (doubling - FIRST_DOUBLING) * STEPS + step;
}

int64_t latency_begin_us(size_t bucket) {
    if (bucket == 0)
        return 0;
    const size_t doubling = FIRST_DOUBLING + (bucket - 1) / STEPS;
    return (int64_t)(STEPS + (bucket - 1) % STEPS) << (doubling - STEP_BITS);
}

/* ---- windows ----------------------------------------------------------------------------------------------------- */

static int64_t move_to(struct latency *latency, int64_t now_ns) {
    latency->now_ns = time_max(latency->now_ns, now_ns);
    return latency->now_ns;
}

static struct latency_window *newest_window(struct latency *latency) {
    const int64_t number = latency->now_ns / LONG_NS;
    struct latency_window *window = &latency->windows[number % LATENCY_LONG_WINDOWS];
    if (window->number != number) {
        memset(window, 0, sizeof *window);
        window->number = number;
    }
    return window;
}

static struct latency_moment *newest_moment(struct latency *latency) {
    const int64_t number = latency->now_ns / SHORT_NS;
    struct latency_moment *moment = &latency->moments[number % LATENCY_SHORT_WINDOWS];
    if (moment->number != number) {
        memset(moment, 0, sizeof *moment);
        moment->number = number;
    }
    return moment;
}

static bool is_recent(const struct latency *latency, const struct latency_window *window) {
    return window->number > latency->now_ns / LONG_NS - LATENCY_LONG_WINDOWS;
}

/* A bucket is full: each counts half of what it did, a single one stays. */
static void halve(struct latency_window *window) {
    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        window->ended[i] = (uint16_t)((window->ended[i] + 1) / 2);
        window->longer[i] = (uint16_t)((window->longer[i] + 1) / 2);
    }
}

static void count(struct latency_window *window, const struct latency_entry *entry, size_t bucket) {
    uint16_t *counter = entry->longer ? &window->longer[bucket] : &window->ended[bucket];
    if (*counter == UINT16_MAX)
        halve(window);
    (*counter)++;
    if (window->entries < ENTRIES_MOST)
        window->entries++;
}

void latency_enter(struct latency *latency, const struct latency_entry *entry, int64_t now_ns) {
    const size_t bucket = latency_bucket(entry->us);
    move_to(latency, now_ns);
    if (!entry->under_way)
        count(newest_window(latency), entry, bucket);
    if (entry->told)
        return;
    struct latency_moment *moment = newest_moment(latency);
    if (moment->taken[bucket] == UINT16_MAX)
        return; /* a quarter of a million a second: it is known well enough */
    moment->taken[bucket]++;
    moment->entries++;
    if (moment->highest < bucket)
        moment->highest = (uint32_t)bucket;
}

uint32_t latency_count(struct latency *latency, int64_t now_ns) {
    uint32_t entries = 0;
    move_to(latency, now_ns);
    for (size_t w = 0; w < LATENCY_LONG_WINDOWS; w++)
        if (is_recent(latency, &latency->windows[w]))
            entries += latency->windows[w].entries;
    return entries;
}

void latency_sum(struct latency *latency, int64_t now_ns, struct latency_counts *counts) {
    memset(counts, 0, sizeof *counts);
    counts->entries = latency_count(latency, now_ns);
    for (size_t w = 0; w < LATENCY_LONG_WINDOWS; w++) {
        const struct latency_window *window = &latency->windows[w];
        if (window->entries == 0 || !is_recent(latency, window))
            continue;
        for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
            counts->ended[i] += window->ended[i];
            counts->longer[i] += window->longer[i];
        }
    }
}

double latency_slower_share(struct latency *latency, int64_t us, bool asks_itself, int64_t now_ns) {
    const size_t from = latency_bucket(us);
    const int64_t oldest = move_to(latency, now_ns) / SHORT_NS - LATENCY_SHORT_WINDOWS;
    uint32_t entries = 0, slower = 0;
    for (size_t m = 0; m < LATENCY_SHORT_WINDOWS; m++) {
        const struct latency_moment *moment = &latency->moments[m];
        if (moment->number <= oldest)
            continue;
        entries += moment->entries;
        for (size_t i = from; i <= moment->highest; i++)
            slower += moment->taken[i];
    }
    const uint32_t own = asks_itself && slower > 0;
    return slower == own ? 0 : (double)(slower - own) / (double)(entries - own);
}
