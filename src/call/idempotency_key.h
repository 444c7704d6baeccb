/* An Idempotency-Key for a call. Any thread. */
#ifndef CALL_IDEMPOTENCY_KEY_H
#define CALL_IDEMPOTENCY_KEY_H

#include "base/env.h"

#define IDEMPOTENCY_KEY_SIZE 39

/* A random UUID of version 4 (RFC 9562 section 5.4) between quotes, which a Structured Field's string has (RFC 9651).
 * From the system's randomness, and not from a client's seed: two processes with one seed must not share keys. */
void idempotency_key_make(const struct env *env, char key[IDEMPOTENCY_KEY_SIZE]);

#endif
