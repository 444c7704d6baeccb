/* An outside world in which time passes only when a test says so, with the same seed and process id every time. Memory
 * is the real one; put fail_alloc in front of it where that matters. Any thread may read the clocks while another sets
 * them. */
#ifndef SUPPORT_VIRTUAL_ENV_H
#define SUPPORT_VIRTUAL_ENV_H

#include "base/env.h"
#include <stdatomic.h>

#define VIRTUAL_ENV_NOW_NS INT64_C(1000000000000) /* not 0: that often means that an instant was not reached */
#define VIRTUAL_ENV_WALL_S INT64_C(784111777)     /* Sun, 06 Nov 1994 08:49:37 GMT */
#define VIRTUAL_ENV_SEED UINT64_C(1234567)
#define VIRTUAL_ENV_PID 4711L

struct virtual_env {
    struct env env; /* what is handed to the code under test */
    atomic_llong now_ns;
    atomic_llong wall_ns;
    atomic_ullong seed;
    atomic_long process_id;
};

void virtual_env_init(struct virtual_env *world); /* nothing to be released */
void virtual_env_set_now_ns(struct virtual_env *world, int64_t now_ns);
void virtual_env_set_wall_s(struct virtual_env *world, int64_t wall_s);
/* Lets time pass on both clocks. */
void virtual_env_advance_ns(struct virtual_env *world, int64_t by_ns);
void virtual_env_set_seed(struct virtual_env *world, uint64_t seed);
void virtual_env_set_process_id(struct virtual_env *world, long process_id); /* as in a child after fork() */

#endif
