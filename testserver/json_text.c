/* See json_text.h. */
#include "json_text.h"

#include <stdlib.h>
#include <string.h>

json_t *json_bytes(const char *bytes, size_t size) {
    json_t *json = json_stringn(bytes, size);
    if (json) {
        return json;
    }
    char *utf8 = malloc(size * 2 + 1);
    if (!utf8) {
        return NULL;
    }
    size_t length = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c < 0x80) {
            utf8[length++] = (char)c;
        } else {
            utf8[length++] = (char)(0xc0 | c >> 6);
            utf8[length++] = (char)(0x80 | (c & 0x3f));
        }
    }
    json = json_stringn(utf8, length);
    free(utf8);
    return json;
}

json_t *json_text(const char *text) {
    return json_bytes(text, strlen(text));
}

bool json_put(json_t *object, json_t *name, json_t *value) {
    bool ok = object && name && value && json_object_set_nocheck(object, json_string_value(name), value) == 0;
    json_decref(name);
    json_decref(value);
    return ok;
}

bool json_add(json_t *object, json_t *name, json_t *value) {
    json_t *before = name ? json_object_get(object, json_string_value(name)) : NULL;
    if (json_is_array(before)) {
        bool ok = value && json_array_append(before, value) == 0;
        json_decref(name);
        json_decref(value);
        return ok;
    }
    if (before && value) {
        json_t *list = json_pack("[O,o]", before, value);
        return json_put(object, name, list);
    }
    return json_put(object, name, value);
}
