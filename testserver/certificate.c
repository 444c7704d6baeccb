/* GnuTLS's X.509 interface. See certificate.h. */
#include "certificate.h"

#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const time_t day_s = 86400;

static bool add_address(gnutls_x509_crt_t crt, const char *address) {
    unsigned char raw[16];
    unsigned size = inet_pton(AF_INET, address, raw) == 1 ? 4 : inet_pton(AF_INET6, address, raw) == 1 ? 16 : 0;
    return size == 0 ||
           gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, raw, size, GNUTLS_FSAN_APPEND) == 0;
}

static bool add_name(gnutls_x509_crt_t crt, const char *name, bool append) {
    unsigned flags = append ? GNUTLS_FSAN_APPEND : GNUTLS_FSAN_SET;
    return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, name, (unsigned)strlen(name), flags) == 0;
}

static bool add_hosts(gnutls_x509_crt_t crt, enum certificate_kind kind, const char *address) {
    bool others = strcmp(address, "127.0.0.1") != 0 && strcmp(address, "::1") != 0;
    if (kind == CERTIFICATE_WRONG_HOST) {
        return add_name(crt, "wrong-host.invalid", false);
    }
    return add_name(crt, "localhost", false) && add_address(crt, "127.0.0.1") && add_address(crt, "::1") &&
           (!others || add_address(crt, address));
}

static const char *common_name(enum certificate_kind kind) {
    switch (kind) {
    case CERTIFICATE_GOOD: return "insist-testserver";
    case CERTIFICATE_EXPIRED: return "expired";
    case CERTIFICATE_WRONG_HOST: return "wrong-host.invalid";
    case CERTIFICATE_UNTRUSTED: break;
    }
    return "untrusted";
}

static bool add_names(gnutls_x509_crt_t crt, enum certificate_kind kind, const char *address) {
    const char *name = common_name(kind);
    unsigned length = (unsigned)strlen(name);
    return gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name, length) == 0 &&
           add_hosts(crt, kind, address);
}

static bool add_validity(gnutls_x509_crt_t crt, enum certificate_kind kind) {
    unsigned char serial[16];
    time_t now = time(NULL);
    bool expired = kind == CERTIFICATE_EXPIRED;
    if (gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial) != 0) {
        return false;
    }
    serial[0] = (unsigned char)((serial[0] & 0x7f) | 0x01); /* positive, and no leading zero */
    return gnutls_x509_crt_set_serial(crt, serial, sizeof serial) == 0 &&
           gnutls_x509_crt_set_activation_time(crt, now - (expired ? 30 : 1) * day_s) == 0 &&
           gnutls_x509_crt_set_expiration_time(crt, expired ? now - day_s : now + 3650 * day_s) == 0;
}

/* What an issuer has in PEM, as GnuTLS wants it. */
static bool read_pem(const struct certificate *issuer, gnutls_x509_crt_t crt, gnutls_x509_privkey_t key) {
    gnutls_datum_t crt_pem = {(unsigned char *)issuer->certificate_pem, (unsigned)strlen(issuer->certificate_pem)};
    gnutls_datum_t key_pem = {(unsigned char *)issuer->key_pem, (unsigned)strlen(issuer->key_pem)};
    return gnutls_x509_crt_import(crt, &crt_pem, GNUTLS_X509_FMT_PEM) == 0 &&
           gnutls_x509_privkey_import(key, &key_pem, GNUTLS_X509_FMT_PEM) == 0;
}

static bool sign_by(gnutls_x509_crt_t crt, const struct certificate *issuer) {
    gnutls_x509_crt_t issuer_crt = NULL;
    gnutls_x509_privkey_t issuer_key = NULL;
    bool ok = gnutls_x509_crt_init(&issuer_crt) == 0 && gnutls_x509_privkey_init(&issuer_key) == 0 &&
              read_pem(issuer, issuer_crt, issuer_key) &&
              gnutls_x509_crt_sign2(crt, issuer_crt, issuer_key, GNUTLS_DIG_SHA256, 0) == 0;
    if (issuer_crt) {
        gnutls_x509_crt_deinit(issuer_crt);
    }
    if (issuer_key) {
        gnutls_x509_privkey_deinit(issuer_key);
    }
    return ok;
}

static bool sign(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const struct certificate *issuer) {
    unsigned usage = GNUTLS_KEY_DIGITAL_SIGNATURE | (issuer ? 0 : GNUTLS_KEY_KEY_CERT_SIGN);
    if (gnutls_x509_crt_set_version(crt, 3) != 0 || gnutls_x509_crt_set_key(crt, key) != 0 ||
        gnutls_x509_crt_set_ca_status(crt, issuer ? 0 : 1) != 0 || gnutls_x509_crt_set_key_usage(crt, usage) != 0) {
        return false;
    }
    return issuer ? sign_by(crt, issuer) : gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0) == 0;
}

/* A copy that malloc made, for GnuTLS may have another allocator. */
static char *copy_text(gnutls_datum_t *datum) {
    char *text = strndup((const char *)datum->data, datum->size);
    gnutls_free(datum->data);
    return text;
}

static bool write_pem(struct certificate *certificate, gnutls_x509_crt_t crt, gnutls_x509_privkey_t key) {
    gnutls_datum_t datum = {0};
    if (gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &datum) != 0) {
        return false;
    }
    certificate->certificate_pem = copy_text(&datum);
    if (gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &datum) != 0) {
        return false;
    }
    certificate->key_pem = copy_text(&datum);
    return certificate->certificate_pem && certificate->key_pem;
}

bool certificate_make(struct certificate *certificate, enum certificate_kind kind, const char *address,
                      const struct certificate *issuer) {
    gnutls_x509_crt_t crt = NULL;
    gnutls_x509_privkey_t key = NULL;
    memset(certificate, 0, sizeof *certificate);
    bool ok =
        gnutls_x509_privkey_init(&key) == 0 && gnutls_x509_crt_init(&crt) == 0 &&
        gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0) == 0 &&
        add_names(crt, kind, address) && add_validity(crt, kind) &&
        sign(crt, key, kind == CERTIFICATE_UNTRUSTED ? NULL : issuer) && write_pem(certificate, crt, key);
    if (crt) {
        gnutls_x509_crt_deinit(crt);
    }
    if (key) {
        gnutls_x509_privkey_deinit(key);
    }
    if (!ok) {
        certificate_fini(certificate);
    }
    return ok;
}

void certificate_fini(struct certificate *certificate) {
    free(certificate->certificate_pem);
    free(certificate->key_pem);
    memset(certificate, 0, sizeof *certificate);
}
