/* What a yardstick keeps of an answer: its body and its header lines, as they came. One thread. */
#ifndef BENCH_YARDSTICK_KEPT_H
#define BENCH_YARDSTICK_KEPT_H

#include <stddef.h>

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
/* Forgets the last answer; its memory is used again. */
void kept_clear(struct kept *kept);
void kept_fini(struct kept *kept);

#endif
