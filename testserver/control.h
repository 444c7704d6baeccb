/* The /__admin/ paths, on the service's port and on the control port: which path and method does what, and what keeps
 * a page of somebody else's from doing it. Loop's thread. */
#ifndef TESTSERVER_CONTROL_H
#define TESTSERVER_CONTROL_H

#include "exchange.h"

/* Answers a complete request to such a path. MHD_NO: no memory. */
enum MHD_Result control_answer(struct exchange *exchange);

#endif
