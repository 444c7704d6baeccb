/* Content-Encoding gzip and deflate, undone while the bytes come, so that the limit on the decoded body holds at
 * every step. One thread at a time. */
#ifndef WIRE_DECODE_H
#define WIRE_DECODE_H

#include "base/body.h"
#include <stdbool.h>

#define DECODE_STEP_BYTES 16384 /* what is decoded at once, at most */

struct decode;

/* encoding: the Content-Encoding header, NULL or "identity" for none. *out is NULL when there is nothing to decode.
 * INSIST_EDECODE: an encoding that was not asked for; INSIST_ENOMEM. */
insist_err decode_new(const struct env *env, const char *encoding, struct decode **out);
void decode_free(struct decode *decode); /* NULL is fine */
/* Appends what the bytes decode to. INSIST_ETOOLARGE (the body's limit), INSIST_EDECODE (broken) or INSIST_ENOMEM. */
insist_err decode_feed(struct decode *decode, const void *data, size_t length, struct body *body);
/* The same for a body that is taken piece by piece: stops once the body holds `enough` bytes or a little more. *used: of the bytes given.
 * Until decode_is_pending() says no, there is more to come of the bytes that were used: feed again, be it with none. */
insist_err decode_feed_some(struct decode *decode, const void *data, size_t length, struct body *body, size_t enough,
                            size_t *used);
bool decode_is_pending(const struct decode *decode);
/* The body has ended: INSIST_EEOF when the encoded stream had not. An empty body is complete. */
insist_err decode_end(const struct decode *decode);

#endif
