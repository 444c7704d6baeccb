/* See machine.h. */
#include "machine.h"
#include "bench/yardstick/easy.h"
#include <insist/insist.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

#if defined(__OPTIMIZE__)
#define BUILD "optimised"
#else
#define BUILD "not optimised"
#endif

/* A number of microseconds that the kernel tells; -1: it has no such limit, or does not tell. */
static long read_us(const char *file) {
    char line[32] = "";
    FILE *in = fopen(file, "re");
    if (in == NULL) {
        return -1;
    }
    bool read = fgets(line, sizeof line, in) != NULL;
    fclose(in);
    return read ? strtol(line, NULL, 10) : -1;
}

/* What real-time threads may take of a processor that others want, too. */
static void put_limit(char *text, size_t size) {
    long runtime_us = read_us("/proc/sys/kernel/sched_rt_runtime_us");
    long period_us = read_us("/proc/sys/kernel/sched_rt_period_us");
    text[0] = '\0';
    if (runtime_us >= 0 && runtime_us < period_us) {
        snprintf(text, size, ", which has %g of each %g ms where others wait", (double)runtime_us / 1000,
                 (double)period_us / 1000);
    }
}

/* Child processes, the test server and the peers, inherit it. */
static void look_at_scheduling(struct machine *machine) {
    const char *class = "another scheduling class";
    char limit[80] = "";
    int policy = sched_getscheduler(0);
    switch (policy) {
    case SCHED_RR: class = "real-time class (round robin)"; break;
    case SCHED_FIFO: class = "real-time class (first in, first out)"; break;
    case SCHED_OTHER: class = "normal scheduling"; break;
    default: break;
    }
    if (policy == SCHED_RR || policy == SCHED_FIFO) {
        put_limit(limit, sizeof limit);
    }
    snprintf(machine->scheduling, sizeof machine->scheduling, "%s%s", class, limit);
}

void machine_look(struct machine *machine) {
    struct utsname name;
    *machine = (struct machine){
        .processors = sysconf(_SC_NPROCESSORS_ONLN),
        .library = insist_version(),
        .compiler = COMPILER,
        .build = BUILD,
    };
    look_at_scheduling(machine);
    if (uname(&name) == 0) {
        name.release[strcspn(name.release, "-")] = '\0'; /* what follows names a build of the kernel */
        snprintf(machine->system, sizeof machine->system, "%.20s %.40s", name.sysname, name.release);
        snprintf(machine->hardware, sizeof machine->hardware, "%.31s", name.machine);
    }
    snprintf(machine->libcurl, sizeof machine->libcurl, "%s", easy_version());
    if (getloadavg(&machine->load_before, 1) != 1) {
        machine->load_before = -1;
    }
}
