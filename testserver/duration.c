/* See duration.h. A duration is a constant or the name of a distribution with its parameters in parentheses. */
#include "duration.h"

#include "weights.h"

#include <stdlib.h>
#include <string.h>

enum { PARTS_LIMIT = 100, DEPTH_LIMIT = 8 };
static const uint64_t shape_limit = 1000;

static bool read_any(struct scan *scan, struct distribution *out, int depth);

static bool read_us(struct scan *scan, double *out) {
    uint64_t us = 0;
    bool ok = scan_duration_us(scan, &us);
    *out = (double)us;
    return ok;
}

static bool comma(struct scan *scan, const char *what) {
    return scan_take(scan, ",") || scan_fail_at(scan, scan->at, "expected ',' and %s", what);
}

static bool closed(struct scan *scan) {
    return scan_take(scan, ")") || scan_fail_at(scan, scan->at, "expected ')'");
}

static bool read_positive_us(struct scan *scan, double *out) {
    size_t start = scan->at;
    return read_us(scan, out) && (*out > 0 || scan_fail_at(scan, start, "expected a duration above 0"));
}

static bool read_uniform(struct scan *scan, struct distribution *out, int depth) {
    (void)depth;
    out->kind = DISTRIBUTION_UNIFORM;
    if (!read_us(scan, &out->low_us) || !comma(scan, "the longest duration")) {
        return false;
    }
    size_t start = scan->at;
    if (!read_us(scan, &out->high_us)) {
        return false;
    }
    if (out->high_us < out->low_us) {
        return scan_fail_at(scan, start, "expected a duration that is not below the first one");
    }
    return closed(scan);
}

static bool read_lognormal(struct scan *scan, struct distribution *out, int depth) {
    (void)depth;
    double mean_us = 0;
    double deviation_us = 0;
    if (!read_positive_us(scan, &mean_us) || !comma(scan, "the standard deviation") || !read_us(scan, &deviation_us)) {
        return false;
    }
    *out = distribution_lognormal(mean_us, deviation_us);
    return closed(scan);
}

static bool read_shape(struct scan *scan, double *out) {
    size_t start = scan->at;
    if (!scan_decimal(scan, "a shape above 0 and at most 1000, such as 1.5", shape_limit, out)) {
        return false;
    }
    return *out > 0 || scan_fail_at(scan, start, "expected a shape above 0");
}

static bool read_pareto(struct scan *scan, struct distribution *out, int depth) {
    (void)depth;
    out->kind = DISTRIBUTION_PARETO;
    if (!read_positive_us(scan, &out->low_us) || !comma(scan, "the shape") || !read_shape(scan, &out->shape)) {
        return false;
    }
    if (scan_take(scan, ")")) {
        return true;
    }
    if (!scan_take(scan, ",")) {
        return scan_fail_at(scan, scan->at, "expected ')', or ',' and the longest duration");
    }
    size_t start = scan->at;
    if (!read_us(scan, &out->high_us)) {
        return false;
    }
    if (out->high_us <= out->low_us) {
        return scan_fail_at(scan, start, "expected a duration above the first one");
    }
    return closed(scan);
}

/* One more part at the end; it is finished with the others whatever becomes of it. */
static bool read_part(struct scan *scan, struct distribution *mix, int depth) {
    if (mix->part_count >= PARTS_LIMIT) {
        return scan_fail_at(scan, scan->at, "expected at most %d parts", PARTS_LIMIT);
    }
    struct distribution *grown = realloc(mix->parts, (mix->part_count + 1) * sizeof *grown);
    if (!grown) {
        return scan_fail_memory(scan);
    }
    mix->parts = grown;
    struct distribution *part = &grown[mix->part_count++];
    memset(part, 0, sizeof *part);
    double weight;
    bool ok = weight_read(scan, &weight) && read_any(scan, part, depth);
    part->weight = weight;
    return ok;
}

static bool read_mix(struct scan *scan, struct distribution *out, int depth) {
    size_t start = scan->at;
    out->kind = DISTRIBUTION_MIX;
    do {
        if (!read_part(scan, out, depth)) {
            return false;
        }
    } while (scan_take(scan, ","));
    if (!scan_take(scan, ")")) {
        return scan_fail_at(scan, scan->at, "expected ')', or ',' and another part");
    }
    return weights_share(scan, start, &out->parts[0].weight, out->part_count, sizeof out->parts[0]);
}

static const struct shape {
    const char *name;
    bool (*read)(struct scan *scan, struct distribution *out, int depth);
} shapes[] = {
    {"ln(", read_lognormal},
    {"uniform(", read_uniform},
    {"pareto(", read_pareto},
    {"mix(", read_mix},
};

static bool read_any(struct scan *scan, struct distribution *out, int depth) {
    size_t start = scan->at;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        if (!scan_take(scan, shapes[i].name)) {
            continue;
        }
        if (depth >= DEPTH_LIMIT) {
            return scan_fail_at(scan, start, "expected at most %d distributions within each other", DEPTH_LIMIT);
        }
        return shapes[i].read(scan, out, depth + 1);
    }
    char first = scan_peek(scan);
    if (first < '0' || first > '9') {
        return scan_fail_at(scan, start,
                            "expected a duration such as 30ms or 1.5s, or ln(mean,deviation), uniform(a,b), "
                            "pareto(a,shape) or mix(...)");
    }
    return read_us(scan, &out->low_us);
}

bool duration_read(struct scan *scan, struct distribution *out) {
    return read_any(scan, out, 0);
}
