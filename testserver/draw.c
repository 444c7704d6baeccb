/* See draw.h. The mixer is the output function of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom
 * number generators", 2014). */
#include "draw.h"

#include "table.h"

uint64_t draw_mix(uint64_t x) {
    x += DRAW_GAMMA;
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

uint64_t draw_bits(uint64_t seed, const char *key, uint64_t hit, uint64_t purpose) {
    return draw_mix(draw_mix(draw_mix(draw_mix(seed) ^ text_hash(key)) ^ hit) ^ purpose);
}

double draw_number(uint64_t seed, const char *key, uint64_t hit, uint64_t purpose) {
    return (double)(draw_bits(seed, key, hit, purpose) >> 11) / 9007199254740992.0; /* 2^53 */
}
