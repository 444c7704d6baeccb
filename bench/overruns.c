/* See overruns.h. */
#include "overruns.h"
#include <stdlib.h>

static const int64_t far_ns = 10000000;

bool overruns_init(struct overruns *overruns, uint64_t count) {
    overruns->all = calloc(count > 0 ? count : 1, sizeof *overruns->all);
    overruns->count = count;
    return overruns->all != NULL;
}

void overruns_fini(struct overruns *overruns) {
    free(overruns->all);
    *overruns = (struct overruns){0};
}

void overruns_note(struct overruns *overruns, uint64_t number, int64_t due_ns, int64_t ended_ns) {
    overruns->all[number] = (struct overrun){due_ns, ended_ns};
}

static void report_samples(const struct samples *sorted, struct report *report, const char *name,
                           const struct overrun_figures *figures) {
    uint64_t far = 0;
    for (size_t i = 0; i < sorted->count; i++) {
        far += sorted->ns[i] > far_ns;
    }
    report_add(report, name, figures->p50, samples_percentile_ms(sorted, 0.5));
    report_add(report, name, figures->p99, samples_percentile_ms(sorted, 0.99));
    report_add(report, name, figures->p999, samples_percentile_ms(sorted, 0.999));
    report_add(report, name, figures->most, samples_percentile_ms(sorted, 1));
    if (figures->over != NULL) {
        report_add(report, name, figures->over, (double)far);
    }
}

static struct samples sorted_samples(const struct overruns *overruns) {
    struct samples samples = {0};
    for (uint64_t i = 0; i < overruns->count; i++) {
        samples_add(&samples, overruns->all[i].ended_ns - overruns->all[i].due_ns);
    }
    samples_sort(&samples);
    return samples;
}

void overruns_report(const struct overruns *overruns, struct report *report, const char *name,
                     const struct overrun_figures *figures) {
    struct samples samples = sorted_samples(overruns);
    report_samples(&samples, report, name, figures);
    samples_fini(&samples);
}

bool overruns_join(const struct overruns *overruns, struct samples *all) {
    struct samples samples = sorted_samples(overruns);
    bool joined = samples_join(all, &samples);
    samples_fini(&samples);
    return joined;
}

static const struct overrun *worst_of(const struct overruns *overruns) {
    const struct overrun *worst = overruns->all;
    for (uint64_t i = 1; i < overruns->count; i++) {
        const struct overrun *overrun = &overruns->all[i];
        worst = overrun->ended_ns - overrun->due_ns > worst->ended_ns - worst->due_ns ? overrun : worst;
    }
    return worst;
}

static double timer_ms(const struct lateness *lateness, const struct overrun *overrun) {
    return (double)lateness_between_ns(lateness, overrun->due_ns, overrun->ended_ns) / 1e6;
}

static void report_each(const struct overruns *overruns, const struct lateness *lateness, struct report *report,
                        const char *name, const char *phase) {
    for (uint64_t i = 0; i < overruns->count; i++) {
        const struct overrun *overrun = &overruns->all[i];
        int64_t beyond_ns = overrun->ended_ns - overrun->due_ns;
        if (beyond_ns > far_ns) {
            report_add_overrun(report, name, phase, (double)beyond_ns / 1e6, timer_ms(lateness, overrun));
        }
    }
}

void overruns_report_lateness(const struct overruns *overruns, struct lateness *lateness, struct report *report,
                              const char *name, const struct overrun_figures *figures) {
    double at_worst_ms = timer_ms(lateness, worst_of(overruns));
    report_each(overruns, lateness, report, name, figures->phase);
    samples_sort(&lateness->late);
    report_samples(&lateness->late, report, "timer", figures);
    report_add(report, "timer", figures->at_most, at_worst_ms);
}
