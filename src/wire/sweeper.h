/* Has libcurl close the idle connections of a transport that were given up. Whoever drives the reactor. */
#ifndef WIRE_SWEEPER_H
#define WIRE_SWEEPER_H

#include "base/timers.h"
#include <curl/curl.h>

struct transport_curl;

struct sweeper {
    CURL *easy;
    struct timer timer; /* set while there is something to sweep */
    int64_t not_before_ns;
};

bool sweeper_init(struct sweeper *sweeper); /* false: no memory */
void sweeper_fini(struct sweeper *sweeper); /* before the multi handle goes; also after a failed init */

/* Makes of a new handle one that is refused its socket, and is over at once. False: no memory. */
bool sweeper_set_up(CURL *easy);

/* Shows itself to a new multi handle, so that libcurl leaves SIGPIPE alone whatever it does with the handle. False:
 * no memory. */
bool sweeper_introduce(const struct sweeper *sweeper, CURLM *multi);

void sweep_soon(struct transport_curl *transport); /* a connection was given up */
void sweep(struct transport_curl *transport);      /* its timer is due */
void swept(struct transport_curl *transport);      /* its transfer is over */

#endif
