/* Familiar paths for what a client knows of HTTP: redirects, cookies, credentials, caches. See familiar_rows.h. */
#include "familiar_rows.h"

#include "json_text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- redirects -------------------------------------------------------------------------------------------------- */

static const uint64_t redirect_limit = 1000000;

/* To the path with one redirect less to go, the last to /get. */
static bool put_redirect(struct familiar *familiar, bool absolute) {
    uint64_t left;
    char place[64] = "/get";
    if (!familiar_number(familiar->parts[0], redirect_limit, &left) || left == 0) {
        return false;
    }
    if (left > 1) {
        snprintf(place, sizeof place, "/%s-redirect/%llu", absolute ? "absolute" : "relative",
                 (unsigned long long)left - 1);
    }
    char *url = exchange_url(familiar->exchange, place);
    familiar->no_memory = familiar->no_memory || !url;
    if (url) {
        const char *to = absolute ? url : place;
        fputs("body=\"\";redirect=", familiar->out);
        familiar_quote(familiar, to, strlen(to));
    }
    free(url);
    return true;
}

bool familiar_redirect(struct familiar *familiar) {
    const char *absolute = familiar_parameter(familiar, "absolute");
    return put_redirect(familiar, absolute && strcasecmp(absolute, "true") == 0);
}

bool familiar_absolute_redirect(struct familiar *familiar) {
    return put_redirect(familiar, true);
}

bool familiar_redirect_to(struct familiar *familiar) {
    uint64_t status = 302;
    const char *url = familiar_parameter(familiar, "url");
    if (!url || !url[0] || !familiar_parameter_number(familiar, "status_code", 399, &status) || status < 300) {
        return false;
    }
    fprintf(familiar->out, "%llu=", (unsigned long long)status);
    familiar_quote(familiar, url, strlen(url));
    fputs(status == 304 ? "" : ";body=\"\"", familiar->out);
    return true;
}

/* ---- cookies and headers ---------------------------------------------------------------------------------------- */

/* Writes name and value as one field of a header, value perhaps followed by something. */
static void put_field(struct familiar *familiar, const char *field, const char *name, const char *value,
                      const char *more) {
    char *text = NULL;
    if (asprintf(&text, "%s%s%s%s", name, name[0] ? "=" : "", value, more) < 0) {
        familiar->no_memory = true;
        return;
    }
    fprintf(familiar->out, ";h:%s=", field);
    familiar_quote(familiar, text, strlen(text));
    free(text);
}

static enum MHD_Result set_cookie(void *cls, enum MHD_ValueKind kind, const char *name, const char *value) {
    (void)kind;
    put_field(cls, "Set-Cookie", name, value ? value : "", "; Path=/");
    return MHD_YES;
}

static enum MHD_Result delete_cookie(void *cls, enum MHD_ValueKind kind, const char *name, const char *value) {
    (void)kind;
    (void)value;
    put_field(cls, "Set-Cookie", name, "", "; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/");
    return MHD_YES;
}

static const char to_cookies[] = "redirect=/cookies;body=\"\"";

bool familiar_cookies_set(struct familiar *familiar) {
    fputs(to_cookies, familiar->out);
    return MHD_get_connection_values(familiar->exchange->mhd, MHD_GET_ARGUMENT_KIND, set_cookie, familiar) >= 0;
}

bool familiar_cookie_set(struct familiar *familiar) {
    fputs(to_cookies, familiar->out);
    put_field(familiar, "Set-Cookie", familiar->parts[0], familiar->parts[1], "; Path=/");
    return true;
}

bool familiar_cookies_delete(struct familiar *familiar) {
    fputs(to_cookies, familiar->out);
    return MHD_get_connection_values(familiar->exchange->mhd, MHD_GET_ARGUMENT_KIND, delete_cookie, familiar) >= 0;
}

struct headers {
    struct familiar *familiar;
    json_t *object;
};

static enum MHD_Result add_response_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value) {
    struct headers *headers = cls;
    (void)kind;
    value = value ? value : "";
    if (strcasecmp(name, "Content-Type") == 0) {
        return MHD_YES;
    }
    put_field(headers->familiar, name, "", value, "");
    bool added = json_add(headers->object, json_text(name), json_text(value));
    headers->familiar->no_memory = headers->familiar->no_memory || !added;
    return MHD_YES;
}

/* The body tells its own length, which tells how long the body is: it settles after a few rounds. */
static void tell_length(struct familiar *familiar, json_t *object) {
    char length[24] = "0";
    for (int i = 0; i < 4; i++) {
        json_object_set_new(object, "Content-Length", json_string(length));
        size_t size = json_dumpb(object, NULL, 0, JSON_INDENT(2) | JSON_SORT_KEYS);
        snprintf(length, sizeof length, "%zu", size + 1);
    }
    familiar_put_json(familiar, object);
}

bool familiar_response_headers(struct familiar *familiar) {
    struct headers headers = {familiar, json_pack("{s:s}", "Content-Type", "application/json")};
    fputs("200", familiar->out);
    MHD_get_connection_values(familiar->exchange->mhd, MHD_GET_ARGUMENT_KIND, add_response_header, &headers);
    tell_length(familiar, headers.object);
    return true;
}

/* ---- credentials ------------------------------------------------------------------------------------------------ */

/* What follows the scheme in the Authorization header; NULL: another scheme, or none. */
static const char *credentials(const struct familiar *familiar, const char *scheme) {
    const char *header = familiar_header(familiar, "Authorization");
    size_t length = strlen(scheme);
    return header && strncasecmp(header, scheme, length) == 0 && header[length] == ' ' ? header + length + 1 : NULL;
}

static bool decode(const char *base64, size_t size, gnutls_datum_t *out) {
    const gnutls_datum_t text = {(unsigned char *)(uintptr_t)base64, (unsigned)size};
    *out = (gnutls_datum_t){0};
    return size > 0 && gnutls_base64_decode2(&text, out) == 0;
}

/* Whether the request carries this user's and password's credentials. */
static bool is_authenticated(struct familiar *familiar) {
    const char *sent = credentials(familiar, "Basic");
    char *wanted = NULL;
    gnutls_datum_t decoded;
    if (!sent || !decode(sent, strlen(sent), &decoded)) {
        return false;
    }
    int length = asprintf(&wanted, "%s:%s", familiar->parts[0], familiar->parts[1]);
    familiar->no_memory = familiar->no_memory || length < 0;
    bool same = length >= 0 && decoded.size == (unsigned)length && memcmp(decoded.data, wanted, decoded.size) == 0;
    gnutls_free(decoded.data);
    if (length >= 0) {
        free(wanted);
    }
    return same;
}

static bool put_basic_auth(struct familiar *familiar, const char *refusal) {
    if (!is_authenticated(familiar)) {
        fputs(refusal, familiar->out);
        return true;
    }
    fputs("200", familiar->out);
    familiar_put_json(familiar, json_pack("{s:b,s:o}", "authenticated", 1, "user", json_text(familiar->parts[0])));
    return true;
}

bool familiar_basic_auth(struct familiar *familiar) {
    return put_basic_auth(familiar, "401;body=\"\";h:WWW-Authenticate=\"Basic realm=\\\"Fake Realm\\\"\"");
}

bool familiar_hidden_basic_auth(struct familiar *familiar) {
    return put_basic_auth(familiar, "404;body=\"\"");
}

bool familiar_bearer(struct familiar *familiar) {
    const char *token = credentials(familiar, "Bearer");
    if (!token) {
        fputs("401;body=\"\";h:WWW-Authenticate=Bearer", familiar->out);
        return true;
    }
    fputs("200", familiar->out);
    familiar_put_json(familiar, json_pack("{s:b,s:o}", "authenticated", 1, "token", json_text(token)));
    return true;
}

/* ---- caches ----------------------------------------------------------------------------------------------------- */

bool familiar_cache(struct familiar *familiar) {
    bool known = familiar_header(familiar, "If-Modified-Since") || familiar_header(familiar, "If-None-Match");
    fputs(known ? "304" : "echo=get", familiar->out);
    fputs(";h:ETag=\"\\\"insist\\\"\";h:Last-Modified=\"Thu, 01 Jan 2026 00:00:00 GMT\"", familiar->out);
    return true;
}

bool familiar_cache_for(struct familiar *familiar) {
    uint64_t seconds = 0;
    bool ok = familiar_number(familiar->parts[0], UINT64_C(1) << 31, &seconds);
    fprintf(familiar->out, "echo=get;h:Cache-Control=\"public, max-age=%llu\"", (unsigned long long)seconds);
    return ok;
}

/* Whether a list of tags (If-Match, If-None-Match) names this one. Those of RFC 9110 section 8.8.3 are in quotes; bare
 * ones are taken, too. */
static bool names_tag(const char *list, const char *tag) {
    size_t length = strlen(tag);
    for (const char *at = list; *at; at += strcspn(at, ",")) {
        at += strspn(at, ", ");
        const char *name = strncmp(at, "W/", 2) == 0 ? at + 2 : at;
        size_t size = strcspn(name, ", ");
        bool quoted = size >= 2 && name[0] == '"' && name[size - 1] == '"';
        name += quoted;
        size -= quoted ? 2 : 0;
        if ((size == length && memcmp(name, tag, length) == 0) || (size == 1 && *name == '*')) {
            return true;
        }
    }
    return false;
}

bool familiar_etag(struct familiar *familiar) {
    const char *none = familiar_header(familiar, "If-None-Match");
    const char *match = familiar_header(familiar, "If-Match");
    const char *tag = familiar->parts[0];
    if (strpbrk(tag, "\", ")) {
        return false;
    }
    const char *start = "echo=get";
    if (none && names_tag(none, tag)) {
        start = "304";
    } else if (!none && match && !names_tag(match, tag)) {
        start = "412;body=\"\"";
    }
    fprintf(familiar->out, "%s;h:ETag=", start);
    char *quoted = NULL;
    if (asprintf(&quoted, "\"%s\"", tag) < 0) {
        familiar->no_memory = true;
        return false;
    }
    familiar_quote(familiar, quoted, strlen(quoted));
    free(quoted);
    return true;
}

/* ---- base64 ----------------------------------------------------------------------------------------------------- */

/* The alphabet for URLs is taken, too, and the padding may be missing. */
bool familiar_base64(struct familiar *familiar) {
    const char *part = familiar->parts[0];
    size_t size = strlen(part);
    char *text = calloc(1, size + 4);
    gnutls_datum_t decoded;
    if (!text) {
        familiar->no_memory = true;
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        text[i] = part[i];
        if (part[i] == '-') {
            text[i] = '+';
        } else if (part[i] == '_') {
            text[i] = '/';
        }
    }
    while (size % 4 != 0 && size < strlen(part) + 3) {
        text[size++] = '=';
    }
    bool ok = decode(text, size, &decoded);
    free(text);
    if (ok) {
        fputs("type=\"text/html; charset=utf-8\";body=", familiar->out);
        familiar_quote(familiar, (const char *)decoded.data, decoded.size);
        gnutls_free(decoded.data);
    }
    return ok;
}
