/* A malloc() that fails, to be preloaded (LD_PRELOAD): libcurl, OpenSSL, zlib and the C library itself run out of memory with
 * it. It is told by the program, which finds failing_malloc_arm() with dlsym(). Any thread; it never locks. */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* The C library's own, under the names by which it can be reached from in front of it. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

/* From here the n-th request fails (n 0: none does), or, with one_in, each with that chance. The number that has failed since it
 * was last called. */
unsigned long failing_malloc_arm(unsigned long n, unsigned long one_in, unsigned long seed);

#define IN_FRONT __attribute__((visibility("default")))

static atomic_bool armed;
static atomic_ulong at, chance, asked, failed;
static atomic_ullong state;

IN_FRONT unsigned long failing_malloc_arm(unsigned long n, unsigned long one_in, unsigned long seed) {
    atomic_store(&armed, 0);
    unsigned long before = atomic_exchange(&failed, 0);
    atomic_store(&at, n);
    atomic_store(&chance, one_in);
    atomic_store(&asked, 0);
    atomic_store(&state, seed);
    atomic_store(&armed, n > 0 || one_in > 0);
    return before;
}

/* splitmix64, whose state is a counter: threads need no lock. */
static uint64_t draw(void) {
    uint64_t z = atomic_fetch_add(&state, UINT64_C(0x9e3779b97f4a7c15)) + UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int fails(void) {
    if (!atomic_load(&armed))
        return 0;
    unsigned long number = atomic_fetch_add(&asked, 1) + 1, one_in = atomic_load(&chance);
    int chosen = one_in > 0 ? draw() % one_in == 0 : number == atomic_load(&at);
    if (chosen) {
        atomic_fetch_add(&failed, 1);
        errno = ENOMEM;
    }
    return chosen;
}

IN_FRONT void *malloc(size_t size) {
    return fails() ? NULL : __libc_malloc(size);
}

IN_FRONT void *calloc(size_t count, size_t size) {
    return fails() ? NULL : __libc_calloc(count, size);
}

IN_FRONT void *realloc(void *old, size_t size) {
    return fails() ? NULL : __libc_realloc(old, size);
}

IN_FRONT void *aligned_alloc(size_t alignment, size_t size) {
    return fails() ? NULL : __libc_memalign(alignment, size);
}

IN_FRONT int posix_memalign(void **out, size_t alignment, size_t size) {
    void *block = fails() ? NULL : __libc_memalign(alignment, size);
    if (block == NULL)
        return ENOMEM;
    *out = block;
    return 0;
}
