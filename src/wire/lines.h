/* The header lines of a request, as libcurl takes them, in two blocks of memory that are used again. One thread at a
 * time. */
#ifndef WIRE_LINES_H
#define WIRE_LINES_H

#include "view/request.h"
#include "wire/redirect.h"
#include <curl/curl.h>

struct lines {
    const struct env *env;
    struct curl_slist *nodes; /* the first one is the list; it is never moved while the list is in use */
    size_t count, capacity;
    struct body text;
};

void lines_init(struct lines *lines, const struct env *env);
void lines_fini(struct lines *lines);
/* The plan's headers, those in own instead of the ones of the same name, without what the hop may not carry, and
 * what insist adds itself: decode, an Accept-Encoding. The plan's own of the same name go before all of that.
 * INSIST_OK or INSIST_ENOMEM. */
insist_err lines_make(struct lines *lines, const struct request *request, const struct headers *own,
                      const struct hop *hop, bool decode);

/* Whether the user has chosen what encodings to accept: then nothing is decoded. */
bool lines_choose_encoding(const struct request *request, const struct headers *own);

#endif
