/* A client of the test server's own tests that sees everything: raw sockets, or GnuTLS over them, one byte count and one end. */
#ifndef TESTS_TESTSERVER_PEER_H
#define TESTS_TESTSERVER_PEER_H

#include <gnutls/gnutls.h>
#include <insist/testserver.h>

enum peer_end {
    PEER_OPEN,   /* the connection goes on */
    PEER_FIN,    /* an orderly end; under TLS with close_notify */
    PEER_ABRUPT, /* under TLS: FIN without close_notify */
    PEER_RESET,
    PEER_TIMEOUT /* nothing for five minutes */
};

struct peer {
    int fd;
    gnutls_session_t tls;
    gnutls_certificate_credentials_t credentials;
};

struct peer_answer {
    int status;  /* 0: no whole status line came */
    char *bytes; /* all that came, NUL-terminated; body points into it */
    size_t size;
    const char *body; /* NULL: no whole header block came */
    size_t body_size;
    enum peer_end end;
};

/* For cmocka: a server with the options that it has by itself, in *state; and its end. */
int peer_start_server(void **state);
int peer_free_server(void **state);

/* Connects (and shakes hands). False: errno, ECONNREFUSED for instance. */
bool peer_connect(struct peer *peer, const insist_testserver *server);
/* The same, again and again for as long as the port refuses. */
bool peer_connect_when_open(struct peer *peer, const insist_testserver *server);

/* Connects to a port of this machine, without TLS. */
bool peer_connect_port(struct peer *peer, uint16_t port);
void peer_close(struct peer *peer);

/* Sends text as it is, or GET target, or POST target with a body. */
bool peer_send(struct peer *peer, const char *text);
bool peer_get(struct peer *peer, const char *target);
bool peer_post(struct peer *peer, const char *target, const char *body);

/* Reads one answer by its Content-Length, or whatever comes until the end. For peer_answer_free(). */
struct peer_answer peer_read(struct peer *peer);

/* The same without a body, as after HEAD. */
struct peer_answer peer_read_head(struct peer *peer);

/* Reads until that many bytes are there, without waiting for more. */
struct peer_answer peer_read_bytes(struct peer *peer, size_t size);
void peer_answer_free(struct peer_answer *answer);

/* A header's value, copied to value; false: none. */
bool peer_answer_header(const struct peer_answer *answer, const char *name, char value[256]);

/* A connection of its own for one request; the status, 0 for none. */
int peer_status(const insist_testserver *server, const char *target);

#endif
