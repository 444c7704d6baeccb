/* See port_fault.h. */
#include "port_fault.h"

#include <string.h>

static const uint64_t connections_limit = 1000000;

/* Where a name is the beginning of another, the longer one comes first. */
static const struct {
    const char *name;
    enum port_fault fault;
} tls_names[] = {
    {"stall", TLS_STALLS},        {"reset", TLS_RESETS},          {"close", TLS_CLOSES},
    {"alert", TLS_ALERTS},        {"plain", TLS_IS_PLAIN},        {"expired", TLS_EXPIRED},
    {"untrusted", TLS_UNTRUSTED}, {"wrong-host", TLS_WRONG_HOST}, {"old-version", TLS_OLD_VERSION},
};

bool port_fault_needs_tls(enum port_fault fault) {
    return fault >= TLS_STALLS && fault <= TLS_OLD_VERSION;
}

/* A number of connections is digits and nothing else; a duration has a unit. */
static bool is_count(const struct scan *scan) {
    const char *text = scan->text + scan->at;
    const char *after = text + strspn(text, "0123456789");
    return after > text && (*after == '\0' || strchr(",;|", *after));
}

bool port_order_read_extent(struct scan *scan, struct port_order *order) {
    if (!scan_take(scan, ":")) {
        order->connections = 1;
        return true;
    }
    if (is_count(scan)) {
        return scan_number(scan, "a number of connections", 1, connections_limit, &order->connections);
    }
    size_t start = scan->at;
    if (scan_peek(scan) < '0' || scan_peek(scan) > '9') {
        return scan_fail_at(scan, start, "expected a number of connections or a duration");
    }
    if (!scan_duration_ms(scan, &order->for_ms)) {
        return false;
    }
    return order->for_ms > 0 || scan_fail_at(scan, start, "expected a duration above 0");
}

static bool read_name(struct scan *scan, struct port_order *order) {
    for (size_t i = 0; i < sizeof tls_names / sizeof tls_names[0]; i++) {
        if (scan_take(scan, tls_names[i].name)) {
            order->fault = tls_names[i].fault;
            return true;
        }
    }
    return scan_fail_at(scan, scan->at,
                        "expected stall, reset, close, alert, plain, expired, wrong-host, untrusted or old-version");
}

bool port_order_read_tls(struct scan *scan, struct port_order *order) {
    return read_name(scan, order) && port_order_read_extent(scan, order);
}

bool port_order_parse_tls(const char *text, struct port_order *order, size_t *column, char expected[160]) {
    struct scan scan;
    scan_init(&scan, text);
    memset(order, 0, sizeof *order);
    bool ok = read_name(&scan, order);
    if (ok && scan_peek(&scan) == ':') {
        ok = port_order_read_extent(&scan, order);
    }
    if (ok && scan_peek(&scan) != '\0') {
        ok = scan_fail_at(&scan, scan.at, "expected the end, or ':' and a number of connections or a duration");
    }
    if (!ok) {
        *column = scan.column;
        memcpy(expected, scan.expected, sizeof scan.expected);
    }
    return ok;
}
