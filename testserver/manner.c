/* See manner.h. */
#include "manner.h"

#include <stdlib.h>
#include <string.h>

bool manner_is_plain(const struct manner *manner) {
    return (manner->given & ~(unsigned)(MANNER_INTERIM | MANNER_CHUNKED | MANNER_READ)) == 0 && manner->chunk == 0;
}

bool manner_is_chunked(const struct manner *manner) {
    return (manner->given & (MANNER_CHUNKED | MANNER_TRAILER | MANNER_TRAILER_FILLERS)) != 0 || manner->bad_chunk;
}

bool bytes_add_line(struct bytes *bytes, const char *text, size_t size) {
    char *grown = realloc(bytes->at, bytes->size + size + 2);
    if (!grown) {
        return false;
    }
    memcpy(grown + bytes->size, text, size);
    grown[bytes->size + size] = '\r';
    grown[bytes->size + size + 1] = '\n';
    bytes->at = grown;
    bytes->size += size + 2;
    return true;
}

void manner_fini(struct manner *manner) {
    free(manner->trailers.at);
    free(manner->lines.at);
    free(manner->raw.at);
    free(manner->status_line.at);
}
