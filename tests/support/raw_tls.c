/* gnutls on blocking sockets, with a self-signed certificate. One thread a session. */
#include "support/raw_tls.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <time.h>

struct raw_tls {
    gnutls_certificate_credentials_t credentials;
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t certificate;
    gnutls_datum_t pem;
};

struct raw_tls_session {
    gnutls_session_t handle;
};

static bool name(gnutls_x509_crt_t certificate) {
    const unsigned char loopback[4] = {127, 0, 0, 1};
    return gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, "localhost", 9) == 0 &&
           gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, "localhost", 9, GNUTLS_FSAN_SET) ==
               0 &&
           gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, loopback, sizeof(loopback),
                                                GNUTLS_FSAN_APPEND) == 0;
}

static bool make_certificate(struct raw_tls *tls) {
    const unsigned char serial[1] = {1};
    gnutls_x509_crt_t certificate = tls->certificate;
    return gnutls_x509_privkey_generate(tls->key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
                                        0) == 0 &&
           gnutls_x509_crt_set_version(certificate, 3) == 0 &&
           gnutls_x509_crt_set_serial(certificate, serial, sizeof(serial)) == 0 &&
           gnutls_x509_crt_set_activation_time(certificate, time(NULL) - 86400) == 0 &&
           gnutls_x509_crt_set_expiration_time(certificate, time(NULL) + 86400) == 0 && name(certificate) &&
           gnutls_x509_crt_set_basic_constraints(certificate, 1, -1) == 0 &&
           gnutls_x509_crt_set_key(certificate, tls->key) == 0 &&
           gnutls_x509_crt_sign2(certificate, certificate, tls->key, GNUTLS_DIG_SHA256, 0) == 0 &&
           gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &tls->pem) == 0;
}

struct raw_tls *raw_tls_new(void) {
    struct raw_tls *tls = calloc(1, sizeof(*tls));
    if (!tls)
        return NULL;
    bool made = gnutls_certificate_allocate_credentials(&tls->credentials) == 0 &&
                gnutls_x509_privkey_init(&tls->key) == 0 && gnutls_x509_crt_init(&tls->certificate) == 0 &&
                make_certificate(tls) &&
                gnutls_certificate_set_x509_key(tls->credentials, &tls->certificate, 1, tls->key) == 0;
    if (made)
        return tls;
    raw_tls_free(tls);
    return NULL;
}

void raw_tls_free(struct raw_tls *tls) {
    if (!tls)
        return;
    if (tls->credentials)
        gnutls_certificate_free_credentials(tls->credentials);
    if (tls->certificate)
        gnutls_x509_crt_deinit(tls->certificate);
    if (tls->key)
        gnutls_x509_privkey_deinit(tls->key);
    gnutls_free(tls->pem.data);
    free(tls);
}

const char *raw_tls_certificate(const struct raw_tls *tls) {
    return (const char *)tls->pem.data;
}

struct raw_tls_session *raw_tls_accept(struct raw_tls *tls, int fd) {
    struct raw_tls_session *session = calloc(1, sizeof(*session));
    int code;
    if (!session || gnutls_init(&session->handle, GNUTLS_SERVER | GNUTLS_NO_SIGNAL) != 0) {
        free(session);
        return NULL;
    }
    gnutls_set_default_priority(session->handle);
    gnutls_credentials_set(session->handle, GNUTLS_CRD_CERTIFICATE, tls->credentials);
    gnutls_transport_set_int(session->handle, fd);
    gnutls_handshake_set_timeout(session->handle, GNUTLS_DEFAULT_HANDSHAKE_TIMEOUT);
    do {
        code = gnutls_handshake(session->handle);
    } while (code < 0 && !gnutls_error_is_fatal(code));
    if (code == 0)
        return session;
    raw_tls_end(session);
    return NULL;
}

void raw_tls_end(struct raw_tls_session *session) {
    if (session)
        gnutls_deinit(session->handle);
    free(session);
}

ssize_t raw_tls_read(struct raw_tls_session *session, void *bytes, size_t length) {
    return gnutls_record_recv(session->handle, bytes, length);
}

ssize_t raw_tls_write(struct raw_tls_session *session, const void *bytes, size_t length) {
    return gnutls_record_send(session->handle, bytes, length);
}

void raw_tls_say_goodbye(struct raw_tls_session *session) {
    gnutls_bye(session->handle, GNUTLS_SHUT_WR);
}
