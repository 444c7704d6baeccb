/* The small language of --race: how many attempts at once, or after which delays. Pure: text in, values out. */
#ifndef CLI_RACE_SPEC_H
#define CLI_RACE_SPEC_H

#include <insist/error.h>
#include <stddef.h>
#include <stdint.h>

enum race_shape { RACE_NONE = 0, RACE_DELAYS, RACE_EVERY, RACE_AT_ONCE, RACE_QUANTILE, RACE_AUTO };

#define RACE_DELAYS_MOST 32

/* Default (all zero): no race. */
struct race {
    enum race_shape shape;
    int64_t delays_ms[RACE_DELAYS_MOST]; /* RACE_EVERY: the first is repeated */
    size_t delay_count;
    unsigned times;   /* RACE_AT_ONCE: attempts; else hedges of a wave */
    double learnt;    /* RACE_QUANTILE: above 0, below 1; RACE_AUTO: the share, above 0, 1 at most */
    bool closes_wave; /* --wave close */
};

/* 50ms   50ms,200ms   every=20ms*3   at-once=3   p95[*2]   auto=2%[*2]. False: one sentence in problem->text. */
bool race_spec(const char *text, struct race *race, insist_problem *problem);

int64_t race_longest_ms(const struct race *race); /* of its delays; 0: there are none */

#endif
