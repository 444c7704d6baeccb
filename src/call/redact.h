/* What is shown of a URL to people: in explanations, logs and errors. Pure; any thread. */
#ifndef CALL_REDACT_H
#define CALL_REDACT_H

#include "base/body.h"
#include "base/headers.h"

/* Appends the URL without user, password and fragment, and without the values of the query's hidden keys. Keys are the
 * names of the list, compared once percent-encoding is undone and without regard to letter case; NULL: none. */
insist_err redact_url(struct body *text, const char *url, const struct headers *hidden);

#endif
