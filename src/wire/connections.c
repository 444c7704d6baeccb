/* The table of sockets: comes in by libcurl's callbacks for opening, watching and closing; goes out as epoll
 * registrations and as what is known about a connection. A socket stays registered with epoll while it is idle, so
 * that a request on a used connection costs no call to change it. Driving thread. */
#include "wire/connections.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

void connections_init(struct connections *connections, const struct env *env, int epoll) {
    *connections = (struct connections){.env = env, .epoll = epoll};
    for (size_t i = 0; i < CONNECTION_BUCKETS; i++)
        list_init(&connections->by_port[i]);
    list_init(&connections->graveyard);
}

static struct connection *find_fd(const struct connections *connections, int fd) {
    return fd >= 0 && (size_t)fd < connections->fds ? connections->by_fd[fd] : NULL;
}

static bool make_room(struct connections *connections, int fd) {
    size_t fds = connections->fds ? connections->fds : 64;
    while (fds <= (size_t)fd)
        fds *= 2;
    if (fds == connections->fds)
        return true;
    struct connection **by_fd = env_resize(connections->env, connections->by_fd, fds * sizeof(*by_fd));
    if (!by_fd)
        return false;
    memset(by_fd + connections->fds, 0, (fds - connections->fds) * sizeof(*by_fd));
    connections->by_fd = by_fd;
    connections->fds = fds;
    return true;
}

static void leave(struct connections *connections, struct connection *connection) {
    connections->by_fd[connection->fd] = NULL;
    if (connection->dead)
        connections->dead--;
    connection->closed = true;
    list_remove(&connection->link);
    list_append(&connections->graveyard, &connection->link);
}

static struct connection *enter(struct connections *connections, int fd, int64_t number) {
    if (!make_room(connections, fd))
        return NULL;
    struct connection *connection = env_alloc(connections->env, sizeof(*connection));
    if (!connection)
        return NULL;
    if (connections->by_fd[fd])
        leave(connections, connections->by_fd[fd]);
    list_init(&connection->link);
    connection->fd = fd;
    connection->number = number;
    connections->by_fd[fd] = connection;
    return connection;
}

void connections_fini(struct connections *connections) {
    for (size_t fd = 0; fd < connections->fds; fd++)
        if (connections->by_fd[fd])
            leave(connections, connections->by_fd[fd]);
    connections_bury(connections);
    env_release(connections->env, connections->by_fd);
}

struct connection *connections_open(struct connections *connections, int family, int type, int protocol,
                                    int *os_errno) {
    int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    if (fd < 0) {
        *os_errno = errno;
        return NULL;
    }
    struct connection *connection = enter(connections, fd, connections->opened + 1);
    if (!connection) {
        close(fd);
        *os_errno = ENOMEM;
        return NULL;
    }
    connections->opened++;
    return connection;
}

/* libcurl has read the socket's error already where there was one, so the state has to tell: a reset leaves the
 * socket closed, an orderly end leaves it waiting for our close. EPIPE: it was ended first, and what was sent after
 * that was refused. */
static enum death how_it_died(int fd, int *os_errno) {
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == EPIPE)
        return DEATH_END;
    struct tcp_info info;
    size = sizeof(info);
    memset(&info, 0, sizeof(info));
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return DEATH_NONE;
    if (error || info.tcpi_state == TCP_CLOSE) {
        *os_errno = error ? error : ECONNRESET;
        return DEATH_RESET;
    }
    bool ended = info.tcpi_state == TCP_CLOSE_WAIT || info.tcpi_state == TCP_LAST_ACK ||
                 info.tcpi_state == TCP_CLOSING || info.tcpi_state == TCP_TIME_WAIT;
    return ended ? DEATH_END : DEATH_NONE;
}

/* Before it is closed: a process that was forked off may still hold the socket, and then epoll would go on to tell of
 * it. */
void connection_mute(struct connections *connections, struct connection *connection) {
    if (connection->watched)
        epoll_ctl(connections->epoll, EPOLL_CTL_DEL, connection->fd, NULL);
    connection->watched = 0;
}

void connection_mute_unready(struct connections *connections, struct connection *connection) {
    if (connection->local_port == 0 && !connection->closed)
        connection_mute(connections, connection);
}

void connections_close(struct connections *connections, int fd) {
    struct connection *connection = find_fd(connections, fd);
    if (connection) {
        connection->death = how_it_died(fd, &connection->os_errno);
        connection_mute(connections, connection);
        leave(connections, connection);
    }
    close(fd);
}

void connections_abandon(struct connections *connections, struct connection *connection) {
    bool connected = connection->local_port != 0;
    if (!connected && !connection->closed)
        leave(connections, connection);
}

static bool tell_epoll(struct connections *connections, struct connection *connection, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    int operation = connection->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(connections->epoll, operation, connection->fd, &event) != 0)
        return false;
    connection->watched = events;
    return true;
}

bool connections_watch(struct connections *connections, int fd, uint32_t events) {
    struct connection *connection = find_fd(connections, fd);
    if (!connection) {
        if (!events)
            return true;
        connection = enter(connections, fd, 0); /* libcurl's own, a resolver's pipe perhaps */
        if (!connection)
            return false;
    }
    connection->wanted = events;
    if (events)
        return events == connection->watched || tell_epoll(connections, connection, events);
    if (connection->number == 0) { /* not closed through us */
        connection_mute(connections, connection);
        leave(connections, connection);
    }
    return true;
}

void connections_note_idle(struct connections *connections, struct connection *connection) {
    if (!connection->watched && !connection->closed && !connection->dead)
        tell_epoll(connections, connection, EPOLLIN);
}

void connections_await_end(struct connections *connections, struct connection *connection) {
    const uint32_t end = EPOLLIN | EPOLLRDHUP | EPOLLET;
    if (connection->watched != end && !tell_epoll(connections, connection, end))
        connection_mute(connections, connection);
}

/* Emptied, because of TLS libcurl looks at the next byte only, which may be the goodbye before the end. */
void connections_give_up(struct connections *connections, struct connection *connection) {
    char bytes[1024];
    connection_mute(connections, connection);
    shutdown(connection->fd, SHUT_RDWR);
    while (recv(connection->fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
        ;
    if (!connection->dead)
        connections->dead++;
    connection->dead = true;
}

bool connections_give_up_idle(struct connections *connections) {
    for (size_t fd = 0; fd < connections->fds; fd++) {
        struct connection *connection = connections->by_fd[fd];
        if (connection && connection->number && !connection->users)
            connections_give_up(connections, connection);
    }
    return connections->dead > 0;
}

void connections_bury(struct connections *connections) {
    struct list *next;
    for (struct list *link = connections->graveyard.next; link != &connections->graveyard; link = next) {
        struct connection *connection = LIST_ENTRY(link, struct connection, link);
        next = link->next;
        if (connection->users)
            continue;
        list_remove(link);
        env_release(connections->env, connection);
    }
}

static size_t bucket(int local_port) {
    return (size_t)local_port % CONNECTION_BUCKETS;
}

void connections_introduce(struct connections *connections, struct connection *connection, const struct ends *ends) {
    snprintf(connection->local_ip, sizeof(connection->local_ip), "%s", ends->local_ip);
    snprintf(connection->remote_ip, sizeof(connection->remote_ip), "%s", ends->remote_ip);
    connection->local_port = ends->local_port;
    connection->remote_port = ends->remote_port;
    list_remove(&connection->link);
    list_append(&connections->by_port[bucket(ends->local_port)], &connection->link);
}

static bool has_ends(const struct connection *connection, const struct ends *ends) {
    return connection->local_port == ends->local_port && connection->remote_port == ends->remote_port &&
           strcmp(connection->local_ip, ends->local_ip) == 0 && strcmp(connection->remote_ip, ends->remote_ip) == 0;
}

struct connection *connections_find(const struct connections *connections, const struct ends *ends) {
    const struct list *chain = &connections->by_port[bucket(ends->local_port)];
    for (struct list *link = chain->next; link != chain; link = link->next) {
        struct connection *connection = LIST_ENTRY(link, struct connection, link);
        if (has_ends(connection, ends))
            return connection;
    }
    return NULL;
}

/* Behind whatever waits to be read: then it answers nothing that is sent. */
static bool has_ended(const struct connection *connection) {
    struct pollfd end = {.fd = connection->fd, .events = POLLRDHUP};
    return poll(&end, 1, 0) > 0;
}

bool connection_is_stale(const struct connection *connection) {
    char byte;
    ssize_t got = recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got > 0)
        return !connection->http2 || has_ended(connection);
    return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

bool connection_is_connected(const struct connection *connection) {
    struct sockaddr_storage peer;
    socklen_t size = sizeof(peer);
    return getpeername(connection->fd, (struct sockaddr *)&peer, &size) == 0;
}
