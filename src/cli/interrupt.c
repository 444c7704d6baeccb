#include "cli/interrupt.h"
#include "cli/exit_code.h"
#include <unistd.h>

static void only_sigint(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGINT);
}

static void *wait_for_it(void *argument) {
    struct interrupt *interrupt = argument;
    sigset_t set;
    only_sigint(&set);
    for (bool fired = false;; fired = true) {
        int signal = 0;
        sigwait(&set, &signal);
        if (atomic_load(&interrupt->over)) {
            return NULL;
        }
        if (fired) {
            _exit(EXIT_INTERRUPTED);
        }
        insist_cancel_fire(interrupt->cancel);
    }
}

bool interrupt_begin(struct interrupt *interrupt, insist_cancel *cancel) {
    sigset_t set;
    only_sigint(&set);
    interrupt->cancel = cancel;
    atomic_init(&interrupt->over, false);
    pthread_sigmask(SIG_BLOCK, &set, &interrupt->mask_before);
    if (pthread_create(&interrupt->thread, NULL, wait_for_it, interrupt) != 0) {
        pthread_sigmask(SIG_SETMASK, &interrupt->mask_before, NULL);
        return false;
    }
    return true;
}

void interrupt_end(struct interrupt *interrupt) {
    atomic_store(&interrupt->over, true);
    pthread_kill(interrupt->thread, SIGINT); /* wakes the thread alone */
    pthread_join(interrupt->thread, NULL);
    pthread_sigmask(SIG_SETMASK, &interrupt->mask_before, NULL);
}
