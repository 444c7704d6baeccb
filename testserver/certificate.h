/* A self-signed certificate, made at start. */
#ifndef TESTSERVER_CERTIFICATE_H
#define TESTSERVER_CERTIFICATE_H

#include <stdbool.h>

struct certificate {
    char *certificate_pem;
    char *key_pem;
};

/* For localhost, 127.0.0.1, ::1 and the numeric address, EC P-256, good for ten years. False: GnuTLS failed. */
bool certificate_make(struct certificate *certificate, const char *address);
void certificate_fini(struct certificate *certificate);

#endif
