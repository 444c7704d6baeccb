/* See load_window.h. */
#include "load_window.h"
#include "cpu.h"
#include "instant.h"

static bool is_bounded(const struct load_window *window) {
    return window->until_ns != INT64_MAX;
}

/* Twice: what has passed in between. */
static void note(struct load_outcome *outcome, int sign) {
    outcome->elapsed_ns += sign * instant_now_ns();
    outcome->cpu_us += sign * cpu_used_us();
}

struct load_window load_window_open(const struct load *load, struct load_outcome *outcome) {
    struct load_window window = {.start_ns = instant_now_ns(), .until_ns = INT64_MAX};
    window.from_ns = window.start_ns;
    if (load->calls == 0) {
        window.from_ns += load->settle_ns;
        window.until_ns = window.from_ns + load->duration_ns;
    } else {
        note(outcome, -1);
    }
    return window;
}

void load_window_watch(const struct load_window *window, struct load_outcome *outcome) {
    if (is_bounded(window)) {
        instant_wait_until_ns(window->from_ns);
        note(outcome, -1);
        instant_wait_until_ns(window->until_ns);
        note(outcome, 1);
    }
}

void load_window_close(const struct load_window *window, struct load_outcome *outcome) {
    if (!is_bounded(window)) {
        note(outcome, 1);
    }
}

bool load_window_holds(const struct load_window *window, int64_t ns) {
    return ns >= window->from_ns && ns < window->until_ns;
}

double load_window_share(const struct load_window *window, const struct load *load, uint64_t number) {
    return load->calls > 0 ? (double)number / (double)load->calls
                           : (double)(instant_now_ns() - window->from_ns) / (double)load->duration_ns;
}

int64_t load_window_begin_ns(const struct load_window *window, const struct load *load, unsigned caller) {
    return window->start_ns + load->spread_ns / load->callers * caller;
}
