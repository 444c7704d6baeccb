/* Memory that runs out when a test says so, and that is counted: the n-th request fails, for every n that there is.
 *
 *     struct fail_alloc memory;
 *     struct env env = fail_alloc_env(&memory, &env_standard);
 *     for (size_t n = 1;; n++) {
 *         fail_alloc_at(&memory, n);
 *         insist_err err = …; // what is tested, with &env
 *         if (!fail_alloc_has_failed(&memory))
 *             break; // INSIST_OK: it needs fewer than n
 *         assert_int_equal(err, INSIST_ENOMEM);
 *     }
 *     … // free all
 *     assert_int_equal(fail_alloc_outstanding(&memory), 0);
 *
 * Any thread, except fail_alloc_env() and fail_alloc_at(): only while nobody allocates. */
#ifndef SUPPORT_FAIL_ALLOC_H
#define SUPPORT_FAIL_ALLOC_H

#include "base/env.h"
#include <stdatomic.h>
#include <stdbool.h>

struct fail_alloc {
    struct allocator real;
    atomic_size_t at;         /* which request fails; 0: none */
    atomic_size_t requests;   /* since fail_alloc_at() */
    atomic_size_t failures;   /* since fail_alloc_at() */
    atomic_size_t largest;    /* bytes that any request asked for */
    atomic_llong outstanding; /* blocks … */
    atomic_llong bytes, peak; /* … and what they hold, or held at most; to the nearest that malloc() hands out */
    atomic_bool lasting;      /* every later request fails too */
};

/* The given env with its memory counted; nothing fails yet. Both arguments must outlive the copy. */
struct env fail_alloc_env(struct fail_alloc *memory, const struct env *rest);

/* From here the n-th request for memory fails, counted from 1, and that one alone; 0: none. */
void fail_alloc_at(struct fail_alloc *memory, size_t n);
/* From here the n-th request and all that follow fail. */
void fail_alloc_from(struct fail_alloc *memory, size_t n);

bool fail_alloc_has_failed(struct fail_alloc *memory);
size_t fail_alloc_requests(struct fail_alloc *memory);
long long fail_alloc_outstanding(struct fail_alloc *memory);
size_t fail_alloc_largest(struct fail_alloc *memory);
long long fail_alloc_peak(struct fail_alloc *memory);

#endif
