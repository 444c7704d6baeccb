/* Texts from the wire as JSON strings, and objects made of them. Pure. */
#ifndef TESTSERVER_JSON_TEXT_H
#define TESTSERVER_JSON_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A JSON string. Where text is not UTF-8 each of its bytes becomes the character of that number, as in Latin-1. NULL:
 * no memory. */
json_t *json_text(const char *text);
json_t *json_bytes(const char *bytes, size_t size);

/* Puts name: value into object, in place of the value that was there. Consumes both. False: no memory, or one of the
 * three is NULL. */
bool json_put(json_t *object, json_t *name, json_t *value);

/* The same, but the values of one name make a list. */
bool json_add(json_t *object, json_t *name, json_t *value);

#endif
