/* See kept.h. */
#include "kept.h"
#include <stdlib.h>
#include <string.h>

size_t kept_write(char *data, size_t size, size_t count, void *ctx) {
    struct kept_text *text = ctx;
    size_t bytes = size * count;
    if (text->room - text->length < bytes) {
        size_t room = (text->length + bytes) * 2;
        char *larger = realloc(text->data, room);
        if (larger == NULL) {
            return 0;
        }
        text->data = larger;
        text->room = room;
    }
    memcpy(text->data + text->length, data, bytes);
    text->length += bytes;
    return bytes;
}

void kept_clear(struct kept *kept) {
    kept->body.length = 0;
    kept->headers.length = 0;
}

void kept_fini(struct kept *kept) {
    free(kept->body.data);
    free(kept->headers.data);
    *kept = (struct kept){0};
}
