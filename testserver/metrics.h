/* The server's counts in Prometheus' text format, version 0.0.4. Any thread. */
#ifndef TESTSERVER_METRICS_H
#define TESTSERVER_METRICS_H

#include "server.h"

/* The whole document, for the caller to free; NULL: no memory. */
char *metrics_text(struct insist_testserver *server, size_t *size);

#endif
