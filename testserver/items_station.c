/* Items about overload: servers, the queue before them, and how long they take. See items.h. After slots= the others may
 * follow a comma as well: see items_go_on(). */
#include "items.h"

#include "duration.h"

#include <string.h>

static const uint64_t place_limit = 1000000;

static bool read_slots(struct scan *scan, struct choice *choice) {
    return scan_number(scan, "a number of slots", 0, place_limit, &choice->slots);
}

static bool read_queue(struct scan *scan, struct choice *choice) {
    return scan_number(scan, "a number of places", 0, place_limit, &choice->queue);
}

static bool read_service(struct scan *scan, struct choice *choice) {
    return duration_read(scan, &choice->service);
}

static bool read_station(struct scan *scan, struct choice *choice) {
    size_t start = scan->at;
    size_t length = 0;
    if (!scan_text(scan, "", &choice->station, &length)) {
        return false;
    }
    bool ok = length > 0 && strlen(choice->station) == length;
    return ok || scan_fail_at(scan, start, "expected the name of a station, without NUL bytes");
}

const struct item items_station[] = {
    {"slots=", GIVEN_SLOTS, false, read_slots},
    {"queue=", GIVEN_QUEUE, false, read_queue},
    {"service=", GIVEN_SERVICE, false, read_service},
    {"station=", GIVEN_STATION, false, read_station},
    {NULL, 0, false, NULL},
};
