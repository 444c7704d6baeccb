/* Which item stands where a choice is read, and statuses. See items.h. */
#include "items.h"

#include <string.h>

const struct item *const item_rooms[] = {items_port, items_fault, items_broken,  items_manner, items_time,
                                         items_body, items_head,  items_station, NULL};

static bool read_status(struct scan *scan, struct choice *choice, bool *may_repeat) {
    size_t start = scan->at;
    uint64_t status = 0;
    if (!choice_note(scan, start, choice, GIVEN_STATUS) || !scan_number(scan, "a final status", 200, 999, &status)) {
        return false;
    }
    choice->status = (int)status;
    *may_repeat = scan_peek(scan) != '=';
    if (*may_repeat) {
        return true;
    }
    if (status < 300 || status > 399) {
        return scan_fail_at(scan, scan->at, "expected '=' and a place only after a status from 300 to 399");
    }
    scan->at++;
    return item_location(scan, choice);
}

/* What stands at the cursor is a name whose '=', '@' or ':' was left out, or none at all. Always false. */
static bool fail_unknown(struct scan *scan) {
    const char *word = scan->text + scan->at;
    size_t length = strcspn(word, ",;|");
    for (size_t room = 0; item_rooms[room]; room++) {
        for (const struct item *item = item_rooms[room]; item->name; item++) {
            bool is_stem = strlen(item->name) == length + 1 && strncmp(item->name, word, length) == 0;
            if (is_stem && strchr("=@:", item->name[length])) {
                return scan_fail_at(scan, scan->at + length, "expected '%c' and its value behind %.*s",
                                    item->name[length], (int)length, word);
            }
        }
    }
    return scan_fail_at(scan, scan->at,
                        "expected a status such as 200, a fault such as reset or hang, or an option such "
                        "as delay=30ms");
}

bool item_read(struct scan *scan, struct choice *choice, bool *may_repeat) {
    size_t start = scan->at;
    for (size_t room = 0; item_rooms[room]; room++) {
        for (const struct item *item = item_rooms[room]; item->name; item++) {
            if (scan_take(scan, item->name)) {
                *may_repeat = item->may_repeat;
                return choice_note(scan, start, choice, item->given) && item->read(scan, choice);
            }
        }
    }
    if (scan_peek(scan) >= '0' && scan_peek(scan) <= '9') { /* behind them: "1xx=" is one */
        return read_status(scan, choice, may_repeat);
    }
    return fail_unknown(scan);
}

bool items_go_on(struct scan *scan, const struct choice *choice) {
    if (!(choice->given & GIVEN_SLOTS) || scan_peek(scan) != ',') {
        return false;
    }
    for (const struct item *item = items_station; item->name; item++) {
        bool another = item->given != GIVEN_SLOTS;
        if (another && strncmp(scan->text + scan->at + 1, item->name, strlen(item->name)) == 0) {
            return scan_take(scan, ",");
        }
    }
    return false;
}
