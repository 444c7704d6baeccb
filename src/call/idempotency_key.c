/* 122 random bits, a version and a variant as text. Any thread. */
#include "call/idempotency_key.h"

#include <stdio.h>

void idempotency_key_make(const struct env *env, char key[IDEMPOTENCY_KEY_SIZE]) {
    uint64_t high = env_seed(env), low = env_seed(env);
    unsigned variant = (unsigned)(low >> 48 & 0x3fff) | 0x8000;
    snprintf(key, IDEMPOTENCY_KEY_SIZE, "\"%08lx-%04x-4%03x-%04x-%012llx\"", (unsigned long)(high >> 32),
             (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xfff), variant,
             (unsigned long long)(low & UINT64_C(0xffffffffffff)));
}
