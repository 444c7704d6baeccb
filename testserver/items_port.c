/* Items that act on the port and not on the hit that carries them. See items.h. */
#include "items.h"

static bool read_time(struct scan *scan, struct choice *choice, enum port_fault fault) {
    size_t start = scan->at;
    choice->port.fault = fault;
    if (!scan_duration_ms(scan, &choice->port.for_ms)) {
        return false;
    }
    return choice->port.for_ms > 0 || scan_fail_at(scan, start, "expected a duration above 0");
}

static bool read_refuse(struct scan *scan, struct choice *choice) {
    return read_time(scan, choice, PORT_REFUSES);
}

static bool read_drop(struct scan *scan, struct choice *choice) {
    return read_time(scan, choice, PORT_DROPS);
}

static bool read_extent(struct scan *scan, struct choice *choice, enum port_fault fault) {
    choice->port.fault = fault;
    return port_order_read_extent(scan, &choice->port);
}

static bool read_stall(struct scan *scan, struct choice *choice) {
    return read_extent(scan, choice, PORT_STALLS);
}

static bool read_reset(struct scan *scan, struct choice *choice) {
    return read_extent(scan, choice, PORT_RESETS);
}

static bool read_close(struct scan *scan, struct choice *choice) {
    return read_extent(scan, choice, PORT_CLOSES);
}

static bool read_tls(struct scan *scan, struct choice *choice) {
    return port_order_read_tls(scan, &choice->port);
}

const struct item items_port[] = {
    {"refuse=", GIVEN_PORT, false, read_refuse},
    {"drop=", GIVEN_PORT, false, read_drop},
    {"stall=connect", GIVEN_PORT, false, read_stall},
    {"reset@connect", GIVEN_PORT, false, read_reset},
    {"close@connect", GIVEN_PORT, false, read_close},
    {"tls-fault=", GIVEN_PORT, false, read_tls},
    {NULL, 0, false, NULL},
};
