/* The fields lie one behind the other in one block, name NUL value NUL, without gaps and in their order; the places say
 * where each begins. A block that grows is copied, and the old one released last: what is added may lie in it. One
 * thread at a time. */
#include "base/headers.h"

#include "base/size_math.h"
#include <string.h>

#define FIRST_TEXT_CAPACITY 256
#define FIRST_CAPACITY 8

void headers_init(struct headers *headers, const struct env *env) {
    *headers = (struct headers){.env = env};
}

void headers_init_in(struct headers *headers, const struct env *env, struct header_place *places, size_t capacity,
                     char *text, size_t text_capacity) {
    *headers = (struct headers){.env = env,
                                .text = text,
                                .text_capacity = text_capacity,
                                .places = places,
                                .capacity = capacity,
                                .text_lent = true,
                                .places_lent = true};
}

static char *own_text(const struct headers *headers) { /* NULL: it has none */
    return headers->text_lent ? NULL : headers->text;
}

static struct header_place *own_places(const struct headers *headers) {
    return headers->places_lent ? NULL : headers->places;
}

void headers_fini(struct headers *headers) {
    env_release(headers->env, own_text(headers));
    env_release(headers->env, own_places(headers));
    headers_init(headers, headers->env);
}

void headers_clear(struct headers *headers) {
    headers->text_length = 0;
    headers->count = 0;
}

void headers_move(struct headers *to, struct headers *from) {
    *to = *from;
    headers_init(from, from->env);
}

static bool reserve_places(struct headers *headers, size_t count) {
    if (count <= headers->capacity)
        return true;
    size_t capacity = size_grow(headers->capacity, FIRST_CAPACITY, count, SIZE_MAX / sizeof(*headers->places));
    if (capacity == 0)
        return false;
    struct header_place *places = env_resize(headers->env, own_places(headers), capacity * sizeof(*places));
    if (!places)
        return false;
    if (headers->places_lent && headers->count > 0)
        memcpy(places, headers->places, headers->count * sizeof(*places));
    headers->places_lent = false;
    headers->places = places;
    headers->capacity = capacity;
    return true;
}

/* *replaced is what the caller has to release once it is not read from any more, or NULL. */
static bool reserve_text(struct headers *headers, size_t length, char **replaced) {
    *replaced = NULL;
    if (length <= headers->text_capacity)
        return true;
    size_t capacity = size_grow(headers->text_capacity, FIRST_TEXT_CAPACITY, length, UINT32_MAX);
    char *text = capacity > 0 ? env_resize(headers->env, NULL, capacity) : NULL;
    if (!text)
        return false;
    if (headers->text_length > 0)
        memcpy(text, headers->text, headers->text_length);
    *replaced = own_text(headers);
    headers->text_lent = false;
    headers->text = text;
    headers->text_capacity = capacity;
    return true;
}

insist_err headers_copy(struct headers *to, const struct headers *from) {
    char *replaced;
    if (to == from)
        return INSIST_OK;
    if (!reserve_places(to, from->count) || !reserve_text(to, from->text_length, &replaced))
        return INSIST_ENOMEM;
    env_release(to->env, replaced);
    if (from->count > 0) {
        memcpy(to->text, from->text, from->text_length);
        memcpy(to->places, from->places, from->count * sizeof(*from->places));
    }
    to->text_length = from->text_length;
    to->count = from->count;
    return INSIST_OK;
}

/* Returns where it went. */
static uint32_t append_string(struct headers *headers, const char *bytes, size_t length) {
    size_t at = headers->text_length;
    if (length > 0)
        memcpy(headers->text + at, bytes, length);
    headers->text[at + length] = '\0';
    headers->text_length = at + length + 1;
    return (uint32_t)at;
}

/* RFC 9110 section 5.5: a field's value has no blanks at its ends. */
insist_err headers_add(struct headers *headers, const char *name, const char *value) {
    static const char blanks[] = " \t";
    value += strspn(value, blanks);
    size_t length = strlen(value);
    while (length > 0 && strchr(blanks, value[length - 1]) != NULL)
        length--;
    return headers_add_bytes(headers, name, strlen(name), value, length);
}

insist_err headers_add_bytes(struct headers *headers, const char *name, size_t name_length, const char *value,
                             size_t value_length) {
    size_t length = headers->text_length;
    char *replaced;
    if (!size_add(&length, 2) || !size_add(&length, name_length) || !size_add(&length, value_length))
        return INSIST_ENOMEM;
    if (!reserve_places(headers, headers->count + 1) || !reserve_text(headers, length, &replaced))
        return INSIST_ENOMEM;
    struct header_place *place = &headers->places[headers->count++];
    place->name = append_string(headers, name, name_length);
    place->value = append_string(headers, value, value_length);
    env_release(headers->env, replaced);
    return INSIST_OK;
}

insist_err headers_extend_last(struct headers *headers, const char *bytes, size_t length) {
    size_t total = headers->text_length;
    char *replaced;
    if (headers->count == 0 || length == 0)
        return INSIST_OK;
    if (!size_add(&total, 1) || !size_add(&total, length) || !reserve_text(headers, total, &replaced))
        return INSIST_ENOMEM;
    bool empty = headers->text_length == headers->places[headers->count - 1].value + 1;
    headers->text_length--; /* the NUL goes */
    if (!empty)
        headers->text[headers->text_length++] = ' ';
    append_string(headers, bytes, length);
    env_release(headers->env, replaced);
    return INSIST_OK;
}

static size_t field_length(const struct headers *headers, size_t i) {
    size_t end = i + 1 < headers->count ? headers->places[i + 1].name : headers->text_length;
    return end - headers->places[i].name;
}

/* Removes the fields of that name among the first so many. They are marked before anything moves: the name may be one
 * of theirs. */
static void remove_among(struct headers *headers, size_t among, const char *name) {
    const uint32_t removed = 0; /* no value can be there: its name's NUL comes first */
    size_t kept = 0, text_length = 0;
    for (size_t i = 0; i < among; i++)
        if (headers_same_name(headers_name_at(headers, i), name))
            headers->places[i].value = removed;

    for (size_t i = 0; i < headers->count; i++) {
        struct header_place place = headers->places[i];
        size_t length = field_length(headers, i);
        if (place.value == removed)
            continue;
        memmove(headers->text + text_length, headers->text + place.name, length);
        headers->places[kept++] =
            (struct header_place){(uint32_t)text_length, (uint32_t)(text_length + (place.value - place.name))};
        text_length += length;
    }
    headers->count = kept;
    headers->text_length = text_length;
}

insist_err headers_set(struct headers *headers, const char *name, const char *value) {
    insist_err err = headers_add(headers, name, value);
    if (err != INSIST_OK)
        return err;
    size_t before = headers->count - 1;
    remove_among(headers, before, headers_name_at(headers, before));
    return INSIST_OK;
}

void headers_remove(struct headers *headers, const char *name) {
    remove_among(headers, headers->count, name);
}

/* Most names differ in length: a value begins behind the NUL of its name. */
const char *headers_get(const struct headers *headers, const char *name) {
    const size_t length = strlen(name);
    for (size_t i = 0; i < headers->count; i++) {
        const struct header_place place = headers->places[i];
        if (place.value - place.name == length + 1 && headers_same_name(headers->text + place.name, name))
            return headers->text + place.value;
    }
    return NULL;
}

size_t headers_count(const struct headers *headers) {
    return headers->count;
}

const char *headers_name_at(const struct headers *headers, size_t i) {
    return headers->text + headers->places[i].name;
}

const char *headers_value_at(const struct headers *headers, size_t i) {
    return headers->text + headers->places[i].value;
}
