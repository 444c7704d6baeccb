/* Listeners. See acceptor.h. */
#include "acceptor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { ACCEPTS_A_TURN = 256, BACKLOG = 4096 };
static const uint64_t pause_ms = 10;  /* until descriptors may be free again */
static const uint64_t reopen_ms = 10; /* until the next try, should the port not come back at once */

static bool parse_address(struct acceptor *acceptor, const char *address, uint16_t port) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1) {
        memcpy(&acceptor->address, &v4, sizeof v4);
        acceptor->address_size = sizeof v4;
        return true;
    }
    if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1) {
        memcpy(&acceptor->address, &v6, sizeof v6);
        acceptor->address_size = sizeof v6;
        return true;
    }
    return false;
}

static int bind_socket(const struct acceptor *acceptor) {
    int fd = socket(acceptor->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    int on = 1; /* connections of the listener before this one may live on */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&acceptor->address, acceptor->address_size) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static void close_listener(struct acceptor *acceptor) {
    if (acceptor->fd < 0) {
        return;
    }
    if (!acceptor->paused) {
        loop_unwatch(acceptor->loop, acceptor->fd);
    }
    acceptor->paused = false;
    loop_alarm_clear(acceptor->loop, &acceptor->unpause);
    close(acceptor->fd);
    acceptor->fd = -1;
}

static bool open_listener(struct acceptor *acceptor) {
    acceptor->fd = bind_socket(acceptor);
    if (acceptor->fd < 0) {
        return false;
    }
    if (listen(acceptor->fd, BACKLOG) == 0 && loop_watch(acceptor->loop, acceptor->fd, EPOLLIN, &acceptor->source)) {
        return true;
    }
    int error = errno;
    close(acceptor->fd);
    acceptor->fd = -1;
    errno = error;
    return false;
}

/* Out of descriptors: a listener that stays ready would keep the loop spinning. */
static void pause_accepting(struct acceptor *acceptor) {
    if (loop_alarm(acceptor->loop, &acceptor->unpause, pause_ms)) {
        loop_unwatch(acceptor->loop, acceptor->fd);
        acceptor->paused = true;
    }
}

static void unpause(struct alarm *alarm) {
    struct acceptor *acceptor = alarm->owner;
    if (loop_watch(acceptor->loop, acceptor->fd, EPOLLIN, &acceptor->source)) {
        acceptor->paused = false;
        return;
    }
    loop_alarm(acceptor->loop, alarm, pause_ms);
}

/* Takes at most `count` connections; whether there may be more. */
static bool accept_some(struct acceptor *acceptor, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        struct sockaddr_storage peer;
        socklen_t size = sizeof peer;
        int fd = accept4(acceptor->fd, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            door_add(acceptor->door, fd, (const struct sockaddr *)&peer, size);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            pause_accepting(acceptor);
            return false;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return false;
        }
        /* anything else is an error of that one connection */
    }
    return true;
}

static void listener_ready(struct source *source, uint32_t events) {
    (void)events;
    struct acceptor *acceptor = source->owner;
    if (acceptor->fd >= 0 && !acceptor->paused) {
        accept_some(acceptor, ACCEPTS_A_TURN);
    }
}

static void reopen(struct alarm *alarm) {
    struct acceptor *acceptor = alarm->owner;
    if (!open_listener(acceptor)) {
        loop_alarm(acceptor->loop, alarm, reopen_ms);
    }
}

insist_err acceptor_open(struct acceptor *acceptor, struct loop *loop, struct door *door, const char *address,
                         uint16_t port) {
    acceptor->loop = loop;
    acceptor->door = door;
    acceptor->source = (struct source){listener_ready, acceptor};
    acceptor->reopen = (struct alarm){.fire = reopen, .owner = acceptor};
    acceptor->unpause = (struct alarm){.fire = unpause, .owner = acceptor};
    acceptor->fd = -1;
    acceptor->reserve_fd = -1;
    if (!parse_address(acceptor, address, port)) {
        errno = EINVAL;
        return INSIST_EINVAL;
    }
    acceptor->reserve_fd = bind_socket(acceptor);
    if (acceptor->reserve_fd < 0) {
        return errno == EADDRINUSE || errno == EACCES || errno == EADDRNOTAVAIL ? INSIST_EPORT : INSIST_ESYSTEM;
    }
    acceptor->address_size = sizeof acceptor->address;
    if (getsockname(acceptor->reserve_fd, (struct sockaddr *)&acceptor->address, &acceptor->address_size) != 0) {
        return INSIST_ESYSTEM;
    }
    if (!open_listener(acceptor)) {
        return errno == EADDRINUSE ? INSIST_EPORT : INSIST_ESYSTEM;
    }
    return INSIST_OK;
}

void acceptor_close(struct acceptor *acceptor) {
    if (!acceptor->loop) {
        return;
    }
    loop_alarm_clear(acceptor->loop, &acceptor->reopen);
    close_listener(acceptor);
    if (acceptor->reserve_fd >= 0) {
        close(acceptor->reserve_fd);
        acceptor->reserve_fd = -1;
    }
}

void acceptor_refuse(struct acceptor *acceptor, uint64_t for_ms) {
    uint64_t until_ns = monotonic_ns() + for_ms * 1000000;
    bool sooner = acceptor->reopen.place != 0 && until_ns <= acceptor->reopen.due_ns;
    if (sooner || !loop_alarm_at(acceptor->loop, &acceptor->reopen, until_ns)) {
        return; /* without a way back the listener stays */
    }
    if (acceptor->fd >= 0 && !acceptor->paused) {
        accept_some(acceptor, BACKLOG); /* closing would reset those who are in the queue */
    }
    close_listener(acceptor);
}

uint16_t acceptor_port(const struct acceptor *acceptor) {
    if (acceptor->address.ss_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, &acceptor->address, sizeof v6);
        return ntohs(v6.sin6_port);
    }
    struct sockaddr_in v4;
    memcpy(&v4, &acceptor->address, sizeof v4);
    return ntohs(v4.sin_port);
}

bool acceptor_is_loopback(const struct acceptor *acceptor) {
    if (acceptor->address.ss_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, &acceptor->address, sizeof v6);
        return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
    }
    struct sockaddr_in v4;
    memcpy(&v4, &acceptor->address, sizeof v4);
    return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
}
