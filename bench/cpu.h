/* Processor time of this process, user and system, all threads: the test server is another process and not in it. */
#ifndef BENCH_CPU_H
#define BENCH_CPU_H

#include <stdint.h>

int64_t cpu_used_us(void);

#endif
