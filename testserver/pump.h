/* Raw bytes on a socket: a tape of them, at its pace, and then the fault that ends it. It says what it waits for, and
 * whoever drives it sees to that. Never blocks; has no clock of its own. Loop's thread. */
#ifndef TESTSERVER_PUMP_H
#define TESTSERVER_PUMP_H

#include "tape.h"

#include <gnutls/gnutls.h>

enum pump_stage { PUMP_IN_HEAD, PUMP_IN_BODY, PUMP_AT_END, PUMP_DRAINING };

struct pump {
    /* fixed */
    int fd;
    gnutls_session_t tls; /* NULL: plain */

    /* own */
    struct tape tape;
    enum pump_stage stage;
    uint8_t *piece; /* what is being sent at the moment */
    size_t piece_room;
    size_t piece_at, piece_end;
    struct beat beat;
    uint64_t due_ns;      /* the end of a rest */
    uint64_t drain_left;  /* bytes on their way at the last look, before an RST */
    unsigned drain_stuck; /* looks without progress */
};

enum pump_code {
    PUMP_WANTS_ROOM, /* pump_more() once there is room to write */
    PUMP_RESTS,      /* pump_more() at due_ns */
    PUMP_SILENT,     /* all is sent that was to be, and the connection stays */
    PUMP_HANDS_OVER, /* the interim answers are sent, and the answer is libmicrohttpd's */
    PUMP_STRUCK,     /* the fault has struck: the connection ends */
    PUMP_GONE        /* the client has left before that */
};

/* Prepares to send answer in that manner; both must outlive the pump. False: no memory; pump_fini() may follow in both
 * cases. */
bool pump_start(struct pump *pump, const struct answer *answer, const struct manner *manner, int fd,
                gnutls_session_t tls);

/* Sends what there is room and time for. now_ns: monotonic. */
enum pump_code pump_more(struct pump *pump, uint64_t now_ns);

/* Whether all has arrived that was to be sent, so that a client that leaves misses nothing. */
bool pump_has_delivered(const struct pump *pump);

void pump_fini(struct pump *pump);

#endif
