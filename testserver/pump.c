/* Raw bytes. See pump.h. */
#include "pump.h"

#include "conduct.h"
#include "server.h"
#include "tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { PIECE_SIZE = 16384, BYTES_A_TURN = 262144 };
static const uint64_t drain_ms = 1; /* between two looks */
static const unsigned drain_patience =
    10000; /* looks without progress; a client that does not read gets its RST all the same */

static bool cuts_headers(enum insist_testserver_fault fault) {
    return fault == INSIST_TESTSERVER_RESET_HEADERS || fault == INSIST_TESTSERVER_STALL_HEADERS;
}

bool pump_start(struct exchange *exchange) {
    struct pump *pump = &exchange->pump;
    bool half = cuts_headers(exchange->answer.fault);
    size_t head_size = 0;
    pump->head = answer_head(&exchange->answer, (int64_t)time(NULL), &head_size);
    pump->piece = malloc(PIECE_SIZE);
    if (!pump->head || !pump->piece) {
        return false;
    }
    pump->head_limit = half ? head_size / 2 : head_size;
    pump->body_limit = half ? 0 : exchange->answer.limit;
    exchange->state = EXCHANGE_PUMPING;
    tcp_no_delay(exchange->fd);
    connection_watch_room(exchange->connection, true);
    return true;
}

void pump_fini(struct pump *pump) {
    free(pump->head);
    free(pump->piece);
    memset(pump, 0, sizeof *pump);
}

/* The next piece. Under TLS a piece that was refused once must be offered again unchanged, so it is kept until it is gone. */
static bool fill_piece(struct exchange *exchange) {
    struct pump *pump = &exchange->pump;
    size_t head = pump->head_limit - pump->head_at;
    head = head < PIECE_SIZE ? head : PIECE_SIZE;
    memcpy(pump->piece, pump->head + pump->head_at, head);
    pump->head_at += head;

    uint64_t left = pump->body_limit - pump->body_at;
    size_t room = PIECE_SIZE - head;
    size_t wanted = left < room ? (size_t)left : room;
    size_t body = answer_read(&exchange->answer, pump->body_at, pump->piece + head, wanted);
    pump->body_at += body;

    pump->piece_at = 0;
    pump->piece_end = head + body;
    return pump->piece_end > 0;
}

enum sent { SENT_SOME, SENT_NO_ROOM, SENT_FAILED };

static enum sent send_plain(struct exchange *exchange) {
    struct pump *pump = &exchange->pump;
    ssize_t count =
        send(exchange->fd, pump->piece + pump->piece_at, pump->piece_end - pump->piece_at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) {
        pump->piece_at += (size_t)count;
        return SENT_SOME;
    }
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? SENT_NO_ROOM : SENT_FAILED;
}

static enum sent send_tls(struct exchange *exchange) {
    struct pump *pump = &exchange->pump;
    ssize_t count = gnutls_record_send(exchange->tls, pump->piece + pump->piece_at, pump->piece_end - pump->piece_at);
    if (count > 0) {
        pump->piece_at += (size_t)count;
        return SENT_SOME;
    }
    return count == GNUTLS_E_AGAIN || count == GNUTLS_E_INTERRUPTED ? SENT_NO_ROOM : SENT_FAILED;
}

static void reset_now(struct exchange *exchange) {
    tcp_reset(exchange->fd);
    conduct_end(exchange);
}

/* All is sent that was to be: now the fault. */
static void strike(struct exchange *exchange) {
    switch (exchange->answer.fault) {
    case INSIST_TESTSERVER_RESET_HEADERS:
    case INSIST_TESTSERVER_RESET_BODY:
        connection_watch_room(exchange->connection, false);
        exchange->pump.drain_left = tcp_unacknowledged(exchange->fd);
        pump_drain(exchange);
        return;
    case INSIST_TESTSERVER_CLOSE_BODY:
        tcp_finish(exchange->fd); /* under TLS: before libmicrohttpd can send a close_notify */
        conduct_end(exchange);
        return;
    case INSIST_TESTSERVER_STALL_HEADERS:
    case INSIST_TESTSERVER_STALL_BODY:
        exchange->state = EXCHANGE_SILENT;
        connection_watch_room(exchange->connection, false);
        return;
    default: conduct_end(exchange); return;
    }
}

void pump_more(struct exchange *exchange) {
    struct pump *pump = &exchange->pump;
    for (size_t sent = 0; sent < BYTES_A_TURN;) {
        if (pump->piece_at == pump->piece_end && !fill_piece(exchange)) {
            strike(exchange);
            return;
        }
        size_t before = pump->piece_at;
        enum sent code = exchange->tls ? send_tls(exchange) : send_plain(exchange);
        if (code == SENT_FAILED) {
            conduct_gone(exchange);
            return;
        }
        if (code == SENT_NO_ROOM) {
            return;
        }
        sent += pump->piece_at - before;
    }
}

void pump_drain(struct exchange *exchange) {
    struct pump *pump = &exchange->pump;
    uint64_t left = tcp_unacknowledged(exchange->fd); /* an RST would throw these away */
    pump->drain_stuck = left < pump->drain_left ? 0 : pump->drain_stuck + 1;
    pump->drain_left = left;
    if (left == 0 || pump->drain_stuck > drain_patience ||
        !loop_alarm(&exchange->server->loop, &exchange->alarm, drain_ms)) {
        reset_now(exchange);
    }
}
