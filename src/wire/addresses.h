/* The addresses of a name: a counted, immutable list, put together from what a lookup found. Any thread. */
#ifndef WIRE_ADDRESSES_H
#define WIRE_ADDRESSES_H

#include "base/env.h"
#include <stdatomic.h>
#include <stdbool.h>

#define RESOLVER_ADDRESS_SIZE 48
#define RESOLVED_MOST 64 /* addresses kept of a name */

/* As text without brackets, without duplicates, in the system's order but with the two families taking turns (RFC
 * 8305 section 4). */
struct addresses {
    atomic_uint references;
    const struct env *env;
    size_t count;
    char text[][RESOLVER_ADDRESS_SIZE];
};

/* What a lookup found, before it is tidied up. Needs no memory but its own. */
struct resolved {
    size_t count;
    char text[RESOLVED_MOST][RESOLVER_ADDRESS_SIZE];
};

/* A duplicate, one too many and one too long are dropped. */
void resolved_add(struct resolved *resolved, const char *text);
bool address_is_literal(const char *host); /* IPv4 or IPv6 */

/* One reference; NULL: no memory. */
struct addresses *addresses_new(const struct env *env, const struct resolved *resolved);
struct addresses *addresses_retain(struct addresses *addresses);
void addresses_release(struct addresses *addresses); /* NULL is fine */

#endif
