/* Where users say that a name is to be found: "host:port:address" and "host:port:host:port". Pure; any thread. */
#ifndef WIRE_SIGNPOST_H
#define WIRE_SIGNPOST_H

#include "wire/addresses.h"
#include "wire/authority.h"

/* Both: NULL, or a sentence that says what is wrong with the text. text may be NULL. */
const char *signpost_parse_pin(const char *text, struct authority *name, struct resolved *addresses);
const char *signpost_parse_detour(const char *text, struct authority *from, struct authority *to);

#endif
