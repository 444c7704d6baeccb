/* See shape.h. The shapes are httpbin's. */
#include "shape.h"

#include <string.h>

static const struct shape shapes[] = {
    {"anything",
     {MEMBER_ARGS, MEMBER_DATA, MEMBER_FILES, MEMBER_FORM, MEMBER_HEADERS, MEMBER_JSON, MEMBER_METHOD, MEMBER_ORIGIN,
      MEMBER_URL},
     false},
    {"get", {MEMBER_ARGS, MEMBER_HEADERS, MEMBER_ORIGIN, MEMBER_URL}, false},
    {"post",
     {MEMBER_ARGS, MEMBER_DATA, MEMBER_FILES, MEMBER_FORM, MEMBER_HEADERS, MEMBER_JSON, MEMBER_ORIGIN, MEMBER_URL},
     false},
    {"delay", {MEMBER_ARGS, MEMBER_DATA, MEMBER_FILES, MEMBER_FORM, MEMBER_HEADERS, MEMBER_ORIGIN, MEMBER_URL}, false},
    {"headers", {MEMBER_HEADERS}, false},
    {"ip", {MEMBER_ORIGIN}, false},
    {"user-agent", {MEMBER_USER_AGENT}, false},
    {"cookies", {MEMBER_COOKIES}, false},
    {"gzip", {MEMBER_GZIPPED, MEMBER_HEADERS, MEMBER_METHOD, MEMBER_ORIGIN}, false},
    {"deflate", {MEMBER_DEFLATED, MEMBER_HEADERS, MEMBER_METHOD, MEMBER_ORIGIN}, false},
    {"stream", {MEMBER_ARGS, MEMBER_HEADERS, MEMBER_ORIGIN, MEMBER_URL}, true},
    {"uuid", {MEMBER_UUID}, false},
};

const struct shape *shape_find(const char *text, size_t length) {
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        if (strlen(shapes[i].name) == length && memcmp(shapes[i].name, text, length) == 0) {
            return &shapes[i];
        }
    }
    return NULL;
}
