/* How long an answer's body is said to be. Pure. */
#ifndef WIRE_FRAMING_H
#define WIRE_FRAMING_H

#include "base/headers.h"

/* Of an answer that has a body. *length: what Content-Length says, UINT64_MAX beyond that; 0: the chunks or the connection's end tell.
 * INSIST_EPROTO: nobody can tell where the body ends. */
insist_err framing_read(const struct headers *headers, uint64_t *length);

#endif
