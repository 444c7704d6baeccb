/* Where a request goes: in, its host and port and the client's network; out, whose address is wanted, and the addresses
 * that are known without a lookup. Pure; any thread. */
#include "base/headers.h"
#include "wire/network.h"

#include <string.h>
#include <strings.h>

/* "example.org" stands for itself and for "a.example.org"; a dot before it changes nothing. An address has no parts. */
static bool is_covered(const char *host, const char *entry, size_t length) {
    while (length > 0 && entry[0] == '.') {
        entry++;
        length--;
    }
    size_t host_length = strlen(host);
    if (length == 0 || host_length < length || strncasecmp(host + host_length - length, entry, length) != 0)
        return false;
    return host_length == length || (host[host_length - length - 1] == '.' && !address_is_literal(host));
}

static bool is_asked_directly(const struct network *network, const char *host) {
    for (const char *entry = network->no_proxy; entry && *entry;) {
        entry += strspn(entry, ", \t");
        size_t length = strcspn(entry, ", \t");
        if ((length == 1 && *entry == '*') || is_covered(host, entry, length))
            return true;
        entry += length;
    }
    return false;
}

static bool is_meant(const struct authority *name, const char *host, unsigned port) {
    bool any_host = name->host[0] == '\0' || strcmp(name->host, "*") == 0;
    return (name->port == 0 || name->port == port) && (any_host || strcasecmp(name->host, host) == 0);
}

struct route network_route(const struct network *network, const char *host, unsigned port) {
    if (network->unix_socket)
        return (struct route){.host = host, .port = port, .local = true};
    if (network->proxy && !is_asked_directly(network, host))
        return (struct route){.host = network->proxy_at.host, .port = network->proxy_at.port, .proxied = true};
    for (size_t i = 0; i < network->detour_count; i++) {
        const struct detour *detour = &network->detours[i];
        if (is_meant(&detour->from, host, port))
            return (struct route){.host = detour->to.host[0] ? detour->to.host : host,
                                  .port = detour->to.port ? detour->to.port : port};
    }
    return (struct route){.host = host, .port = port};
}

struct addresses *network_pinned(const struct network *network, const struct route *route) {
    for (size_t i = 0; i < network->pin_count; i++)
        if (is_meant(&network->pins[i].name, route->host, route->port))
            return addresses_retain(network->pins[i].addresses);
    return NULL;
}
