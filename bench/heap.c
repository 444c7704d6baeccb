/* A thread that asks malloc() again and again. See heap.h. */
#include "heap.h"
#include "instant.h"
#include <malloc.h>
#include <stdio.h>

/* Each look takes the locks of all arenas, and its time is the client's: a few while an answer is awaited are enough. */
static const int64_t look_every_ns = 50000000;

size_t heap_in_use(void) {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void *look(void *argument) {
    struct heap_watch *watch = argument;
    while (!atomic_load(&watch->over)) {
        size_t now = heap_in_use();
        watch->most = now > watch->most ? now : watch->most;
        instant_wait_until_ns(instant_now_ns() + look_every_ns);
    }
    return NULL;
}

bool heap_watch_start(struct heap_watch *watch) {
    watch->before = watch->most = heap_in_use();
    atomic_init(&watch->over, false);
    if (pthread_create(&watch->thread, NULL, look, watch) == 0) {
        return true;
    }
    fputs("insist-bench: no thread to watch the memory\n", stderr);
    return false;
}

double heap_watch_stop(struct heap_watch *watch) {
    atomic_store(&watch->over, true);
    pthread_join(watch->thread, NULL);
    return (double)(watch->most - watch->before);
}
