/* See draw.h. The mixer is the output function of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom
 * number generators", 2014). */
#include "draw.h"

#include "table.h"

static uint64_t mix(uint64_t x) {
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

double draw_number(uint64_t seed, const char *key, uint64_t hit, uint64_t purpose) {
    uint64_t bits = mix(mix(mix(mix(seed) ^ text_hash(key)) ^ hit) ^ purpose);
    return (double)(bits >> 11) / 9007199254740992.0; /* 2^53 */
}
