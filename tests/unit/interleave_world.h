/* What the threads of an interleaving share, whatever they do. Its memory is given back only when the schedule is over,
 * so that touching what is gone can be told instead of happening. */
#ifndef INTERLEAVE_WORLD_H
#define INTERLEAVE_WORLD_H

#include "interleave.h"
#include "wire/job.h"
#include "wire/mailbox.h"

#define WORLD_BLOCKS 16

/* First member of a test's own world. */
struct world {
    int mutant;      /* which step is left out or swapped; 0: none. Set before world_begin() */
    const char *bad; /* the first thing that went wrong */
    struct env env;
    struct request request;
    struct mailbox *mailboxes[2]; /* one for each call */

    /* its memory */
    void *blocks[WORLD_BLOCKS];
    bool live[WORLD_BLOCKS];
    int block_count;
};

void world_begin(struct world *world, size_t size); /* size: of the test's own world; all but the mutant is made anew */
void world_end(struct world *world);
bool world_is_live(const struct world *world, const void *block); /* it was allocated, and not released yet */
void world_fail(struct world *world, const char *bad);
bool world_was_interrupted(struct world *world, int call);

/* No schedule leads to a bad state; with this step left out or swapped one does. Prints how many there are, and what
 * was found. */
void world_assert_safe(const struct interleave *play, struct world *world);
void world_assert_caught(const struct interleave *play, struct world *world, int mutant);

#endif
