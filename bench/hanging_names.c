/* See hanging_names.h. Any thread. */
#include "hanging_names.h"
#include "instant.h"
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

typedef int lookup_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* Visible, so that the libraries find it before the system's. */
__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints, struct addrinfo **out);

static int hangs(const char *node) {
    size_t length = node != NULL ? strlen(node) : 0;
    return length >= 5 && strcmp(node + length - 5, ".hang") == 0;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out) {
    lookup_fn *system_lookup;
    void *found = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&system_lookup, &found, sizeof system_lookup);
    if (!hangs(node)) {
        return system_lookup != NULL ? system_lookup(node, service, hints, out) : EAI_SYSTEM;
    }
    instant_wait_until_ns(instant_now_ns() + hanging_names_ns);
    return EAI_AGAIN;
}
