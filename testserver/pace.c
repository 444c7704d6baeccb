/* See pace.h. */
#include "pace.h"

static const uint64_t ns_per_ms = 1000000;
/* It makes up for what came too late by so much at most: whoever stops reading gets no flood afterwards. */
static const uint64_t catch_up_ns = 100000000;

/* Of parts that do not come out even, all together do. */
static uint64_t next_portion(struct beat *beat, const struct pace *pace) {
    uint64_t n = beat->portions++;
    return pace->bytes * (n + 1) / pace->parts - pace->bytes * n / pace->parts;
}

uint64_t beat_allowed(struct beat *beat, const struct pace *pace, uint64_t now_ns) {
    if (pace->every_ms == 0) {
        return UINT64_MAX;
    }
    while (beat->portion == 0 && beat->due_ns <= now_ns) {
        uint64_t planned = now_ns - beat->due_ns > catch_up_ns ? now_ns : beat->due_ns;
        beat->portion = next_portion(beat, pace);
        beat->due_ns = planned + pace->every_ms * ns_per_ms;
    }
    return beat->portion;
}

void beat_use(struct beat *beat, uint64_t bytes) {
    beat->portion -= beat->portion < bytes ? beat->portion : bytes;
}
