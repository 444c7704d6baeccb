/* A relay of bytes to a port of 127.0.0.1: listens on a Unix socket, or on a free port as a proxy that makes tunnels. One
 * thread, one connection after the other. */
#ifndef SUPPORT_RELAY_H
#define SUPPORT_RELAY_H

#include <stdbool.h>
#include <stdint.h>

struct relay;

/* path: of the Unix socket; NULL: a proxy, which answers CONNECT with 200. NULL: it could not be started. */
struct relay *relay_start(const char *path, uint16_t target_port);
void relay_free(struct relay *relay); /* ends the connection that it relays */
uint16_t relay_port(const struct relay *relay);
unsigned relay_connections(struct relay *relay); /* relayed so far */
const char *relay_head(struct relay *relay);     /* of the first connection's CONNECT; "" before its answer has come */

#endif
