/* See multi.h. */
#include "multi.h"
#include "flow.h"
#include <stdlib.h>

struct multi {
    struct flow *flow;
    unsigned width;
    /* of an operation */
    unsigned begun;
    unsigned good;
};

struct multi *multi_open(const char *url, unsigned width) {
    struct multi *multi = calloc(1, sizeof *multi);
    if (multi == NULL) {
        return NULL;
    }
    multi->width = width;
    multi->flow = flow_open(url, width);
    if (multi->flow == NULL) {
        free(multi);
        return NULL;
    }
    return multi;
}

void multi_close(struct multi *multi) {
    if (multi != NULL) {
        flow_close(multi->flow);
        free(multi);
    }
}

/* Each slot sends one request, at once. */
static int64_t next_ns(void *ctx, unsigned slot) {
    struct multi *multi = ctx;
    if (slot < multi->begun) {
        return -1;
    }
    multi->begun++;
    return 0;
}

static void ended(void *ctx, unsigned slot, bool good) {
    struct multi *multi = ctx;
    (void)slot;
    multi->good += good;
}

bool multi_get_all(struct multi *multi) {
    const struct flow_orders orders = {multi, next_ns, ended};
    multi->begun = 0;
    multi->good = 0;
    return flow_run(multi->flow, &orders) && multi->good == multi->width;
}

unsigned multi_count_slow(const struct multi *multi, int64_t us) {
    unsigned slow = 0;
    for (unsigned i = 0; i < multi->width; i++) {
        slow += flow_wait_us(multi->flow, i) > us;
    }
    return slow;
}
