/* The formulas. See distribution.h. */
#include "distribution.h"

#include <math.h>
#include <stdlib.h>

static const double day_us = 86400e6;
static const double two_pi = 6.283185307179586;

struct distribution distribution_lognormal(double mean_us, double deviation_us) {
    double ratio = deviation_us / mean_us;
    double variance = log1p(ratio * ratio);
    return (struct distribution){
        .kind = DISTRIBUTION_LOGNORMAL,
        .log_us = log(mean_us) - variance / 2,
        .shape = sqrt(variance),
    };
}

/* Box and Muller, "A note on the generation of random normal deviates", 1958. */
static double standard_normal(double u, double v) {
    return sqrt(-2 * log1p(-u)) * cos(two_pi * v);
}

/* The inverse of its distribution function; `kept` is the share of an untruncated pareto that is not above high. */
static double pareto(const struct distribution *distribution, double u) {
    double a = distribution->low_us;
    double k = distribution->shape;
    double kept = distribution->high_us > 0 ? -expm1(k * log(a / distribution->high_us)) : 1;
    return a * exp(-log1p(-u * kept) / k);
}

static double draw_us(const struct distribution *distribution, double u, double v);

/* Where u falls within a part is again an even number from [0, 1), and independent of which part that is. */
static double mix(const struct distribution *distribution, double u, double v) {
    const struct distribution *part = distribution->parts;
    const struct distribution *last = part + distribution->part_count - 1;
    double before = 0;
    while (part < last && u >= before + part->weight) {
        before += part->weight;
        part++;
    }
    double within = part->weight > 0 ? (u - before) / part->weight : 0;
    double below_one = 1 - 0x1p-53;
    return draw_us(part, within < below_one ? within : below_one, v);
}

static double draw_us(const struct distribution *distribution, double u, double v) {
    switch (distribution->kind) {
    case DISTRIBUTION_CONSTANT: break;
    case DISTRIBUTION_UNIFORM: return distribution->low_us + u * (distribution->high_us - distribution->low_us);
    case DISTRIBUTION_LOGNORMAL: return exp(distribution->log_us + distribution->shape * standard_normal(u, v));
    case DISTRIBUTION_PARETO: return pareto(distribution, u);
    case DISTRIBUTION_MIX: return mix(distribution, u, v);
    }
    return distribution->low_us;
}

uint64_t distribution_us(const struct distribution *distribution, double u, double v) {
    double drawn_us = draw_us(distribution, u, v);
    return (uint64_t)(drawn_us < day_us ? drawn_us + 0.5 : day_us);
}

void distribution_fini(struct distribution *distribution) {
    for (size_t i = 0; i < distribution->part_count; i++) {
        distribution_fini(&distribution->parts[i]);
    }
    free(distribution->parts);
    distribution->parts = NULL;
    distribution->part_count = 0;
}
