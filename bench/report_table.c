/* The table at the end: contenders side by side, a line a figure, the median of the rounds and from where to where
 * they went. */
#include "report.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES = 8, CELL = 64 };

static unsigned list_names(const struct report *report, const char *names[NAMES]) {
    unsigned count = 0;
    for (unsigned i = 0; i < report->row_count; i++) {
        unsigned known = 0;
        while (known < count && strcmp(names[known], report->rows[i].name) != 0) {
            known++;
        }
        if (known == count && count < NAMES) {
            names[count++] = report->rows[i].name;
        }
    }
    return count;
}

static bool figure_is_new(const struct report *report, unsigned place) {
    for (unsigned i = 0; i < place; i++) {
        if (strcmp(report->rows[i].figure, report->rows[place].figure) == 0) {
            return false;
        }
    }
    return true;
}

/* As many decimals as make four figures or so. */
static int decimals(double value) {
    double size = fabs(value);
    return size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
}

static void write_cell(const struct report_row *row, char cell[CELL]) {
    struct summary summary = report_summary(row);
    int places = decimals(summary.max);
    cell[0] = '\0';
    if (row != NULL && row->count == 1) {
        snprintf(cell, CELL, "%.*f", places, summary.median);
    } else if (row != NULL) {
        snprintf(cell, CELL, "%.*f (%.*f..%.*f)", places, summary.median, places, summary.min, places, summary.max);
    }
}

/* As wide as the widest of the contender's cells. */
static int column_width(const struct report *report, const char *name) {
    size_t width = strlen(name);
    for (unsigned i = 0; i < report->row_count; i++) {
        char cell[CELL] = "";
        if (strcmp(report->rows[i].name, name) == 0) {
            write_cell(&report->rows[i], cell);
        }
        width = strlen(cell) > width ? strlen(cell) : width;
    }
    return (int)width;
}

/* Four, or as many more as tell the median from a bound that it does not meet exactly. */
static int significant_digits(double median, double bound) {
    char ours[CELL], asked[CELL];
    int digits = 4;
    for (; digits < 9 && !isnan(median) && median != bound; digits++) {
        snprintf(ours, sizeof ours, "%.*g", digits, median);
        snprintf(asked, sizeof asked, "%.*g", digits, bound);
        if (strcmp(ours, asked) != 0) {
            break;
        }
    }
    return digits;
}

/* "W1: insist-race p99_ms 16.94 (16.83..17.13), at most 17.8: reached". */
static void put_goal(const struct report *report, const struct report_goal *goal, FILE *out) {
    struct summary summary = report_goal_summary(report, goal);
    const char *verdict = isnan(summary.median)                  ? "not measured"
                          : report_reaches(goal, summary.median) ? "reached"
                                                                 : "MISSED";
    fprintf(out, "goal %s: %s %s", goal->goal, goal->name, goal->figure);
    if (goal->against != NULL) {
        fprintf(out, " / %s", goal->against);
    }
    int digits = significant_digits(summary.median, goal->bound);
    fprintf(out, " %.*g (%.*g..%.*g), at %s %.*g: %s\n", digits, summary.median, digits, summary.min, digits,
            summary.max, goal->least ? "least" : "most", digits, goal->bound, verdict);
}

static void put_ratio(const struct report *report, const struct report_ratio *ratio, FILE *out) {
    struct summary summary = report_ratio_summary(report, ratio);
    fprintf(out, "ratio: %s %s / %s %.4g (%.4g..%.4g)\n", ratio->name, ratio->figure, ratio->against, summary.median,
            summary.min, summary.max);
}

static void put_goals(const struct report *report, FILE *out) {
    for (unsigned i = 0; i < report->goal_count; i++) {
        put_goal(report, &report->goals[i], out);
    }
    for (unsigned i = 0; i < report->ratio_count; i++) {
        put_ratio(report, &report->ratios[i], out);
    }
}

/* Where it was measured. */
static void put_machine(const struct machine *machine, FILE *out) {
    double load_after = -1;
    if (getloadavg(&load_after, 1) != 1) {
        load_after = -1;
    }
    fprintf(out,
            "%ld processors (%s), %s; libinsist %s, %s; %s, %s; %s; load average before %.2f, after "
            "%.2f\n",
            machine->processors, machine->hardware, machine->system, machine->library, machine->libcurl,
            machine->compiler, machine->build, machine->scheduling, machine->load_before, load_after);
}

/* A figure of all contenders; nothing behind the last that has it. */
static void put_line(const struct report *report, const char *figure, const char *const *names, const int *widths,
                     unsigned count, FILE *out) {
    int owed = 0; /* blanks, of cells that are empty */
    fprintf(out, "%-24s", figure);
    for (unsigned i = 0; i < count; i++) {
        char cell[CELL];
        write_cell(report_row(report, names[i], figure), cell);
        if (cell[0] == '\0') {
            owed += 2 + widths[i];
        } else {
            fprintf(out, "%*s  %*s", owed, "", widths[i], cell);
            owed = 0;
        }
    }
    fputc('\n', out);
}

static void put_overruns(const struct report *report, FILE *out) {
    unsigned known = report_overruns(report);
    for (unsigned i = 0; i < known; i++) {
        const struct report_overrun *overrun = &report->overruns[i];
        fprintf(out, "overrun: round %u, %s %s: %.2f ms, the timer %.2f ms\n", overrun->round, overrun->name,
                overrun->phase, overrun->ms, overrun->timer_ms);
    }
    if (known < report->overrun_count) {
        fprintf(out, "overrun: %u more\n", report->overrun_count - known);
    }
}

void report_put_table(const struct report *report, FILE *out) {
    const char *names[NAMES];
    int widths[NAMES];
    unsigned count = list_names(report, names);
    fprintf(out, "%s: %s\n", report->workload, report->what);
    put_machine(&report->machine, out);
    fprintf(out, "%u round%s, in turn; median (least..most)\n\n%-24s", report->rounds, report->rounds == 1 ? "" : "s",
            "");
    for (unsigned i = 0; i < count; i++) {
        widths[i] = column_width(report, names[i]);
        fprintf(out, "  %*s", widths[i], names[i]);
    }
    fputc('\n', out);
    for (unsigned place = 0; place < report->row_count; place++) {
        if (!figure_is_new(report, place)) {
            continue;
        }
        put_line(report, report->rows[place].figure, names, widths, count, out);
    }
    fputc('\n', out);
    put_goals(report, out);
    put_overruns(report, out);
    for (unsigned i = 0; i < report->note_count; i++) {
        fprintf(out, "note: %s\n", report->notes[i]);
    }
}
