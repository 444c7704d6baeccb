/* Raw bytes. See pump.h. */
#include "pump.h"

#include "fault.h"
#include "tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { PIECE_SIZE = 16384, SMALL_PIECE_SIZE = 512, BYTES_A_TURN = 262144 };
static const uint64_t ns_per_ms = 1000000;
static const uint64_t drain_ns = 1000000; /* between two looks at what is still on its way */
/* Looks without progress; a client that does not read gets its RST all the same. */
static const unsigned drain_patience = 10000;

bool pump_start(struct pump *pump, const struct answer *answer, const struct manner *manner, int fd,
                gnutls_session_t tls) {
    bool slow = (manner->given & MANNER_DRIP) && manner->body_pace.bytes <= SMALL_PIECE_SIZE;
    pump->fd = fd;
    pump->tls = tls;
    pump->piece_room = slow ? SMALL_PIECE_SIZE : PIECE_SIZE; /* there may be thousands of them */
    pump->piece = malloc(pump->piece_room);
    if (!pump->piece || !tape_init(&pump->tape, answer, manner, (int64_t)time(NULL))) {
        return false;
    }
    tcp_no_delay(fd);
    return true;
}

void pump_fini(struct pump *pump) {
    tape_fini(&pump->tape);
    free(pump->piece);
    memset(pump, 0, sizeof *pump);
}

/* ---- what comes next -------------------------------------------------------------------------------------------- */

enum ready { READY_PIECE, READY_LATER, READY_END };

/* A new stage, after a pause if there is to be one. */
static void enter(struct pump *pump, enum pump_stage stage, uint64_t pause_ms, uint64_t now_ns) {
    pump->stage = stage;
    pump->due_ns = now_ns + pause_ms * ns_per_ms;
    pump->beat = (struct beat){.due_ns = pump->due_ns};
}

static const struct pace *pace_of(const struct pump *pump) {
    return pump->stage == PUMP_IN_HEAD ? &pump->tape.manner->head_pace : &pump->tape.body_pace;
}

static enum ready fill_piece(struct pump *pump, uint64_t now_ns) {
    const struct manner *manner = pump->tape.manner;
    if (pump->stage == PUMP_IN_HEAD && tape_in_body(&pump->tape)) {
        enter(pump, PUMP_IN_BODY, manner->body_delay_ms, now_ns);
    }
    if (pump->stage == PUMP_IN_BODY && tape_at_end(&pump->tape)) {
        enter(pump, PUMP_AT_END, manner->end_delay_ms, now_ns);
    }
    if (pump->due_ns > now_ns) {
        return READY_LATER;
    }
    if (pump->stage >= PUMP_AT_END) {
        return READY_END;
    }
    uint64_t allowed = beat_allowed(&pump->beat, pace_of(pump), now_ns);
    if (allowed == 0) {
        pump->due_ns = pump->beat.due_ns;
        return READY_LATER;
    }
    size_t room = allowed < pump->piece_room ? (size_t)allowed : pump->piece_room;
    pump->piece_at = 0;
    pump->piece_end = tape_read(&pump->tape, pump->piece, room);
    beat_use(&pump->beat, pump->piece_end);
    return READY_PIECE;
}

/* ---- sending it ------------------------------------------------------------------------------------------------- */

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

/* A piece that was refused once must be offered again unchanged, so it is kept until it is gone. */
static enum sent send_tls(struct pump *pump) {
    ssize_t count = gnutls_record_send(pump->tls, pump->piece + pump->piece_at, pump->piece_end - pump->piece_at);
    if (count > 0) {
        pump->piece_at += (size_t)count;
        return SENT_SOME;
    }
    return count == GNUTLS_E_AGAIN || count == GNUTLS_E_INTERRUPTED ? SENT_NO_ROOM : SENT_FAILED;
}

/* ---- the end ---------------------------------------------------------------------------------------------------- */

static bool has_fault(const struct pump *pump, enum insist_testserver_fault fault) {
    return pump->tape.answer->fault == fault;
}

/* Nothing is on its way any more, or will ever arrive. */
static enum pump_code strike(struct pump *pump) {
    if (fault_resets(pump->tape.answer->fault)) {
        tcp_reset(pump->fd);
    } else if (has_fault(pump, INSIST_TESTSERVER_CLOSE_HEADERS) || has_fault(pump, INSIST_TESTSERVER_CLOSE_BODY)) {
        tcp_finish(pump->fd); /* under TLS: before libmicrohttpd can send a close_notify */
    }
    return PUMP_STRUCK;
}

/* An RST, also the one that comes of closing with a request unread, throws away what has not arrived. */
static bool must_drain(const struct pump *pump) {
    return fault_resets(pump->tape.answer->fault) || (pump->tape.manner->given & MANNER_UNREAD);
}

static enum pump_code drain(struct pump *pump, uint64_t now_ns) {
    uint64_t left = tcp_unacknowledged(pump->fd);
    pump->drain_stuck = left < pump->drain_left ? 0 : pump->drain_stuck + 1;
    pump->drain_left = left;
    if (left > 0 && pump->drain_stuck <= drain_patience) {
        pump->due_ns = now_ns + drain_ns;
        return PUMP_RESTS;
    }
    return strike(pump);
}

static enum pump_code end(struct pump *pump, uint64_t now_ns) {
    if (tape_hands_over(&pump->tape)) {
        return PUMP_HANDS_OVER;
    }
    if (fault_stalls(pump->tape.answer->fault)) {
        return PUMP_SILENT;
    }
    if (!must_drain(pump)) {
        return strike(pump);
    }
    pump->stage = PUMP_DRAINING;
    pump->drain_left = UINT64_MAX;
    return drain(pump, now_ns);
}

bool pump_has_delivered(const struct pump *pump) {
    return pump->stage >= PUMP_AT_END && !fault_stalls(pump->tape.answer->fault) && tcp_unacknowledged(pump->fd) == 0;
}

enum pump_code pump_more(struct pump *pump, uint64_t now_ns) {
    if (pump->stage == PUMP_DRAINING) {
        return drain(pump, now_ns);
    }
    for (size_t sent = 0; sent < BYTES_A_TURN;) {
        if (pump->piece_at == pump->piece_end) {
            enum ready ready = fill_piece(pump, now_ns);
            if (ready != READY_PIECE) {
                return ready == READY_LATER ? PUMP_RESTS : end(pump, now_ns);
            }
            continue; /* it may be empty where two stages meet */
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
