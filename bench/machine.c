/* See machine.h. */
#include "machine.h"
#include "bench/yardstick/easy.h"
#include <insist/insist.h>
#include <sched.h>
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

/* Child processes, the test server and the peers, inherit it. */
static const char *scheduling(void) {
    switch (sched_getscheduler(0)) {
    case SCHED_RR: return "real-time class (round robin)";
    case SCHED_FIFO: return "real-time class (first in, first out)";
    case SCHED_OTHER: return "normal scheduling";
    default: return "another scheduling class";
    }
}

void machine_look(struct machine *machine) {
    struct utsname name;
    *machine = (struct machine){
        .processors = sysconf(_SC_NPROCESSORS_ONLN),
        .library = insist_version(),
        .compiler = COMPILER,
        .build = BUILD,
        .scheduling = scheduling(),
    };
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
