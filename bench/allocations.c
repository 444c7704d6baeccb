/* malloc() and its kin of this program and of all its libraries: the C library's own, behind a look at who asks.
 * See allocations.h. */
#include "allocations.h"
#include <insist/insist.h>
#include <link.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_OWN_MALLOC 0
#elif defined(__has_feature)
#define HAS_OWN_MALLOC (!__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer))
#else
#define HAS_OWN_MALLOC 1
#endif

enum role { ROLE_WORKER, ROLE_IN_CALL, ROLE_OUTSIDE };

static atomic_bool counting;
static atomic_ullong of_callers, of_workers;
static _Thread_local enum role role;

void allocations_enter_call(void) {
    role = ROLE_IN_CALL;
}

void allocations_leave_call(void) {
    role = ROLE_OUTSIDE;
}

#if HAS_OWN_MALLOC

/* fixed while it counts: where libinsist's code lies */
static uintptr_t first, last;

void *real_malloc(size_t size) __asm__("__libc_malloc");
void *real_calloc(size_t count, size_t size) __asm__("__libc_calloc");
void *real_realloc(void *old, size_t size) __asm__("__libc_realloc");

static void note(const void *asked_from) {
    uintptr_t at = (uintptr_t)asked_from;
    if (!atomic_load_explicit(&counting, memory_order_relaxed) || at < first || at > last || role == ROLE_OUTSIDE) {
        return;
    }
    atomic_fetch_add_explicit(role == ROLE_IN_CALL ? &of_callers : &of_workers, 1, memory_order_relaxed);
}

__attribute__((visibility("default"))) void *malloc(size_t size) {
    note(__builtin_return_address(0));
    return real_malloc(size);
}

__attribute__((visibility("default"))) void *calloc(size_t count, size_t size) {
    note(__builtin_return_address(0));
    return real_calloc(count, size);
}

__attribute__((visibility("default"))) void *realloc(void *old, size_t size) {
    note(__builtin_return_address(0));
    return real_realloc(old, size);
}

/* The segment of code that has insist_execute() in it. */
static int find_code(struct dl_phdr_info *object, size_t size, void *ctx) {
    const uintptr_t inside = (uintptr_t)insist_execute;
    (void)size;
    (void)ctx;
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        uintptr_t begin = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
        uintptr_t end = begin + object->dlpi_phdr[i].p_memsz;
        if (object->dlpi_phdr[i].p_type == PT_LOAD && inside >= begin && inside < end) {
            first = begin;
            last = end;
            return 1;
        }
    }
    return 0;
}

bool allocations_start(void) {
    atomic_store(&of_callers, 0);
    atomic_store(&of_workers, 0);
    bool found = dl_iterate_phdr(find_code, NULL) == 1;
    atomic_store(&counting, found);
    return found;
}

#else

bool allocations_start(void) {
    return false;
}

#endif

struct allocations allocations_stop(void) {
    atomic_store(&counting, false);
    return (struct allocations){.caller = atomic_load(&of_callers), .worker = atomic_load(&of_workers)};
}
