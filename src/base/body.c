/* A growing block of bytes. One thread at a time. */
#include "base/body.h"

#include "base/size_math.h"
#include <stdio.h>
#include <string.h>

#define FIRST_CAPACITY 128

void body_init(struct body *body, const struct env *env, uint64_t limit) {
    *body = (struct body){.env = env, .limit = limit};
}

void body_init_in(struct body *body, const struct env *env, uint64_t limit, char *room, size_t size) {
    *body = (struct body){.env = env,
                          .data = room,
                          .capacity = limit < size - 1 ? (size_t)limit + 1 : size,
                          .limit = limit,
                          .lent = true};
    room[0] = '\0';
}

void body_fini(struct body *body) {
    if (!body->lent)
        env_release(body->env, body->data);
    body_init(body, body->env, body->limit);
}

void body_clear(struct body *body) {
    body->length = 0;
    if (body->data)
        body->data[0] = '\0';
}

void body_move(struct body *to, struct body *from) {
    *to = *from;
    body_init(from, from->env, from->limit);
}

/* needed: with the NUL. Never more is taken than the limit and its NUL need. */
static bool reserve(struct body *body, size_t needed) {
    if (body->data && needed <= body->capacity)
        return true;
    size_t most = body->limit < SIZE_MAX ? (size_t)body->limit + 1 : SIZE_MAX;
    size_t capacity = size_grow(body->capacity, FIRST_CAPACITY, needed, most);
    char *data = capacity > 0 ? env_resize(body->env, body->lent ? NULL : body->data, capacity) : NULL;
    if (!data)
        return false;
    if (body->lent && body->data)
        memcpy(data, body->data, body->length);
    body->lent = false;
    body->data = data;
    body->capacity = capacity;
    return true;
}

static bool fits(const struct body *body, size_t more) {
    return body->length <= body->limit && more <= body->limit - body->length;
}

static void put(struct body *body, const void *data, size_t length) {
    memmove(body->data + body->length, data, length);
    body->length += length;
    body->data[body->length] = '\0';
}

/* Kept apart, so that what is common stays short. */
__attribute__((noinline)) static insist_err grow_and_append(struct body *body, const void *data, size_t length) {
    size_t needed = body->length;
    if (length == 0)
        return INSIST_OK;
    if (!fits(body, length))
        return INSIST_ETOOLARGE;
    if (!size_add(&needed, length) || !size_add(&needed, 1))
        return INSIST_ENOMEM;

    /* What is appended may be a part of this very block, which moves when it grows. */
    size_t offset = (size_t)((uintptr_t)data - (uintptr_t)body->data);
    bool own = body->data && offset <= body->length;
    if (!reserve(body, needed))
        return INSIST_ENOMEM;
    put(body, own ? body->data + offset : data, length);
    return INSIST_OK;
}

insist_err body_append(struct body *body, const void *data, size_t length) {
    if (length == 0 || length >= body->capacity - body->length)
        return grow_and_append(body, data, length);
    put(body, data, length); /* the limit allowed the capacity */
    return INSIST_OK;
}

/* The text is put together outside the body: an argument may point into it. */
static insist_err append_long_format(struct body *body, size_t length, const char *format, va_list args) {
    if (!fits(body, length))
        return INSIST_ETOOLARGE;
    char *text = env_resize(body->env, NULL, length + 1);
    if (!text)
        return INSIST_ENOMEM;
    vsnprintf(text, length + 1, format, args);
    insist_err err = body_append(body, text, length);
    env_release(body->env, text);
    return err;
}

insist_err body_append_format(struct body *body, const char *format, ...) {
    char text[256];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(text, sizeof(text), format, args);
    insist_err err;
    if (length < 0) /* printf cannot count that far */
        err = INSIST_ETOOLARGE;
    else if ((size_t)length < sizeof(text))
        err = body_append(body, text, (size_t)length);
    else
        err = append_long_format(body, (size_t)length, format, again);
    va_end(again);
    va_end(args);
    return err;
}

const char *body_text(const struct body *body) {
    return body->data ? body->data : "";
}

char *body_take(struct body *body, size_t *length) {
    bool copied = body->lent || !body->data;
    char *data = copied ? env_copy_bytes(body->env, body->data, body->length) : body->data;
    if (!data)
        return NULL;
    *length = body->length;
    if (copied)
        body_clear(body);
    else
        body_init(body, body->env, body->limit);
    return data;
}
