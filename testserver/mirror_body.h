/* What the body of a request says, as JSON: httpbin's data, form, files and json. Loop's thread. */
#ifndef TESTSERVER_MIRROR_BODY_H
#define TESTSERVER_MIRROR_BODY_H

#include "exchange.h"

#include <jansson.h>

struct mirror_body {
    json_t *data;  /* the body as a text; "" where it is a form. Where it is not UTF-8: a data: URL in base64 */
    json_t *form;  /* the fields of a form, urlencoded or multipart */
    json_t *files; /* the parts of a multipart form that have a file's name, by the name of their field */
    json_t *json;  /* the body parsed, or null */
};

/* False: no memory; mirror_body_fini() may follow in both cases. */
bool mirror_body_init(struct mirror_body *body, const struct exchange *exchange);
void mirror_body_fini(struct mirror_body *body);

#endif
