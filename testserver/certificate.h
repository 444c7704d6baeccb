/* Certificates, made at start: a good one that signs itself and that clients can be told to trust, and bad ones. */
#ifndef TESTSERVER_CERTIFICATE_H
#define TESTSERVER_CERTIFICATE_H

#include <stdbool.h>

struct certificate {
    char *certificate_pem;
    char *key_pem;
};

enum certificate_kind {
    CERTIFICATE_GOOD,
    CERTIFICATE_EXPIRED,    /* yesterday */
    CERTIFICATE_WRONG_HOST, /* of wrong-host.invalid */
    CERTIFICATE_UNTRUSTED   /* signed by itself, whoever the others are signed by */
};

/* For localhost, 127.0.0.1, ::1 and the numeric address, EC P-256, good for ten years; each but for what its kind says.
 * issuer: who signs it, so that whoever trusts the issuer finds no other mistake in it; NULL: itself. False: GnuTLS
 * failed. */
bool certificate_make(struct certificate *certificate, enum certificate_kind kind, const char *address,
                      const struct certificate *issuer);
void certificate_fini(struct certificate *certificate);

#endif
