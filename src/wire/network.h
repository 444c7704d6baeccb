/* How a client connects: TLS, proxy, addresses, how long connections live and how long their stages may take. Checked
 * and copied once, then immutable; any thread. */
#ifndef WIRE_NETWORK_H
#define WIRE_NETWORK_H

#include "wire/addresses.h"
#include "wire/authority.h"
#include <insist/network.h>

/* Addresses for a name that is not looked up. */
struct pin {
    struct authority name; /* host "*": every name */
    struct addresses *addresses;
};

/* Another place to connect to. */
struct detour {
    struct authority from; /* host "", port 0: any */
    struct authority to;   /* host "", port 0: the same */
};

struct network {
    const struct env *env;

    /* TLS; NULL: not set */
    char *ca_dir, *certificate_file, *key_file, *key_password, *pinned_key;
    bool tls_1_3; /* at least */

    /* Where to; NULL, 0: not set */
    char *proxy, *no_proxy, *interface, *unix_socket;
    struct authority proxy_at;
    struct pin *pins;
    struct detour *detours;
    size_t pin_count, detour_count;
    insist_ip_version ip_version;

    /* TIME_NEVER: no limit */
    int64_t idle_ns, life_ns;                    /* of a connection */
    int64_t connect_ns, first_byte_ns, stall_ns; /* of an attempt's stages */
    uint64_t stall_bytes;                        /* in stall_ns at least */
    long keepalive_idle_s, keepalive_every_s;    /* 0: no probes */
};

/* What no options mean. */
extern const struct network network_default;

/* Both may be NULL. INSIST_EINVAL with the field's name and a sentence, or INSIST_ENOMEM. Reads the files that are
 * named, to refuse those that cannot be read. */
insist_err network_new(const struct env *env, const insist_tls_options *tls, const insist_net_options *net,
                       insist_problem *problem, struct network **out);
void network_free(struct network *network); /* NULL is fine */

/* Where a request to https or http, host and port is to go. */
struct route {
    const char *host; /* whose address is wanted; the network's or the caller's */
    unsigned port;
    bool proxied;
    bool local; /* over the Unix socket: there is no address */
};

struct route network_route(const struct network *network, const char *host, unsigned port);
/* A reference; NULL: the name has to be looked up. */
struct addresses *network_pinned(const struct network *network, const struct route *route);

#endif
