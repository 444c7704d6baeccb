/* One libmicrohttpd daemon without threads and without a listener: connections are handed in by an acceptor, the loop
 * runs it when there is something to do, and what comes of that is its handlers' affair. There are two, the service's
 * (plain or TLS) and the control port's. Loop's thread. */
#ifndef TESTSERVER_DOOR_H
#define TESTSERVER_DOOR_H

#include "loop.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <sys/socket.h>

struct insist_testserver;
struct certificate;
struct crowd;

/* What libmicrohttpd calls, each with the door as cls. */
struct door_handlers {
    MHD_NotifyConnectionCallback connection;
    void *(*target)(void *cls, const char *raw, struct MHD_Connection *mhd); /* a request's first line has been read */
    MHD_AccessHandlerCallback request;
    MHD_RequestCompletedCallback completed;
};

struct door {
    struct loop *loop;                    /* fixed */
    const struct door_handlers *handlers; /* fixed */
    struct insist_testserver *server;     /* fixed; the handlers' */
    struct crowd *crowd;                  /* fixed */
    bool control;                         /* fixed; the handlers': only /__admin/ is served, and nothing is counted */
    struct MHD_Daemon *daemon;
    struct source source;
    bool busy;              /* has work that its descriptors do not tell of: a resumed or a new connection */
    unsigned turns_at_once; /* in which libmicrohttpd wanted no pause before the next, up to the last */
};

struct door_settings {
    const struct certificate *certificate; /* NULL: plain */
    const char *priorities;                /* in GnuTLS's language; NULL: the library's own */
    unsigned idle_timeout_s;               /* after which an idle connection is closed */
};

/* Opens a door whose fixed fields are set. The settings may go afterwards. False: libmicrohttpd would not start. */
bool door_open(struct door *door, const struct door_settings *settings);

/* Ends every connection; none may be suspended. */
void door_close(struct door *door);

/* Consumes fd. */
void door_add(struct door *door, int fd, const struct sockaddr *address, socklen_t size);

/* How long the loop may wait as far as this door is concerned, in ms; -1: for ever. */
int door_patience_ms(struct door *door);

/* Lets libmicrohttpd do what it has to. */
void door_run(struct door *door);

#endif
