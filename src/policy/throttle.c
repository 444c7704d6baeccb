/* Sliding windows over one ring of instants, the oldest first. */
#include "policy/throttle.h"
#include "base/time_math.h"

static int64_t *at(const struct throttle *throttle, uint32_t i) {
    return &throttle->latest[((uint64_t)throttle->first + i) % throttle->room];
}

static bool has_room(const struct throttle *throttle, const struct throttle_window *window, int64_t now_ns) {
    if (window->starts == 0)
        return false;
    if (throttle->kept < window->starts)
        return true;
    return time_add(*at(throttle, throttle->kept - window->starts), window->period_ns) <= now_ns;
}

/* In their order, although another thread may have handed in a later instant first. */
static void keep(struct throttle *throttle, int64_t now_ns) {
    if (throttle->kept == throttle->room) {
        throttle->first = (throttle->first + 1) % throttle->room;
        throttle->kept--;
    }
    uint32_t i = throttle->kept++;
    for (; i > 0 && *at(throttle, i - 1) > now_ns; i--)
        *at(throttle, i) = *at(throttle, i - 1);
    *at(throttle, i) = now_ns;
}

bool throttle_start(struct throttle *throttle, int64_t now_ns) {
    for (size_t i = 0; i < throttle->count; i++)
        if (!has_room(throttle, &throttle->windows[i], now_ns))
            return false;
    keep(throttle, now_ns);
    return true;
}

void throttle_take_back(struct throttle *throttle, int64_t charged_at_ns) {
    uint32_t i = throttle->kept;
    while (i > 0 && *at(throttle, i - 1) != charged_at_ns)
        i--;
    if (i == 0)
        return;
    for (; i < throttle->kept; i++)
        *at(throttle, i - 1) = *at(throttle, i);
    throttle->kept--;
}
