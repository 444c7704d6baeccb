/* What was measured: for each contender and figure one value a round. From it come the table, the JSON and the picture.
 * One thread. Names and figures are borrowed: static text. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "machine.h"
#include "samples.h"
#include <stdbool.h>
#include <stdio.h>

enum {
    REPORT_ROUNDS = 99,
    REPORT_ROWS = 256,
    REPORT_CURVES = 9,
    REPORT_POINTS = 121,
    REPORT_GOALS = 32,
    REPORT_OVERRUNS = 1000,
    REPORT_NOTES = 12
};

struct report_row {
    const char *name;   /* the contender's */
    const char *figure; /* with its unit at its end: "p99_ms" */
    double values[REPORT_ROUNDS];
    unsigned count;
};

/* A percentile curve: latencies at REPORT_POINTS places, evenly spaced on the logarithmic axis of the tail. */
struct report_curve {
    const char *name;
    double ms[REPORT_POINTS][REPORT_ROUNDS];
    unsigned count;  /* of rounds */
    uint64_t fewest; /* samples in a round */
};

/* A figure of one contender, divided by that of another, round by round. */
struct report_ratio {
    const char *name;
    const char *figure;
    const char *against;
};

/* What a figure is to reach, or its ratio to a yardstick's. */
struct report_goal {
    const char *goal; /* what it is part of: "overhead-64", "W1" */
    const char *name;
    const char *figure;
    const char *against; /* NULL: the figure itself */
    double bound;
    bool least; /* at least that, else at most */
};

/* A call that went far beyond the instant by which it was to return. */
struct report_overrun {
    const char *name;  /* the contender's */
    const char *phase; /* that held the call */
    unsigned round;
    double ms;
    double timer_ms; /* by which a bare timer was late meanwhile, at most */
};

struct report {
    const char *workload;
    const char *what; /* one sentence: what was done */
    const char *curve_title;
    struct machine machine; /* as it was before the first round */
    struct report_row rows[REPORT_ROWS];
    struct report_curve *curves; /* REPORT_CURVES of them */
    struct report_goal goals[REPORT_GOALS];
    struct report_ratio ratios[REPORT_GOALS];
    const char *notes[REPORT_NOTES];
    struct report_overrun overruns[REPORT_OVERRUNS];
    unsigned row_count, curve_count, goal_count, ratio_count, note_count;
    unsigned overrun_count; /* may be more than there was room for */
    unsigned rounds;
};

struct summary {
    double median, min, max; /* NaN where there are no values */
};

bool report_init(struct report *report, const char *workload);
void report_fini(struct report *report);

/* Adds a round's value. What does not fit is left out, and report_full says so. */
void report_add(struct report *report, const char *name, const char *figure, double value);
void report_add_curve(struct report *report, const char *name, const struct samples *sorted);
void report_add_goal(struct report *report, const struct report_goal *goal);
void report_add_goals(struct report *report, const struct report_goal *goals, unsigned count);
void report_add_ratio(struct report *report, const char *name, const char *figure, const char *against);
/* Of the round whose figures were added last. */
void report_add_overrun(struct report *report, const char *name, const char *phase, double ms, double timer_ms);
void report_add_note(struct report *report, const char *sentence);

/* How many of them there was room for. */
unsigned report_overruns(const struct report *report);
/* The row of that name and figure, or NULL. */
const struct report_row *report_row(const struct report *report, const char *name, const char *figure);
struct summary report_summary(const struct report_row *row);
struct summary report_ratio_summary(const struct report *report, const struct report_ratio *ratio);
/* Of what the goal is about. */
struct summary report_goal_summary(const struct report *report, const struct report_goal *goal);
/* Whether a median reaches it; NaN does not. */
bool report_reaches(const struct report_goal *goal, double median);
/* The share that point number i of a curve stands for: 0 to 0.9999, nines evenly spaced. */
double report_point_share(unsigned i);
double report_curve_ms(const struct report_curve *curve, unsigned point);

/* For people, on `out`. */
void report_put_table(const struct report *report, FILE *out);
/* The JSON object, and the picture. False, with a sentence on standard error. */
bool report_write_json(const struct report *report, const char *file);
bool report_write_svg(const struct report *report, const char *file);

#endif
