/* What a client sets for all its transfers: fixed once its transports exist. */
#ifndef WIRE_SETTINGS_H
#define WIRE_SETTINGS_H

#include "base/env.h"
#include "origin/counters.h"
#include <stdbool.h>

struct resolver;
struct network;

struct wire_settings {
    const struct env *env;
    struct resolver *resolver;
    struct counters *counters;
    const struct network *network;             /* NULL: as without options */
    void (*curl_setup)(void *easy, void *ctx); /* a user's, before each request; NULL: none */
    void *curl_setup_ctx;
    const char *ca_file;    /* NULL: the system's */
    const char *user_agent; /* "": none */
    uint64_t max_body_bytes, max_header_bytes;
    long idle_unsafe_s; /* a request that may not be repeated takes no connection idle for longer; 0: none at all */
    unsigned max_redirects;
    unsigned max_connections; /* kept idle by one transport */
    bool insecure, http2, follow, decode;
};

#endif
