/* What malloc() has given out, and the most of it while something runs. Stacks of threads are not part of it. */
#ifndef BENCH_HEAP_H
#define BENCH_HEAP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct heap_watch {
    pthread_t thread;
    atomic_bool over;
    size_t before; /* bytes in use when it was started */
    size_t most;   /* after heap_watch_stop() */
};

/* Bytes in use, of all arenas and mappings; 0 where a sanitizer has a malloc() of its own. */
size_t heap_in_use(void);
/* Looks twenty times a second. False, with a sentence on standard error: no thread. */
bool heap_watch_start(struct heap_watch *watch);
/* How many bytes more than at its start were in use, at most. */
double heap_watch_stop(struct heap_watch *watch);

#endif
