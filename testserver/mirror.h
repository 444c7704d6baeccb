/* A request told back to its sender as JSON, in httpbin's shape. Loop's thread. */
#ifndef TESTSERVER_MIRROR_H
#define TESTSERVER_MIRROR_H

#include "exchange.h"

/* The request, whose body has been kept, in the shape; `lines` objects of one line each where the shape is made of
 * lines. `draw` is what a random member is made from. NULL: no memory; else *size bytes, for free(). */
char *mirror_write(const struct exchange *exchange, const struct shape *shape, uint64_t lines, uint64_t draw,
                   size_t *size);

#endif
