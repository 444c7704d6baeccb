/* The transport of libcurl: one multi handle driven by its socket interface. */
#ifndef WIRE_TRANSPORT_CURL_H
#define WIRE_TRANSPORT_CURL_H

#include "wire/settings.h"
#include "wire/transport.h"

/* libcurl's own initialisation: once a process, never undone. False: it failed. */
bool transport_curl_begin(void);

/* A transport_new_fn; settings: struct wire_settings *, kept. */
struct transport *transport_curl_new(void *settings, const struct transport_host *host);

#endif
