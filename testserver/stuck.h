/* Requests that libmicrohttpd 0.9.75 can neither read on nor give up: one whose chunk-size line, or trailer, does not
 * fit in the connection's memory has it run again and again without a pause. Loop's thread. */
#ifndef TESTSERVER_STUCK_H
#define TESTSERVER_STUCK_H

struct door;

/* After a turn of the door: once it has run very often without a pause, ends those of its requests of whose unread
 * bytes nothing has been read for as long, with 413 and RST. */
void stuck_end(struct door *door);

#endif
