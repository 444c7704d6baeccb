/* A listening port: takes connections and hands them to a door, and does to them what an order says: refuses them,
 * leaves them in a full queue, or gives them to the lobby or to the door of a bad certificate. It keeps its port
 * meanwhile. Loop's thread, but for opening. What befalls a connection before its first request belongs here. */
#ifndef TESTSERVER_ACCEPTOR_H
#define TESTSERVER_ACCEPTOR_H

#include "crowd.h"
#include "door.h"
#include "lobby.h"

#include <insist/error.h>

struct ledger;

/* What an acceptor serves; fixed. */
struct acceptor_place {
    struct loop *loop;
    struct door *door;
    struct crowd *crowd;
    struct door *by_fault[PORT_FAULT_COUNT]; /* for faults that come of a certificate; else NULL, and the lobby */
    struct ledger *ledger;                   /* NULL: nothing is told */
    struct port_order first;                 /* in force from the beginning */
};

struct acceptor {
    struct acceptor_place place; /* fixed */
    struct sockaddr_storage address;
    socklen_t address_size;
    int fd;         /* bound; -1: has to be made anew */
    int reserve_fd; /* bound to the same port and never listening, so that nobody else gets it meanwhile */
    bool listening;
    bool watched;
    struct port_order order;   /* in force; by number: how many are left */
    struct port_order lasting; /* in force when that is over */
    int filler_fd;             /* while connections are dropped: what fills the queue; else -1 */
    uint16_t filler_port;      /* of its end of the connection, until that was taken out of the queue; 0: none */
    struct lobby lobby;
    struct source source;
    struct alarm over;    /* the order's time, or the next try to listen again */
    struct alarm unpause; /* out of descriptors, or full */
};

/* Binds to a numeric address and a port (0: any) and listens. INSIST_OK, INSIST_EINVAL (address), INSIST_EPORT,
 * INSIST_ESYSTEM, with errno. acceptor_close() may follow in all cases. */
insist_err acceptor_open(struct acceptor *acceptor, const struct acceptor_place *place, const char *address,
                         uint16_t port);

void acceptor_close(struct acceptor *acceptor);

/* Everybody who has connected so far is taken in, and nobody else; those in the lobby stay. */
void acceptor_stop_listening(struct acceptor *acceptor);

/* Everybody who has connected so far is taken in; whoever comes then gets what the order says. It takes the place of
 * an earlier one; of two equal ones by time the later end counts. close_idle: idle connections are closed, now and for
 * as long as the order is in force. */
void acceptor_obey(struct acceptor *acceptor, const struct port_order *order, bool close_idle);

uint16_t acceptor_port(const struct acceptor *acceptor);

#endif
