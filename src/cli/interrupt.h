/* Ctrl-C ends the calls under way in order, a second one ends the program at once.
 *
 * A thread waits for the signal, so nothing is done in a handler. Threads made in between inherit the mask. */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <insist/client.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

struct interrupt {
    /* fixed */
    insist_cancel *cancel;
    pthread_t thread;
    sigset_t mask_before;
    /* atomic */
    atomic_bool over;
};

/* From here on SIGINT fires the token. False when no thread is to be had. */
bool interrupt_begin(struct interrupt *interrupt, insist_cancel *cancel);
/* From here on SIGINT does what it did before. */
void interrupt_end(struct interrupt *interrupt);

#endif
