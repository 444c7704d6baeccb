/* The counting allocator in front of a real one. */
#include "support/fail_alloc.h"
#include <malloc.h>

static void note_size(struct fail_alloc *memory, size_t size) {
    size_t largest = atomic_load(&memory->largest);
    while (size > largest && !atomic_compare_exchange_weak(&memory->largest, &largest, size))
        ;
}

static void note_bytes(struct fail_alloc *memory, size_t before, size_t after) {
    long long more = (long long)after - (long long)before;
    long long bytes = atomic_fetch_add(&memory->bytes, more) + more;
    long long peak = atomic_load(&memory->peak);
    while (bytes > peak && !atomic_compare_exchange_weak(&memory->peak, &peak, bytes))
        ;
}

static bool must_fail(struct fail_alloc *memory) {
    size_t number = atomic_fetch_add(&memory->requests, 1) + 1;
    size_t at = atomic_load(&memory->at);
    return at > 0 && (number == at || (number > at && atomic_load(&memory->lasting)));
}

static void *counted_resize(void *ctx, void *old, size_t size) {
    struct fail_alloc *memory = ctx;
    note_size(memory, size);
    size_t before = malloc_usable_size(old);
    void *block = must_fail(memory) ? NULL : memory->real.resize(memory->real.ctx, old, size);
    if (!block)
        atomic_fetch_add(&memory->failures, 1);
    else
        note_bytes(memory, before, malloc_usable_size(block));
    if (block && !old)
        atomic_fetch_add(&memory->outstanding, 1);
    return block;
}

static void counted_release(void *ctx, void *old) {
    struct fail_alloc *memory = ctx;
    note_bytes(memory, malloc_usable_size(old), 0);
    memory->real.release(memory->real.ctx, old);
    if (old) /* last: whoever sees that nothing is left may take the rest away */
        atomic_fetch_sub(&memory->outstanding, 1);
}

struct env fail_alloc_env(struct fail_alloc *memory, const struct env *rest) {
    struct env env = *rest;
    memory->real = rest->allocator;
    atomic_init(&memory->at, 0);
    atomic_init(&memory->requests, 0);
    atomic_init(&memory->failures, 0);
    atomic_init(&memory->largest, 0);
    atomic_init(&memory->outstanding, 0);
    atomic_init(&memory->bytes, 0);
    atomic_init(&memory->peak, 0);
    atomic_init(&memory->lasting, false);
    env.allocator = (struct allocator){.ctx = memory, .resize = counted_resize, .release = counted_release};
    return env;
}

static void arm(struct fail_alloc *memory, size_t n, bool lasting) {
    atomic_store(&memory->at, n);
    atomic_store(&memory->requests, 0);
    atomic_store(&memory->failures, 0);
    atomic_store(&memory->lasting, lasting);
}

void fail_alloc_at(struct fail_alloc *memory, size_t n) {
    arm(memory, n, false);
}

void fail_alloc_from(struct fail_alloc *memory, size_t n) {
    arm(memory, n, true);
}

bool fail_alloc_has_failed(struct fail_alloc *memory) {
    return atomic_load(&memory->failures) > 0;
}

size_t fail_alloc_requests(struct fail_alloc *memory) {
    return atomic_load(&memory->requests);
}

long long fail_alloc_outstanding(struct fail_alloc *memory) {
    return atomic_load(&memory->outstanding);
}

size_t fail_alloc_largest(struct fail_alloc *memory) {
    return atomic_load(&memory->largest);
}

long long fail_alloc_peak(struct fail_alloc *memory) {
    return atomic_load(&memory->peak);
}
