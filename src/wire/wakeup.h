/* A multi handle's own descriptors. */
#ifndef WIRE_WAKEUP_H
#define WIRE_WAKEUP_H

#include <curl/curl.h>

/* libcurl gives every new multi handle a pair of connected sockets, which it leaves open across exec and shows to
 * nobody. Makes both close-on-exec, where the libcurl at hand has not done so itself. Before the handle has any
 * transfer; on any thread. */
void wakeup_close_on_exec(CURLM *multi);

#endif
