/* A certificate authority of the test's own, made on the spot, and server certificates that it signs. */
#ifndef SUPPORT_AUTHORITY_H
#define SUPPORT_AUTHORITY_H

#include <stdbool.h>

/* Writes into the directory, all as PEM: ca.pem, the authority's certificate; localhost.pem and localhost.key, good
 * for localhost and 127.0.0.1; other.pem and other.key, good for other.invalid only. False: GnuTLS or a file failed. */
bool authority_write(const char *directory);

#endif
