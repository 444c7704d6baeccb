/* What happens to a request: held, delayed, and then answered or made to fail. Loop's thread. */
#ifndef TESTSERVER_CONDUCT_H
#define TESTSERVER_CONDUCT_H

#include "exchange.h"

/* The header block has been read. False: no memory. */
bool conduct_begin(struct exchange *exchange, const char *method);

/* Whether a request whose header block has been read is malformed, and answered so at once, before it is begun: what the
 * handler returns then. Where its body ends is anybody's guess, so its connection is closed, and it is not counted. */
bool conduct_refuses_head(struct exchange *exchange, const char *method, const char *version, enum MHD_Result *result);

/* Whether a request whose header block has been read is answered at once, without its body: what the handler returns
 * then. */
bool conduct_refuses_body(struct exchange *exchange, enum MHD_Result *result);

/* Some of the request's body: takes what may be read of it now, and leaves in *size how much it did not take. */
enum MHD_Result conduct_body(struct exchange *exchange, const char *data, size_t *size);

/* The request is complete, or its connection was resumed: what the handler returns to libmicrohttpd. */
enum MHD_Result conduct(struct exchange *exchange);

/* The exchange that owner is has waited at its station, and is in service; its service is over. */
void conduct_serve(void *owner);
void conduct_served(void *owner);

/* There is room to write on the socket of a suspended exchange. */
void conduct_room(struct exchange *exchange);

/* The client of a suspended exchange has left. */
void conduct_gone(struct exchange *exchange);

#endif
