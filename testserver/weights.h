/* Weights, as they stand before the choices of a step and the parts of a mix: "0.1:". They sum to 1, where those without
 * one share what the others leave. Pure. */
#ifndef TESTSERVER_WEIGHTS_H
#define TESTSERVER_WEIGHTS_H

#include "scan.h"

/* Reads a weight if one comes next; *weight is negative without one. */
bool weight_read(struct scan *scan, double *weight);

/* Gives its share to every weight that is negative, and checks the sum. `first` is the first of `count` weights that lie
 * `stride` bytes apart; `start` is where they began in the script. */
bool weights_share(struct scan *scan, size_t start, double *first, size_t count, size_t stride);

#endif
