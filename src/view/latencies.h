/* What an origin's latencies are good for: the entries that attempts leave behind, and the questions that a scheduler
 * asks. Whoever carries an execution out keeps them; executions without them know nothing. Instants are handed in. */
#ifndef VIEW_LATENCIES_H
#define VIEW_LATENCIES_H

#include <stdbool.h>
#include <stdint.h>

/* One attempt's latency, from its request on the wire to its last byte. */
struct latency_entry {
    int64_t us;
    bool longer;    /* it was given up: it would have taken longer */
    bool under_way; /* it takes longer than that, and goes on: another entry follows at its end */
    bool told;      /* such an entry came before */
};

/* What a scheduler wants to know. */
struct hedge_wish {
    double quantile; /* of the latencies, as the delay; 0: the best delay for … */
    double share;    /* … that share of extra requests */
    bool is_slow;    /* the request that asks has been told as slow itself: its second hedge is wished for */
};

struct hedge_plan {
    int64_t delay_us;   /* -1: not known */
    double probability; /* that a request which takes longer is hedged … */
    double again;       /* … and that it is once more, when another delay has passed, and so on */
};

struct latency_source {
    /* False: no hedge, because too little is known, or most requests are slow. */
    bool (*plan)(void *ctx, const struct hedge_wish *wish, int64_t now_ns, struct hedge_plan *plan);
    /* -1: not known. quantile: above 0, below 1. */
    int64_t (*quantile_us)(void *ctx, double quantile, int64_t now_ns);
};

#endif
