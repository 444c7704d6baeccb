/* Has a handle of libcurl's free what it holds back of a body. Whoever drives the reactor. */
#ifndef WIRE_RINSE_H
#define WIRE_RINSE_H

#include <curl/curl.h>

/* A multi handle for nothing else, made when it is first needed. */
struct rinser {
    CURLM *multi;
};

void rinser_fini(struct rinser *rinser);
/* The handle is in no multi handle, and is only good for being freed afterwards. Without memory it leaks. */
void rinse(struct rinser *rinser, CURL *easy);

#endif
