/* Within the familiar paths: what is known of a request, and the functions that say what it stands for. familiar.c has
 * the table, familiar_faults.c those for testing how a client copes, familiar_http.c those for what HTTP knows,
 * familiar_text.c the means by which all of them write. Loop's thread. */
#ifndef TESTSERVER_FAMILIAR_ROWS_H
#define TESTSERVER_FAMILIAR_ROWS_H

#include "exchange.h"

#include <jansson.h>
#include <stdio.h>

enum { FAMILIAR_PARTS = 2, FAMILIAR_PARAMETERS = 8 };

struct familiar {
    const struct exchange *exchange;
    const char *parts[FAMILIAR_PARTS];     /* of the path, where its pattern has a '*' or a '+' */
    char *parameters[FAMILIAR_PARAMETERS]; /* that were asked for, freed in the end */
    size_t parameter_count;
    bool has_seed;
    uint64_t seed;
    bool no_memory;
    FILE *out; /* the script */
};

/* Writes a script. False: what the path or the query says makes no sense, or there is no memory. */
typedef bool familiar_fn(struct familiar *familiar);

familiar_fn familiar_status, familiar_delay, familiar_drip, familiar_bytes, familiar_stream_bytes, familiar_stream,
    familiar_range, familiar_unstable, familiar_hold;
familiar_fn familiar_redirect, familiar_absolute_redirect, familiar_redirect_to, familiar_cookies_set,
    familiar_cookie_set, familiar_cookies_delete, familiar_basic_auth, familiar_hidden_basic_auth, familiar_bearer,
    familiar_response_headers, familiar_cache, familiar_cache_for, familiar_etag, familiar_base64;

/* The decoded value of a parameter of the query, until the script is written; NULL: not there, or no memory. */
const char *familiar_parameter(struct familiar *familiar, const char *name);

const char *familiar_header(const struct familiar *familiar, const char *name);

/* A whole number, and nothing behind it. */
bool familiar_number(const char *text, uint64_t high, uint64_t *out);

/* The same of a parameter, which may be left out: *out stays as it is then. */
bool familiar_parameter_number(struct familiar *familiar, const char *name, uint64_t high, uint64_t *out);

/* Digits, with a fraction or not. */
bool familiar_is_decimal(const char *text);

/* Writes bytes as a quoted text of a script. */
void familiar_quote(struct familiar *familiar, const char *bytes, size_t size);

/* Writes a body item with its type, application/json; consumes json. */
void familiar_put_json(struct familiar *familiar, json_t *json);

#endif
