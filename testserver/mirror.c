/* The members of a request told as JSON. See mirror.h; what a body says is told in mirror_body.c.
 *
 * Values are httpbin's: an argument, header or form field that comes once is a string, one that comes more often a list
 * of strings, or, as a header, one string with commas. */
#include "mirror.h"

#include "draw.h"
#include "json_text.h"
#include "mirror_body.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- members ---------------------------------------------------------------------------------------------------- */

struct fields {
    json_t *object;
    bool failed;
};

static enum MHD_Result add_argument(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_size,
                                    const char *value, size_t value_size) {
    struct fields *fields = cls;
    (void)kind;
    fields->failed = fields->failed || !json_add(fields->object, json_bytes(name, name_size),
                                                 json_bytes(value ? value : "", value ? value_size : 0));
    return MHD_YES;
}

/* Capital letters at the beginning of each word: "User-Agent". */
static void write_title_case(char *name) {
    bool first = true;
    for (; *name; name++) {
        bool lower = *name >= 'a' && *name <= 'z';
        bool upper = *name >= 'A' && *name <= 'Z';
        if (first ? lower : upper) {
            *name = (char)(*name ^ 0x20);
        }
        first = *name == '-';
    }
}

/* Joins the values of one header with commas. */
static enum MHD_Result add_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value) {
    struct fields *fields = cls;
    (void)kind;
    char *title = strdup(name);
    char *joined = NULL;
    if (title) {
        write_title_case(title);
        const char *before = json_string_value(json_object_get(fields->object, title));
        json_t *text = json_text(value ? value : "");
        const char *more = text ? json_string_value(text) : "";
        if (asprintf(&joined, "%s%s%s", before ? before : "", before ? "," : "", more) < 0) {
            joined = NULL;
        }
        fields->failed = fields->failed || !text || !joined ||
                         json_object_set_new_nocheck(fields->object, title, json_string_nocheck(joined)) != 0;
        json_decref(text);
    }
    fields->failed = fields->failed || !title;
    free(title);
    free(joined);
    return MHD_YES;
}

static json_t *finish(struct fields *fields) {
    if (fields->failed) {
        json_decref(fields->object);
        return NULL;
    }
    return fields->object;
}

static json_t *tell_arguments(const struct exchange *exchange) {
    struct fields fields = {.object = json_object()};
    MHD_get_connection_values_n(exchange->mhd, MHD_GET_ARGUMENT_KIND, add_argument, &fields);
    return finish(&fields);
}

static json_t *tell_headers(const struct exchange *exchange) {
    struct fields fields = {.object = json_object()};
    MHD_get_connection_values(exchange->mhd, MHD_HEADER_KIND, add_header, &fields);
    return finish(&fields);
}

/* The pairs of the Cookie header, the last of each name. */
static json_t *tell_cookies(const struct exchange *exchange) {
    const char *at = exchange_header(exchange, "Cookie");
    json_t *cookies = json_object();
    bool ok = cookies != NULL;
    for (at = at ? at : ""; ok && *at; at += strspn(at, "; ")) {
        size_t length = strcspn(at, ";");
        const char *equals = memchr(at, '=', length);
        if (equals) {
            ok = json_put(cookies, json_bytes(at, (size_t)(equals - at)),
                          json_bytes(equals + 1, length - (size_t)(equals + 1 - at)));
        }
        at += length;
    }
    if (!ok) {
        json_decref(cookies);
    }
    return ok ? cookies : NULL;
}

static json_t *tell_origin(const struct exchange *exchange) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(exchange->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info ? info->client_addr : NULL;
    char text[NI_MAXHOST] = "";
    if (address) {
        socklen_t size = address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
        getnameinfo(address, size, text, sizeof text, NULL, 0, NI_NUMERICHOST);
    }
    return json_string(text);
}

static json_t *tell_url(const struct exchange *exchange) {
    char *url = exchange_url(exchange, exchange->target.raw);
    json_t *json = url ? json_text(url) : NULL;
    free(url);
    return json;
}

static json_t *tell_user_agent(const struct exchange *exchange) {
    const char *agent = exchange_header(exchange, "User-Agent");
    return agent ? json_text(agent) : json_null();
}

/* Version 4 (RFC 9562), of the hit's own random bits: the same seed and hit give the same one. */
static json_t *tell_uuid(uint64_t draw) {
    char text[40];
    uint64_t high = draw_mix(draw);
    uint64_t low = draw_mix(draw + DRAW_GAMMA);
    snprintf(text, sizeof text, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(high >> 32), (unsigned)(high >> 16) & 0xffff,
             (unsigned)high & 0xfff, (unsigned)(low >> 48 & 0x3fff) | 0x8000,
             (unsigned long long)(low & UINT64_C(0xffffffffffff)));
    return json_string(text);
}

/* ---- objects ---------------------------------------------------------------------------------------------------- */

static bool put(json_t *object, const char *name, json_t *value) {
    return value && json_object_set_new_nocheck(object, name, value) == 0;
}

static bool put_member(json_t *object, enum member member, const struct exchange *exchange,
                       const struct mirror_body *body, uint64_t draw) {
    switch (member) {
    case MEMBER_ARGS: return put(object, "args", tell_arguments(exchange));
    case MEMBER_COOKIES: return put(object, "cookies", tell_cookies(exchange));
    case MEMBER_DATA: return put(object, "data", json_incref(body->data));
    case MEMBER_DEFLATED: return put(object, "deflated", json_true());
    case MEMBER_FILES: return put(object, "files", json_incref(body->files));
    case MEMBER_FORM: return put(object, "form", json_incref(body->form));
    case MEMBER_GZIPPED: return put(object, "gzipped", json_true());
    case MEMBER_HEADERS: return put(object, "headers", tell_headers(exchange));
    case MEMBER_JSON: return put(object, "json", json_incref(body->json));
    case MEMBER_METHOD: return put(object, "method", json_text(exchange->method));
    case MEMBER_ORIGIN: return put(object, "origin", tell_origin(exchange));
    case MEMBER_URL: return put(object, "url", tell_url(exchange));
    case MEMBER_USER_AGENT: return put(object, "user-agent", tell_user_agent(exchange));
    case MEMBER_UUID: return put(object, "uuid", tell_uuid(draw));
    case MEMBER_END: break;
    }
    return true;
}

static json_t *tell(const struct exchange *exchange, const struct shape *shape, uint64_t draw) {
    struct mirror_body body;
    json_t *object = json_object();
    bool ok = mirror_body_init(&body, exchange) && object;
    for (size_t i = 0; ok && shape->members[i] != MEMBER_END; i++) {
        ok = put_member(object, shape->members[i], exchange, &body, draw);
    }
    mirror_body_fini(&body);
    if (!ok) {
        json_decref(object);
    }
    return ok ? object : NULL;
}

char *mirror_write(const struct exchange *exchange, const struct shape *shape, uint64_t lines, uint64_t draw,
                   size_t *size) {
    char *text = NULL;
    json_t *object = tell(exchange, shape, draw);
    FILE *out = object ? open_memstream(&text, size) : NULL;
    bool ok = out != NULL;
    for (uint64_t i = 0; ok && i < (shape->lines ? lines : 1); i++) {
        ok = (!shape->lines || put(object, "id", json_integer((json_int_t)i))) &&
             json_dumpf(object, out, JSON_SORT_KEYS | (shape->lines ? 0 : JSON_INDENT(2))) == 0 &&
             fputc('\n', out) != EOF;
    }
    json_decref(object);
    if (out && fclose(out) != 0) {
        ok = false;
    }
    if (!ok) {
        free(text);
    }
    return ok ? text : NULL;
}
