/* A URL, parsed once: what libcurl is handed, what is shown, and the origin it belongs to. Immutable; any thread may
 * read, and any number of transfers may be given the handle at once: libcurl copies it (CURLOPT_CURLU) and only
 * reads it. */
#ifndef WIRE_URL_H
#define WIRE_URL_H

#include "base/env.h"
#include <insist/error.h>
#include <stdbool.h>

struct url {
    const struct env *env;
    void *handle; /* CURLU, without user, password, fragment and a port that is the scheme's own; host in lower case */
    char *text;   /* the same, as text: safe to show */
    const char *target;  /* in that text, path and query; NULL: it has no query */
    char *origin;        /* "https://host:port", host in lower case */
    char *host;          /* as it is resolved: no brackets */
    char *authorization; /* "Basic …" of the user and password in it; NULL: none */
    unsigned port;
    bool https;
};

/* http and https only; an empty port is stripped; refused with INSIST_EURL and a sentence (control characters,
 * blanks, no host, other schemes, port out of range, names beyond ASCII, IPv6 zones, addresses
 * that percent signs hide, longer than 64 KiB …). Other
 * bytes beyond ASCII are percent-encoded, dot segments removed. */
insist_err url_new(const struct env *env, const char *text, insist_problem *problem, struct url **out);
/* Where a redirect leads: location may be relative. User and password in it are dropped. INSIST_EREDIRECT: it leads
 * nowhere that can be followed, and *sentence, which is static, says why; INSIST_ENOMEM. */
insist_err url_follow(const struct url *base, const char *location, struct url **out, const char **sentence);
void url_free(struct url *url); /* NULL is fine */

#endif
