/* insist-bench: how fast, how even and how frugal insist is, beside its yardsticks, in the same run. Exit status: 0
 * measured, 1 it could not be, 2 bad usage. */
#include "workload.h"
#include "bench/yardstick/easy.h"
#include <insist/insist.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* Whether the file can be written, before half an hour is spent on what is to stand in it. */
static bool can_write(const char *option, const char *file) {
    if (file == NULL || strcmp(file, "-") == 0) {
        return true;
    }
    FILE *out = fopen(file, "ae");
    if (out == NULL) {
        fprintf(stderr, "insist-bench: %s: %s: %s\n", option, file, strerror(errno));
        return false;
    }
    return fclose(out) == 0;
}

/* Whether that is one and the same file, however it is spelt: the later of the two would take the other one's place. */
static bool is_same_file(const char *first, const char *second) {
    struct stat one;
    struct stat other;
    return first != NULL && second != NULL && stat(first, &one) == 0 && stat(second, &other) == 0 &&
           S_ISREG(one.st_mode) && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static int check_files(const struct options *options) {
    if (!can_write("--json", options->json_file) || !can_write("--svg", options->svg_file)) {
        return EXIT_FAILED;
    }
    if (is_same_file(options->json_file, options->svg_file)) {
        fprintf(stderr, "insist-bench: --json and --svg: both are the file %s\n", options->svg_file);
        return EXIT_USAGE;
    }
    return EXIT_FINE;
}

/* What was asked for on standard output has to have got there. */
static int printed(void) {
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "insist-bench: cannot write standard output: %s\n", strerror(errno));
        return EXIT_FAILED;
    }
    return EXIT_FINE;
}

/* To the end, however it ends. The table goes to standard output, unless the JSON does. */
static bool measure(struct bench *bench) {
    const struct options *options = bench->options;
    if (!server_start(&bench->server, options->server, options->seed)) {
        return false;
    }
    bool measured = options->workload->run(bench);
    progress_end(&bench->progress);
    if (!measured) {
        return false;
    }
    bool json_to_output = options->json_file != NULL && strcmp(options->json_file, "-") == 0;
    report_put_table(&bench->report, json_to_output ? stderr : stdout);
    bool written = options->json_file == NULL || report_write_json(&bench->report, options->json_file);
    written = (options->svg_file == NULL || report_write_svg(&bench->report, options->svg_file)) && written;
    return written && printed() == EXIT_FINE;
}

int main(int argc, char **argv) {
    struct options options;
    if (!options_read(&options, argc, argv)) {
        return EXIT_USAGE;
    }
    if (options.help) {
        options_explain();
        return printed();
    }
    if (options.version) {
        printf("insist-bench %s\n", insist_version());
        return printed();
    }
    int checked = check_files(&options);
    if (checked != EXIT_FINE) {
        return checked;
    }
    static struct bench bench;
    bench.options = &options;
    bench.server.output = -1;
    progress_init(&bench.progress);
    if (!easy_init() || !report_init(&bench.report, options.workload->name)) {
        fputs("insist-bench: out of memory\n", stderr);
        return EXIT_FAILED;
    }
    bool measured = measure(&bench);
    server_stop(&bench.server);
    report_fini(&bench.report);
    return measured ? EXIT_FINE : EXIT_FAILED;
}
