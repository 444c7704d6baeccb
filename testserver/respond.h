/* An answer as libmicrohttpd's response. Loop's thread. */
#ifndef TESTSERVER_RESPOND_H
#define TESTSERVER_RESPOND_H

#include "answer.h"

#include <microhttpd.h>

/* What a request gets that has no script: 200 and the status in words. The same for all, made once. NULL: no memory. */
struct MHD_Response *respond_plain_new(void);

/* Queues answer, whose bytes it takes over. MHD_NO: no memory, and the connection must end. */
enum MHD_Result respond(struct MHD_Connection *mhd, struct answer *answer);

#endif
