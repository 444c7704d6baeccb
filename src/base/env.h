/* Everything that comes from outside: memory, time, random seeds, the process id. Each part has a context pointer of
 * its own and can be replaced; whoever needs it is handed a const struct env *. Any thread. */
#ifndef BASE_ENV_H
#define BASE_ENV_H

#include <stddef.h>
#include <stdint.h>

/* Lets the compiler check a format against its arguments. */
#define TEXT_FORMAT(at, first) __attribute__((format(printf, at, first)))

struct allocator {
    void *ctx;
    void *(*resize)(void *ctx, void *old, size_t size); /* as realloc(); old may be NULL, size is never 0 */
    void (*release)(void *ctx, void *old);              /* as free(); old is never NULL */
};

struct clock {
    void *ctx;
    int64_t (*monotonic_ns)(void *ctx);
    int64_t (*wall_s)(void *ctx); /* seconds since 1970, for dates in headers */
};

struct entropy {
    void *ctx;
    uint64_t (*seed)(void *ctx);
};

struct process {
    void *ctx;
    long (*id)(void *ctx);
};

struct env {
    struct allocator allocator;
    struct clock clock;
    struct entropy entropy;
    struct process process;
};

/* malloc, CLOCK_MONOTONIC and CLOCK_REALTIME, getrandom, getpid. */
extern const struct env env_standard;

void *env_alloc(const struct env *env, size_t size); /* zeroed; NULL when out of memory */
void *env_resize(const struct env *env, void *old, size_t size);
void env_release(const struct env *env, void *old); /* NULL is fine */
char *env_copy_text(const struct env *env, const char *text);
char *env_copy_bytes(const struct env *env, const void *data, size_t length); /* a NUL is put behind */

int64_t env_now_ns(const struct env *env);
int64_t env_wall_s(const struct env *env);
uint64_t env_seed(const struct env *env);
long env_process_id(const struct env *env);

#endif
