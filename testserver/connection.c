/* See connection.h. */
#include "connection.h"

#include "tcp.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>

static const uint64_t look_ms = 1; /* for libmicrohttpd to read what came before the FIN */
static const unsigned most_idle_looks = 1000;

static struct loop *loop_of(const struct connection *connection) {
    return connection->door->loop;
}

static void stop_watching(struct connection *connection) {
    if (connection->watched) {
        connection->watched = false;
        loop_unwatch(loop_of(connection), connection->fd);
    }
}

/* FIN behind what is queued; libmicrohttpd notices it, and ends the connection. */
static void finish(struct connection *connection) {
    tcp_finish(connection->fd);
    connection->door->busy = true;
}

/* Closes the connection of a client that has left, once nothing more can become of what it has sent. */
static void look(struct alarm *alarm) {
    struct connection *connection = alarm->owner;
    if (connection->answers) {
        return; /* even if its client only listens by now; connection_between() comes */
    }
    uint64_t unread = tcp_unread(connection->fd);
    connection->idle_looks = unread < connection->unread ? 0 : connection->idle_looks + 1;
    connection->unread = unread;
    if (unread > 0 && connection->idle_looks < most_idle_looks) {
        loop_alarm(loop_of(connection), alarm, look_ms);
    } else if (unread > 0) {
        tcp_reset(connection->fd); /* libmicrohttpd will never read that */
        connection->door->busy = true;
    } else {
        finish(connection);
    }
}

void connection_begin(struct connection *connection) {
    crowd_busy(connection->door->crowd, &connection->guest);
}

void connection_between(struct connection *connection) {
    if (connection->left) {
        loop_alarm(loop_of(connection), &connection->alarm, look_ms);
    } else {
        crowd_idle(connection->door->crowd, &connection->guest);
    }
}

static struct connection *of_guest(struct guest *guest) {
    return (struct connection *)(void *)((char *)guest - offsetof(struct connection, guest));
}

bool connection_close_quiet(struct guest *guest) {
    struct connection *connection = of_guest(guest);
    if (tcp_unread(connection->fd) > 0) {
        return false;
    }
    finish(connection);
    return true;
}

void connection_cut(struct guest *guest) {
    struct connection *connection = of_guest(guest);
    tcp_reset(connection->fd); /* a FIN would make half an answer look like a whole one to HTTP/1.0 */
    connection->door->busy = true;
}

static void ready(struct source *source, uint32_t events) {
    struct connection *connection = source->owner;
    if (!connection->watched) {
        return; /* something earlier in this turn has ended it */
    }
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        connection->left = true;
        stop_watching(connection); /* level-triggered: it would stay ready */
        connection->events->left(connection);
    } else {
        connection->events->room(connection);
    }
}

struct connection *connection_new(struct door *door, struct MHD_Connection *mhd, uint64_t number,
                                  const struct connection_events *events) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct connection *connection = info ? calloc(1, sizeof *connection) : NULL;
    if (!connection) {
        return NULL;
    }
    connection->events = events;
    connection->door = door;
    connection->fd = info->connect_fd;
    const union MHD_ConnectionInfo *tls = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    connection->tls = tls ? tls->tls_session : NULL;
    connection->number = number;
    connection->source = (struct source){ready, connection};
    connection->alarm = (struct alarm){.fire = look, .owner = connection};
    connection->watched = loop_watch(loop_of(connection), connection->fd, EPOLLRDHUP, &connection->source);
    if (!connection->watched) {
        free(connection);
        return NULL;
    }
    connection_between(connection);
    return connection;
}

void connection_free(struct connection *connection) {
    if (!connection) {
        return;
    }
    stop_watching(connection);
    loop_alarm_clear(loop_of(connection), &connection->alarm);
    crowd_leave(&connection->guest);
    free(connection);
}

void connection_watch_room(struct connection *connection, bool wanted) {
    if (connection->watched && connection->wants_room != wanted) {
        connection->wants_room = wanted;
        uint32_t events = wanted ? EPOLLRDHUP | EPOLLOUT : EPOLLRDHUP;
        loop_change(loop_of(connection), connection->fd, events, &connection->source);
    }
}
