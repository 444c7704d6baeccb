/* How far calls went beyond the instant by which they were to return, and beside it how late this machine was to wake a
 * thread at that instant and all the time. Callers note, each in a place of its own; read when all have ended. */
#ifndef BENCH_OVERRUNS_H
#define BENCH_OVERRUNS_H

#include "lateness.h"
#include "report.h"

/* The names of a phase's figures: static text. */
struct overrun_figures {
    const char *phase;
    const char *p50, *p99, *p999, *most, *at_most;
    const char *over; /* may be NULL */
};
/* For a phase's name as a literal, such as "dns"; without the number of those that were late. */
#define OVERRUN_FIGURES(name)                                                                                          \
    { name, name "_p50_ms", name "_p99_ms", name "_p99.9_ms", name "_max_ms", name "_at_max_ms", NULL }

struct overruns {
    struct overrun {
        int64_t due_ns, ended_ns;
    } * all;
    uint64_t count;
};

bool overruns_init(struct overruns *overruns, uint64_t count);
void overruns_fini(struct overruns *overruns);
/* Call number `number` was to return by due_ns and returned at ended_ns. */
void overruns_note(struct overruns *overruns, uint64_t number, int64_t due_ns, int64_t ended_ns);
/* Reports their distribution as `name`'s. */
void overruns_report(const struct overruns *overruns, struct report *report, const char *name,
                     const struct overrun_figures *figures);
/* Adds how far they went to those. False: no memory. */
bool overruns_join(const struct overruns *overruns, struct samples *all);
/* Reports what the timer did meanwhile, as "timer"'s: its own distribution, and how late it was at most
 * between the instant at which the call was due that went furthest beyond and its return; and each call of `name`
 * that went more than 10 ms beyond, with the same beside it. Sorts its samples. */
void overruns_report_lateness(const struct overruns *overruns, struct lateness *lateness, struct report *report,
                              const char *name, const struct overrun_figures *figures);

#endif
