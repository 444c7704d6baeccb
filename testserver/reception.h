/* What comes in through a door: libmicrohttpd tells of connections, of requests and of their ends, and each is handed
 * to the room that knows what to do. Loop's thread. */
#ifndef TESTSERVER_RECEPTION_H
#define TESTSERVER_RECEPTION_H

#include "door.h"

/* For doors of a server. */
extern const struct door_handlers reception;

#endif
