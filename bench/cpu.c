/* See cpu.h. */
#include "cpu.h"
#include <sys/resource.h>

static int64_t microseconds(struct timeval time) {
    return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

int64_t cpu_used_us(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? microseconds(usage.ru_utime) + microseconds(usage.ru_stime) : 0;
}
