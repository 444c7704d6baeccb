/* TLS for the raw server: a certificate made at start, and one session a connection. */
#ifndef SUPPORT_RAW_TLS_H
#define SUPPORT_RAW_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct raw_tls;
struct raw_tls_session;

struct raw_tls *raw_tls_new(void);
void raw_tls_free(struct raw_tls *tls);
const char *raw_tls_certificate(const struct raw_tls *tls);

struct raw_tls_session *raw_tls_accept(struct raw_tls *tls, int fd); /* does the handshake; NULL: it failed */
void raw_tls_end(struct raw_tls_session *session);
ssize_t raw_tls_read(struct raw_tls_session *session, void *bytes, size_t length);
ssize_t raw_tls_write(struct raw_tls_session *session, const void *bytes, size_t length);
void raw_tls_say_goodbye(struct raw_tls_session *session);

#endif
