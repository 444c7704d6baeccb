/* Items about how fast an answer is sent and how it is framed. See items.h. */
#include "items.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t count_limit = 1000000000;

bool item_once(struct scan *scan, struct choice *choice, unsigned given, const char *name) {
    if (choice->manner.given & given) {
        return scan_fail_at(scan, scan->at - strlen(name), "expected only one %.*s in a step", (int)strcspn(name, "="),
                            name);
    }
    choice->manner.given |= given;
    return true;
}

bool item_flaw(struct choice *choice, enum insist_testserver_fault flaw) {
    if (choice->fault == INSIST_TESTSERVER_NO_FAULT) {
        choice->fault = flaw;
    }
    return true;
}

bool item_count_or_endless(struct scan *scan, const char *what, uint64_t *out) {
    if (scan_take(scan, "endless")) {
        *out = ENDLESS;
        return true;
    }
    return scan_number(scan, what, 1, count_limit, out);
}

/* ---- time ------------------------------------------------------------------------------------------------------- */

static bool read_positive_duration(struct scan *scan, uint64_t *out) {
    size_t start = scan->at;
    return scan_duration_ms(scan, out) && (*out > 0 || scan_fail_at(scan, start, "expected a duration above 0"));
}

static bool read_pace(struct scan *scan, struct pace *pace) {
    pace->parts = 1;
    if (!read_positive_duration(scan, &pace->every_ms)) {
        return false;
    }
    if (!scan_take(scan, "/")) {
        return scan_fail_at(scan, scan->at, "expected '/' and a number of bytes, as in 10ms/16");
    }
    size_t start = scan->at;
    return scan_size(scan, &pace->bytes) && (pace->bytes > 0 || scan_fail_at(scan, start, "expected at least 1 byte"));
}

static bool read_drip(struct scan *scan, struct choice *choice) {
    return item_once(scan, choice, MANNER_DRIP, "drip=") && read_pace(scan, &choice->manner.body_pace);
}

static bool read_head_drip(struct scan *scan, struct choice *choice) {
    return item_once(scan, choice, MANNER_HEAD_DRIP, "drip@headers=") && read_pace(scan, &choice->manner.head_pace);
}

static bool read_bytes_a_second(struct scan *scan, struct pace *pace) {
    *pace = (struct pace){.every_ms = 10, .parts = 100};
    size_t start = scan->at;
    if (!scan_size(scan, &pace->bytes)) {
        return false;
    }
    if (pace->bytes == 0) {
        return scan_fail_at(scan, start, "expected at least 1 byte a second");
    }
    return scan_take(scan, "/s") || scan_fail_at(scan, scan->at, "expected '/s', as in 64KB/s");
}

static bool read_body_delay(struct scan *scan, struct choice *choice) {
    return item_once(scan, choice, MANNER_BODY_DELAY, "delay@body=") &&
           read_positive_duration(scan, &choice->manner.body_delay_ms);
}

static bool read_end_delay(struct scan *scan, struct choice *choice) {
    return item_once(scan, choice, MANNER_END_DELAY, "delay@end=") &&
           read_positive_duration(scan, &choice->manner.end_delay_ms);
}

static bool read_rate(struct scan *scan, struct choice *choice) {
    return item_once(scan, choice, MANNER_DRIP, "rate=") && read_bytes_a_second(scan, &choice->manner.body_pace);
}

static bool read_request(struct scan *scan, struct choice *choice) {
    return item_once(scan, choice, MANNER_READ, "read=") && read_bytes_a_second(scan, &choice->manner.read_pace);
}

/* ---- framing ---------------------------------------------------------------------------------------------------- */

static bool read_chunked(struct scan *scan, struct choice *choice) {
    const uint64_t largest = UINT64_C(1) << 30;
    if (!item_once(scan, choice, MANNER_CHUNKED, "chunked")) {
        return false;
    }
    return !scan_take(scan, "=") || scan_number(scan, "bytes a chunk", 1, largest, &choice->manner.chunk);
}

static bool read_length(struct scan *scan, struct choice *choice) {
    struct manner *manner = &choice->manner;
    if (!item_once(scan, choice, MANNER_LENGTH, "length=")) {
        return false;
    }
    if (scan_take(scan, "none")) {
        manner->no_length = true;
        return true;
    }
    if (scan_peek(scan) < '0' || scan_peek(scan) > '9') {
        return scan_fail_at(scan, scan->at, "expected a number of bytes, or none");
    }
    return scan_number(scan, "a number of bytes", 0, INT64_MAX, &manner->length) &&
           item_flaw(choice, INSIST_TESTSERVER_LENGTH);
}

static bool read_http10(struct scan *scan, struct choice *choice) {
    return item_once(scan, choice, MANNER_HTTP10, "http10");
}

static bool read_interim(struct scan *scan, struct choice *choice) {
    struct manner *manner = &choice->manner;
    uint64_t status = 0;
    if (!item_once(scan, choice, MANNER_INTERIM, "1xx=") ||
        !scan_number(scan, "an interim status", 100, 199, &status)) {
        return false;
    }
    manner->interim_status = (int)status;
    manner->interim_count = 1;
    if (!scan_take(scan, "x")) {
        return true;
    }
    return item_count_or_endless(scan, "a count", &manner->interim_count) &&
           (manner->interim_count != ENDLESS || item_flaw(choice, INSIST_TESTSERVER_INTERIM));
}

static bool read_trailer(struct scan *scan, struct choice *choice) {
    char *name = NULL;
    char *value = NULL;
    choice->manner.given |= MANNER_TRAILER;
    bool ok = item_name(scan, "trailer:NAME=VALUE", &name) && item_header_text(scan, &value);
    if (ok) {
        char *line = NULL;
        int size = asprintf(&line, "%s: %s", name, value);
        ok = (size >= 0 && bytes_add_line(&choice->manner.trailers, line, (size_t)size)) || scan_fail_memory(scan);
        if (size >= 0) {
            free(line);
        }
    }
    free(name);
    free(value);
    return ok;
}

static bool read_trailer_fillers(struct scan *scan, struct choice *choice) {
    return item_once(scan, choice, MANNER_TRAILER_FILLERS, "trailers=") &&
           item_count_or_endless(scan, "a number of fields", &choice->manner.trailer_fillers) &&
           item_flaw(choice, INSIST_TESTSERVER_TRAILERS);
}

const struct item items_manner[] = {
    {"drip=", GIVEN_MANNER, false, read_drip},
    {"drip@headers=", GIVEN_MANNER, false, read_head_drip},
    {"rate=", GIVEN_MANNER, false, read_rate},
    {"read=", GIVEN_MANNER, false, read_request},
    {"delay@body=", GIVEN_MANNER, false, read_body_delay},
    {"delay@end=", GIVEN_MANNER, false, read_end_delay},
    {"chunked", GIVEN_MANNER, false, read_chunked},
    {"length=", GIVEN_MANNER, false, read_length},
    {"http10", GIVEN_MANNER, false, read_http10},
    {"1xx=", GIVEN_MANNER, false, read_interim},
    {"trailer:", GIVEN_MANNER, false, read_trailer},
    {"trailers=", GIVEN_MANNER, false, read_trailer_fillers},
    {NULL, 0, false, NULL},
};
