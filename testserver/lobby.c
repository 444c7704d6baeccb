/* See lobby.h. */
#include "lobby.h"

#include "tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of one who shall be told something and never says a word, or never goes afterwards. */
static const uint64_t patience_ms = 120000;

struct guest {
    struct lobby *lobby;
    struct guest *next, *previous;
    int fd;
    enum port_fault fault;
    bool struck; /* has been told what it gets: only its end is waited for */
    struct source source;
    struct alarm alarm;
};

static void leave(struct guest *guest) {
    struct lobby *lobby = guest->lobby;
    *(guest->previous ? &guest->previous->next : &lobby->first) = guest->next;
    if (guest->next) {
        guest->next->previous = guest->previous;
    }
    loop_alarm_clear(lobby->loop, &guest->alarm);
    loop_unwatch(lobby->loop, guest->fd);
    close(guest->fd);
    free(guest);
    lobby->left(lobby);
}

static void lose_patience(struct alarm *alarm) {
    leave(alarm->owner);
}

/* Reads and throws away what has come; false at the end of it. */
static bool swallow(int fd) {
    char piece[4096];
    for (int i = 0; i < 64; i++) {
        ssize_t count = recv(fd, piece, sizeof piece, MSG_DONTWAIT);
        if (count == 0) {
            return false;
        }
        if (count < 0) {
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        }
    }
    return true;
}

static void say(int fd, const void *bytes, size_t size) {
    ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)sent; /* so little always fits; a peer that has gone needs no answer */
    shutdown(fd, SHUT_WR);
}

/* The ClientHello has come (or nothing had to be waited for). */
static void strike(struct guest *guest) {
    static const unsigned char alert[] = {21, 3, 3, 0, 2, 2, 40}; /* record: alert, TLS 1.2; fatal, handshake_failure */
    static const char plain[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    guest->struck = true;
    switch (guest->fault) {
    case PORT_RESETS:
    case TLS_RESETS: tcp_reset(guest->fd); break;
    case PORT_CLOSES:
    case TLS_CLOSES: shutdown(guest->fd, SHUT_WR); break;
    case TLS_ALERTS: say(guest->fd, alert, sizeof alert); break;
    case TLS_IS_PLAIN: say(guest->fd, plain, sizeof plain - 1); break;
    default: break; /* silence */
    }
}

static void ready(struct source *source, uint32_t events) {
    struct guest *guest = source->owner;
    bool stays = !(events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP));
    if (events & EPOLLIN) {
        stays = swallow(guest->fd) && stays;
    }
    if (!stays) {
        leave(guest);
        return;
    }
    if (!guest->struck) {
        strike(guest);
    }
    if (guest->fault == TLS_RESETS) {
        leave(guest);
    }
}

static bool waits_for_hello(enum port_fault fault) {
    return port_fault_needs_tls(fault);
}

/* One that is held until it goes is held for ever; others have their time. */
static bool admit(struct guest *guest) {
    struct loop *loop = guest->lobby->loop;
    bool silent = guest->fault == PORT_STALLS || guest->fault == TLS_STALLS;
    uint32_t events = guest->fault == PORT_STALLS ? EPOLLRDHUP : EPOLLRDHUP | EPOLLIN;
    return (silent || loop_alarm(loop, &guest->alarm, patience_ms)) &&
           loop_watch(loop, guest->fd, events, &guest->source);
}

bool lobby_take(struct lobby *lobby, int fd, enum port_fault fault) {
    struct guest *guest = calloc(1, sizeof *guest);
    if (!guest) {
        tcp_reset(fd);
        close(fd);
        lobby->left(lobby);
        return false;
    }
    *guest = (struct guest){.lobby = lobby, .fd = fd, .fault = fault, .next = lobby->first};
    guest->source = (struct source){ready, guest};
    guest->alarm = (struct alarm){.fire = lose_patience, .owner = guest};
    if (lobby->first) {
        lobby->first->previous = guest;
    }
    lobby->first = guest;
    if (!waits_for_hello(fault)) {
        strike(guest);
    }
    if (fault == PORT_RESETS || !admit(guest)) {
        tcp_reset(fd);
        leave(guest);
        return fault == PORT_RESETS;
    }
    return true;
}

void lobby_close(struct lobby *lobby) {
    struct guest *next;
    for (struct guest *guest = lobby->first; guest; guest = next) {
        next = guest->next;
        leave(guest);
    }
}
