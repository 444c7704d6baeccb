/* How large answers were, so that the next one of the same place meets a receive buffer that fits it. Each attempt in
 * flight has such a buffer, while few of them get a large answer. One thread at a time. */
#ifndef WIRE_SIZES_H
#define WIRE_SIZES_H

#include <stddef.h>
#include <stdint.h>

#define SIZES_PLACES 256
#define SIZES_MOST_BYTES (64L * 1024) /* more make a large download no faster */

/* By place, the number of its step, of which the first is the least; starts as zeros: nothing is known. */
struct sizes {
    uint8_t steps[SIZES_PLACES];
};

/* The place of a URL: all that lies in the same folder is one. Different folders may be taken for one, too. */
unsigned sizes_place(const char *url);
/* Bytes: 2 KiB to 64 KiB. in_flight: attempts, this one included. */
long sizes_buffer(const struct sizes *sizes, unsigned place, size_t in_flight);
/* An answer had so many, its header included. One that is larger counts at once, smaller ones little by little. */
void sizes_learn(struct sizes *sizes, unsigned place, uint64_t bytes);

#endif
