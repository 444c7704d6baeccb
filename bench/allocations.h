/* Allocations of libinsist itself, counted: who asks malloc() is told by the address that it returns to. What libcurl
 * or the benchmark allocates does not count. Only one who counts at a time; the counts themselves are any thread's. */
#ifndef BENCH_ALLOCATIONS_H
#define BENCH_ALLOCATIONS_H

#include <stdbool.h>
#include <stdint.h>

struct allocations {
    uint64_t caller; /* on threads between allocations_enter_call() and allocations_leave_call() */
    uint64_t worker; /* on threads that never were there */
    bool counted;    /* who asks keeps here whether allocations_start() could count */
};

/* From 0 on. False: this build cannot count, because a sanitizer has a malloc() of its own. */
bool allocations_start(void);
struct allocations allocations_stop(void);
/* This thread is a caller, and in a call of the library, or is not. */
void allocations_enter_call(void);
void allocations_leave_call(void);

#endif
