/* Plays every interleaving of a few small threads, one after the other, on one thread: each step is a function call on
 * the world that they share, and each schedule starts from a fresh world. */
#ifndef INTERLEAVE_H
#define INTERLEAVE_H

#include <stdbool.h>

#define INTERLEAVE_THREADS 3

/* What a step returns other than the number of the next one. A stuck step has changed nothing: it is tried again when
 * others have moved. */
enum { STEP_DONE = -1, STEP_STUCK = -2 };

struct interleave {
    int threads;
    int (*steps[INTERLEAVE_THREADS])(void *world, int at); /* each thread begins at 0 */
    void (*begin)(void *world);
    const char *(*judge)(void *world,
                         bool over); /* after every step; over: nobody can move any more. NULL: nothing is wrong */
    void (*end)(void *world);
};

/* The first bad state that any schedule leads to, or NULL. */
const char *interleave_find(const struct interleave *play, void *world, long *schedules);

#endif
