/* Requests that libmicrohttpd 0.9.75 does not get over. One whose chunk-size line, or trailer, does not fit in the
 * connection's memory has it run again and again without a pause, and one whose Content-Length is no length is answered
 * with the header block sent twice. Both are answered here, past libmicrohttpd. Loop's thread. */
#ifndef TESTSERVER_STUCK_H
#define TESTSERVER_STUCK_H

#include <stdarg.h>

struct door;

/* After a turn of the door: once it has run very often without a pause, ends those of its requests of whose unread
 * bytes nothing has been read for as long, with 413 and RST. */
void stuck_end(struct door *door);

/* libmicrohttpd's log, cls being the door: before it answers a request whose header block it has found wrong it says so,
 * and does nothing else that could be noticed in time. */
void stuck_log(void *cls, const char *format, va_list arguments);

#endif
