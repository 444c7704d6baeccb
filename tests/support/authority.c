/* GnuTLS's X.509 interface. See authority.h. */
#include "support/authority.h"

#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct pair {
    gnutls_x509_crt_t crt;
    gnutls_x509_privkey_t key;
};

static bool pair_init(struct pair *pair) {
    unsigned bits = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);
    return gnutls_x509_crt_init(&pair->crt) == 0 && gnutls_x509_privkey_init(&pair->key) == 0 &&
           gnutls_x509_privkey_generate(pair->key, GNUTLS_PK_ECDSA, bits, 0) == 0;
}

static void pair_fini(struct pair *pair) {
    if (pair->crt != NULL) {
        gnutls_x509_crt_deinit(pair->crt);
    }
    if (pair->key != NULL) {
        gnutls_x509_privkey_deinit(pair->key);
    }
}

/* What every certificate has: a name, a number, a day of margin for clocks, a key. */
static bool set_basics(struct pair *pair, const char *name) {
    const time_t day_s = 86400;
    unsigned char serial[16];
    if (gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial) != 0) {
        return false;
    }
    serial[0] = (unsigned char)((serial[0] & 0x7f) | 0x01); /* positive, and no leading zero */
    return gnutls_x509_crt_set_version(pair->crt, 3) == 0 &&
           gnutls_x509_crt_set_serial(pair->crt, serial, sizeof serial) == 0 &&
           gnutls_x509_crt_set_activation_time(pair->crt, time(NULL) - day_s) == 0 &&
           gnutls_x509_crt_set_expiration_time(pair->crt, time(NULL) + 10 * day_s) == 0 &&
           gnutls_x509_crt_set_key(pair->crt, pair->key) == 0 &&
           gnutls_x509_crt_set_dn_by_oid(pair->crt, GNUTLS_OID_X520_COMMON_NAME, 0, name, (unsigned)strlen(name)) == 0;
}

static bool make_authority(struct pair *ca) {
    return pair_init(ca) && set_basics(ca, "authority of this test") &&
           gnutls_x509_crt_set_ca_status(ca->crt, 1) == 0 &&
           gnutls_x509_crt_set_key_usage(ca->crt, GNUTLS_KEY_KEY_CERT_SIGN) == 0 &&
           gnutls_x509_crt_sign2(ca->crt, ca->crt, ca->key, GNUTLS_DIG_SHA256, 0) == 0;
}

static bool make_server(struct pair *server, const struct pair *ca, const char *host, const char *address) {
    struct in_addr raw;
    return pair_init(server) && set_basics(server, host) && gnutls_x509_crt_set_ca_status(server->crt, 0) == 0 &&
           gnutls_x509_crt_set_key_usage(server->crt, GNUTLS_KEY_DIGITAL_SIGNATURE) == 0 &&
           gnutls_x509_crt_set_subject_alt_name(server->crt, GNUTLS_SAN_DNSNAME, host, (unsigned)strlen(host),
                                                GNUTLS_FSAN_SET) == 0 &&
           (address == NULL || (inet_pton(AF_INET, address, &raw) == 1 &&
                                gnutls_x509_crt_set_subject_alt_name(server->crt, GNUTLS_SAN_IPADDRESS, &raw,
                                                                     sizeof raw, GNUTLS_FSAN_APPEND) == 0)) &&
           gnutls_x509_crt_sign2(server->crt, ca->crt, ca->key, GNUTLS_DIG_SHA256, 0) == 0;
}

static bool write_pem(const char *directory, const char *name, const gnutls_datum_t *pem) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return false;
    }
    bool written = fwrite(pem->data, 1, pem->size, file) == pem->size;
    return fclose(file) == 0 && written;
}

static bool write_certificate(const struct pair *pair, const char *directory, const char *name) {
    gnutls_datum_t pem = {0};
    bool ok = gnutls_x509_crt_export2(pair->crt, GNUTLS_X509_FMT_PEM, &pem) == 0 && write_pem(directory, name, &pem);
    gnutls_free(pem.data);
    return ok;
}

static bool write_key(const struct pair *pair, const char *directory, const char *name) {
    gnutls_datum_t pem = {0};
    bool ok =
        gnutls_x509_privkey_export2(pair->key, GNUTLS_X509_FMT_PEM, &pem) == 0 && write_pem(directory, name, &pem);
    gnutls_free(pem.data);
    return ok;
}

static bool write_locked_key(const struct pair *pair, const char *directory, const char *name) {
    gnutls_datum_t pem = {0};
    bool ok = gnutls_x509_privkey_export2_pkcs8(pair->key, GNUTLS_X509_FMT_PEM, AUTHORITY_PASSWORD,
                                                GNUTLS_PKCS_PBES2_AES_256, &pem) == 0 &&
              write_pem(directory, name, &pem);
    gnutls_free(pem.data);
    return ok;
}

static bool write_pin(const struct pair *pair, const char *directory, const char *name) {
    unsigned char digest[32];
    size_t size = sizeof digest;
    char text[128];
    gnutls_datum_t base64 = {0};
    bool ok = gnutls_x509_crt_get_key_id(pair->crt, GNUTLS_KEYID_USE_SHA256, digest, &size) == 0 &&
              gnutls_base64_encode2(&(gnutls_datum_t){digest, (unsigned)size}, &base64) == 0;
    if (ok) {
        int length = snprintf(text, sizeof text, "sha256//%.*s", (int)base64.size, (const char *)base64.data);
        ok = write_pem(directory, name, &(gnutls_datum_t){(unsigned char *)text, (unsigned)length});
    }
    gnutls_free(base64.data);
    return ok;
}

bool authority_write(const char *directory) {
    struct pair ca = {0};
    struct pair localhost = {0};
    struct pair other = {0};
    bool ok = make_authority(&ca) && make_server(&localhost, &ca, "localhost", "127.0.0.1") &&
              make_server(&other, &ca, "other.invalid", NULL) && write_certificate(&ca, directory, "ca.pem") &&
              write_certificate(&localhost, directory, "localhost.pem") &&
              write_key(&localhost, directory, "localhost.key") && write_certificate(&other, directory, "other.pem") &&
              write_key(&other, directory, "other.key") && write_locked_key(&localhost, directory, "locked.key") &&
              write_pin(&localhost, directory, "localhost.pin") && write_pin(&other, directory, "other.pin");
    pair_fini(&ca);
    pair_fini(&localhost);
    pair_fini(&other);
    return ok;
}
