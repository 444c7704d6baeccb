/* The yardstick: bare libcurl, as somebody would use it who takes care, one easy handle a thread, reused for every
 * request. It keeps body and headers, and sets nothing that would cripple it. An easy belongs to one thread. */
#ifndef BENCH_YARDSTICK_EASY_H
#define BENCH_YARDSTICK_EASY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct easy;

/* libcurl's own words about itself. Static. */
const char *easy_version(void);
/* To be called once, before there are threads. */
bool easy_init(void);
struct easy *easy_open(const char *url);
void easy_close(struct easy *easy);
/* From here on a transfer may take that long, and no longer: libcurl's own CURLOPT_TIMEOUT_MS. */
void easy_limit_ms(struct easy *easy, int64_t ms);
/* From here on any certificate will do. */
void easy_trust_all(struct easy *easy);
/* One GET to another URL, its answer thrown away; or one POST of those bytes, sent without asking first. True when it
 * was answered, whatever its status. */
bool easy_fetch(struct easy *easy, const char *url);
bool easy_post(struct easy *easy, const char *url, const void *bytes, size_t length);
/* Of the last of these: nobody listened. */
bool easy_found_nobody(const struct easy *easy);
/* One GET; true when it was answered 200 with a whole body. */
bool easy_get(struct easy *easy);
/* Of that: from when the request was about to be sent to the first byte of the answer, as libcurl tells. */
int64_t easy_wait_us(struct easy *easy);

#endif
