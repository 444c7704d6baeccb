/* A growing array, sorted once. See samples.h. */
#include "samples.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

void samples_fini(struct samples *samples) {
    free(samples->ns);
    *samples = (struct samples){0};
}

static bool make_room(struct samples *samples, size_t more) {
    if (samples->room - samples->count >= more) {
        return true;
    }
    size_t room = samples->room * 2 > samples->count + more ? samples->room * 2 : samples->count + more + 1024;
    int64_t *ns = realloc(samples->ns, room * sizeof *ns);
    if (ns == NULL) {
        return false;
    }
    samples->ns = ns;
    samples->room = room;
    return true;
}

bool samples_add(struct samples *samples, int64_t ns) {
    if (!make_room(samples, 1)) {
        return false;
    }
    samples->ns[samples->count++] = ns;
    return true;
}

bool samples_join(struct samples *samples, const struct samples *more) {
    if (more->count == 0) {
        return true;
    }
    if (!make_room(samples, more->count)) {
        return false;
    }
    memcpy(samples->ns + samples->count, more->ns, more->count * sizeof *more->ns);
    samples->count += more->count;
    return true;
}

static int compare(const void *a, const void *b) {
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

void samples_sort(struct samples *samples) {
    if (samples->count > 1) {
        qsort(samples->ns, samples->count, sizeof *samples->ns, compare);
    }
}

double samples_percentile_ms(const struct samples *sorted, double share) {
    if (sorted->count == 0) {
        return NAN;
    }
    /* 0.999 has no exact double: without the little that is taken off, 0.999 * 1000 could round up to rank 1,000. */
    double rank = ceil(share * (double)sorted->count - 1e-6);
    size_t place = rank < 1 ? 1 : (size_t)rank;
    place = place > sorted->count ? sorted->count : place;
    return (double)sorted->ns[place - 1] / 1e6;
}
