/* The sockets of one transport: their numbers, what epoll is told about them, whether a used one is still good, and
 * how one died. libcurl names a socket by its descriptor while it works on it, and by its two ends when it takes it
 * from its pool. Driving thread only. */
#ifndef WIRE_CONNECTIONS_H
#define WIRE_CONNECTIONS_H

#include "base/env.h"
#include "base/list.h"
#include <stdbool.h>

enum death {
    DEATH_NONE,  /* it was alive when it was closed */
    DEATH_RESET, /* the other side cut it, or the network gave up */
    DEATH_END    /* the other side ended it in order */
};

/* Both ends of a connection, as libcurl tells them. */
struct ends {
    const char *local_ip, *remote_ip;
    int local_port, remote_port;
};

struct connection {
    struct list link; /* of its bucket from when it is connected; of the graveyard once closed */
    int fd;
    int64_t number; /* from 1; 0: not opened by us */
    /* EPOLLIN and EPOLLOUT: what libcurl waits for, and what epoll was told last, perhaps more; 0: epoll does not
     * know it. */
    uint32_t wanted, watched;
    unsigned users;           /* transfers that point at it; it outlives its socket until there are none */
    bool closed, http2, dead; /* dead: it was given up while it was idle */
    int64_t opened_ns, idle_since_ns;
    enum death death;
    int os_errno; /* beside DEATH_RESET */
    char local_ip[48], remote_ip[48];
    int local_port, remote_port;
};

#define CONNECTION_BUCKETS 512

struct connections {
    const struct env *env;
    int epoll;
    int64_t opened;
    size_t dead; /* how many of the open ones are */
    struct connection **by_fd;
    size_t fds;
    struct list by_port[CONNECTION_BUCKETS]; /* the local port's */
    struct list graveyard;                   /* closed, but events of this turn or transfers may still point here */
};

void connections_init(struct connections *connections, const struct env *env, int epoll);
void connections_fini(struct connections *connections); /* every socket must have been closed */

/* A new socket, non-blocking and close-on-exec. NULL: *os_errno says why. */
struct connection *connections_open(struct connections *connections, int family, int type, int protocol, int *os_errno);
/* libcurl is done with a socket: notes how it died and closes it. */
void connections_close(struct connections *connections, int fd);
/* A socket that was given up before it was connected: libcurl closes such without saying so. Harmless when it did,
 * or when it is connected. */
void connections_abandon(struct connections *connections, struct connection *connection);
/* What libcurl waits for on a socket from here on: EPOLLIN, EPOLLOUT, both, or nothing. False: no memory, or epoll
 * refused. */
bool connections_watch(struct connections *connections, int fd, uint32_t events);
/* Frees the dead that nobody points at. At the end of a turn. */
void connections_bury(struct connections *connections);

/* It is connected: from here on it is found by its ends. */
void connections_introduce(struct connections *connections, struct connection *connection, const struct ends *ends);
struct connection *connections_find(const struct connections *connections, const struct ends *ends); /* NULL: unknown */

/* epoll forgets it: an event that libcurl did not ask for, of a transfer that is paused, would come again. */
void connection_mute(struct connections *connections, struct connection *connection);
/* The same before the transfer of one that is not ready yet is taken away: libcurl then closes it without saying so. */
void connection_mute_unready(struct connections *connections, struct connection *connection);
/* No transfer uses it any more, but it may be kept: its end is waited for. */
void connections_note_idle(struct connections *connections, struct connection *connection);
/* The same, beyond something that came and is not its end (on HTTP/2): only more of it is an event. */
void connections_await_end(struct connections *connections, struct connection *connection);
/* An idle one is of no use any more. It is shut down, so that the other side is rid of it at once, and libcurl sees
 * that it is dead when it looks at it next. */
void connections_give_up(struct connections *connections, struct connection *connection);
bool connections_give_up_idle(struct connections *connections); /* all that no transfer uses; false: there are none */
/* Nothing may be waiting to be read on an idle connection: bytes (of TLS: its close_notify), an end or an error mean
 * that the other side has given it up. On HTTP/2 bytes prove nothing, since PING, SETTINGS and WINDOW_UPDATE come at
 * any time, but an end behind them does. */
bool connection_is_stale(const struct connection *connection);
bool connection_is_connected(const struct connection *connection);

#endif
