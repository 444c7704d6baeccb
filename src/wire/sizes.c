/* How large answers were. A table of places, found by hashing: where two meet, a buffer fits one of them less well. */
#include "wire/sizes.h"

#include <stddef.h>
#include <string.h>

#define LEAST_BYTES 2048
#define STEPS_MAX 5 /* to SIZES_MOST_BYTES */

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

long sizes_buffer(const struct sizes *sizes, unsigned place) {
    return LEAST_BYTES << sizes->steps[place];
}

void sizes_learn(struct sizes *sizes, unsigned place, uint64_t bytes) {
    uint8_t *step = &sizes->steps[place], wanted = 0;
    while (wanted < STEPS_MAX && bytes > (uint64_t)LEAST_BYTES << wanted)
        wanted++;
    if (wanted > *step)
        *step = wanted;
    else if (wanted < *step)
        --*step;
}
