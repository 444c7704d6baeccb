/* See fill.h. */
#include "fill.h"

#include "draw.h"

/* Eight bytes come from each number of SplitMix64's sequence. */
static uint8_t random_byte(uint64_t start, uint64_t position) {
    uint64_t word = draw_mix(start + position / 8 * DRAW_GAMMA);
    return (uint8_t)(word >> position % 8 * 8);
}

void fill_read(const struct fill *fill, uint64_t position, uint8_t *out, size_t count) {
    uint64_t first = fill->random ? 0 : fill->start % 26;
    for (size_t i = 0; i < count; i++) {
        out[i] = fill->random ? random_byte(fill->start, position + i) : (uint8_t)('a' + (first + position + i) % 26);
    }
}
