/* Whether a request comes from a web page that has no business here. Pure. */
#ifndef TESTSERVER_FOREIGN_H
#define TESTSERVER_FOREIGN_H

#include <stdbool.h>

/* origin and host: the headers, or NULL. Browsers send Origin with whatever changes something, other clients do not:
 * without one nothing is foreign. With one, the page must have come from this very host and port; and since a foreign
 * name can be made to point here (DNS rebinding), the host must be a numeric address, localhost, or below .localhost. */
bool foreign_origin(const char *origin, const char *host);

/* Whether a page of somewhere else made the browser ask, also for an image or a link, which have no Origin: site is
 * Sec-Fetch-Site, which browsers send to this machine and over https, or NULL. */
bool foreign_request(const char *origin, const char *host, const char *site);

#endif
