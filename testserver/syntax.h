/* Whether a request's header block is one that HTTP/1.1 allows (RFC 9112), as far as libmicrohttpd does not look itself:
 * one Host field, one way to tell the body's length, a method and field names that are tokens, a target of a form
 * that there is. Loop's thread. */
#ifndef TESTSERVER_SYNTAX_H
#define TESTSERVER_SYNTAX_H

#include "exchange.h"

struct syntax_fault {
    int status; /* 0: none */
    const char *line;
};

/* Of a request whose header block has been read. version is libmicrohttpd's. */
struct syntax_fault syntax_check(const struct exchange *exchange, const char *method, const char *version);

/* Whether a Content-Length has come that is no number, or one beyond 64 bits: libmicrohttpd refuses that before it tells
 * of the request. */
struct syntax_fault syntax_check_length(const struct exchange *exchange);

#endif
