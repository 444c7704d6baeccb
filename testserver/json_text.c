/* See json_text.h. */
#include "json_text.h"

#include <stdlib.h>
#include <string.h>

json_t *json_text(const char *text) {
    json_t *json = json_string(text);
    if (json) {
        return json;
    }
    char *utf8 = malloc(strlen(text) * 2 + 1);
    if (!utf8) {
        return NULL;
    }
    size_t size = 0;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x80) {
            utf8[size++] = (char)c;
        } else {
            utf8[size++] = (char)(0xc0 | c >> 6);
            utf8[size++] = (char)(0x80 | (c & 0x3f));
        }
    }
    utf8[size] = '\0';
    json = json_string(utf8);
    free(utf8);
    return json;
}
