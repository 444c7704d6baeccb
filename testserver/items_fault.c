/* Items that are faults, and what goes with them. See items.h. */
#include "items.h"

static const uint64_t cut_limit = UINT64_C(1) << 30;

static bool set_fault(struct choice *choice, enum insist_testserver_fault fault) {
    choice->fault = fault;
    return true;
}

static bool read_cut(struct scan *scan, struct choice *choice, enum insist_testserver_fault fault) {
    choice->fault = fault;
    choice->cut_given = true;
    return scan_number(scan, "a number of bytes", 0, cut_limit, &choice->cut);
}

/* Within the header block: half of it, or as many bytes as follow `sign`. */
static bool read_head_cut(struct scan *scan, struct choice *choice, const char *sign,
                          enum insist_testserver_fault fault) {
    return scan_take(scan, sign) ? read_cut(scan, choice, fault) : set_fault(choice, fault);
}

static bool read_reset(struct scan *scan, struct choice *choice) {
    if (scan_peek(scan) != '@') {
        return set_fault(choice, INSIST_TESTSERVER_RESET);
    }
    if (scan_take(scan, "@headers")) {
        return read_head_cut(scan, choice, ":", INSIST_TESTSERVER_RESET_HEADERS);
    }
    if (scan_take(scan, "@end")) {
        return set_fault(choice, INSIST_TESTSERVER_RESET_END);
    }
    if (scan_take(scan, "@body:")) {
        return read_cut(scan, choice, INSIST_TESTSERVER_RESET_BODY);
    }
    return scan_fail_at(scan, scan->at, "expected @headers, @body:N, @end or @connect");
}

static bool read_close(struct scan *scan, struct choice *choice) {
    if (scan_peek(scan) != '@') {
        return set_fault(choice, INSIST_TESTSERVER_CLOSE);
    }
    if (scan_take(scan, "@body:")) {
        return read_cut(scan, choice, INSIST_TESTSERVER_CLOSE_BODY);
    }
    if (scan_take(scan, "@headers")) {
        return read_head_cut(scan, choice, ":", INSIST_TESTSERVER_CLOSE_HEADERS);
    }
    if (scan_take(scan, "@end")) {
        return set_fault(choice, INSIST_TESTSERVER_CLOSE_END);
    }
    return scan_fail_at(scan, scan->at, "expected @headers, @body:N, @end or @connect");
}

static bool read_truncate(struct scan *scan, struct choice *choice) {
    return read_cut(scan, choice, INSIST_TESTSERVER_TRUNCATE);
}

static bool read_hang(struct scan *scan, struct choice *choice) {
    (void)scan;
    return set_fault(choice, INSIST_TESTSERVER_HANG);
}

static bool read_stall(struct scan *scan, struct choice *choice) {
    if (scan_take(scan, "headers")) {
        return read_head_cut(scan, choice, "@", INSIST_TESTSERVER_STALL_HEADERS);
    }
    if (scan_take(scan, "body@")) {
        return read_cut(scan, choice, INSIST_TESTSERVER_STALL_BODY);
    }
    return scan_fail_at(scan, scan->at, "expected headers, body@N or connect");
}

const struct item items_fault[] = {
    {"reset", GIVEN_FAULT, true, read_reset},        {"close", GIVEN_FAULT, true, read_close},
    {"truncate@", GIVEN_FAULT, true, read_truncate}, {"hang", GIVEN_FAULT, true, read_hang},
    {"stall=", GIVEN_FAULT, true, read_stall},       {NULL, 0, false, NULL},
};
