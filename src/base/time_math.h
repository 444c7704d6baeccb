/* Saturating arithmetic on durations and instants: nothing overflows, INT64_MAX means "never" and stays so. Pure. */
#ifndef BASE_TIME_MATH_H
#define BASE_TIME_MATH_H

#include <stdint.h>

#define TIME_NEVER INT64_MAX

static inline int64_t time_add(int64_t a, int64_t b) {
    int64_t sum;
    if (a == TIME_NEVER || b == TIME_NEVER)
        return TIME_NEVER;
    if (__builtin_add_overflow(a, b, &sum))
        return b > 0 ? TIME_NEVER : INT64_MIN;
    return sum;
}

static inline int64_t time_scale(int64_t duration, int64_t by) { /* duration >= 0, by > 0: ms to us, us to ns */
    int64_t product;
    if (duration == TIME_NEVER || __builtin_mul_overflow(duration, by, &product))
        return TIME_NEVER;
    return product;
}

static inline int64_t time_min(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static inline int64_t time_max(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static inline int64_t time_from_ms(int64_t ms) { /* to ns */
    return time_scale(ms, 1000000);
}

static inline int64_t time_from_us(int64_t us) { /* to ns */
    return time_scale(us, 1000);
}

#endif
