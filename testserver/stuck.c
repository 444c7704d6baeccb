/* See stuck.h. */
#include "stuck.h"

#include "exchange.h"
#include "server.h"
#include "syntax.h"
#include "tcp.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const unsigned many_turns = 100;

static uint64_t unread_of(const struct exchange *exchange) {
    return tcp_unread(exchange->fd) + (exchange->tls ? gnutls_record_check_pending(exchange->tls) : 0);
}

/* libmicrohttpd has not sent anything yet in answer to a request that is being read. */
static void send_answer(struct exchange *exchange, struct syntax_fault fault) {
    char answer[320];
    int size = snprintf(answer, sizeof answer,
                        "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        fault.status, fault.status == 413 ? "Content Too Large" : "Bad Request", strlen(fault.line),
                        fault.line);
    ssize_t sent = exchange->tls ? gnutls_record_send(exchange->tls, answer, (size_t)size)
                                 : send(exchange->fd, answer, (size_t)size, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)sent; /* the connection ends in any case */
}

/* Whether nothing of what has come has been read since the last look. What comes as fast as it is read keeps the socket
 * full: then the body grows. */
static bool is_stuck(struct exchange *exchange) {
    if (exchange->state != EXCHANGE_READING || exchange->suspended) {
        return false;
    }
    uint64_t unread_before = exchange->unread;
    uint64_t read_before = exchange->read;
    exchange->unread = unread_of(exchange);
    exchange->read = exchange->body_bytes;
    return unread_before > 0 && exchange->unread >= unread_before && exchange->read == read_before;
}

void stuck_end(struct door *door) {
    if (door->turns_at_once < many_turns) {
        return;
    }
    door->turns_at_once = 0;
    for (struct exchange *exchange = door->server->exchanges; exchange; exchange = exchange->next) {
        if (exchange->connection->door == door && is_stuck(exchange)) {
            send_answer(exchange, (struct syntax_fault){413, "a chunk's size line or a trailer is larger than 16 K\n"});
            tcp_reset(exchange->fd);
        }
    }
}

void stuck_log(void *cls, const char *format, va_list arguments) {
    struct door *door = cls;
    (void)arguments;
    if (strncmp(format, "Error processing request", 24) != 0) {
        return;
    }
    for (struct exchange *exchange = door->server->exchanges; exchange; exchange = exchange->next) {
        if (exchange->connection->door != door || exchange->begun || exchange->state != EXCHANGE_READING) {
            continue;
        }
        struct syntax_fault fault = syntax_check_length(exchange);
        if (fault.status != 0) {
            exchange->state = EXCHANGE_ENDING;
            send_answer(exchange, fault);
            tcp_finish(exchange->fd); /* what libmicrohttpd sends gets no further */
        }
    }
}
