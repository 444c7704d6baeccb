/* The yardstick for a fan-out: bare libcurl, one multi handle on epoll driven by one thread (flow.h), each of whose slots
 * sends one request of an operation. */
#ifndef BENCH_YARDSTICK_MULTI_H
#define BENCH_YARDSTICK_MULTI_H

#include <stdbool.h>
#include <stdint.h>

struct multi;

struct multi *multi_open(const char *url, unsigned width);
void multi_close(struct multi *multi);
/* `width` GETs at once; true when all were answered 200 with a whole body. Returns when the last is there. */
bool multi_get_all(struct multi *multi);
/* How many of them took longer than that from when the request was about to be sent to the first byte of the answer. */
unsigned multi_count_slow(const struct multi *multi, int64_t us);

#endif
