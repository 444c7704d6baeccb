/* Texts from the wire as JSON strings. Pure. */
#ifndef TESTSERVER_JSON_TEXT_H
#define TESTSERVER_JSON_TEXT_H

#include <jansson.h>

/* A JSON string. Where text is not UTF-8 each of its bytes becomes the character of that number, as in Latin-1. NULL:
 * no memory. */
json_t *json_text(const char *text);

#endif
