/* Lists of addresses. In: what a lookup found. Out: a counted list in the order in which it is worth trying. Any
 * thread. */
#include "wire/addresses.h"

#include <arpa/inet.h>
#include <string.h>

void resolved_add(struct resolved *resolved, const char *text) {
    size_t size = strlen(text) + 1;
    if (resolved->count == RESOLVED_MOST || size > RESOLVER_ADDRESS_SIZE)
        return;
    for (size_t i = 0; i < resolved->count; i++)
        if (strcmp(resolved->text[i], text) == 0)
            return;
    memcpy(resolved->text[resolved->count++], text, size);
}

bool address_is_literal(const char *host) {
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static bool is_ipv6(const char *text) {
    return strchr(text, ':') != NULL;
}

/* The next address of a family from place i on, or the count. */
static size_t next_of(const struct resolved *resolved, bool ipv6, size_t i) {
    while (i < resolved->count && is_ipv6(resolved->text[i]) != ipv6)
        i++;
    return i;
}

struct addresses *addresses_new(const struct env *env, const struct resolved *resolved) {
    size_t count = resolved->count, next[2] = {0, 0};
    struct addresses *addresses = env_alloc(env, sizeof(*addresses) + count * RESOLVER_ADDRESS_SIZE);
    if (!addresses)
        return NULL;
    atomic_init(&addresses->references, 1);
    addresses->env = env;
    bool ipv6 = count > 0 && is_ipv6(resolved->text[0]);
    while (addresses->count < count) {
        size_t i = next_of(resolved, ipv6, next[ipv6]);
        if (i < count)
            memcpy(addresses->text[addresses->count++], resolved->text[i], RESOLVER_ADDRESS_SIZE);
        next[ipv6] = i + 1;
        ipv6 = !ipv6;
    }
    return addresses;
}

struct addresses *addresses_retain(struct addresses *addresses) {
    atomic_fetch_add_explicit(&addresses->references, 1, memory_order_relaxed);
    return addresses;
}

void addresses_release(struct addresses *addresses) {
    if (addresses && atomic_fetch_sub_explicit(&addresses->references, 1, memory_order_acq_rel) == 1)
        env_release(addresses->env, addresses);
}
