/* Raw bytes. See pump.h. */
#include "pump.h"

#include "tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { PIECE_SIZE = 16384, BYTES_A_TURN = 262144 };
/* Looks without progress; a client that does not read gets its RST all the same. */
static const unsigned drain_patience = 10000;

static bool cuts_headers(enum insist_testserver_fault fault) {
    return fault == INSIST_TESTSERVER_RESET_HEADERS || fault == INSIST_TESTSERVER_STALL_HEADERS;
}

bool pump_start(struct pump *pump, const struct answer *answer, int fd, gnutls_session_t tls) {
    bool half = cuts_headers(answer->fault);
    size_t head_size = 0;
    pump->answer = answer;
    pump->fd = fd;
    pump->tls = tls;
    pump->head = answer_head(answer, (int64_t)time(NULL), &head_size);
    pump->piece = malloc(PIECE_SIZE);
    if (!pump->head || !pump->piece) {
        return false;
    }
    pump->head_limit = half ? head_size / 2 : head_size;
    pump->body_limit = half ? 0 : answer->limit;
    tcp_no_delay(fd);
    return true;
}

void pump_fini(struct pump *pump) {
    free(pump->head);
    free(pump->piece);
    memset(pump, 0, sizeof *pump);
}

/* The next piece. Under TLS a piece that was refused once must be offered again unchanged, so it is kept until it is
 * gone. */
static bool fill_piece(struct pump *pump) {
    size_t head = pump->head_limit - pump->head_at;
    head = head < PIECE_SIZE ? head : PIECE_SIZE;
    memcpy(pump->piece, pump->head + pump->head_at, head);
    pump->head_at += head;

    uint64_t left = pump->body_limit - pump->body_at;
    size_t room = PIECE_SIZE - head;
    size_t wanted = left < room ? (size_t)left : room;
    size_t body = answer_read(pump->answer, pump->body_at, pump->piece + head, wanted);
    pump->body_at += body;

    pump->piece_at = 0;
    pump->piece_end = head + body;
    return pump->piece_end > 0;
}

enum sent { SENT_SOME, SENT_NO_ROOM, SENT_FAILED };

static enum sent send_plain(struct pump *pump) {
    size_t left = pump->piece_end - pump->piece_at;
    ssize_t count = send(pump->fd, pump->piece + pump->piece_at, left, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) {
        pump->piece_at += (size_t)count;
        return SENT_SOME;
    }
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? SENT_NO_ROOM : SENT_FAILED;
}

static enum sent send_tls(struct pump *pump) {
    ssize_t count = gnutls_record_send(pump->tls, pump->piece + pump->piece_at, pump->piece_end - pump->piece_at);
    if (count > 0) {
        pump->piece_at += (size_t)count;
        return SENT_SOME;
    }
    return count == GNUTLS_E_AGAIN || count == GNUTLS_E_INTERRUPTED ? SENT_NO_ROOM : SENT_FAILED;
}

/* All is sent that was to be: now the fault. */
static enum pump_code strike(struct pump *pump) {
    switch (pump->answer->fault) {
    case INSIST_TESTSERVER_RESET_HEADERS:
    case INSIST_TESTSERVER_RESET_BODY: pump->drain_left = tcp_unacknowledged(pump->fd); return pump_drain(pump);
    case INSIST_TESTSERVER_CLOSE_BODY:
        tcp_finish(pump->fd); /* under TLS: before libmicrohttpd can send a close_notify */
        return PUMP_STRUCK;
    case INSIST_TESTSERVER_STALL_HEADERS:
    case INSIST_TESTSERVER_STALL_BODY: return PUMP_SILENT;
    default: return PUMP_STRUCK; /* by what was left out */
    }
}

enum pump_code pump_more(struct pump *pump) {
    for (size_t sent = 0; sent < BYTES_A_TURN;) {
        if (pump->piece_at == pump->piece_end && !fill_piece(pump)) {
            return strike(pump);
        }
        size_t before = pump->piece_at;
        enum sent code = pump->tls ? send_tls(pump) : send_plain(pump);
        if (code == SENT_FAILED) {
            return PUMP_GONE;
        }
        if (code == SENT_NO_ROOM) {
            return PUMP_WANTS_ROOM;
        }
        sent += pump->piece_at - before;
    }
    return PUMP_WANTS_ROOM;
}

enum pump_code pump_drain(struct pump *pump) {
    uint64_t left = tcp_unacknowledged(pump->fd); /* an RST would throw these away */
    pump->drain_stuck = left < pump->drain_left ? 0 : pump->drain_stuck + 1;
    pump->drain_left = left;
    if (left > 0 && pump->drain_stuck <= drain_patience) {
        return PUMP_DRAINS;
    }
    tcp_reset(pump->fd);
    return PUMP_STRUCK;
}
