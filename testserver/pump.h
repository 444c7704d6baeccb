/* Raw bytes on a suspended connection: what libmicrohttpd would not send, up to the point where the fault strikes, and the fault.
 * Loop's thread. */
#ifndef TESTSERVER_PUMP_H
#define TESTSERVER_PUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exchange;

struct pump {
    char *head;
    size_t head_limit; /* bytes of it that are sent */
    size_t head_at;
    uint64_t body_at;
    uint64_t body_limit;
    uint8_t *piece; /* what is being sent at the moment */
    size_t piece_at, piece_end;
    uint64_t drain_left;  /* bytes on their way at the last look, before an RST */
    unsigned drain_stuck; /* looks without progress */
};

/* Begins with a suspended exchange whose answer is made. False: no memory. */
bool pump_start(struct exchange *exchange);

/* There is room to write. */
void pump_more(struct exchange *exchange);

/* Looks whether everything has arrived and the RST may follow. */
void pump_drain(struct exchange *exchange);

void pump_fini(struct pump *pump);

#endif
