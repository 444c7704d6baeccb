/* Hosts with or without a port, as they stand in a Host header or in an option: split and checked. Pure. */
#ifndef WIRE_AUTHORITY_H
#define WIRE_AUTHORITY_H

#include <stdbool.h>
#include <stddef.h>

#define AUTHORITY_NAME_MAX 253 /* RFC 1035 section 2.3.4, as text */

struct authority {
    char host[AUTHORITY_NAME_MAX + 2]; /* without brackets, in lower case, perhaps with a final dot */
    unsigned port;                     /* 0: none is given */
    bool ipv6;
};

/* "example.org", "example.org:8080", "127.0.0.1", "[::1]:80". NULL, or one sentence that says what is wrong. */
const char *authority_parse(const char *text, size_t length, struct authority *out);

/* NULL, or why it is no host name: letters, digits and "-._~", no empty part but behind a final dot, at most 253
 * characters. */
const char *authority_flaw_of_name(const char *name);
const char *authority_flaw_of_port(const char *digits, size_t length, unsigned *port);

#endif
