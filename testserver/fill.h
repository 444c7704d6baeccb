/* Bodies that are computed, not stored: byte i depends on i and on where the fill starts, so any part of one can be had
 * at any time. Pure. */
#ifndef TESTSERVER_FILL_H
#define TESTSERVER_FILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fill {
    bool random;    /* bytes without a pattern; else byte i is 'a' + (start + i) mod 26 */
    uint64_t start; /* the pattern's first byte, or what the random bytes are made from */
};

/* Bytes `position` to `position + count`. */
void fill_read(const struct fill *fill, uint64_t position, uint8_t *out, size_t count);

#endif
