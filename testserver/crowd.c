/* See crowd.h. */
#include "crowd.h"

#include <stdint.h>

void crowd_count(struct crowd *crowd, bool opens) {
    crowd->open = opens ? crowd->open + 1 : crowd->open - 1;
}

size_t crowd_room(const struct crowd *crowd) {
    return crowd->open < crowd->limit ? crowd->limit - crowd->open : 0;
}

void crowd_busy(struct crowd *crowd, struct guest *guest) {
    if (!guest->idle) {
        return;
    }
    guest->idle = false;
    *(guest->before ? &guest->before->after : &crowd->first) = guest->after;
    *(guest->after ? &guest->after->before : &crowd->last) = guest->before;
}

void crowd_idle(struct crowd *crowd, struct guest *guest) {
    crowd_busy(crowd, guest);
    if (crowd->closing && crowd->close_quiet(guest)) {
        return;
    }
    guest->idle = true;
    guest->after = NULL;
    guest->before = crowd->last;
    *(crowd->last ? &crowd->last->after : &crowd->first) = guest;
    crowd->last = guest;
}

bool crowd_has_idle(const struct crowd *crowd) {
    return crowd->first != NULL;
}

static size_t close_idle(struct crowd *crowd, size_t count) {
    size_t closed = 0;
    struct guest *next = crowd->first;
    while (next && closed < count) {
        struct guest *guest = next;
        next = guest->after;
        if (crowd->close_quiet(guest)) {
            crowd_busy(crowd, guest);
            closed++;
        }
    }
    return closed;
}

size_t crowd_make_room(struct crowd *crowd, size_t count) {
    return close_idle(crowd, count);
}

void crowd_close_idle(struct crowd *crowd, bool closing) {
    crowd->closing = closing;
    if (closing) {
        close_idle(crowd, SIZE_MAX);
    }
}
