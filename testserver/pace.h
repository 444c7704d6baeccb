/* How fast bytes go: so many every so often. Pure: `now` is handed in. */
#ifndef TESTSERVER_PACE_H
#define TESTSERVER_PACE_H

#include <stdint.h>

/* bytes / parts every `every_ms`; without every_ms as fast as it goes. */
struct pace {
    uint64_t every_ms;
    uint64_t bytes;
    uint64_t parts;
};

/* Where something stands that keeps to a pace. Zeroed, the first portion is due at once. */
struct beat {
    uint64_t portions; /* so far */
    uint64_t portion;  /* bytes that may still go before the next rest */
    uint64_t due_ns;   /* when the next portion falls due, as planned */
};

/* How many bytes may go now; 0: none before due_ns. UINT64_MAX where there is no pace. */
uint64_t beat_allowed(struct beat *beat, const struct pace *pace, uint64_t now_ns);

/* So many have gone. */
void beat_use(struct beat *beat, uint64_t bytes);

#endif
