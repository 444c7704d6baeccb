/* Listeners, and who is taken in. See acceptor.h; address.c reads addresses. */
#include "acceptor.h"

#include "address.h"
#include "ledger.h"
#include "tcp.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { ACCEPTS_A_TURN = 256, BACKLOG = 4096 };
static const uint64_t pause_ms = 10;  /* until descriptors may be free again */
static const uint64_t reopen_ms = 10; /* until the next try, should the port not come back at once */

/* ---- the socket ------------------------------------------------------------------------------------------------- */

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

static void close_descriptor(int *fd) {
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

static void unwatch(struct acceptor *acceptor) {
    if (acceptor->watched) {
        acceptor->watched = false;
        loop_unwatch(acceptor->place.loop, acceptor->fd);
    }
}

static bool watch(struct acceptor *acceptor) {
    if (!acceptor->watched) {
        acceptor->watched = loop_watch(acceptor->place.loop, acceptor->fd, EPOLLIN, &acceptor->source);
    }
    return acceptor->watched;
}

static void set_listening(struct acceptor *acceptor, bool listening) {
    acceptor->listening = listening;
    if (acceptor->place.ledger) {
        ledger_listening(acceptor->place.ledger, listening);
    }
}

/* Listens on the socket that is bound already. Should that be gone, the reserve takes its place. */
static bool start_listening(struct acceptor *acceptor) {
    if (acceptor->fd < 0) {
        acceptor->fd = acceptor->reserve_fd;
        acceptor->reserve_fd = -1;
    }
    if (acceptor->fd < 0) {
        acceptor->fd = bind_socket(acceptor);
    }
    set_listening(acceptor, acceptor->fd >= 0 && listen(acceptor->fd, BACKLOG) == 0 && watch(acceptor));
    return acceptor->listening;
}

/* From here on the system refuses connections. It is said before, so that nobody is refused by a port that is said to
 * listen. */
static void close_listener(struct acceptor *acceptor) {
    unwatch(acceptor);
    loop_alarm_clear(acceptor->place.loop, &acceptor->unpause);
    set_listening(acceptor, false);
    close_descriptor(&acceptor->fd);
}

/* ---- taking in -------------------------------------------------------------------------------------------------- */

/* Not watched for a moment: out of descriptors, or full. A listener that stays ready would keep the loop spinning. */
static void pause_accepting(struct acceptor *acceptor) {
    if (loop_alarm(acceptor->place.loop, &acceptor->unpause, pause_ms)) {
        unwatch(acceptor);
    }
}

static void unpause(struct alarm *alarm) {
    struct acceptor *acceptor = alarm->owner;
    if (acceptor->listening && acceptor->filler_fd < 0 && !watch(acceptor)) {
        loop_alarm(acceptor->place.loop, alarm, pause_ms);
    }
}

/* As many as wait leave, as far as the crowd lets them go. */
static void make_room(struct acceptor *acceptor) {
    size_t closed = crowd_make_room(acceptor->place.crowd, tcp_waiting_to_be_accepted(acceptor->fd));
    if (acceptor->place.ledger) {
        ledger_dropped(acceptor->place.ledger, closed);
    }
}

static void count_guest(struct acceptor *acceptor, bool comes) {
    ledger_connection(acceptor->place.ledger, comes);
    crowd_count(acceptor->place.crowd, comes);
}

static void guest_left(struct lobby *lobby) {
    count_guest(lobby->owner, false);
}

static void end_order(struct acceptor *acceptor);

/* What befalls the connection that comes now. */
static enum port_fault next_fault(struct acceptor *acceptor) {
    enum port_fault fault = acceptor->order.fault;
    if (fault == PORT_REFUSES || fault == PORT_DROPS) {
        return PORT_SERVES; /* it came before that */
    }
    if (acceptor->order.connections > 0 && --acceptor->order.connections == 0) {
        end_order(acceptor);
    }
    return fault;
}

static void take_in(struct acceptor *acceptor, int fd, const struct sockaddr_storage *peer, socklen_t size) {
    enum port_fault fault = next_fault(acceptor);
    if (fault != PORT_SERVES) {
        ledger_port_fault(acceptor->place.ledger);
    }
    if (fault == PORT_SERVES || acceptor->place.by_fault[fault]) {
        struct door *door = fault == PORT_SERVES ? acceptor->place.door : acceptor->place.by_fault[fault];
        door_add(door, fd, (const struct sockaddr *)peer, size);
        return;
    }
    count_guest(acceptor, true);
    lobby_take(&acceptor->lobby, fd, fault);
}

static bool is_filler(struct acceptor *acceptor, const struct sockaddr_storage *peer) {
    if (acceptor->filler_port == 0 || address_port(peer) != acceptor->filler_port) {
        return false;
    }
    acceptor->filler_port = 0;
    return true;
}

static void accept_some(struct acceptor *acceptor, size_t wanted) {
    size_t room = crowd_room(acceptor->place.crowd);
    size_t count = room < wanted ? room : wanted;
    if (count == 0) {
        make_room(acceptor);
        pause_accepting(acceptor);
    }
    for (size_t i = 0; i < count; i++) {
        struct sockaddr_storage peer;
        socklen_t size = sizeof peer;
        int fd = accept4(acceptor->fd, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0 && is_filler(acceptor, &peer)) {
            close(fd);
        } else if (fd >= 0) {
            take_in(acceptor, fd, &peer, size);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            make_room(acceptor);
            pause_accepting(acceptor);
            return;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } /* anything else is an error of that one connection */
    }
}

static void listener_ready(struct source *source, uint32_t events) {
    (void)events;
    struct acceptor *acceptor = source->owner;
    if (acceptor->watched) {
        accept_some(acceptor, ACCEPTS_A_TURN);
    }
}

/* ---- orders ----------------------------------------------------------------------------------------------------- */

/* Fills the queue, which nobody empties, so that the system leaves further SYNs unanswered. */
static void start_dropping(struct acceptor *acceptor) {
    struct sockaddr_storage own;
    socklen_t size = sizeof own;
    unwatch(acceptor);
    loop_alarm_clear(acceptor->place.loop, &acceptor->unpause);
    acceptor->filler_fd = socket(acceptor->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (acceptor->filler_fd < 0 || listen(acceptor->fd, 0) != 0) {
        return;
    }
    (void)connect(acceptor->filler_fd, (const struct sockaddr *)&acceptor->address, acceptor->address_size);
    if (getsockname(acceptor->filler_fd, (struct sockaddr *)&own, &size) == 0) {
        acceptor->filler_port = address_port(&own);
    }
}

static void stop_dropping(struct acceptor *acceptor) {
    close_descriptor(&acceptor->filler_fd);
    if (listen(acceptor->fd, BACKLOG) != 0 || !watch(acceptor)) {
        loop_alarm(acceptor->place.loop, &acceptor->unpause, pause_ms);
    }
}

/* The port is bound again at once, so that listening anew needs nothing that might have run out by then. */
static void start_refusing(struct acceptor *acceptor) {
    close_listener(acceptor);
    acceptor->fd = bind_socket(acceptor);
}

/* Back to what lasts. */
static void end_order(struct acceptor *acceptor) {
    enum port_fault fault = acceptor->order.fault;
    if (fault == PORT_REFUSES && !start_listening(acceptor)) {
        loop_alarm(acceptor->place.loop, &acceptor->over, reopen_ms); /* the order stays until it can be ended */
        return;
    }
    if (fault == PORT_DROPS) {
        stop_dropping(acceptor);
    }
    loop_alarm_clear(acceptor->place.loop, &acceptor->over);
    acceptor->order = acceptor->lasting;
    crowd_close_idle(acceptor->place.crowd, false);
}

static void order_over(struct alarm *alarm) {
    end_order(alarm->owner);
}

/* The same by time once more: only its end moves, and never to an earlier one. */
static bool prolongs(struct acceptor *acceptor, const struct port_order *order) {
    if (order->fault != acceptor->order.fault || order->for_ms == 0 || acceptor->over.place == 0) {
        return false;
    }
    uint64_t until_ns = monotonic_ns() + order->for_ms * 1000000;
    if (until_ns > acceptor->over.due_ns) {
        loop_alarm_at(acceptor->place.loop, &acceptor->over, until_ns);
    }
    return true;
}

void acceptor_obey(struct acceptor *acceptor, const struct port_order *order, bool close_idle) {
    struct loop *loop = acceptor->place.loop;
    if (!acceptor->listening && acceptor->order.fault != PORT_REFUSES) {
        return; /* it has been closed for good */
    }
    if (!prolongs(acceptor, order)) {
        end_order(acceptor);
        bool timed = order->for_ms > 0;
        if (!acceptor->listening || (timed && !loop_alarm(loop, &acceptor->over, order->for_ms))) {
            return; /* without a way back the port stays as it is */
        }
        accept_some(acceptor, BACKLOG); /* closing would reset those who are in the queue */
        acceptor->order = *order;
        if (order->fault == PORT_REFUSES) {
            start_refusing(acceptor);
        } else if (order->fault == PORT_DROPS) {
            start_dropping(acceptor);
        }
    }
    if (close_idle) {
        crowd_close_idle(acceptor->place.crowd, true);
    }
}

/* ---- opening and closing ---------------------------------------------------------------------------------------- */

/* The order that is in force from the beginning. With an extent it ends some time, else it lasts. */
static bool begin_with(struct acceptor *acceptor, const struct port_order *order) {
    acceptor->order = *order;
    if (order->for_ms == 0 && order->connections == 0) {
        acceptor->lasting = *order;
    }
    return order->for_ms == 0 || loop_alarm(acceptor->place.loop, &acceptor->over, order->for_ms);
}

insist_err acceptor_open(struct acceptor *acceptor, const struct acceptor_place *place, const char *address,
                         uint16_t port) {
    acceptor->place = *place;
    acceptor->source = (struct source){listener_ready, acceptor};
    acceptor->over = (struct alarm){.fire = order_over, .owner = acceptor};
    acceptor->unpause = (struct alarm){.fire = unpause, .owner = acceptor};
    acceptor->lobby = (struct lobby){.loop = place->loop, .left = guest_left, .owner = acceptor};
    acceptor->fd = -1;
    acceptor->reserve_fd = -1;
    acceptor->filler_fd = -1;
    if (!address_parse(address, port, &acceptor->address, &acceptor->address_size)) {
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
    acceptor->fd = bind_socket(acceptor);
    if (acceptor->fd < 0 || !start_listening(acceptor)) {
        return errno == EADDRINUSE ? INSIST_EPORT : INSIST_ESYSTEM;
    }
    return begin_with(acceptor, &place->first) ? INSIST_OK : INSIST_ESYSTEM;
}

void acceptor_stop_listening(struct acceptor *acceptor) {
    if (acceptor->place.loop) {
        if (acceptor->listening && acceptor->filler_fd < 0) {
            accept_some(acceptor, BACKLOG); /* closing would reset those who are in the queue */
        }
        acceptor->order = (struct port_order){0};
        acceptor->lasting = acceptor->order;
        loop_alarm_clear(acceptor->place.loop, &acceptor->over);
        close_listener(acceptor);
        close_descriptor(&acceptor->reserve_fd);
        close_descriptor(&acceptor->filler_fd);
    }
}

void acceptor_close(struct acceptor *acceptor) {
    if (acceptor->place.loop) {
        acceptor_stop_listening(acceptor);
        lobby_close(&acceptor->lobby);
    }
}

uint16_t acceptor_port(const struct acceptor *acceptor) {
    return address_port(&acceptor->address);
}
