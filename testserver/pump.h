/* Raw bytes on a socket: what libmicrohttpd would not send, up to the point where the fault strikes, and the fault. It
 * says what it waits for, and whoever drives it sees to that. Never blocks. Loop's thread. */
#ifndef TESTSERVER_PUMP_H
#define TESTSERVER_PUMP_H

#include "answer.h"

#include <gnutls/gnutls.h>

struct pump {
    /* fixed */
    const struct answer *answer;
    int fd;
    gnutls_session_t tls; /* NULL: plain */
    char *head;
    size_t head_limit; /* bytes of it that are sent */
    uint64_t body_limit;

    /* own */
    size_t head_at;
    uint64_t body_at;
    uint8_t *piece; /* what is being sent at the moment */
    size_t piece_at, piece_end;
    uint64_t drain_left;  /* bytes on their way at the last look, before an RST */
    unsigned drain_stuck; /* looks without progress */
};

enum pump_code {
    PUMP_WANTS_ROOM, /* pump_more() once there is room to write */
    PUMP_DRAINS,     /* all is sent; pump_drain() after a moment, until the RST can follow */
    PUMP_SILENT,     /* all is sent that was to be, and the connection stays */
    PUMP_STRUCK,     /* the fault has struck: the connection ends */
    PUMP_GONE        /* the client has left before that */
};

/* Prepares to send answer, which must outlive the pump. False: no memory; pump_fini() may follow in both cases. */
bool pump_start(struct pump *pump, const struct answer *answer, int fd, gnutls_session_t tls);

/* Sends what there is room for. */
enum pump_code pump_more(struct pump *pump);

/* Looks whether everything has arrived, and then sends the RST. */
enum pump_code pump_drain(struct pump *pump);

void pump_fini(struct pump *pump);

#endif
