/* The journal as a JSON document, written piece by piece while it is sent, so that 300,000 entries need no memory.
 * Loop's thread. */
#ifndef TESTSERVER_LISTING_H
#define TESTSERVER_LISTING_H

#include "ledger.h"

#include <microhttpd.h>

/* {"dropped": N, "newest": N, "requests": [ … ]}, the oldest first, as far as filter asks for them. newest is the number
 * of the newest request there is. What comes in after this call is left out. NULL: no memory. */
struct MHD_Response *listing_response(struct ledger *ledger, const struct filter *filter);

#endif
