/* Random numbers that depend on the seed, the key and the number of the hit, and on nothing else: the order in which
 * requests arrive never changes what one of them gets. Pure. */
#ifndef TESTSERVER_DRAW_H
#define TESTSERVER_DRAW_H

#include <stdint.h>

#define DRAW_GAMMA UINT64_C(0x9e3779b97f4a7c15) /* from one number of SplitMix64's sequence to the next */

/* The number of SplitMix64's sequence that follows state x. */
uint64_t draw_mix(uint64_t x);

/* 64 random bits. */
uint64_t draw_bits(uint64_t seed, const char *key, uint64_t hit, uint64_t purpose);

/* From [0, 1). `purpose` keeps the draws of one hit apart: 0 is the choice of a step. */
double draw_number(uint64_t seed, const char *key, uint64_t hit, uint64_t purpose);

#endif
