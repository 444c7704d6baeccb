/* What a process uses of the system, as /proc tells. For tests: aborts where it cannot be told. */
#ifndef SUPPORT_USAGE_H
#define SUPPORT_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

size_t usage_descriptors(pid_t pid); /* open ones */
size_t usage_threads(pid_t pid);
long usage_resident_kb(pid_t pid);
long usage_peak_kb(pid_t pid); /* the most that was ever resident */
/* How long its threads have been ready to run and had no processor; 0 where the system does not tell. */
int64_t usage_starved_us(pid_t pid);

/* Waits a minute until this process has no more than these: what ends, and what the peer holds, lasts a moment. */
bool usage_falls_to(size_t threads, size_t descriptors);

/* Of this process: as many as the system grants, within reason. */
void usage_raise_descriptor_limit(void);

#endif
