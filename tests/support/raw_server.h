/* A server of raw bytes: a script of the test's, run on a thread of its own for each connection, says byte by byte
 * what is answered and how the connection ends. For what no HTTP server would do on purpose. Listens on 127.0.0.1
 * (or another loopback address), on a free port, plain or TLS. */
#ifndef SUPPORT_RAW_SERVER_H
#define SUPPORT_RAW_SERVER_H

#include <stdbool.h>
#include <stddef.h>

struct raw_server;
struct raw_connection;

/* When it returns, the connection is ended in order (FIN, under TLS without close_notify). */
typedef void raw_script(struct raw_connection *connection, void *ctx);

struct raw_options {
    const char *address; /* NULL: 127.0.0.1 */
    bool tls;            /* with a certificate of its own for localhost and 127.0.0.1: raw_server_certificate() */
};

/* NULL when it could not be started. */
struct raw_server *raw_server_start(const struct raw_options *options_or_null, raw_script *script, void *ctx);
void raw_server_free(struct raw_server *server); /* ends every connection, then waits for their scripts */
unsigned raw_server_port(const struct raw_server *server);
const char *raw_server_certificate(const struct raw_server *server); /* PEM; NULL when it is plain */

/* Test's side. */
unsigned raw_server_connections(struct raw_server *server); /* accepted so far */
unsigned raw_server_requests(struct raw_server *server);    /* read completely so far */
/* Head and body of the i-th of them, from 0; the server's, until it is freed. "" beyond the last. */
const char *raw_server_request(struct raw_server *server, unsigned i);
void raw_server_close_listener(struct raw_server *server);
void raw_server_release(struct raw_server *server); /* one raw_wait() goes on */
bool raw_server_wait_signals(struct raw_server *server,
                             unsigned count); /* that many raw_signal() in all; false after a minute */
bool raw_server_has_signals(struct raw_server *server, unsigned count);

/* Script's side. All do nothing once the connection has ended. */
unsigned raw_number(const struct raw_connection *connection); /* of the connection, from 1 */
bool raw_read_request(struct raw_connection *connection);     /* false: the client has left */
bool raw_read_head(struct raw_connection *connection); /* the same, without waiting for the body that it announces */
bool raw_read_some(struct raw_connection *connection); /* whatever comes first */
const char *raw_request(const struct raw_connection *connection); /* the last one */
void raw_send(struct raw_connection *connection, const char *text);
void raw_send_bytes(struct raw_connection *connection, const void *bytes, size_t length);
void raw_say_goodbye(struct raw_connection *connection); /* TLS: close_notify, and the connection stays open below it */
void raw_end(struct raw_connection *connection);         /* FIN */
void raw_reset(struct raw_connection *connection);       /* RST */
void raw_hold(struct raw_connection *connection);        /* until the client has left or the server is freed */
void raw_signal(struct raw_connection *connection);
void raw_wait(struct raw_connection *connection); /* for raw_server_release(), or the server being freed */
struct raw_server *raw_server_of(struct raw_connection *connection);

#endif
