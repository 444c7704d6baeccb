/* See options.h. */
#include "options.h"
#include "workload.h"
#include "spelling/spelling.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 5, ROUNDS_MOST = 99 };

static bool refuse(const char *option, const char *value, const char *sentence) {
    fprintf(stderr, "insist-bench: %s%s%s: %s\n", option, value != NULL ? " " : "", value != NULL ? value : "",
            sentence);
    return false;
}

/* A whole number from least to most. */
static bool read_number(const char *text, uint64_t least, uint64_t most, uint64_t *number) {
    char *end;
    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0' && *number >= least && *number <= most;
}

static bool read_requests(struct options *options, const char *text) {
    return read_number(text, 1, 100000000, &options->requests) ||
           refuse("--requests", text, "a whole number from 1 to 100000000 is expected");
}

static bool read_rounds(struct options *options, const char *text) {
    uint64_t number;
    if (!read_number(text, 1, ROUNDS_MOST, &number)) {
        return refuse("--rounds", text, "a whole number from 1 to 99 is expected");
    }
    options->rounds = (unsigned)number;
    return true;
}

static bool read_seed(struct options *options, const char *text) {
    return read_number(text, 0, UINT64_MAX, &options->seed) || refuse("--seed", text, "a whole number is expected");
}

static bool read_rate(struct options *options, const char *text) {
    uint64_t number;
    if (!read_number(text, 1, 100000, &number)) {
        return refuse("--rate", text, "calls a second are expected, a whole number from 1 to 100000");
    }
    options->per_second = (double)number;
    return true;
}

/* A number and ms, s or m; from a millisecond to a day. */
static bool read_duration(struct options *options, const char *text) {
    static const struct {
        const char *unit;
        double ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}};
    char *end = NULL;
    double number = text[0] >= '0' && text[0] <= '9' ? strtod(text, &end) : -1;
    for (size_t i = 0; end != NULL && i < sizeof units / sizeof units[0]; i++) {
        double ms = number * units[i].ms;
        if (strcmp(end, units[i].unit) == 0 && ms >= 1 && ms <= 86400000) {
            options->duration_ms = (int64_t)llround(ms);
            return true;
        }
    }
    return refuse("--duration", text, "a time such as 500ms, 20s or 1m is expected");
}

static bool read_file_name(const char **file, const char *option, const char *text) {
    *file = text;
    return text[0] != '\0' || refuse(option, NULL, "a file's name is expected");
}

static bool read_json(struct options *options, const char *text) {
    return read_file_name(&options->json_file, "--json", text);
}

static bool read_svg(struct options *options, const char *text) {
    return strcmp(text, "-") == 0 ? refuse("--svg", text, "only --json goes to standard output")
                                  : read_file_name(&options->svg_file, "--svg", text);
}

static bool read_server(struct options *options, const char *text) {
    return read_file_name(&options->server, "--server", text);
}

static const struct {
    const char *name;
    bool (*read)(struct options *options, const char *text);
    unsigned use; /* workload_uses; 0: any workload has a use for it */
} table[] = {
    {"--requests", read_requests, WORKLOAD_REQUESTS},
    {"--duration", read_duration, WORKLOAD_DURATION},
    {"--rate", read_rate, WORKLOAD_RATE},
    {"--rounds", read_rounds, 0},
    {"--seed", read_seed, 0},
    {"--json", read_json, 0},
    {"--svg", read_svg, 0},
    {"--server", read_server, 0},
};

enum { TABLE_ROWS = sizeof table / sizeof table[0] };

/* The row of an option that is spelt "--name" or "--name=value"; TABLE_ROWS: there is none. */
static unsigned find_option(const char *word, const char **value) {
    unsigned i = 0;
    *value = NULL;
    for (; i < TABLE_ROWS; i++) {
        size_t length = strlen(table[i].name);
        if (strncmp(word, table[i].name, length) == 0 && (word[length] == '\0' || word[length] == '=')) {
            *value = word[length] == '=' ? word + length + 1 : NULL;
            break;
        }
    }
    return i;
}

static const char *option_name(size_t number) {
    return number < TABLE_ROWS ? table[number].name + 2 : NULL;
}

static const char *workload_name(size_t number) {
    return workloads[number] != NULL ? workloads[number]->name : NULL;
}

/* `what` it is: an option or a workload; `before` stands before such a name. */
static bool refuse_unknown(const char *word, const char *what, const char *before, const char *nearest) {
    if (nearest != NULL) {
        fprintf(stderr, "insist-bench: %s: no such %s; did you mean %s%s?\n", word, what, before, nearest);
    } else {
        fprintf(stderr, "insist-bench: %s: no such %s; insist-bench --help lists them\n", word, what);
    }
    return false;
}

static bool read_workload(struct options *options, const char *word) {
    if (options->workload != NULL) {
        return refuse(word, NULL, "one workload at a time");
    }
    options->workload = workload_find(word);
    return options->workload != NULL || refuse_unknown(word, "workload", "", spelling_nearest(word, workload_name));
}

/* Reads one option and its value; *place moves on to the last word that it took. */
static bool read_option(struct options *options, int argc, char **argv, int *place, unsigned *uses) {
    const char *word = argv[*place];
    const char *value;
    unsigned row = find_option(word, &value);
    if (row == TABLE_ROWS) {
        return refuse_unknown(word, "option", "--", spelling_nearest(word, option_name));
    }
    if (value == NULL && *place + 1 == argc) {
        return refuse(word, NULL, "a value is expected");
    }
    *uses |= table[row].use;
    return table[row].read(options, value != NULL ? value : argv[++*place]);
}

/* What the workload has no use for is refused, by the option's name. */
static bool fits_workload(const struct options *options, unsigned uses) {
    if (options->workload == NULL) {
        return refuse("usage", NULL, "a workload is expected (insist-bench --help lists them)");
    }
    for (unsigned i = 0; i < TABLE_ROWS; i++) {
        if ((table[i].use & uses & ~options->workload->uses) != 0) {
            return refuse(table[i].name, NULL, "this workload has no use for it");
        }
    }
    unsigned both = WORKLOAD_REQUESTS | WORKLOAD_DURATION;
    return (uses & both) != both || refuse("--duration", NULL, "either --requests or --duration, not both");
}

bool options_read(struct options *options, int argc, char **argv) {
    unsigned uses = 0;
    *options = (struct options){.rounds = ROUNDS, .seed = 1};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            options->help = true;
            return true;
        }
        if (strcmp(argv[i], "--version") == 0) {
            options->version = true;
            return true;
        }
        bool read = argv[i][0] == '-' ? read_option(options, argc, argv, &i, &uses) : read_workload(options, argv[i]);
        if (!read) {
            return false;
        }
    }
    return fits_workload(options, uses);
}

void options_explain(void) {
    puts("usage: insist-bench WORKLOAD [options]\n\nworkloads:");
    for (const struct workload *const *workload = workloads; *workload != NULL; workload++) {
        printf("  %-11s %s\n", (*workload)->name, (*workload)->summary);
    }
    puts("\noptions:\n"
         "  --requests N     calls in a round, instead of the workload's number\n"
         "  --duration TIME  length of a round (storm: of the outage), such as 500ms, 20s, 1m\n"
         "  --rate N         calls a second, planned ahead: latencies count from the plan (tail: else a closed loop)\n"
         "  --rounds N       default 5; in each, every contender takes its turn\n"
         "  --seed N         of the test server's draws; default 1\n"
         "  --json FILE      the results as one JSON object; - is standard output\n"
         "  --svg FILE       the percentile curves as a picture\n"
         "  --server PROGRAM the test server; default: insist-testserver beside this program, in the build tree, in "
         "PATH\n"
         "  -h, --help, --version\n\n"
         "Exit status: 0 measured, 1 it could not be, 2 bad usage. Whether a goal was reached does not matter to it.");
}
