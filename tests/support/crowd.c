#include "support/crowd.h"

#include <pthread.h>
#include <stdlib.h>

#define STACK_BYTES ((size_t)256 * 1024)

struct member {
    pthread_t thread;
    crowd_fn *function;
    void *shared;
    size_t i;
};

struct crowd {
    size_t n;
    struct member members[];
};

static void *run(void *argument) {
    struct member *member = argument;
    member->function(member->shared, member->i);
    return NULL;
}

struct crowd *crowd_start(size_t n, crowd_fn *function, void *shared) {
    struct crowd *crowd = calloc(1, sizeof *crowd + n * sizeof crowd->members[0]);
    pthread_attr_t attributes;
    if (crowd == NULL || pthread_attr_init(&attributes) != 0 ||
        pthread_attr_setstacksize(&attributes, STACK_BYTES) != 0)
        abort();
    crowd->n = n;
    for (size_t i = 0; i < n; i++) {
        crowd->members[i] = (struct member){.function = function, .shared = shared, .i = i};
        if (pthread_create(&crowd->members[i].thread, &attributes, run, &crowd->members[i]) != 0)
            abort();
    }
    pthread_attr_destroy(&attributes);
    return crowd;
}

void crowd_join(struct crowd *crowd) {
    for (size_t i = 0; i < crowd->n; i++)
        pthread_join(crowd->members[i].thread, NULL);
    free(crowd);
}
