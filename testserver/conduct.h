/* What happens to a request that has been read: counted, its step chosen, held, delayed, and then answered or made to fail.
 * Loop's thread. */
#ifndef TESTSERVER_CONDUCT_H
#define TESTSERVER_CONDUCT_H

#include "exchange.h"

/* Finds the script of a request whose header block has been read. False: no memory. */
bool conduct_read_script(struct exchange *exchange);

/* The request is complete, or its connection was resumed: what the handler returns to libmicrohttpd. */
enum MHD_Result conduct(struct exchange *exchange);

/* The exchange waits no more for its hold; the time of its delay has come. */
void conduct_released(struct exchange *exchange);
void conduct_alarm(struct alarm *alarm);

/* There is room to write on the socket of a suspended exchange. */
void conduct_room(struct exchange *exchange);

/* Nothing more will be sent: the connection ends with the handler's next call. */
void conduct_end(struct exchange *exchange);

/* The client has left. */
void conduct_gone(struct exchange *exchange);

#endif
