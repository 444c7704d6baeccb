/* Connections that are never served: taken in, perhaps listened to, and then held, reset or ended. Loop's thread. */
#ifndef TESTSERVER_LOBBY_H
#define TESTSERVER_LOBBY_H

#include "loop.h"
#include "port_fault.h"

struct guest;

struct lobby {
    struct loop *loop; /* fixed */
    struct guest *first;
    void (*left)(struct lobby *lobby); /* fixed; a guest has gone */
    void *owner;                       /* fixed */
};

/* Consumes fd. fault: one that the port or the handshake suffers without a certificate. False: no memory, and the
 * connection has been reset. */
bool lobby_take(struct lobby *lobby, int fd, enum port_fault fault);

/* Ends them all. */
void lobby_close(struct lobby *lobby);

#endif
