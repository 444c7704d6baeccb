/* A splitmix64 stream (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014): one a call, so that
 * nothing is shared and a seed replays a call exactly. Pure. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stdint.h>

struct insist_random {
    uint64_t state;
};

void random_init(struct insist_random *random, uint64_t seed, uint64_t stream); /* stream: the call's number */
uint64_t random_next(struct insist_random *random);

#endif
