/* See reply.h. */
#include "reply.h"

#include <stdlib.h>
#include <string.h>

struct reply reply_text(const char *type, char *text, size_t size) {
    struct reply reply = {.status = 200, .type = type};
    if (!text) {
        return reply;
    }
    reply.response = MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
    if (!reply.response) {
        free(text);
    }
    return reply;
}

struct reply reply_bytes(const char *type, const void *bytes, size_t size) {
    struct reply reply = {.status = 200, .type = type};
    reply.response = MHD_create_response_from_buffer(size, (void *)bytes, MHD_RESPMEM_PERSISTENT);
    return reply;
}

struct reply reply_json(unsigned status, json_t *json) {
    char *text = json ? json_dumps(json, JSON_INDENT(1) | JSON_SORT_KEYS) : NULL;
    json_decref(json);
    struct reply reply = reply_text("application/json", text, text ? strlen(text) : 0);
    reply.status = status;
    return reply;
}

struct reply reply_empty(void) {
    struct reply reply = reply_bytes(NULL, "", 0);
    reply.status = 204;
    return reply;
}

struct reply reply_redirect(const char *location) {
    struct reply reply = reply_bytes(NULL, "", 0);
    reply.status = 302;
    reply.location = location;
    return reply;
}

struct reply reply_error(unsigned status, const char *sentence) {
    return reply_json(status, json_pack("{s:s}", "error", sentence));
}
