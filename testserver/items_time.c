/* Items about when an answer comes. See items.h. */
#include "items.h"

#include "duration.h"

#include <string.h>

static bool read_delay(struct scan *scan, struct choice *choice) {
    return duration_read(scan, &choice->delay);
}

static bool read_hold(struct scan *scan, struct choice *choice) {
    size_t start = scan->at;
    size_t length = 0;
    if (!scan_text(scan, ">", &choice->hold_path, &length)) {
        return false;
    }
    if (choice->hold_path[0] != '/' || strlen(choice->hold_path) != length) {
        return scan_fail_at(scan, start, "expected a path that begins with '/' and has no NUL byte");
    }
    if (!scan_take(scan, ">=")) {
        return scan_fail_at(scan, scan->at, "expected '>=' and a number of hits");
    }
    return scan_number(scan, "a number of hits", 1, UINT64_C(1000000000), &choice->hold_hits);
}

const struct item items_time[] = {
    {"delay=", GIVEN_DELAY, false, read_delay},
    {"hold=", GIVEN_HOLD, false, read_hold},
    {NULL, 0, false, NULL},
};
