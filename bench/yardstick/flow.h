/* The yardstick for many requests at a time: bare libcurl, one multi handle and an epoll descriptor, driven by one thread
 * (curl_multi_socket_action). Its easy handles are slots: each is used again as soon as its request has ended. */
#ifndef BENCH_YARDSTICK_FLOW_H
#define BENCH_YARDSTICK_FLOW_H

#include <stdbool.h>
#include <stdint.h>

struct flow;

struct flow_orders {
    void *ctx;
    /* When the slot's next request is to be sent, by CLOCK_MONOTONIC: at first any time, later slots not before earlier
     * ones; for a slot that has ended one, at once. Negative: never again. */
    int64_t (*next_ns)(void *ctx, unsigned slot);
    void (*ended)(void *ctx, unsigned slot, bool good);
};

struct flow *flow_open(const char *url, unsigned slots); /* NULL: no memory or descriptor */
void flow_close(struct flow *flow);
/* Until no slot has another request. False: libcurl or epoll refused. Connections are kept from run to run. */
bool flow_run(struct flow *flow, const struct flow_orders *orders);
/* Of the slot's last request: from when it was about to be sent to the first byte of the answer. */
int64_t flow_wait_us(const struct flow *flow, unsigned slot);

#endif
