/* The table at the end: contenders side by side, a line a figure, the median of the rounds and from where to where
 * they went. */
#include "report.h"
#include <math.h>
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

static void put_goals(const struct report *report, FILE *out) {
    for (unsigned i = 0; i < report->goal_count; i++) {
        const struct report_goal *goal = &report->goals[i];
        double median = report_summary(report_row(report, goal->name, goal->figure)).median;
        const char *verdict = isnan(median) ? "not measured" : report_reaches(goal, median) ? "reached" : "missed";
        fprintf(out, "goal: %s %s at %s %.4g: %s (%.4g)\n", goal->name, goal->figure, goal->least ? "least" : "most",
                goal->bound, verdict, median);
    }
    for (unsigned i = 0; i < report->ratio_count; i++) {
        const struct report_ratio *ratio = &report->ratios[i];
        struct summary summary = report_ratio_summary(report, ratio);
        fprintf(out, "ratio: %s %s against %s: %.3f (%.3f..%.3f)\n", ratio->name, ratio->figure, ratio->against,
                summary.median, summary.min, summary.max);
    }
}

void report_put_table(const struct report *report, FILE *out) {
    const char *names[NAMES];
    int widths[NAMES];
    unsigned count = list_names(report, names);
    fprintf(out, "%s: %s\n%u round%s, in turn; median (least..most)\n\n%-24s", report->workload, report->what,
            report->rounds, report->rounds == 1 ? "" : "s", "");
    for (unsigned i = 0; i < count; i++) {
        widths[i] = column_width(report, names[i]);
        fprintf(out, "  %*s", widths[i], names[i]);
    }
    fputc('\n', out);
    for (unsigned place = 0; place < report->row_count; place++) {
        if (!figure_is_new(report, place)) {
            continue;
        }
        fprintf(out, "%-24s", report->rows[place].figure);
        for (unsigned i = 0; i < count; i++) {
            char cell[CELL];
            write_cell(report_row(report, names[i], report->rows[place].figure), cell);
            fprintf(out, "  %*s", widths[i], cell);
        }
        fputc('\n', out);
    }
    fputc('\n', out);
    put_goals(report, out);
    for (unsigned i = 0; i < report->note_count; i++) {
        fprintf(out, "note: %s\n", report->notes[i]);
    }
}
