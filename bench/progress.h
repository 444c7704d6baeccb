/* A progress bar on standard error, when that is a terminal; nothing elsewhere. One thread at a time. */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool shown;       /* on a terminal */
    char label[64];   /* what is running */
    int64_t drawn_ns; /* when it was last drawn */
};

void progress_init(struct progress *progress);
/* What is running from here on: round of rounds (from 1), and whose turn it is. */
void progress_begin(struct progress *progress, unsigned round, unsigned rounds, const char *name);
/* That share of it is done, 0 to 1. Drawn at most ten times a second. */
void progress_show(struct progress *progress, double done);
/* Takes the bar off the terminal. */
void progress_end(struct progress *progress);

#endif
