/* A listening port: takes connections and hands them to a door; can refuse connections for a while and keep its port.
 * Loop's thread, but for opening. What befalls a connection before its first request belongs here. */
#ifndef TESTSERVER_ACCEPTOR_H
#define TESTSERVER_ACCEPTOR_H

#include "door.h"

#include <insist/error.h>

struct acceptor {
    struct loop *loop; /* fixed */
    struct door *door; /* fixed */
    struct sockaddr_storage address;
    socklen_t address_size;
    int fd;         /* -1 while refusing */
    int reserve_fd; /* bound to the same port and never listening, so that nobody else gets it meanwhile */
    bool paused;    /* out of descriptors: not watched for a moment */
    struct source source;
    struct alarm reopen;
    struct alarm unpause;
};

/* Binds to a numeric address and a port (0: any) and listens. INSIST_OK, INSIST_EINVAL (address), INSIST_EPORT,
 * INSIST_ESYSTEM, with errno. acceptor_close() may follow in all cases. */
insist_err acceptor_open(struct acceptor *acceptor, struct loop *loop, struct door *door, const char *address,
                         uint16_t port);

void acceptor_close(struct acceptor *acceptor);

/* Everybody who has connected so far is taken in; from then on connections are refused for that long. */
void acceptor_refuse(struct acceptor *acceptor, uint64_t for_ms);

uint16_t acceptor_port(const struct acceptor *acceptor);

/* Whether only this machine can connect. */
bool acceptor_is_loopback(const struct acceptor *acceptor);

#endif
