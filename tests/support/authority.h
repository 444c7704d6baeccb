/* A certificate authority of the test's own, made on the spot, and server certificates that it signs. */
#ifndef SUPPORT_AUTHORITY_H
#define SUPPORT_AUTHORITY_H

#include <stdbool.h>

#define AUTHORITY_PASSWORD "secret"
/* The name that OpenSSL looks for in a directory of authorities: a hash of who it is, which is always the same. */
#define AUTHORITY_HASHED_NAME "3ab3eba8.0"

/* Writes into the directory, all as PEM: ca.pem, the authority's certificate; localhost.pem and localhost.key, good
 * for localhost and 127.0.0.1; locked.key, the same key under AUTHORITY_PASSWORD; other.pem and other.key, good for
 * other.invalid only; and localhost.pin and other.pin, the pins of their public keys. False: GnuTLS or a file failed. */
bool authority_write(const char *directory);

#endif
