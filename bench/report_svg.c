/* The picture: how long calls took (up, logarithmic) at each percentile (to the right, a nine more at each step),
 * one curve a contender. It has no background and follows the reader's light or dark setting. */
#include "report.h"
#include <errno.h>
#include <math.h>
#include <string.h>

enum { WIDTH = 760, HEIGHT = 460, LEFT = 64, RIGHT = 24, TOP = 56, BOTTOM = 112 };

static const double last_nines = 4;

struct frame {
    FILE *out;
    double low_ms, high_ms; /* of the axis */
};

static double place_x(double share) {
    return LEFT + -log10(1 - share) / last_nines * (WIDTH - LEFT - RIGHT);
}

static double place_y(const struct frame *frame, double ms) {
    double part = log(ms / frame->low_ms) / log(frame->high_ms / frame->low_ms);
    return HEIGHT - BOTTOM - part * (HEIGHT - BOTTOM - TOP);
}

/* 1, 2 or 5 times a power of ten: the largest that is not above ms, or the smallest that is not below. */
static double round_ms(double ms, bool up) {
    static const double steps[] = {1, 2, 5, 10};
    double ten = pow(10, floor(log10(ms)));
    double below = ten;
    for (size_t i = 0; i < 4; i++) {
        if (steps[i] * ten >= ms * (1 - 1e-9)) {
            return up || steps[i] * ten <= ms ? steps[i] * ten : below;
        }
        below = steps[i] * ten;
    }
    return below;
}

/* A curve ends where a round has ten samples left beyond. */
static bool is_drawn(const struct report_curve *curve, double ms, unsigned point) {
    double last_share = fmin(0.9999, 1 - fmin(10.0 / (double)curve->fewest, 0.5));
    return isfinite(ms) && ms > 0 && report_point_share(point) <= last_share;
}

static void choose_axis(struct frame *frame, const struct report *report) {
    double low = INFINITY;
    double high = 0;
    for (unsigned c = 0; c < report->curve_count; c++) {
        for (unsigned i = 0; i < REPORT_POINTS; i++) {
            double ms = report_curve_ms(&report->curves[c], i);
            if (is_drawn(&report->curves[c], ms, i)) {
                low = fmin(low, report_point_share(i) >= 0.05 ? ms : low);
                high = fmax(high, ms);
            }
        }
    }
    frame->low_ms = isfinite(low) && low > 0 ? round_ms(low, false) : 1;
    frame->high_ms = round_ms(fmax(high, frame->low_ms * 2), true);
}

static void put_text(FILE *out, const char *text) {
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '&': fputs("&amp;", out); break;
        default: fputc(*text, out); break;
        }
    }
}

/* Whether curves are of the calls of all rounds together. */
static bool is_pooled(const struct report *report) {
    bool pooled = true;
    for (unsigned i = 0; i < report->curve_count; i++) {
        pooled = pooled && report->curves[i].count == 1;
    }
    return pooled;
}

static void put_head(const struct frame *frame, const struct report *report) {
    fprintf(frame->out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" font-family=\"sans-serif\" "
            "font-size=\"13\">\n"
            "<style>\n"
            "text { fill: #444 } .grid { stroke: #888; stroke-opacity: .3 } .curve { fill: none; stroke-width: 2 }\n"
            ".c0 { stroke: #777 } .c1 { stroke: #b35c00 } .c2 { stroke: #1666b0 } "
            ".c3 { stroke: #1a7f37 }\n"
            ".c4 { stroke: #8a3fa0 } .c5 { stroke: #b3261e } .c6 { stroke: #00796b } .c7 { stroke: #9a7d00 } .c8 { "
            "stroke: #5d4037 }\n"
            ".simulated { stroke-dasharray: 5 4 } .yardstick { stroke-width: 5; stroke-opacity: .5 }\n"
            "@media (prefers-color-scheme: dark) { text { fill: #ccc } .c0 { stroke: #aaa } .c1 { stroke: #f0a050 } "
            ".c2 { stroke: #62b0f5 }\n"
            ".c3 { stroke: #5cc87a } .c4 { stroke: #d08ae6 } .c5 { stroke: #f28b82 } .c6 { stroke: #4db6ac } .c7 { "
            "stroke: #e6c84d } .c8 { stroke: #bcaaa4 } }\n"
            "</style>\n<title>",
            WIDTH, HEIGHT);
    put_text(frame->out, report->curve_title);
    fprintf(frame->out, "</title>\n<text x=\"%d\" y=\"24\" font-size=\"16\" font-weight=\"bold\">", LEFT);
    put_text(frame->out, report->curve_title);
    fprintf(frame->out, "</text>\n<text x=\"%d\" y=\"44\">milliseconds, logarithmic; %s %u round%s</text>\n", LEFT,
            is_pooled(report) ? "all calls of" : "median of", report->rounds, report->rounds == 1 ? "" : "s");
}

static void put_axes(const struct frame *frame) {
    static const char *const shares[] = {"0 %", "90 %", "99 %", "99.9 %", "99.99 %"};
    for (int nines = 0; nines <= last_nines; nines++) {
        double x = place_x(1 - pow(10, -nines));
        fprintf(frame->out,
                "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>"
                "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>\n",
                x, TOP, x, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 18, nines == last_nines ? "end" : "middle",
                shares[nines]);
    }
    double x = place_x(0.5);
    fprintf(frame->out,
            "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>"
            "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">50 %%</text>\n",
            x, TOP, x, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 18);
    fprintf(frame->out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">percentile of calls</text>\n", WIDTH - RIGHT,
            HEIGHT - BOTTOM + 34);
    double ms = frame->low_ms;
    while (ms <= frame->high_ms * 1.001) {
        double y = place_y(frame, ms);
        fprintf(frame->out,
                "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>"
                "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
                LEFT, y, WIDTH - RIGHT, y, LEFT - 8, y + 4, ms);
        ms = round_ms(ms * 1.5, true);
    }
}

/* Who has a colour of his own, in all pictures; who shares one is never in the same. The others take what is left. */
static const struct {
    const char *name;
    unsigned colour;
} owners[] = {{"libcurl", 0},          {"insist", 1}, {"insist-race", 2},         {"insist-auto", 3},
              {"insist-naive", 3},     {"timer", 3},  {"insist-race-default", 3}, {"libcurl-multi", 4},
              {"go-retryablehttp", 5}, {"ideal", 6},  {"ideal-race", 7}};

static unsigned own_colour(const char *name) {
    for (size_t i = 0; i < sizeof owners / sizeof owners[0]; i++) {
        if (strcmp(owners[i].name, name) == 0) {
            return owners[i].colour;
        }
    }
    return REPORT_CURVES;
}

/* Of REPORT_CURVES: as many as there are curves at most. */
static void choose_colours(const struct report *report, unsigned colours[REPORT_CURVES]) {
    bool taken[REPORT_CURVES + 1] = {false};
    unsigned next = 0;
    for (unsigned i = 0; i < report->curve_count; i++) {
        colours[i] = own_colour(report->curves[i].name);
        taken[colours[i]] = true;
    }
    for (unsigned i = 0; i < report->curve_count; i++) {
        while (colours[i] == REPORT_CURVES && next < REPORT_CURVES && taken[next]) {
            next++;
        }
        colours[i] = colours[i] == REPORT_CURVES ? next++ : colours[i];
    }
}

/* More classes of a curve: the ideal is dashed, and libcurl's is broad, so that it is seen beneath insist's. */
static const char *curve_class(const struct report_curve *curve) {
    if (strncmp(curve->name, "ideal", 5) == 0) {
        return " simulated";
    }
    return strncmp(curve->name, "libcurl", 7) == 0 ? " yardstick" : "";
}

static void put_curve(const struct frame *frame, const struct report_curve *curve, unsigned colour) {
    fprintf(frame->out, "<polyline class=\"curve c%u%s\" points=\"", colour, curve_class(curve));
    for (unsigned i = 0; i < REPORT_POINTS; i++) {
        double ms = report_curve_ms(curve, i);
        if (is_drawn(curve, ms, i)) {
            fprintf(frame->out, "%.1f,%.1f ", place_x(report_point_share(i)), place_y(frame, fmax(ms, frame->low_ms)));
        }
    }
    fputs("\"/>\n", frame->out);
}

static void put_legend(const struct frame *frame, const struct report *report, const unsigned *colours) {
    int columns = 4;
    for (unsigned i = 0; i < report->curve_count; i++) {
        int x = LEFT + (int)i % columns * ((WIDTH - LEFT - RIGHT) / columns);
        int y = HEIGHT - BOTTOM + 46 + (int)i / columns * 22;
        fprintf(frame->out,
                "<line class=\"curve c%u%s\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/><text x=\"%d\" y=\"%d\">",
                colours[i], curve_class(&report->curves[i]), x, y, x + 26, y, x + 34, y + 4);
        put_text(frame->out, report->curves[i].name);
        fputs("</text>\n", frame->out);
    }
}

bool report_write_svg(const struct report *report, const char *file) {
    errno = 0;
    unsigned colours[REPORT_CURVES];
    struct frame frame = {.out = fopen(file, "we")};
    bool written = frame.out != NULL;
    if (written) {
        choose_axis(&frame, report);
        choose_colours(report, colours);
        put_head(&frame, report);
        put_axes(&frame);
        for (unsigned i = 0; i < report->curve_count; i++) {
            put_curve(&frame, &report->curves[i], colours[i]);
        }
        put_legend(&frame, report, colours);
        fputs("</svg>\n", frame.out);
        written = ferror(frame.out) == 0;
        written = fclose(frame.out) == 0 && written;
    }
    if (!written) {
        fprintf(stderr, "insist-bench: --svg: %s: %s\n", file,
                errno != 0 ? strerror(errno) : "it could not be written");
    }
    return written;
}
