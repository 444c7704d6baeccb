/* See crowd.h. */
#include "crowd.h"

#include "loop.h"

/* By far longer than any answer takes whose reader reads. */
static const uint64_t patience_ns = UINT64_C(2000000000);

void crowd_count(struct crowd *crowd, bool opens) {
    crowd->open = opens ? crowd->open + 1 : crowd->open - 1;
}

size_t crowd_room(const struct crowd *crowd) {
    return crowd->open < crowd->limit ? crowd->limit - crowd->open : 0;
}

void crowd_leave(struct guest *guest) {
    struct guest_list *list = guest->list;
    if (!list) {
        return;
    }
    *(guest->before ? &guest->before->after : &list->first) = guest->after;
    *(guest->after ? &guest->after->before : &list->last) = guest->before;
    guest->list = NULL;
}

static void append(struct guest_list *list, struct guest *guest) {
    crowd_leave(guest);
    guest->list = list;
    guest->after = NULL;
    guest->before = list->last;
    *(list->last ? &list->last->after : &list->first) = guest;
    list->last = guest;
}

void crowd_busy(struct crowd *crowd, struct guest *guest) {
    if (guest->list != &crowd->busy) {
        guest->busy_since_ns = monotonic_ns();
        append(&crowd->busy, guest);
    }
}

void crowd_idle(struct crowd *crowd, struct guest *guest) {
    crowd_leave(guest);
    if (!crowd->closing || !crowd->close_quiet(guest)) {
        append(&crowd->idle, guest);
    }
}

bool crowd_has_idle(const struct crowd *crowd) {
    return crowd->idle.first != NULL;
}

static size_t close_idle(struct crowd *crowd, size_t count) {
    size_t closed = 0;
    struct guest *next = crowd->idle.first;
    while (next && closed < count) {
        struct guest *guest = next;
        next = guest->after;
        if (crowd->close_quiet(guest)) {
            crowd_leave(guest);
            closed++;
        }
    }
    return closed;
}

static size_t cut_busy(struct crowd *crowd, size_t count) {
    size_t cut = 0;
    uint64_t now_ns = monotonic_ns();
    struct guest *guest;
    while (cut < count && (guest = crowd->busy.first) != NULL && now_ns - guest->busy_since_ns >= patience_ns) {
        crowd->cut(guest);
        crowd_leave(guest);
        cut++;
    }
    return cut;
}

size_t crowd_make_room(struct crowd *crowd, size_t count) {
    size_t closed = close_idle(crowd, count);
    return crowd->cut ? closed + cut_busy(crowd, count - closed) : closed;
}

void crowd_close_idle(struct crowd *crowd, bool closing) {
    crowd->closing = closing;
    if (closing) {
        close_idle(crowd, SIZE_MAX);
    }
}
