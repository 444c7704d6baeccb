/* Items that break an answer's bytes. See items.h. */
#include "items.h"

#include <stdlib.h>

/* ---- in place of an answer -------------------------------------------------------------------------------------- */

static bool read_garbage(struct scan *scan, struct choice *choice) {
    choice->fault = INSIST_TESTSERVER_GARBAGE;
    choice->cut = 1000;
    return !scan_take(scan, "=") || scan_size(scan, &choice->cut);
}

static bool read_raw(struct scan *scan, struct choice *choice) {
    struct bytes *raw = &choice->manner.raw;
    choice->fault = INSIST_TESTSERVER_RAW;
    return scan_text(scan, "", &raw->at, &raw->size);
}

/* ---- the header block ------------------------------------------------------------------------------------------- */

static bool read_status_line(struct scan *scan, struct choice *choice) {
    char *text = NULL;
    size_t length = 0;
    struct manner *manner = &choice->manner;
    if (!item_once(scan, choice, MANNER_STATUS_LINE, "status-line=") || !scan_text(scan, "", &text, &length)) {
        return false;
    }
    bool ok = length == 0 || bytes_add_line(&manner->status_line, text, length) || scan_fail_memory(scan);
    free(text);
    return ok && item_flaw(choice, INSIST_TESTSERVER_STATUS_LINE);
}

static bool read_line(struct scan *scan, struct choice *choice) {
    char *text = NULL;
    size_t length = 0;
    choice->manner.given |= MANNER_LINE;
    bool ok = scan_text(scan, "", &text, &length) &&
              (bytes_add_line(&choice->manner.lines, text, length) || scan_fail_memory(scan));
    free(text);
    return ok && item_flaw(choice, INSIST_TESTSERVER_LINE);
}

static bool read_fillers(struct scan *scan, struct choice *choice) {
    return item_once(scan, choice, MANNER_FILLERS, "headers=") &&
           item_count_or_endless(scan, "a number of fields", &choice->manner.fillers) &&
           item_flaw(choice, INSIST_TESTSERVER_HEADERS);
}

static bool read_lf(struct scan *scan, struct choice *choice) {
    return item_once(scan, choice, MANNER_LF, "lf") && item_flaw(choice, INSIST_TESTSERVER_LF);
}

static bool read_no_blank_line(struct scan *scan, struct choice *choice) {
    return item_once(scan, choice, MANNER_NO_BLANK_LINE, "no-blank-line") &&
           item_flaw(choice, INSIST_TESTSERVER_NO_BLANK_LINE);
}

/* ---- the body --------------------------------------------------------------------------------------------------- */

static bool read_bad_chunk(struct scan *scan, struct choice *choice) {
    static const struct {
        const char *name;
        const char *text;
    } kinds[] = {
        {"=huge", "fffffffffffffffffff0\r\n"}, /* more than 64 bits hold */
        {"=negative", "-5\r\nabcde\r\n"},
        {"=unended", "5\r\nabcdefghij\r\n"}, /* more data than the chunk has room for */
        {"", "no number\r\n"},
    };
    size_t kind = 0;
    while (!scan_take(scan, kinds[kind].name)) {
        kind++; /* the last one is always there */
    }
    choice->fault = INSIST_TESTSERVER_BAD_CHUNK;
    choice->manner.bad_chunk = kinds[kind].text;
    choice->cut_given = true;
    return !scan_take(scan, "@") || scan_number(scan, "a number of bytes", 0, UINT64_C(1) << 30, &choice->cut);
}

/* ---- the request ------------------------------------------------------------------------------------------------ */

static bool read_unread(struct scan *scan, struct choice *choice) {
    if (!item_once(scan, choice, MANNER_UNREAD, "unread") || !item_flaw(choice, INSIST_TESTSERVER_UNREAD)) {
        return false;
    }
    return !scan_take(scan, "@") ||
           scan_number(scan, "a number of bytes", 0, UINT64_C(1) << 30, &choice->manner.unread_after);
}

const struct item items_broken[] = {
    {"garbage", GIVEN_FAULT, true, read_garbage},
    {"raw=", GIVEN_FAULT, false, read_raw},
    {"badchunk", GIVEN_FAULT, true, read_bad_chunk},
    {"status-line=", GIVEN_MANNER, false, read_status_line},
    {"line=", GIVEN_MANNER, false, read_line},
    {"headers=", GIVEN_MANNER, false, read_fillers},
    {"lf", GIVEN_MANNER, false, read_lf},
    {"no-blank-line", GIVEN_MANNER, false, read_no_blank_line},
    {"unread", GIVEN_MANNER, false, read_unread},
    {NULL, 0, false, NULL},
};
