/* See foreign.h. */
#include "foreign.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* The part behind scheme://, or NULL. */
static const char *authority_of(const char *origin) {
    if (strncasecmp(origin, "http://", 7) == 0) {
        return origin + 7;
    }
    return strncasecmp(origin, "https://", 8) == 0 ? origin + 8 : NULL;
}

static bool ends_in(const char *text, const char *end) {
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    return length >= end_length && strcasecmp(text + length - end_length, end) == 0;
}

/* Whether no foreign name server has a say in where host is; host without its port. */
static bool cannot_be_rebound(const char *host) {
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1 ||
           strcasecmp(host, "localhost") == 0 || ends_in(host, ".localhost");
}

/* Copies the name or address out of host[:port] or [address]:port. False: it is too long to be one. */
static bool copy_host(const char *authority, char *out, size_t room) {
    bool bracketed = authority[0] == '[';
    const char *start = authority + bracketed;
    size_t length = strcspn(start, bracketed ? "]" : ":");
    if (length >= room) {
        return false;
    }
    memcpy(out, start, length);
    out[length] = '\0';
    return true;
}

bool foreign_origin(const char *origin, const char *host) {
    char name[256];
    if (!origin) {
        return false;
    }
    const char *authority = authority_of(origin);
    bool own = authority && host && strcasecmp(authority, host) == 0;
    return !own || !copy_host(authority, name, sizeof name) || !cannot_be_rebound(name);
}

bool foreign_request(const char *origin, const char *host, const char *site) {
    bool elsewhere = site && (strcmp(site, "cross-site") == 0 || strcmp(site, "same-site") == 0);
    return elsewhere || foreign_origin(origin, host);
}
