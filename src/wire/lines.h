/* The header lines of a request, as libcurl takes them, in two blocks of memory that are used again. One thread at a
 * time. */
#ifndef WIRE_LINES_H
#define WIRE_LINES_H

#include "view/request.h"
#include "wire/redirect.h"
#include "wire/settings.h"
#include <curl/curl.h>

struct lines {
    const struct env *env;
    struct curl_slist *first; /* the list; NULL: empty */
    struct curl_slist *nodes; /* never moved while the list is in use */
    size_t count, capacity;
    bool decode; /* encodings are accepted in our name: what comes is decoded */
    struct body text;
};

void lines_init(struct lines *lines, const struct env *env);
void lines_fini(struct lines *lines);
/* The plan's headers, those in own instead of the ones of the same name, without what the hop may not carry, and what
 * insist adds itself: who it is, which encodings it takes. The plan's own of the same name go before all of that.
 * INSIST_OK or INSIST_ENOMEM. */
insist_err lines_make(struct lines *lines, const struct request *request, const struct headers *own,
                      const struct hop *hop, const struct wire_settings *settings);

/* Whether it is a request with a body, be it empty. */
bool lines_announce_a_body(const struct request *request, const struct hop *hop);

#endif
