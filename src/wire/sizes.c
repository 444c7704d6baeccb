/* How large answers were. A table of places, found by hashing: where two meet, a buffer fits one of them less well. */
#include "wire/sizes.h"

#include <string.h>

#define LEAST_BYTES 2048
#define STEPS_MAX 6 /* to SIZES_MOST_BYTES */
/* Of an answer that nothing is known of yet: a large one may come alone. But where many are in flight the memory of all
 * counts for more. */
#define UNKNOWN_BYTES 16384
#define FEW_IN_FLIGHT 16

static long bytes_of(unsigned step) {
    return LEAST_BYTES << (step - 1);
}

/* FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint32_t hash(const char *text, const char *end) {
    uint32_t hash = 2166136261u;
    for (; text < end; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}

unsigned sizes_place(const char *url) {
    const char *end = url;
    for (const char *c = url; *c != '\0' && *c != '?'; c++)
        if (*c == '/')
            end = c;
    uint32_t found = hash(url, end);
    return (found ^ found >> 16) % SIZES_PLACES;
}

long sizes_buffer(const struct sizes *sizes, unsigned place, size_t in_flight) {
    unsigned step = sizes->steps[place];
    if (step == 0)
        return in_flight <= FEW_IN_FLIGHT ? UNKNOWN_BYTES : LEAST_BYTES;
    return bytes_of(step);
}

void sizes_learn(struct sizes *sizes, unsigned place, uint64_t bytes) {
    uint8_t *step = &sizes->steps[place], wanted = 1;
    while (wanted < STEPS_MAX && bytes > (uint64_t)bytes_of(wanted))
        wanted++;
    if (wanted > *step)
        *step = wanted;
    else if (wanted < *step)
        --*step;
}
