/* The transport that a user gives: exchanges in place of libcurl. */
#ifndef WIRE_TRANSPORT_CUSTOM_H
#define WIRE_TRANSPORT_CUSTOM_H

#include "wire/transport.h"
#include <insist/transport.h>

struct custom_settings {
    const struct env *env;
    insist_transport transport;
    uint64_t max_header_bytes; /* of an answer */
};

/* A transport_new_fn; settings: struct custom_settings *, kept. */
struct transport *transport_custom_new(void *settings, const struct transport_host *host);

#endif
