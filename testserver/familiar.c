/* The table of the familiar paths. See familiar.h.
 *
 * In a pattern '*' stands for one part of the path, '+' for all that is left; neither may be empty. A method that a
 * path does not have is answered 405, and a part or parameter that makes no sense 400 with the path's usage: both are
 * scripts, too. */
#include "familiar.h"

#include "familiar_rows.h"

#include <stdlib.h>
#include <string.h>

#define JSON_EXAMPLE                                                                                                   \
    "type=application/json;body=\"{\\n  \\\"slideshow\\\": {\\n    \\\"author\\\": \\\"Test Server\\\",\\n    "        \
    "\\\"date\\\": \\\"date of publication\\\",\\n    \\\"slides\\\": [\\n      {\\n        \\\"title\\\": \\\"What "  \
    "retries cost\\\",\\n        \\\"type\\\": \\\"all\\\"\\n      }\\n    ],\\n    \\\"title\\\": \\\"Sample Slide "  \
    "Show\\\"\\n  }\\n}\\n\""
#define HTML_EXAMPLE                                                                                                   \
    "type=\"text/html; charset=utf-8\";body=\"<!DOCTYPE html>\\n<html>\\n<head><title>A page</title></head>\\n"        \
    "<body>\\n<h1>A page</h1>\\n<p>It is always the same.</p>\\n</body>\\n</html>\\n\""
#define XML_EXAMPLE                                                                                                    \
    "type=application/xml;body=\"<?xml version='1.0' encoding='us-ascii'?>\\n<slideshow title='Sample Slide Show'>\\n" \
    "  <slide type='all'><title>What retries cost</title></slide>\\n</slideshow>\\n\""
#define UTF8_EXAMPLE                                                                                                                      \
    "type=\"text/html; charset=utf-8\";body=\"<h1>Unicode</h1>\\n<p>Grüße, καλημέρα, привет, 你好, 👋: 2 ≤ 3, ∑ " \
    "xᵢ, 10 €</p>\\n\""
#define ROBOTS "type=text/plain;body=\"User-agent: *\\nDisallow: /deny\\n\""

struct row {
    const char *pattern;
    const char *methods; /* separated by ", "; NULL: any */
    const char *script;  /* that it stands for, or */
    familiar_fn *write;  /* the function that writes it */
    const char *usage;   /* of what that function reads */
};

static const char get[] = "GET, HEAD, OPTIONS";

static const struct row rows[] = {
    {"/get", get, "echo=get", NULL, NULL},
    {"/post", "POST, OPTIONS", "echo=post", NULL, NULL},
    {"/put", "PUT, OPTIONS", "echo=post", NULL, NULL},
    {"/patch", "PATCH, OPTIONS", "echo=post", NULL, NULL},
    {"/delete", "DELETE, OPTIONS", "echo=post", NULL, NULL},
    {"/anything", NULL, "echo=anything", NULL, NULL},
    {"/anything/+", NULL, "echo=anything", NULL, NULL},
    {"/echo", NULL, "echo", NULL, NULL},
    {"/headers", get, "echo=headers", NULL, NULL},
    {"/ip", get, "echo=ip", NULL, NULL},
    {"/user-agent", get, "echo=user-agent", NULL, NULL},
    {"/uuid", get, "echo=uuid", NULL, NULL},
    {"/gzip", get, "gzip;echo=gzip", NULL, NULL},
    {"/deflate", get, "deflate;echo=deflate", NULL, NULL},
    {"/json", get, JSON_EXAMPLE, NULL, NULL},
    {"/html", get, HTML_EXAMPLE, NULL, NULL},
    {"/xml", get, XML_EXAMPLE, NULL, NULL},
    {"/encoding/utf8", get, UTF8_EXAMPLE, NULL, NULL},
    {"/robots.txt", get, ROBOTS, NULL, NULL},

    {"/status/*", NULL, NULL, familiar_status, "/status/CODE or /status/CODE:WEIGHT,CODE:WEIGHT, CODE from 200 to 999"},
    {"/delay/*", NULL, NULL, familiar_delay, "/delay/TIME, such as 200ms, 1.5s, 2 (seconds) or ln(5ms,2ms)"},
    {"/drip", get, NULL, familiar_drip,
     "/drip?duration=T&numbytes=N&code=C&delay=T, T such as 200ms or 2 (seconds), N at most 1 MiB"},
    {"/bytes/*", get, NULL, familiar_bytes, "/bytes/N?seed=S, N at most 1 GiB"},
    {"/stream-bytes/*", get, NULL, familiar_stream_bytes, "/stream-bytes/N?seed=S&chunk_size=K, N at most 1 GiB"},
    {"/stream/*", get, NULL, familiar_stream, "/stream/N, N at most 100"},
    {"/range/*", get, NULL, familiar_range, "/range/N?duration=T, N from 1 to 1 GiB"},
    {"/unstable", NULL, NULL, familiar_unstable, "/unstable?rate=R&seed=S, R from 0 to 1"},
    {"/hold", NULL, NULL, familiar_hold, "/hold?for=/PATH&hits=N"},

    {"/redirect/*", get, NULL, familiar_redirect, "/redirect/N?absolute=true, N from 1"},
    {"/relative-redirect/*", get, NULL, familiar_redirect, "/relative-redirect/N, N from 1"},
    {"/absolute-redirect/*", get, NULL, familiar_absolute_redirect, "/absolute-redirect/N, N from 1"},
    {"/redirect-to", NULL, NULL, familiar_redirect_to, "/redirect-to?url=URL&status_code=CODE, CODE from 300 to 399"},
    {"/cookies", get, "echo=cookies", NULL, NULL},
    {"/cookies/set", get, NULL, familiar_cookies_set, "/cookies/set?NAME=VALUE"},
    {"/cookies/set/*/*", get, NULL, familiar_cookie_set, "/cookies/set/NAME/VALUE"},
    {"/cookies/delete", get, NULL, familiar_cookies_delete, "/cookies/delete?NAME"},
    {"/basic-auth/*/*", get, NULL, familiar_basic_auth, "/basic-auth/USER/PASSWORD"},
    {"/hidden-basic-auth/*/*", get, NULL, familiar_hidden_basic_auth, "/hidden-basic-auth/USER/PASSWORD"},
    {"/bearer", get, NULL, familiar_bearer, "/bearer"},
    {"/response-headers", "GET, HEAD, POST, OPTIONS", NULL, familiar_response_headers, "/response-headers?NAME=VALUE"},
    {"/cache", get, NULL, familiar_cache, "/cache"},
    {"/cache/*", get, NULL, familiar_cache_for, "/cache/SECONDS"},
    {"/etag/*", get, NULL, familiar_etag, "/etag/TAG"},
    {"/base64/+", get, NULL, familiar_base64, "/base64/TEXT, TEXT in base64"},
};

/* Whether path, which becomes its parts, is as the pattern says. */
static bool match(const char *pattern, char *path, const char *parts[FAMILIAR_PARTS]) {
    char *ends[FAMILIAR_PARTS];
    size_t count = 0;
    for (; *pattern; pattern++) {
        if (*pattern != '*' && *pattern != '+') {
            if (*path++ != *pattern) {
                return false;
            }
            continue;
        }
        size_t length = *pattern == '*' ? strcspn(path, "/") : strlen(path);
        if (length == 0) {
            return false;
        }
        parts[count] = path;
        path += length;
        ends[count++] = path;
    }
    if (*path != '\0') {
        return false;
    }
    while (count > 0) {
        *ends[--count] = '\0';
    }
    return true;
}

/* Whether method is one of the words of a list. */
static bool has_method(const char *list, const char *method) {
    size_t length = strlen(method);
    for (const char *at = list; at; at = strchr(at, ' ')) {
        at += *at == ' ';
        if (strcspn(at, ",") == length && memcmp(at, method, length) == 0) {
            return true;
        }
    }
    return false;
}

/* ?seed= goes before the server's own. */
static bool read_seed(struct familiar *familiar) {
    const char *text = familiar_parameter(familiar, "seed");
    familiar->has_seed = text != NULL;
    return !text || familiar_number(text, UINT64_MAX, &familiar->seed);
}

/* False: what is asked for makes no sense. */
static bool write_script(struct familiar *familiar, const struct row *row) {
    const char *method = familiar->exchange->method;
    if (row->methods && (strcmp(method, "OPTIONS") == 0 || !has_method(row->methods, method))) {
        fprintf(familiar->out, "%s;body=\"\";h:Allow=\"%s\"", strcmp(method, "OPTIONS") == 0 ? "200" : "405",
                row->methods);
    } else if (row->script) {
        fputs(row->script, familiar->out);
    } else {
        return read_seed(familiar) && row->write(familiar);
    }
    return true;
}

/* In place of the script that could not be written. */
static bool write_usage(const struct row *row, char **text) {
    free(*text);
    if (asprintf(text, "400;body=\"expected %s\\n\"", row->usage) < 0) {
        *text = NULL;
    }
    return *text != NULL;
}

static bool write_row(struct exchange *exchange, const struct row *row, struct familiar *familiar, char **text) {
    size_t size;
    familiar->exchange = exchange;
    familiar->out = open_memstream(text, &size);
    if (!familiar->out) {
        return false;
    }
    bool understood = write_script(familiar, row);
    bool failed = ferror(familiar->out) != 0;
    failed = fclose(familiar->out) != 0 || failed || familiar->no_memory;
    for (size_t i = 0; i < familiar->parameter_count; i++) {
        free(familiar->parameters[i]);
    }
    if (failed) {
        free(*text);
        *text = NULL;
        return false;
    }
    exchange->seed = familiar->has_seed ? familiar->seed : exchange->seed;
    return understood || write_usage(row, text);
}

/* Most paths are none of these, and are told by their first letters. */
static bool begins_alike(const char *pattern, const char *path) {
    return path[0] == '/' && path[1] == pattern[1] && path[1] != '\0' && path[2] == pattern[2];
}

/* The row of path, which becomes its parts; NULL: none. */
static const struct row *find_row(char *path, const char *parts[FAMILIAR_PARTS]) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (match(rows[i].pattern, path, parts)) {
            return &rows[i];
        }
    }
    return NULL;
}

static bool may_be_familiar(const char *path) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (begins_alike(rows[i].pattern, path)) {
            return true;
        }
    }
    return false;
}

bool familiar_script(struct exchange *exchange, char **text) {
    struct familiar familiar = {0};
    *text = NULL;
    if (!may_be_familiar(exchange->target.path)) {
        return true;
    }
    char *path = strdup(exchange->target.path);
    if (!path) {
        return false;
    }
    const struct row *row = find_row(path, familiar.parts);
    bool ok = !row || write_row(exchange, row, &familiar, text);
    free(path);
    return ok;
}
