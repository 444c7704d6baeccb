/* A growing block of bytes with a limit, a NUL always behind its last byte. Also how text is put together. One thread
 * at a time. */
#ifndef BASE_BODY_H
#define BASE_BODY_H

#include "base/env.h"
#include <insist/error.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

struct body {
    const struct env *env;
    char *data; /* NULL while nothing was ever appended; body_text() never is */
    size_t length, capacity;
    uint64_t limit;
    bool lent; /* the memory is its owner's, which it leaves once it outgrows it */
};

void body_init(struct body *body, const struct env *env, uint64_t limit);
/* Begins in memory of its owner's, one byte at least, which must last as long as the body does, wherever that is moved. */
void body_init_in(struct body *body, const struct env *env, uint64_t limit, char *room, size_t size);
void body_fini(struct body *body);
void body_clear(struct body *body);                 /* keeps its memory */
void body_move(struct body *to, struct body *from); /* to is overwritten, from is left empty */
/* INSIST_OK, or INSIST_ETOOLARGE or INSIST_ENOMEM with nothing appended. What is appended may be a part of the same
 * body. */
insist_err body_append(struct body *body, const void *data, size_t length);
static inline insist_err body_append_text(struct body *body, const char *text) {
    return body_append(body, text, strlen(text));
}
insist_err body_append_format(struct body *body, const char *format, ...) TEXT_FORMAT(2, 3);
const char *body_text(const struct body *body);
char *body_take(struct body *body, size_t *length); /* memory that is now the caller's; NULL when it could not be had */

#endif
