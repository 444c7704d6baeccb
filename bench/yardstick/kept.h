/* What the yardsticks share: what is kept of an answer, its body and its header lines as they came, and how an easy
 * handle is set up. One thread. */
#ifndef BENCH_YARDSTICK_KEPT_H
#define BENCH_YARDSTICK_KEPT_H

#include <stddef.h>
#include <stdint.h>

struct kept_text {
    char *data;
    size_t length;
    size_t room;
};

struct kept {
    struct kept_text body;
    struct kept_text headers;
};

/* For CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION; the context is a struct kept_text. */
size_t kept_write(char *data, size_t size, size_t count, void *ctx);
/* A new easy handle for GETs of that URL that keeps what comes in `kept`; NULL: no memory. */
void *kept_open(struct kept *kept, const char *url);
/* Of its last transfer: from when the request was about to be sent to the first byte of the answer. */
int64_t kept_wait_us(void *curl);
/* Forgets the last answer; its memory is used again. */
void kept_clear(struct kept *kept);
void kept_fini(struct kept *kept);

#endif
