/* See tcp.h. */
#include "tcp.h"

#include <linux/sockios.h>
#include <linux/tcp.h> /* not netinet/tcp.h, whose tcp_info ends before bytes_acked */
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

void tcp_reset(int fd) {
    /* SO_LINGER would not do: libmicrohttpd shuts a socket down before it closes it, and a FIN goes out first. */
    const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    (void)connect(fd, &nowhere, sizeof nowhere);
}

void tcp_finish(int fd) {
    shutdown(fd, SHUT_RDWR);
}

uint64_t tcp_unacknowledged(int fd) {
    int queued = 0;
    return ioctl(fd, SIOCOUTQ, &queued) == 0 && queued > 0 ? (uint64_t)queued : 0;
}

uint64_t tcp_unread(int fd) {
    int waiting = 0;
    return ioctl(fd, SIOCINQ, &waiting) == 0 && waiting > 0 ? (uint64_t)waiting : 0;
}

static struct tcp_info info_of(int fd) {
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
        return (struct tcp_info){0};
    }
    return info;
}

uint64_t tcp_acknowledged(int fd) {
    return info_of(fd).tcpi_bytes_acked;
}

bool tcp_peer_left(int fd) {
    enum { ESTABLISHED = 1, FIN_WAIT_1 = 4, FIN_WAIT_2 = 5 }; /* as the kernel numbers them */
    int state = info_of(fd).tcpi_state;
    return state != ESTABLISHED && state != FIN_WAIT_1 && state != FIN_WAIT_2;
}

uint64_t tcp_waiting_to_be_accepted(int fd) {
    return info_of(fd).tcpi_unacked; /* which is the length of the queue where a socket listens */
}

void tcp_keep_alive(int fd) {
    int on = 1;
    int idle_s = 10;
    int between_s = 5;
    int probes = 3;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &between_s, sizeof between_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

void tcp_no_delay(int fd) {
    int on = 1;
    int off = 0;
    /* Under TLS libmicrohttpd leaves a cork in the socket, which would hold small pieces back for 200 ms. */
    setsockopt(fd, IPPROTO_TCP, TCP_CORK, &off, sizeof off);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}
