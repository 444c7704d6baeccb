/* See stuck.h. */
#include "stuck.h"

#include "exchange.h"
#include "server.h"
#include "tcp.h"

#include <sys/socket.h>

static const unsigned many_turns = 100;

static uint64_t unread_of(const struct exchange *exchange) {
    return tcp_unread(exchange->fd) + (exchange->tls ? gnutls_record_check_pending(exchange->tls) : 0);
}

/* libmicrohttpd has not sent anything yet in answer to a request that is being read. */
static void refuse(struct exchange *exchange) {
    static const char answer[] = "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n"
                                 "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 53\r\n\r\n"
                                 "a chunk's size line or a trailer is larger than 16 K\n";
    const size_t size = sizeof answer - 1;
    ssize_t sent = exchange->tls ? gnutls_record_send(exchange->tls, answer, size)
                                 : send(exchange->fd, answer, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)sent; /* the connection ends in any case */
    tcp_reset(exchange->fd);
}

/* Whether nothing of what has come has been read since the last look. */
static bool is_stuck(struct exchange *exchange) {
    if (exchange->state != EXCHANGE_READING || exchange->suspended) {
        return false;
    }
    uint64_t before = exchange->unread;
    exchange->unread = unread_of(exchange);
    return before > 0 && exchange->unread >= before;
}

void stuck_end(struct door *door) {
    if (door->turns_at_once < many_turns) {
        return;
    }
    door->turns_at_once = 0;
    for (struct exchange *exchange = door->server->exchanges; exchange; exchange = exchange->next) {
        if (exchange->connection->door == door && is_stuck(exchange)) {
            refuse(exchange);
        }
    }
}
