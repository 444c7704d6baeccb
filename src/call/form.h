/* application/x-www-form-urlencoded (WHATWG URL Standard section 5.2). Pure. */
#ifndef CALL_FORM_H
#define CALL_FORM_H

#include "base/body.h"
#include <insist/client.h>

/* Appends the pairs in the order of their names; pairs of one name keep theirs. INSIST_OK, INSIST_EINVAL (a NULL) or
 * INSIST_ENOMEM. */
insist_err form_encode(struct body *out, const insist_pair *pairs, size_t n);

#endif
