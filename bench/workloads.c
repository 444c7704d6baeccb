/* See workload.h. */
#include "workload.h"
#include <string.h>

const struct workload *const workloads[] = {
    &workload_overhead, &workload_concurrency, &workload_tail,       &workload_fanout,
    &workload_storm,    &workload_deadline,    &workload_duplicates, NULL};

const struct workload *workload_find(const char *name) {
    const struct workload *const *workload = workloads;
    while (*workload != NULL && strcmp((*workload)->name, name) != 0) {
        workload++;
    }
    return *workload;
}
