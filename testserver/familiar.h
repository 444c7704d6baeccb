/* httpbin's paths: each stands for a script, so that all that is true of scripts is true of them. Loop's thread. */
#ifndef TESTSERVER_FAMILIAR_H
#define TESTSERVER_FAMILIAR_H

#include "exchange.h"

/* The script that the request stands for, from its method, target and header block; the caller frees *text, which is
 * NULL where the path is not one of these. A seed in the query becomes the exchange's. False: no memory. */
bool familiar_script(struct exchange *exchange, char **text);

#endif
