/* What may befall connections before their first request: how scripts spell it, and for how long or how many. Pure. */
#ifndef TESTSERVER_PORT_FAULT_H
#define TESTSERVER_PORT_FAULT_H

#include "scan.h"

enum port_fault {
    PORT_SERVES = 0,
    PORT_REFUSES,    /* nobody listens: ECONNREFUSED */
    PORT_DROPS,      /* the queue is full: a connect hangs */
    PORT_STALLS,     /* accepted, never read */
    PORT_RESETS,     /* RST as soon as it is accepted */
    PORT_CLOSES,     /* FIN as soon as it is accepted */
    TLS_STALLS,      /* the ClientHello is read and never answered */
    TLS_RESETS,      /* RST in place of a ServerHello */
    TLS_CLOSES,      /* FIN there */
    TLS_ALERTS,      /* a fatal alert there: handshake_failure */
    TLS_IS_PLAIN,    /* an answer in plain HTTP there */
    TLS_EXPIRED,     /* a certificate that was good until yesterday */
    TLS_WRONG_HOST,  /* a good certificate of another host */
    TLS_UNTRUSTED,   /* a certificate of an authority that nobody knows */
    TLS_OLD_VERSION, /* nothing newer than TLS 1.1 */
    PORT_FAULT_COUNT
};

/* An order to the port. With neither for_ms nor connections it holds for the next connection. */
struct port_order {
    enum port_fault fault;
    uint64_t for_ms;      /* 0: not by time */
    uint64_t connections; /* 0: not by number */
};

/* Whether it only makes sense where TLS is spoken. */
bool port_fault_needs_tls(enum port_fault fault);

/* What follows "tls-fault=": a name, and perhaps ":2s" or ":3". */
bool port_order_read_tls(struct scan *scan, struct port_order *order);

/* ":2s", ":3", or nothing, which is the next connection. */
bool port_order_read_extent(struct scan *scan, struct port_order *order);

/* The whole of a text such as "stall" or "expired:2s"; false: *column (from 1) and expected say why. Without an extent
 * it holds for ever. */
bool port_order_parse_tls(const char *text, struct port_order *order, size_t *column, char expected[160]);

#endif
