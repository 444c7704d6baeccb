/* An ordered list of header fields in two blocks of memory, whatever their number. Names compare without regard to
 * letter case (RFC 9110 section 5.1). One thread at a time; shared read-only once complete. */
#ifndef BASE_HEADERS_H
#define BASE_HEADERS_H

#include "base/env.h"
#include <insist/error.h>
#include <stdbool.h>

struct header_place {
    uint32_t name, value; /* offsets into text, both NUL-terminated; a removed field is closed up */
};

struct headers {
    const struct env *env;
    char *text;
    size_t text_length, text_capacity;
    struct header_place *places;
    size_t count, capacity;
    bool text_lent, places_lent; /* the memory is its owner's, which is left once it is outgrown */
};

void headers_init(struct headers *headers, const struct env *env);
/* Begins in memory of its owner's, which must last as long as the list does, wherever that is moved. */
void headers_init_in(struct headers *headers, const struct env *env, struct header_place *places, size_t capacity,
                     char *text, size_t text_capacity);
void headers_fini(struct headers *headers);
void headers_clear(struct headers *headers);                 /* keeps its memory */
void headers_move(struct headers *to, struct headers *from); /* to is overwritten, from is left empty */

/* INSIST_OK, or INSIST_ENOMEM (more than 4 GiB of text included) with nothing changed. Names and values may be parts of
 * the same list, but hold no NUL. Every change ends the life of the pointers that were lent. */
insist_err headers_add(struct headers *headers, const char *name, const char *value);
insist_err headers_add_bytes(struct headers *headers, const char *name, size_t name_length, const char *value,
                             size_t value_length);
/* The last field goes on: a blank and these bytes behind its value. Without a field, nothing happens. */
insist_err headers_extend_last(struct headers *headers, const char *bytes, size_t length);
/* Takes the place of every field of that name, at the end of the list. */
insist_err headers_set(struct headers *headers, const char *name, const char *value);
/* to must be initialised; what it held is dropped. */
insist_err headers_copy(struct headers *to, const struct headers *from);
void headers_remove(struct headers *headers, const char *name);

const char *headers_get(const struct headers *headers, const char *name); /* the first one's value, or NULL */
size_t headers_count(const struct headers *headers);
const char *headers_name_at(const struct headers *headers, size_t i);
const char *headers_value_at(const struct headers *headers, size_t i);

bool headers_same_name(const char *a, const char *b);
bool headers_valid_token(const char *text); /* RFC 9110 section 5.6.2; also for methods. NULL is none, nor a value */
/* No control character but HTAB (RFC 9110 section 5.5). Blanks around a value are no part of it: sending drops them. */
bool headers_valid_value(const char *text);

#endif
