/* The yardstick for a fan-out: bare libcurl, one multi handle driven by one thread, its easy handles reused. */
#ifndef BENCH_YARDSTICK_MULTI_H
#define BENCH_YARDSTICK_MULTI_H

#include <stdbool.h>

struct multi;

struct multi *multi_open(const char *url, unsigned width);
void multi_close(struct multi *multi);
/* `width` GETs at once; true when all were answered 200 with a whole body. Returns when the last is there. */
bool multi_get_all(struct multi *multi);

#endif
