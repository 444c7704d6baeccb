/* The /__admin/ paths, on the service's port and on the control port: which path and method does what, and what keeps
 * a page of somebody else's from doing it. Loop's thread. */
#ifndef TESTSERVER_CONTROL_H
#define TESTSERVER_CONTROL_H

#include "exchange.h"

/* Whether a request whose first line has been read is to be answered here: it came in through the control port, or goes
 * to an admin path. Prometheus looks for its figures at /metrics: a request to that path is one, too, unless a script
 * says otherwise. */
bool control_owns(const struct exchange *exchange);

/* Answers a complete request that is owned. MHD_NO: no memory. */
enum MHD_Result control_answer(struct exchange *exchange);

#endif
