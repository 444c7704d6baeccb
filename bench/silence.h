/* A port on which connections hang: it listens, accepts nobody, and its queue is full. */
#ifndef BENCH_SILENCE_H
#define BENCH_SILENCE_H

#include <stdbool.h>

enum { SILENCE_FILLERS = 3 };

struct silence {
    int listener;
    int fillers[SILENCE_FILLERS];
    unsigned port;
};

/* False, with a sentence on standard error. silence_fini() may follow in either case. */
bool silence_init(struct silence *silence);
void silence_fini(struct silence *silence);

#endif
