/* An answer as libmicrohttpd's response. Loop's thread. */
#ifndef TESTSERVER_RESPOND_H
#define TESTSERVER_RESPOND_H

#include "answer.h"

#include <microhttpd.h>

/* Queues answer, whose bytes it takes over. may_chunk: the client understands chunks. MHD_NO: no memory, and the connection must end. */
enum MHD_Result respond(struct MHD_Connection *mhd, struct answer *answer, bool may_chunk);

#endif
