/* Depth first over the schedules: a schedule is a row of choices, replayed from the beginning; the next one differs in
 * the last choice that has another thread left to offer. */
#include "interleave.h"

#include <stddef.h>
#include <string.h>

#define STEPS_MOST 200

struct schedule {
    int choices[STEPS_MOST]; /* number of the thread that moves */
    int length;
    bool complete; /* false: the last choice offered nobody */
};

/* The first thread from `from` on that can move has moved; its number, or -1. */
static int move_one(const struct interleave *play, void *world, int *at, int from) {
    for (int thread = from; thread < play->threads; thread++) {
        if (at[thread] == STEP_DONE)
            continue;
        int next = play->steps[thread](world, at[thread]);
        if (next == STEP_STUCK)
            continue;
        at[thread] = next;
        return thread;
    }
    return -1;
}

static const char *replay(const struct interleave *play, void *world, struct schedule *schedule) {
    int at[INTERLEAVE_THREADS] = {0};
    for (int i = 0; i < STEPS_MOST; i++) {
        int from = i < schedule->length ? schedule->choices[i] : 0;
        int moved = move_one(play, world, at, from);
        if (moved < 0) {
            schedule->complete = from == 0;
            schedule->length = i;
            return schedule->complete ? play->judge(world, true) : NULL;
        }
        schedule->choices[i] = moved;
        if (i >= schedule->length)
            schedule->length = i + 1;
        const char *bad = play->judge(world, false);
        if (bad)
            return bad;
    }
    return "it never ends";
}

/* False: that was the last. */
static bool go_on(const struct interleave *play, struct schedule *schedule) {
    while (schedule->length > 0 && schedule->choices[schedule->length - 1] == play->threads - 1)
        schedule->length--;
    if (schedule->length == 0)
        return false;
    schedule->choices[schedule->length - 1]++;
    return true;
}

const char *interleave_find(const struct interleave *play, void *world, long *schedules) {
    struct schedule schedule = {.length = 0};
    *schedules = 0;
    do {
        play->begin(world);
        const char *bad = replay(play, world, &schedule);
        play->end(world);
        *schedules += bad || schedule.complete;
        if (bad)
            return bad;
    } while (go_on(play, &schedule));
    return NULL;
}
