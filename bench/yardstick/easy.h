/* The yardstick: bare libcurl, as somebody would use it who takes care, one easy handle a thread, reused for every
 * request. It keeps body and headers, and sets nothing that would cripple it. An easy belongs to one thread. */
#ifndef BENCH_YARDSTICK_EASY_H
#define BENCH_YARDSTICK_EASY_H

#include <stdbool.h>
#include <stdint.h>

struct easy;

/* libcurl's own words about itself. Static. */
const char *easy_version(void);
/* To be called once, before there are threads. */
bool easy_init(void);
struct easy *easy_open(const char *url);
void easy_close(struct easy *easy);
/* One GET; true when it was answered 200 with a whole body. */
bool easy_get(struct easy *easy);
/* Of that: from when the request was about to be sent to the first byte of the answer, as libcurl tells. */
int64_t easy_wait_us(struct easy *easy);

#endif
