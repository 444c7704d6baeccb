/* Distributions of durations: two numbers drawn evenly from [0, 1) in, a duration out. Pure.
 *
 *   constant       a
 *   uniform(a,b)   a + u (b - a)
 *   ln(m,s)        lognormal whose own mean is m and whose own standard deviation is s
 *   pareto(a,k)    P(X > x) = (a/x)^k from a on; its mean is finite for k > 1
 *   pareto(a,k,b)  the same on condition that X <= b: truncated, so that nothing piles up at b
 *   mix(w:D,...)   one of its parts, as often as its weight says */
#ifndef TESTSERVER_DISTRIBUTION_H
#define TESTSERVER_DISTRIBUTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum distribution_kind {
    DISTRIBUTION_CONSTANT = 0,
    DISTRIBUTION_UNIFORM,
    DISTRIBUTION_LOGNORMAL,
    DISTRIBUTION_PARETO,
    DISTRIBUTION_MIX
};

/* Zeroed, it is the constant 0. */
struct distribution {
    enum distribution_kind kind;
    double low_us;              /* the constant, a of uniform and pareto */
    double high_us;             /* b of uniform and pareto; 0: that pareto is not truncated */
    double shape;               /* k of pareto; sigma of the lognormal's logarithm */
    double log_us;              /* mu of the lognormal's logarithm */
    struct distribution *parts; /* of a mix, owned */
    size_t part_count;
    double weight; /* as a part of a mix: those of all parts sum to 1 */
};

/* The lognormal whose mean (above 0) and standard deviation are these. */
struct distribution distribution_lognormal(double mean_us, double deviation_us);

/* The duration that u and v, drawn independently from [0, 1), stand for: to the nearest microsecond, which leaves the
 * mean where it is, and at most a day. All but ln depend on u alone and grow with it, a mix as far as its parts are in
 * ascending order: it is the quantile at u. */
uint64_t distribution_us(const struct distribution *distribution, double u, double v);

/* Frees the parts. */
void distribution_fini(struct distribution *distribution);

#endif
