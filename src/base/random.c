/* splitmix64: a counter that moves by an odd constant, each value scrambled on its way out. Pure. */
#include "base/random.h"

#include <insist/policy.h>

#define GAMMA UINT64_C(0x9e3779b97f4a7c15) /* 2^64 divided by the golden ratio, made odd */

/* One to one, so different inputs stay different. */
static uint64_t scramble(uint64_t z) {
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* The streams of one seed start at scrambled places: counting on from neighbouring ones would make each a shifted copy
 * of the last. */
void random_init(struct insist_random *random, uint64_t seed, uint64_t stream) {
    random->state = scramble(scramble(seed + GAMMA) + stream * GAMMA);
}

uint64_t random_next(struct insist_random *random) {
    random->state += GAMMA;
    return scramble(random->state);
}

double insist_random_unit(insist_random *random) {
    return (double)(random_next(random) >> 11) * 0x1.0p-53; /* as many bits as a double holds: 1 is never reached */
}
