/* The report as one JSON object: workload, machine, rounds, rows[], ratios[], goals[], notes[], overruns[]. Figures that were
 * not measured are null. */
#include "report.h"
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

static json_t *number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *machine_object(const struct machine *machine) {
    return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "processors", (json_int_t)machine->processors,
                     "system", machine->system, "hardware", machine->hardware, "libinsist", machine->library, "libcurl",
                     machine->libcurl, "compiler", machine->compiler, "build", machine->build, "scheduling",
                     machine->scheduling, "load_before", number(machine->load_before));
}

static json_t *rows_array(const struct report *report) {
    json_t *rows = json_array();
    for (unsigned i = 0; i < report->row_count; i++) {
        const struct report_row *row = &report->rows[i];
        struct summary summary = report_summary(row);
        json_array_append_new(rows, json_pack("{s:s, s:s, s:o, s:o, s:o}", "name", row->name, "figure", row->figure,
                                              "median", number(summary.median), "min", number(summary.min), "max",
                                              number(summary.max)));
    }
    return rows;
}

static json_t *ratio_object(const struct report *report, const struct report_ratio *ratio) {
    struct summary summary = report_ratio_summary(report, ratio);
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "name", ratio->name, "figure", ratio->figure, "against",
                     ratio->against, "median", number(summary.median), "min", number(summary.min), "max",
                     number(summary.max));
}

/* Adds to an object what the goal is called, what it asks for, and whether that was reached. */
static json_t *with_goal(json_t *object, const struct report_goal *goal, double median) {
    json_object_set_new(object, "goal", json_string(goal->goal));
    json_object_set_new(object, goal->least ? "at_least" : "at_most", number(goal->bound));
    json_object_set_new(object, "reached", isnan(median) ? json_null() : json_boolean(report_reaches(goal, median)));
    return object;
}

/* Those that a goal is about, then the others. */
static json_t *ratios_array(const struct report *report) {
    json_t *ratios = json_array();
    for (unsigned i = 0; i < report->goal_count; i++) {
        const struct report_goal *goal = &report->goals[i];
        if (goal->against != NULL) {
            struct report_ratio ratio = {goal->name, goal->figure, goal->against};
            double median = report_ratio_summary(report, &ratio).median;
            json_array_append_new(ratios, with_goal(ratio_object(report, &ratio), goal, median));
        }
    }
    for (unsigned i = 0; i < report->ratio_count; i++) {
        json_array_append_new(ratios, ratio_object(report, &report->ratios[i]));
    }
    return ratios;
}

static json_t *goals_array(const struct report *report) {
    json_t *goals = json_array();
    for (unsigned i = 0; i < report->goal_count; i++) {
        const struct report_goal *goal = &report->goals[i];
        double median = report_goal_summary(report, goal).median;
        json_t *object = json_pack("{s:s, s:s, s:s?, s:o}", "name", goal->name, "figure", goal->figure, "against",
                                   goal->against, "median", number(median));
        json_array_append_new(goals, with_goal(object, goal, median));
    }
    return goals;
}

static json_t *notes_array(const struct report *report) {
    json_t *notes = json_array();
    for (unsigned i = 0; i < report->note_count; i++) {
        json_array_append_new(notes, json_string(report->notes[i]));
    }
    return notes;
}

static json_t *overruns_array(const struct report *report) {
    json_t *overruns = json_array();
    for (unsigned i = 0; i < report_overruns(report); i++) {
        const struct report_overrun *overrun = &report->overruns[i];
        json_array_append_new(overruns, json_pack("{s:I, s:s, s:s, s:o, s:o}", "round", (json_int_t)overrun->round,
                                                  "name", overrun->name, "phase", overrun->phase, "ms",
                                                  number(overrun->ms), "timer_ms", number(overrun->timer_ms)));
    }
    return overruns;
}

bool report_write_json(const struct report *report, const char *file) {
    json_t *json =
        json_pack("{s:s, s:s, s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "workload", report->workload, "what", report->what,
                  "machine", machine_object(&report->machine), "rounds", (json_int_t)report->rounds, "rows",
                  rows_array(report), "ratios", ratios_array(report), "goals", goals_array(report), "notes",
                  notes_array(report), "overruns", overruns_array(report));
    bool to_output = strcmp(file, "-") == 0;
    errno = 0;
    FILE *out = json == NULL ? NULL : to_output ? stdout : fopen(file, "we");
    bool written = out != NULL && json_dumpf(json, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) == 0;
    written = out != NULL && fputc('\n', out) != EOF && written;
    if (out != NULL) {
        written = (to_output ? fflush(out) : fclose(out)) == 0 && written;
    }
    if (!written) {
        fprintf(stderr, "insist-bench: --json: %s: %s\n", file,
                errno != 0 ? strerror(errno) : "it could not be written");
    }
    json_decref(json);
    return written;
}
