/* See weights.h. */
#include "weights.h"

#include <string.h>

static const double tolerance = 1e-9; /* 0.1 + 0.2 + 0.7 is not quite 1 */

/* A weight is a number with a colon behind it; a status or a duration is a number without. */
bool weight_read(struct scan *scan, double *weight) {
    size_t start = scan->at;
    size_t end = start + strspn(scan->text + start, "0123456789.");
    *weight = -1;
    if (end == start || scan->text[end] != ':') {
        return true;
    }
    return scan_probability(scan, weight) && (scan_take(scan, ":") || scan_fail_at(scan, scan->at, "expected ':'"));
}

static double *weight_at(double *first, size_t i, size_t stride) {
    return (double *)(void *)((char *)first + i * stride);
}

bool weights_share(struct scan *scan, size_t start, double *first, size_t count, size_t stride) {
    double sum = 0;
    size_t without = 0;
    for (size_t i = 0; i < count; i++) {
        double weight = *weight_at(first, i, stride);
        without += weight < 0;
        sum += weight < 0 ? 0 : weight;
    }
    if (sum > 1 + tolerance) {
        return scan_fail_at(scan, start, "expected weights that sum to at most 1");
    }
    if (without == 0 && sum < 1 - tolerance) {
        return scan_fail_at(scan, start, "expected weights that sum to 1, or one without a weight for the rest");
    }
    for (size_t i = 0; i < count; i++) {
        double *weight = weight_at(first, i, stride);
        if (*weight < 0) {
            *weight = sum < 1 ? (1 - sum) / (double)without : 0;
        }
    }
    return true;
}
