/* Base64 of RFC 4648 section 4. Pure. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/body.h"
#include <stdbool.h>

/* INSIST_OK, INSIST_ENOMEM or INSIST_ETOOLARGE; of a failure the beginning may have been appended. */
insist_err base64_append(struct body *out, const void *data, size_t length);
/* Is this text, of that length, what `bytes` bytes are written as? */
bool base64_is_of(const char *text, size_t length, size_t bytes);

#endif
