/* One connection of a door, from its acceptance on. The loop watches its socket for the whole of its life:
 * libmicrohttpd 0.9.75 does not notice a client that leaves while its request is suspended, nor one whose FIN came in
 * one piece with its last bytes. Loop's thread. */
#ifndef TESTSERVER_CONNECTION_H
#define TESTSERVER_CONNECTION_H

#include "crowd.h"
#include "door.h"

#include <gnutls/gnutls.h>

struct connection;
struct exchange;

/* What its socket tells. */
struct connection_events {
    void (*left)(struct connection *connection); /* the client sends nothing any more; comes once */
    void (*room)(struct connection *connection); /* there is room to write; comes while that is watched for */
};

struct connection {
    const struct connection_events *events; /* fixed */
    struct door *door;                      /* fixed */
    int fd;                                 /* fixed; libmicrohttpd's, which closes it */
    gnutls_session_t tls;                   /* fixed; NULL: plain */
    uint64_t number;                        /* fixed: n-th accepted, from 1; 0 on the control port */
    uint64_t requests;                      /* begun so far */
    struct exchange *current;               /* the request that is being read or answered; NULL between two */
    bool answers;                           /* the current one is complete */
    struct source source;
    struct alarm alarm;
    bool watched;
    bool wants_room;
    uint64_t unread;     /* of a client that has left, at the last look */
    unsigned idle_looks; /* in a row at which no less was unread */
    bool left;           /* the client sends nothing any more: it has closed, reset, or half-closed */
    struct guest guest;
};

/* NULL: no memory, or it cannot be watched. */
struct connection *connection_new(struct door *door, struct MHD_Connection *mhd, uint64_t number,
                                  const struct connection_events *events);

/* libmicrohttpd is about to close the socket. NULL is allowed. */
void connection_free(struct connection *connection);

/* The header block of a request has been read on it: it is not idle any more. */
void connection_begin(struct connection *connection);

/* For the crowd: closes it, unless something has come that is not read, and tells whether it did; resets it. */
bool connection_close_quiet(struct guest *guest);
void connection_cut(struct guest *guest);

/* Also watches for room to write, or no longer. */
void connection_watch_room(struct connection *connection, bool wanted);

/* No complete request is left on it: it is idle, or closed if its client has left. */
void connection_between(struct connection *connection);

#endif
