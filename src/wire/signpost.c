/* In: one element of the lists resolve and connect_to. Out: its parts, or what is wrong with it. Pure; any thread. */
#include "wire/signpost.h"

#include <string.h>

/* Takes what stands before the next colon outside of brackets, or the rest. */
static size_t part_length(const char *text) {
    const char *bracket = text[0] == '[' ? strchr(text, ']') : NULL;
    const char *from = bracket ? bracket : text;
    return (size_t)(from - text) + strcspn(from, ":");
}

/* A part and the colon behind it; false: there is no colon. */
static bool take_part(const char **text, const char **part, size_t *length) {
    *part = *text;
    *length = part_length(*text);
    if ((*text)[*length] != ':')
        return false;
    *text += *length + 1;
    return true;
}

static bool take_addresses(struct resolved *resolved, const char *text) {
    for (;;) {
        char address[RESOLVER_ADDRESS_SIZE];
        size_t length = strcspn(text, ","), skip = text[0] == '[' && length > 1 && text[length - 1] == ']';
        if (length - 2 * skip >= sizeof(address))
            return false;
        memcpy(address, text + skip, length - 2 * skip);
        address[length - 2 * skip] = '\0';
        if (!address_is_literal(address) || resolved->count == RESOLVED_MOST)
            return false;
        resolved_add(resolved, address);
        if (text[length] == '\0')
            return true;
        text += length + 1;
    }
}

static const char *parse_host(const char *part, size_t length, struct authority *out) {
    if (length == 1 && part[0] == '*') {
        *out = (struct authority){.host = "*"};
        return NULL;
    }
    return authority_parse(part, length, out);
}

const char *signpost_parse_pin(const char *text, struct authority *name, struct resolved *addresses) {
    const char *part, *flaw;
    size_t length;
    unsigned port = 0;
    if (!text || !take_part(&text, &part, &length))
        return "\"host:port:address\" is wanted";
    flaw = parse_host(part, length, name);
    if (!flaw)
        flaw = take_part(&text, &part, &length) ? authority_flaw_of_port(part, length, &port) : "it has no address";
    if (!flaw && !take_addresses(addresses, text))
        flaw = "an address is four numbers and dots, or IPv6 in brackets; at most 64 are taken";
    name->port = port;
    return flaw;
}

/* One side: host and port, each of which may be empty. */
static const char *take_side(const char **text, bool last, struct authority *out) {
    const char *part, *flaw = NULL;
    size_t length;
    unsigned port = 0;
    *out = (struct authority){.port = 0};
    if (!take_part(text, &part, &length))
        return "\"host:port:host:port\" is wanted";
    if (length > 0)
        flaw = authority_parse(part, length, out);
    bool more = take_part(text, &part, &length);
    if (!flaw && more == last)
        flaw = "\"host:port:host:port\" is wanted";
    if (!flaw && length > 0)
        flaw = authority_flaw_of_port(part, length, &port);
    out->port = port;
    return flaw;
}

const char *signpost_parse_detour(const char *text, struct authority *from, struct authority *to) {
    const char *flaw = text ? take_side(&text, false, from) : "it is NULL";
    return flaw ? flaw : take_side(&text, true, to);
}
