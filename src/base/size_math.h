/* Arithmetic on sizes: what does not fit is noticed, never wrapped. Pure. */
#ifndef BASE_SIZE_MATH_H
#define BASE_SIZE_MATH_H

#include <stdbool.h>
#include <stddef.h>

/* Adds to *sum; false, and *sum means nothing, when the sum does not fit. */
static inline bool size_add(size_t *sum, size_t more) {
    return !__builtin_add_overflow(*sum, more, sum);
}

/* The capacity that something grows to which has to hold needed: twice what it was, first when it was nothing, at most
 * most; never less than needed. 0 when needed is more than most. */
static inline size_t size_grow(size_t capacity, size_t first, size_t needed, size_t most) {
    if (needed > most)
        return 0;
    size_t wanted = capacity == 0 ? first : capacity > most / 2 ? most : capacity * 2;
    if (wanted > most)
        wanted = most;
    return wanted > needed ? wanted : needed;
}

#endif
