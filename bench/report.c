/* See report.h. */
#include "report.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double last_nines = 4; /* curves end at 99.99 % */

bool report_init(struct report *report, const char *workload) {
    *report = (struct report){.workload = workload, .what = "", .curve_title = workload};
    machine_look(&report->machine);
    report->curves = calloc(REPORT_CURVES, sizeof *report->curves);
    return report->curves != NULL;
}

void report_fini(struct report *report) {
    free(report->curves);
    *report = (struct report){0};
}

static struct report_row *find_row(struct report *report, const char *name, const char *figure) {
    for (unsigned i = 0; i < report->row_count; i++) {
        if (strcmp(report->rows[i].name, name) == 0 && strcmp(report->rows[i].figure, figure) == 0) {
            return &report->rows[i];
        }
    }
    if (report->row_count == REPORT_ROWS) {
        return NULL;
    }
    struct report_row *row = &report->rows[report->row_count++];
    *row = (struct report_row){.name = name, .figure = figure};
    return row;
}

void report_add(struct report *report, const char *name, const char *figure, double value) {
    struct report_row *row = find_row(report, name, figure);
    if (row == NULL || row->count == REPORT_ROUNDS) {
        fprintf(stderr, "insist-bench: no room to report %s of %s\n", figure, name);
        return;
    }
    row->values[row->count++] = value;
    report->rounds = row->count > report->rounds ? row->count : report->rounds;
}

double report_point_share(unsigned i) {
    return 1 - pow(10, -last_nines * i / (REPORT_POINTS - 1));
}

static struct report_curve *find_curve(struct report *report, const char *name) {
    for (unsigned i = 0; i < report->curve_count; i++) {
        if (strcmp(report->curves[i].name, name) == 0) {
            return &report->curves[i];
        }
    }
    if (report->curve_count == REPORT_CURVES) {
        return NULL;
    }
    struct report_curve *curve = &report->curves[report->curve_count++];
    curve->name = name;
    curve->fewest = UINT64_MAX;
    return curve;
}

void report_add_curve(struct report *report, const char *name, const struct samples *sorted) {
    struct report_curve *curve = find_curve(report, name);
    if (curve == NULL || curve->count == REPORT_ROUNDS) {
        return;
    }
    for (unsigned i = 0; i < REPORT_POINTS; i++) {
        curve->ms[i][curve->count] = samples_percentile_ms(sorted, report_point_share(i));
    }
    curve->fewest = sorted->count < curve->fewest ? sorted->count : curve->fewest;
    curve->count++;
}

void report_add_goal(struct report *report, const struct report_goal *goal) {
    if (report->goal_count < REPORT_GOALS) {
        report->goals[report->goal_count++] = *goal;
    }
}

void report_add_goals(struct report *report, const struct report_goal *goals, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        report_add_goal(report, &goals[i]);
    }
}

bool report_reaches(const struct report_goal *goal, double median) {
    return goal->least ? median >= goal->bound : median <= goal->bound;
}

void report_add_ratio(struct report *report, const char *name, const char *figure, const char *against) {
    if (report->ratio_count < REPORT_GOALS) {
        report->ratios[report->ratio_count++] = (struct report_ratio){name, figure, against};
    }
}

void report_add_note(struct report *report, const char *sentence) {
    if (report->note_count < REPORT_NOTES) {
        report->notes[report->note_count++] = sentence;
    }
}

void report_add_overrun(struct report *report, const char *name, const char *phase, double ms, double timer_ms) {
    if (report->overrun_count < REPORT_OVERRUNS) {
        report->overruns[report->overrun_count] = (struct report_overrun){name, phase, report->rounds, ms, timer_ms};
    }
    report->overrun_count++;
}

unsigned report_overruns(const struct report *report) {
    return report->overrun_count < REPORT_OVERRUNS ? report->overrun_count : REPORT_OVERRUNS;
}

static int compare(const void *a, const void *b) {
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static struct summary summarize(const double *values, unsigned count) {
    double sorted[REPORT_ROUNDS];
    if (count == 0) {
        return (struct summary){NAN, NAN, NAN};
    }
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare);
    double median = count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
    return (struct summary){median, sorted[0], sorted[count - 1]};
}

const struct report_row *report_row(const struct report *report, const char *name, const char *figure) {
    for (unsigned i = 0; i < report->row_count; i++) {
        if (strcmp(report->rows[i].name, name) == 0 && strcmp(report->rows[i].figure, figure) == 0) {
            return &report->rows[i];
        }
    }
    return NULL;
}

struct summary report_summary(const struct report_row *row) {
    return row == NULL ? summarize(NULL, 0) : summarize(row->values, row->count);
}

struct summary report_ratio_summary(const struct report *report, const struct report_ratio *ratio) {
    const struct report_row *ours = report_row(report, ratio->name, ratio->figure);
    const struct report_row *theirs = report_row(report, ratio->against, ratio->figure);
    double values[REPORT_ROUNDS];
    unsigned count = 0;
    if (ours == NULL || theirs == NULL) {
        return summarize(NULL, 0);
    }
    for (unsigned i = 0; i < ours->count && i < theirs->count; i++) {
        if (theirs->values[i] != 0) {
            values[count++] = ours->values[i] / theirs->values[i];
        }
    }
    return summarize(values, count);
}

struct summary report_goal_summary(const struct report *report, const struct report_goal *goal) {
    if (goal->against == NULL) {
        return report_summary(report_row(report, goal->name, goal->figure));
    }
    return report_ratio_summary(report, &(struct report_ratio){goal->name, goal->figure, goal->against});
}

double report_curve_ms(const struct report_curve *curve, unsigned point) {
    return summarize(curve->ms[point], curve->count).median;
}
